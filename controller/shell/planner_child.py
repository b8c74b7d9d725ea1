"""The planner as a supervised child of the control process: one picture under way, one waiting, answers as they come.

Owns what is said, the time-outs, and how it is ended. Must never let anything about
it reach the scan cycle: the cycle hands a picture over and takes what has been said, and neither waits. Dead, hung or
talking nonsense, it is told of, ended and started again, and the rule of the queue decides meanwhile (ADR 0028).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from asyncio.subprocess import Process
from collections import deque
from collections.abc import Sequence

from controller.planning.advice import Advice, Picture, PlannerGone, PlannerReady, PlannerWord
from controller.shell.child import Child, ended_within
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
_END_TIMEOUT_S = 1.0


class PlannerChild(Child):
    """Keeps one planner alive from the first order on, until told to stop."""

    NAME = "planner"
    NICE = 10  # behind the cycle and the API: an advice that is late is not used, and nobody waits for it
    STEADY_S = 300.0
    IS_SPOKEN_TO = True

    def __init__(
        self,
        config_json: str,
        *,
        arguments: Sequence[str] = PLANNER,
        back_off_s: Sequence[float] = _BACK_OFF_S,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        super().__init__(arguments, back_off_s)
        self._config_json = config_json
        self._answer_timeout_s = answer_timeout_s
        self._words: deque[PlannerWord] = deque(maxlen=WORDS_MAX)
        self._waiting: Picture | None = None
        self._has_picture = asyncio.Event()
        self.fault: Fault | None = None
        """Why nobody plans although somebody should, None while all is well."""
        self.answers = 0

    def show(self, picture: Picture) -> None:
        """Hand over a picture; it takes the place of one that still waits."""
        self._waiting = picture
        self._has_picture.set()

    def words(self) -> list[PlannerWord]:
        """What has been said since the last call."""
        said = list(self._words)
        self._words.clear()
        return said

    async def _attend(self, process: Process) -> str:
        try:
            return await self._talk(process)
        except TimeoutError:
            return "did not answer in time"
        except FrameError as error:
            return f"said what cannot be understood ({error})"
        except (asyncio.IncompleteReadError, ConnectionError):
            return "died"

    async def _end(self, process: Process) -> None:
        """It holds nothing that could be lost: killed, and waited for."""
        if process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await ended_within(process, _END_TIMEOUT_S)
        if process.stdout is not None:
            # What it had still to say is drained, so that its pipe is closed with it.
            rest = asyncio.ensure_future(process.stdout.read())
            await asyncio.wait({rest}, timeout=_END_TIMEOUT_S)
            rest.cancel()
            await asyncio.wait({rest})

    def _missed(self, why: str, pause_s: float) -> None:
        self._words.append(PlannerGone(why))
        self.fault = Fault(
            "PLANNER_OFF",
            f"The planner {why}; orders are served by the rule of the queue.",
            f"It is started again after {pause_s:g} s. If it stays off, report it, or set `planner = false`.",
        )
        _log.error("PLANNER_ENDED it %s; restart_in_s=%g: the rule of the queue decides", why, pause_s)

    async def _talk(self, process: Process) -> str:
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

    async def _picture_or_end(self, process: Process) -> bool:
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


async def _send(process: Process, frame: bytes) -> None:
    if process.stdin is None:
        raise ConnectionError("the planner has no input")
    process.stdin.write(frame)
    await process.stdin.drain()


async def _receive(process: Process) -> Advice | PlannerReady:
    if process.stdout is None:
        raise ConnectionError("the planner has no output")
    header = await process.stdout.readexactly(HEADER_BYTES)
    return word_of(await process.stdout.readexactly(size_of(header)))
