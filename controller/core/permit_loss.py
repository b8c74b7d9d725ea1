"""Permits that safety took under a running command: written down with the readings of that moment.

Owns the record, so that whoever finds a stopped machine in the morning reads why. The reading that took a permit is
often gone when somebody looks. Must never take or give a permit.
"""

from __future__ import annotations

from controller.core import commanding
from controller.core import events as ev
from controller.core.situation import Situation
from plc_drivers.contract.codes import JOGS
from safety.verdict import Failing, Function

TOLD_MAX = 2
"""Interlocks that are told with their readings; what else fails follows by its id."""

READINGS_MAX = 4
"""Readings that are told of one interlock."""


def observe_taken(situation: Situation) -> None:
    """Write down, once for each command, why safety took its permit (H11)."""
    for taken in situation.verdict.taken:
        device = taken.function.device
        pending = situation.state.mailbox(device).pending
        if pending is None or pending.taken is not None or not taken.failing:
            continue
        if pending.code in JOGS:
            continue  # whoever lets go of hold-to-run takes the permit, and looks on
        spec = commanding.definition_of(situation, device).spec(pending.code)
        if spec is not None and taken.function.permit in spec.permits:
            _write(situation, taken.function, pending.seq, taken.failing)


def _write(situation: Situation, function: Function, seq: int, failing: tuple[Failing, ...]) -> None:
    situation.log.write(
        ev.PermitTaken(
            device=function.device,
            permit=function.permit,
            seq=seq,
            interlocks=[one.id for one in failing],
            text=" ".join(_told(one) for one in failing[:TOLD_MAX]),
            remedy=failing[0].remedy,
        )
    )


def _told(failing: Failing) -> str:
    readings = ", ".join(_reading(*one) for one in failing.readings[:READINGS_MAX])
    return f"{failing.cause} ({failing.id}{': ' if readings else ''}{readings})"


def _reading(tag: str, value: float | None, age_ms: int, quality: str, _fault: str) -> str:
    shown = "unknown" if value is None else int(value) if isinstance(value, bool) else value
    return f"{tag} {shown}, {quality.lower()}, {age_ms} ms old"
