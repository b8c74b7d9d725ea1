"""Tests of Modbus TCP and RTU, against PLCs that answer as they should and against some that do not."""
