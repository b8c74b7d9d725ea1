"""Entry of the planner's process: ``python -m controller.shell.planner_process``.

Owns the loop from a picture on its input to an advice on its output. It is told the configuration first, says that it
is ready, and ends when its input ends, so that it never outlives the control process. Must never reach a PLC, the
journal or the network: whatever happens here changes nothing but who is served first.
"""

from __future__ import annotations

import resource
import signal
import sys
from typing import BinaryIO

from controller.config.models import GarageConfig
from controller.garage import Layout
from controller.planning.advice import PlannerReady
from controller.planning.advisor import Advisor
from controller.shell.planner_frames import HEADER_BYTES, FrameError, configuration_of, pack, picture_of, size_of

MEMORY_MAX_BYTES = 1 << 30
"""More address space than any search within its nodes needs: one that runs away dies before the machine suffers."""


def main() -> int:
    """Answer pictures until the input ends; the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the control process ends things in their order
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX_BYTES, MEMORY_MAX_BYTES))
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    try:
        configuration = _read(source)
        if configuration is None:
            return 0
        advisor = Advisor(Layout(GarageConfig.model_validate_json(configuration_of(configuration), strict=True)))
        _write(sink, pack(PlannerReady()))
        while (content := _read(source)) is not None:
            _write(sink, pack(advisor.advise(picture_of(content))))
    except (FrameError, BrokenPipeError) as error:
        sys.stderr.write(f"PLANNER_ENDED {error}\n")
        return 1
    return 0


def _read(source: BinaryIO) -> bytes | None:
    """The content of the next frame, None at the end of the input."""
    header = source.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES:
        return None
    size = size_of(header)
    content = source.read(size)
    return content if len(content) == size else None


def _write(sink: BinaryIO, frame: bytes) -> None:
    sink.write(frame)
    sink.flush()


if __name__ == "__main__":
    sys.exit(main())
