"""Mutation testing of ``safety``: mutants made by mutmut's operators, each run in a fork of a session that is ready.

Owns the mutants, how they are run, and the list of those that are equivalent. Nothing outside the tests may import it.
"""
