"""The recorder of the last hours, as an aeroplane has one: images, requests, verdicts, outputs and events.

Owns what a recording holds, where it lies, and how its cycles are decided again. Must never hold up the cycle that it
records, and never be read by anything that decides.
"""
