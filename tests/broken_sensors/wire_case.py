"""One case in a running garage: wait until the sensor matters, break it, look, repair, bring the garage back.

Owns the course of a case over the wire. What it amounts to, ``witness`` says.
"""

from __future__ import annotations

import asyncio

from plc_drivers.contract import Value
from safety.expression import Tag
from tests.broken_sensors.cases import WRONG_BY, Case, Mode
from tests.broken_sensors.matrix import Matrix, readings_of
from tests.broken_sensors.truths import possible
from tests.broken_sensors.wire_garage import WireGarage
from tests.broken_sensors.witness import Cycle, Finding, Witness

WAIT_S = 5.0
"""How long a case waits until a function that its reading guards is in use."""
MUST_WAIT_S = 2.5
"""How long of it for a moment at which the fault must take a permit."""
CONTRADICT_S = 8.0
"""How long a contradiction waits until its partner shows what is contradicted."""
BEFORE = 3
"""Cycles before the injection that are looked at."""
WINDOW_S = 1.3
"""Above a contradiction's grace, and long enough for every device to stop and show it."""
UNKNOWN_WINDOW_S = 1.9
"""Above the time after which a reading that is not known trips, with what a device takes to become stale."""
GOES_ON_S = 25.0
CLEAR_AGAIN_S = 3.0


async def run_case(garage: WireGarage, matrix: Matrix, case: Case) -> Finding:
    """Do it all; the garage is ready for the next case afterwards when the finding says ``recovered``.

    Raises:
        GarageLostError: the garage has ended.
        ValueError: the plant refuses the injection.
    """
    before = set(await garage.violations())
    in_use, contradicts = await _until_it_matters(garage, matrix, case)
    count = garage.recorder.count
    await garage.inject(case.fault)
    await asyncio.sleep(UNKNOWN_WINDOW_S if case.mode in {Mode.STALE, Mode.BAD} else WINDOW_S)
    cycles = garage.recorder.since(count - BEFORE)
    await garage.repair()
    witness = Witness(matrix, case, cycles, BEFORE)
    for _ in witness.judge():
        await asyncio.sleep(0)
    found = witness.finding
    found.in_use = in_use
    found.note = "" if contradicts else "the partner never showed what is contradicted"
    found.recovered = await _comes_back(garage)
    if not found.recovered:
        found.note = f"not back: {'; '.join(garage.obstacles())}"
    found.violations = [text for text in await garage.violations() if text not in before]
    return found


async def _until_it_matters(garage: WireGarage, matrix: Matrix, case: Case) -> tuple[bool, bool]:
    """Whether a function that depends on the reading is in use, and whether the partner is contradicted."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    guarded = matrix.functions_reading(case.tags)
    while True:
        await garage.recorder.ticked.wait()
        garage.ensure_alive()
        passed_s = loop.time() - began_s
        cycle = garage.recorder.cycles[-2]
        used = cycle.asserted() & guarded
        contradicts = case.contradicts(cycle.image)
        if used and contradicts and (passed_s > MUST_WAIT_S or must_stop(matrix, case, cycle)):
            return True, True
        if passed_s > WAIT_S and contradicts:
            return bool(used), True
        if passed_s > CONTRADICT_S:
            return bool(used), False


def must_stop(matrix: Matrix, case: Case, cycle: Cycle) -> bool:
    """With the fault in this cycle's image some permit that is asserted could not stay."""
    changed = {tag: _broken(case, cycle, tag) for tag in case.tags}
    readings = readings_of(cycle.image, changed)
    for function in cycle.asserted():
        for tag in case.tags:
            for interlock in matrix.interlocks_reading.get(tag, ()):
                if function in interlock.guards and True not in possible(interlock.condition, readings):
                    return True
    return False


def _broken(case: Case, cycle: Cycle, tag: Tag) -> Value | None:
    if case.mode in {Mode.STALE, Mode.BAD}:
        return None
    value = cycle.image.value(tag.device, tag.name)
    if case.value is not None or value is None:
        return case.value
    if case.mode is Mode.WRONG:
        return value + WRONG_BY
    if tag.is_bool:
        return not value
    return value if case.fault.value is None else case.fault.value


async def _comes_back(garage: WireGarage) -> bool:
    """Cleared and started, and a permit is asserted again: the garage works.

    What a stop interrupts may be known as failed only after the first CLEAR; a person sees that, and clears again.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + GOES_ON_S
    while loop.time() < until and await garage.recover():
        again = loop.time() + CLEAR_AGAIN_S
        while loop.time() < again:
            await garage.recorder.ticked.wait()
            garage.ensure_alive()
            if len(garage.recorder.cycles) > 1 and garage.recorder.cycles[-2].asserted():
                return True
    return False
