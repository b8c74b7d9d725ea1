"""The shell around the pure core: the scan cycle, sockets, clock, files and the life of the control process."""
