"""The whole product without sockets, in virtual time."""
