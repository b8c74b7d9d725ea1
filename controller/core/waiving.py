"""Waivers in the core: what an expired one forbids, what is told before, and how they are shown.

Owns the reasons about waivers. Must never waive anything; the configuration does, by a person's name.
"""

from __future__ import annotations

from controller.core.situation import Situation
from controller.garage.topology import waivers_of
from controller.local_link.explanation import WaiverView
from safety.refusal import Refusal
from safety.waiver import Waiver


def expired(situation: Situation) -> Refusal | None:
    """Why nothing new may begin: a sensor is missing and nobody answers for it any more. None while all hold.

    What runs is brought to its end; a car is never left half way for the sake of a date (H07).
    """
    now_ms = situation.now.unix_ms
    return next((_expired(waiver) for waiver in waivers_of(situation.config) if waiver.is_expired(now_ms)), None)


def warnings(situation: Situation) -> list[Refusal]:
    """What is to be known about waivers now: expired ones first, then those that soon will be."""
    now_ms = situation.now.unix_ms
    waivers = waivers_of(situation.config)
    ended = [_expired(waiver) for waiver in waivers if waiver.is_expired(now_ms)]
    ending = [_ending(waiver, waiver.days_left(now_ms)) for waiver in waivers if waiver.is_ending(now_ms)]
    return [*ended, *ending]


def views(situation: Situation) -> list[WaiverView]:
    """Every waiver of the garage, as the outside sees it."""
    now_ms = situation.now.unix_ms
    return [
        WaiverView(
            sensor=waiver.sensor,
            hazards=list(waiver.hazards),
            person=waiver.person,
            reason=waiver.reason,
            expires=waiver.expires,
            days_left=waiver.days_left(now_ms),
            expired=waiver.is_expired(now_ms),
        )
        for waiver in waivers_of(situation.config)
    ]


_REMEDY = "Fit the sensor, or have somebody answer for it anew in the configuration; then restart the controller."


def _expired(waiver: Waiver) -> Refusal:
    hazards = ", ".join(waiver.hazards)
    return Refusal(
        "WAIVER_EXPIRED",
        f"{waiver.sensor} is missing, and since {waiver.expires} nobody answers for {hazards}: nothing new is started.",
        _REMEDY,
    )


def _ending(waiver: Waiver, days: int) -> Refusal:
    left = "1 day is" if days == 1 else f"{days} days are"
    return Refusal(
        "WAIVER_ENDS_SOON",
        f"{waiver.sensor} is missing; {left} left of the waiver by {waiver.person}, which ends on {waiver.expires}.",
        _REMEDY,
    )
