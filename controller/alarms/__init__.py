"""Alarms: what needs a person's response, from its definition to its acknowledgement.

After ISA-18.2 and IEC 62682 (alarm management), with the states of OPC UA Part 9 (alarms and conditions).
"""
