"""Emulated PLCs: the contract's rules scan by scan, and one program per kind of machine.

Must never know a protocol, the controller's beliefs, or anything of the plant but its ports.
"""
