"""Tests of the emulated plant."""
