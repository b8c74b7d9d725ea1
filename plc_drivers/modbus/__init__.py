"""Modbus TCP and Modbus RTU: the image of a device in registers and bits, and the links that carry it."""
