"""The HTTP API and its pages, in a process of its own that cannot reach a PLC."""
