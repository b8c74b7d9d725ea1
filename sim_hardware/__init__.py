"""Emulated hardware: a plant with physics, PLC programs over it, and their protocols on real sockets."""
