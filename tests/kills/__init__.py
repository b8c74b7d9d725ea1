"""The control process killed at random instants, over and over, on real sockets; the plant and the journal judge."""
