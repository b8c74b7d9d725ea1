"""Demand files: TOML that says who comes when, read strictly.

Owns the form of the file and what is refused, each with its line and the reason. ``docs/capacity.md`` describes it for
people. Must never correct what is contradictory: a plan for a demand that nobody meant is worse than none.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cli.failure import Failure
from controller.planning.demand import Bookings, Hours, Profile, Returns, Stays

Share = Annotated[float, Field(ge=0, le=1)]
Range = tuple[Annotated[float, Field(ge=0, le=3600)], Annotated[float, Field(ge=0, le=3600)]]
HourRange = tuple[Annotated[float, Field(gt=0, le=24)], Annotated[float, Field(gt=0, le=24)]]
ARRIVALS_MAX = 2000.0


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class _Hours(_Section):
    from_h: Annotated[float, Field(ge=0, lt=24)]
    to_h: Annotated[float, Field(gt=0, le=24)]
    arrivals_per_h: Annotated[float, Field(ge=0, le=ARRIVALS_MAX)]
    store_share: Share


class _Bookings(_Section):
    share: Share
    signal_s: Annotated[float, Field(gt=0, le=1800)] = 150.0


class _Later(_Section):
    share: Share
    after_h: HourRange


class _People(_Section):
    walk_s: Range = (4.0, 10.0)
    dwell_s: Range = (15.0, 45.0)


class _File(_Section):
    filled: Share = 0.6
    hours: Annotated[tuple[_Hours, ...], Field(min_length=1, max_length=96)]
    bookings: _Bookings | None = None
    returns: _Later | None = None
    stays: _Later | None = None
    people: _People = _People()


class _ImpossibleError(Exception):
    """A finding, carried to where the text is known."""

    def __init__(self, path: tuple[str | int, ...], text: str) -> None:
        super().__init__(text)
        self.path = path
        self.text = text


def read_demand(file: Path) -> Profile:
    """The profile in a demand file.

    Raises:
        Failure: ``DEMAND_UNREADABLE`` or ``DEMAND_REFUSED``, with the line and the reason.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure("DEMAND_UNREADABLE", f"{file} cannot be read: {error}.", "Name a demand file.") from error
    try:
        # What TOML has no tuples for is read from its lists; everything else is strict.
        read = _File.model_validate(_tuples(tomllib.loads(text)))
        _check(read)
    except tomllib.TOMLDecodeError as error:
        raise Failure("DEMAND_REFUSED", f"{file}: this is no TOML: {error}.", "Correct it there.") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _refused(file, text, first["loc"], f"{first['msg']} (it says {first['input']!r})") from error
    except _ImpossibleError as error:
        raise _refused(file, text, error.path, error.text) from error
    return _profile(read)


def _tuples(value: object) -> object:
    if isinstance(value, dict):
        return {key: _tuples(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return tuple(_tuples(inner) for inner in value)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _check(read: _File) -> None:
    """Refuse what contradicts itself."""
    _check_hours(read.hours)
    for name, (low, high) in (("walk_s", read.people.walk_s), ("dwell_s", read.people.dwell_s)):
        if low > high:
            raise _ImpossibleError(("people", name), f"the shortest time, {low:g} s, is above the longest, {high:g} s")
    for name, later in (("returns", read.returns), ("stays", read.stays)):
        if later is not None and later.after_h[0] > later.after_h[1]:
            low, high = later.after_h
            raise _ImpossibleError((name, "after_h"), f"the shortest time, {low:g} h, is above the longest, {high:g} h")
    bring = any(hours.store_share > 0 and hours.arrivals_per_h > 0 for hours in read.hours)
    fetch = any(hours.store_share < 1 and hours.arrivals_per_h > 0 for hours in read.hours)
    if read.filled == 0 and not bring:
        raise _ImpossibleError(("filled",), "the garage is empty in the morning and nobody brings a car to be fetched")
    if read.filled == 1 and not fetch:
        raise _ImpossibleError(("filled",), "the garage is full in the morning and nobody fetches a car to make room")
    if read.bookings is not None and read.bookings.share > 0 and not fetch and read.stays is None:
        raise _ImpossibleError(("bookings", "share"), "cars are booked, but nobody ever fetches one")


def _check_hours(hours: Sequence[_Hours]) -> None:
    for number, one in enumerate(hours):
        if one.to_h <= one.from_h:
            raise _ImpossibleError(("hours", number, "to_h"), f"they end at {one.to_h:g} h, not after {one.from_h:g} h")
        for other in hours[:number]:
            if one.from_h < other.to_h and other.from_h < one.to_h:
                text = f"{one.from_h:g} to {one.to_h:g} h overlap {other.from_h:g} to {other.to_h:g} h"
                raise _ImpossibleError(("hours", number, "from_h"), text)
    if not any(one.arrivals_per_h for one in hours):
        raise _ImpossibleError(("hours", 0, "arrivals_per_h"), "nobody comes at any hour")


def _profile(read: _File) -> Profile:
    bookings, returns, stays = read.bookings, read.returns, read.stays
    return Profile(
        tuple(Hours(one.from_h, one.to_h, one.arrivals_per_h, one.store_share) for one in read.hours),
        read.filled,
        Bookings() if bookings is None else Bookings(bookings.share, bookings.signal_s),
        Returns() if returns is None else Returns(returns.share, returns.after_h),
        Stays() if stays is None else Stays(stays.share, stays.after_h),
        read.people.walk_s,
        read.people.dwell_s,
    )


def _refused(file: Path, text: str, path: tuple[str | int, ...], reason: str) -> Failure:
    line = line_of(text, path)
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
    return Failure(
        "DEMAND_REFUSED",
        f"{file}, line {line}: {key}: {reason}.",
        "docs/capacity.md describes the file.",
        file=str(file),
        line=line,
        key=key,
    )


def line_of(text: str, path: Sequence[str | int]) -> int:
    """The line of a key, or of what it stands in where it is missing; 1 for the file as a whole."""
    names = [part for part in path if isinstance(part, str)]
    number = next((part for part in path if isinstance(part, int)), 0)
    found, section, seen = 1, "", -1
    for line, content in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[\[?\s*([\w.-]+)\s*\]\]?", content)
        if header:
            section = header[1]
            seen += section == names[0]
            if section == names[0] and (seen == number or len(names) == 1):
                found = line
            continue
        key = re.match(r"\s*([\w.-]+)\s*=", content)
        if key is None:
            continue
        if (
            not section
            and key[1].split(".")[0] == names[0]
            and (len(names) == 1 or key[1] in (names[0], ".".join(names)))
        ):
            return line
        if len(names) > 1 and section == names[0] and key[1] == names[1] and max(seen, 0) == number:
            return line
    return found
