"""Hazards, interlocks as data, and the gate in front of every output. Pure: no clock, no I/O, no chance."""
