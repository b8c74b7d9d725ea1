"""Proof that no permit and no command goes out that a hazard forbids, for every image at all.

Owns the translation of interlocks and gate into formulas, the predicates that say what must never go out, and the
search for a counterexample with z3. Must never be loaded by the control process; ``garagectl prove`` runs it.
"""
