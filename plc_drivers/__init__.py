"""The device contract, the links to PLCs, and readings that carry their age and quality.

Knows nothing of cars, orders or interlocks.
"""
