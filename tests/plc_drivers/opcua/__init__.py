"""Tests of the OPC UA link against a real server in a process of its own."""
