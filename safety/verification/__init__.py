"""Exhaustive search of small garages through the real interlocks and the real gate.

Owns a small discrete plant, the lies that one sensor can tell, the search over both, the hazards as facts of the
plant, and the stories of what was found. Must never be imported by anything that runs a machine: an import
contract says so. Pure like the rest of ``safety``: time, processes and printing are the caller's.
"""
