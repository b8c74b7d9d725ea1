"""The controller's side of the recovery benchmark: the whole control process, without its API, until input ends.

Usage: python -m benchmarks.recovery_controller PORTS_JSON STATE_DIR
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import uvloop

from benchmarks.bench_garage import CONFIG, on_ports
from controller.shell.priority import raise_priority
from controller.shell.run import run


async def main(ports: dict[str, int], state_dir: Path) -> None:
    """Run the control process until standard input ends."""
    config = on_ports(CONFIG, ports)
    # Resting PLCs all have the default time-out, and one that has another than configured is not ready.
    cabins = tuple(cabin.model_copy(update={"controller_timeout_ms": 500}) for cabin in config.cabins)
    config = config.model_copy(update={"cabins": cabins})
    loop = asyncio.get_running_loop()
    running = asyncio.create_task(run(config, state_dir, api=False, host="", port=0, signals=False))

    def on_end() -> None:
        loop.remove_reader(sys.stdin.fileno())
        running.cancel()

    loop.add_reader(sys.stdin.fileno(), on_end)
    await asyncio.wait({running})


if __name__ == "__main__":
    raise_priority()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(json.loads(sys.argv[1]), Path(sys.argv[2])))
