"""Protocol servers in front of the emulated PLCs: Modbus TCP, Modbus RTU on a pseudo-terminal, OPC UA.

Each answers what it does not know with its protocol's own error. Must never decide anything about the machine.
"""
