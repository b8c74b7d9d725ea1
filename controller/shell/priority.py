"""The control process before everything else on the machine, where the machine allows it.

Owns the scheduling of the main thread. Must never be needed: without the right to it the cycle runs as any other
process, and its lateness is measured and shown either way.
"""

from __future__ import annotations

import os

_FIFO_PRIORITY = 1
"""The lowest real-time priority is enough: it goes before every ordinary process, and after the kernel's own."""

_NICE = -10


def raise_priority() -> str:
    """Give the calling thread real-time priority, else a better nice value, else nothing; says which.

    Threads and children made afterwards run as ordinary ones (``SCHED_RESET_ON_FORK``): the journal's thread and
    the API process must not compete with the cycle. A runaway cycle cannot take the machine: the kernel leaves
    ordinary processes 5 % of each second (``sched_rt_runtime_us``).
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(_FIFO_PRIORITY))
    except OSError:
        return _raise_nice()
    return "real-time"


def _raise_nice() -> str:
    try:
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
    except OSError:
        return "ordinary"
    return "raised"
