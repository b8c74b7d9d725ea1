"""Tests of the device contract and the links."""
