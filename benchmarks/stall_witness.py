"""A witness of the machine's own stalls: a process for each CPU that wants to wake every 2 ms, and notes when not.

Usage: python -m benchmarks.stall_witness CPU. Reads commands by line: ``mark`` prints a JSON list of the stalls since
the last mark, each as [begin, end] in seconds of the monotonic clock; end of input ends it. It runs above the control
process and below nothing but the kernel, so that what holds it up would hold up any program: a virtual machine
that was not given its processor, or an interrupt. Without the right to real-time priority it proves nothing.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time

PERIOD_S = 0.002
STALL_S = 0.002
"""Waking later than this counts as a stall; a kernel with nothing in the way wakes within 0.2 ms."""

KEPT_MAX = 10_000
_PRIORITY = 50


def witness(cpu: int) -> None:
    """Note stalls of one CPU until standard input ends."""
    os.sched_setaffinity(0, {cpu})
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
    stalls: list[tuple[float, float]] = []
    due = time.monotonic() + PERIOD_S
    while True:
        readable, _, _ = select.select([sys.stdin], [], [], max(0.0, due - time.monotonic()))
        now = time.monotonic()
        if now - due > STALL_S and len(stalls) < KEPT_MAX:
            stalls.append((due, now))
        due = now + PERIOD_S
        if readable:
            if not sys.stdin.readline():
                return
            sys.stdout.write(json.dumps(stalls) + "\n")
            sys.stdout.flush()
            stalls.clear()
            due = time.monotonic() + PERIOD_S


if __name__ == "__main__":
    witness(int(sys.argv[1]))
