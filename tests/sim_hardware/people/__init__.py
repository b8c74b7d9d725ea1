"""Tests of the emulated people."""
