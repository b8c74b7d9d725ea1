"""The planner as a supervised child of the control process: one picture under way, one waiting, answers as they come.

Owns its start with the first order, its time-out, its restart with back-off, and its end. Must never let anything about
it reach the scan cycle: the cycle hands a picture over and takes what has been said, and neither waits. Dead, hung or
talking nonsense, it is told of, ended and started again, and the rule of the queue decides meanwhile (ADR 0028).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections import deque
from collections.abc import Sequence

from controller.planning.advice import Advice, Picture, PlannerGone, PlannerReady, PlannerWord
from controller.shell.planner_frames import HEADER_BYTES, FrameError, configuration, pack, size_of, word_of
from plc_drivers.reading import Fault

_log = logging.getLogger(__name__)

PLANNER = ("-m", "controller.shell.planner_process")
"""Arguments of the interpreter that runs the planner."""

ANSWER_TIMEOUT_S = 2.0
"""A planner that thinks for so long hangs: its nodes are bounded, and the longest search takes a tenth of it."""
START_TIMEOUT_S = 60.0
"""Until it has said that it is ready; loading takes about a second of one processor, which others may keep from it."""
WORDS_MAX = 64
"""What has been said and not been heard; the cycle hears it within 20 ms."""

_BACK_OFF_S = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Pause before each restart; the last one repeats."""
_STEADY_S = 300.0
"""A child that lived so long has worked: the back-off begins anew."""
_END_TIMEOUT_S = 1.0
_NICE = 10
"""Behind the cycle and the API: an advice that is late is not used, and nobody waits for it."""


class PlannerChild:
    """Keeps one planner alive from the first ``wake`` on, until told to stop."""

    def __init__(
        self,
        config_json: str,
        *,
        arguments: Sequence[str] = PLANNER,
        back_off_s: Sequence[float] = _BACK_OFF_S,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        self._config_json = config_json
        self._arguments = tuple(arguments)
        self._back_off_s = tuple(back_off_s)
        self._answer_timeout_s = answer_timeout_s
        self._words: deque[PlannerWord] = deque(maxlen=WORDS_MAX)
        self._waiting: Picture | None = None
        self._has_picture = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self.fault: Fault | None = None
        """Why nobody plans although somebody should, None while all is well."""
        self.starts = 0
        self.answers = 0

    @property
    def pid(self) -> int | None:
        """Process id of the child that lives now."""
        return None if self._process is None else self._process.pid

    def wake(self) -> None:
        """There is something to plan from now on; call inside the running loop. Repeated calls do nothing."""
        if self._task is None:
            self._task = asyncio.create_task(self._supervise(), name="planner-child")

    def show(self, picture: Picture) -> None:
        """Hand over a picture; it takes the place of one that still waits."""
        self._waiting = picture
        self._has_picture.set()

    def words(self) -> list[PlannerWord]:
        """What has been said since the last call."""
        said = list(self._words)
        self._words.clear()
        return said

    async def stop(self) -> None:
        """End the child."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None

    async def _supervise(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            why = await self._live()
            self._words.append(PlannerGone(why))
            failures = 1 if loop.time() - began > _STEADY_S else failures + 1
            pause_s = self._back_off_s[min(failures - 1, len(self._back_off_s) - 1)]
            self.fault = Fault(
                "PLANNER_OFF",
                f"The planner {why}; orders are served by the rule of the queue.",
                f"It is started again after {pause_s:g} s. If it stays off, report it, or set `planner = false`.",
            )
            _log.error("PLANNER_ENDED it %s; restart_in_s=%g: the rule of the queue decides", why, pause_s)
            await asyncio.sleep(pause_s)

    async def _live(self) -> str:
        """Run the child once until it ends, hangs or cannot be understood; how it ended."""
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                # Of its own session, so that Ctrl-C reaches only the parent, which ends things in their order.
                start_new_session=True,
            )
        except OSError as error:
            return f"could not be started ({error})"
        self._process = process
        self.starts += 1
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
        try:
            return await self._talk(process)
        except TimeoutError:
            return "did not answer in time"
        except FrameError as error:
            return f"said what cannot be understood ({error})"
        except (asyncio.IncompleteReadError, ConnectionError):
            return "died"
        finally:
            self._process = None
            await _end(process)

    async def _talk(self, process: asyncio.subprocess.Process) -> str:
        """Tell the configuration, then answer one picture after another."""
        async with asyncio.timeout(START_TIMEOUT_S):
            await _send(process, configuration(self._config_json))
            ready = await _receive(process)
        if not isinstance(ready, PlannerReady):
            raise FrameError("its first word is not that it is ready")
        self._take_picture()
        self._words.append(ready)
        self.fault = None
        while True:
            if not await self._picture_or_end(process):
                return "died"
            picture = self._take_picture()
            if picture is None:
                continue
            async with asyncio.timeout(self._answer_timeout_s):
                await _send(process, pack(picture))
                word = await _receive(process)
            if not isinstance(word, Advice):
                raise FrameError("an answer is no advice")
            self.answers += 1
            self._words.append(word)

    def _take_picture(self) -> Picture | None:
        """The picture that waits, which then waits no more."""
        picture, self._waiting = self._waiting, None
        self._has_picture.clear()
        return picture

    async def _picture_or_end(self, process: asyncio.subprocess.Process) -> bool:
        """Wait for a picture; False when the child has ended before there was one."""
        picture = asyncio.create_task(self._has_picture.wait(), name="planner-picture")
        ended = asyncio.create_task(process.wait(), name="planner-ended")
        try:
            await asyncio.wait({picture, ended}, return_when=asyncio.FIRST_COMPLETED)
            return not ended.done()
        finally:
            for task in (picture, ended):
                task.cancel()
            await asyncio.wait({picture, ended})


async def _send(process: asyncio.subprocess.Process, frame: bytes) -> None:
    if process.stdin is None:
        raise ConnectionError("the planner has no input")
    process.stdin.write(frame)
    await process.stdin.drain()


async def _receive(process: asyncio.subprocess.Process) -> Advice | PlannerReady:
    if process.stdout is None:
        raise ConnectionError("the planner has no output")
    header = await process.stdout.readexactly(HEADER_BYTES)
    return word_of(await process.stdout.readexactly(size_of(header)))


async def _end(process: asyncio.subprocess.Process) -> None:
    """It holds nothing that could be lost: killed, and waited for."""
    if process.stdin is not None:
        process.stdin.close()
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    waiting = asyncio.ensure_future(process.wait())
    await asyncio.wait({waiting}, timeout=_END_TIMEOUT_S)
    if process.stdout is not None:
        # What it had still to say is drained, so that its pipe is closed with it.
        rest = asyncio.ensure_future(process.stdout.read())
        await asyncio.wait({rest}, timeout=_END_TIMEOUT_S)
        rest.cancel()
        await asyncio.wait({rest})
