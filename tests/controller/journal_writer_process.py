"""A process that appends to a journal as fast as it can and prints what is durable, until it is killed."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from controller.core.events import OrderWaiting
from controller.core.interface import Recorded
from controller.journal import Journal


def main(path: str) -> None:
    journal = Journal.open(Path(path))
    seq = sum(1 for _ in journal.load())
    durable = 0
    while True:
        if seq - journal.durable_seq < 500:
            batch = [Recorded(seq + n, 1000 + seq, OrderWaiting(order=f"o{seq}", code="X")) for n in range(1, 8)]
            journal.append(batch)
            seq = batch[-1].seq
        else:
            time.sleep(0.001)
        if journal.durable_seq != durable:
            durable = journal.durable_seq
            sys.stdout.write(f"{durable}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
