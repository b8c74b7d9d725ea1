"""Scenario files: at a time or on an event, this fault, for so long.

Owns their form, their strict reading, and their play in a running garage. Must never let through what the garage cannot
do: a scenario is refused as a whole before it begins, with the file, the line and the key.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from controller.config.finding import suggestion
from controller.config.model import Model
from sim_hardware.fault import Fault, FaultKind, FaultPoint, FaultRefusedError
from sim_hardware.garage import EmulatedGarage

_BYTES_MAX = 1_000_000
_LATEST_S = 31_536_000
Seconds = Annotated[float, Field(ge=0, le=_LATEST_S)]


class ScenarioError(Exception):
    """A scenario that cannot be played: stable code, what is wrong with file and line, what would be right."""

    def __init__(self, code: str, text: str, remedy: str) -> None:
        super().__init__(f"{code}: {text} {remedy}")
        self.code = code
        self.text = text
        self.remedy = remedy


class Event(Model):
    """The moment at which a status tag comes to show a value, or stops to show it."""

    tag: str = Field(pattern=r"^[a-z0-9-]+\.[a-z0-9_]+$")
    """A device's status tag, as `lift1.state`."""
    is_: int | bool = Field(alias="is")
    """The value that it must come to show; for an enumeration its number."""
    times: Annotated[int, Field(ge=1, le=1000)] = 1
    """The so many-th time that it does."""


class Step(Model):
    """One fault of a scenario. One of `at_s` and `on` says when it comes."""

    target: str = Field(min_length=1)
    """What is broken."""
    kind: str
    """How; see the kinds below."""
    value: int | None = None
    """What the kind needs."""
    period_ms: int | None = None
    """What the kind needs."""
    peer: str | None = None
    """The other sensor of `swapped`."""
    point: str | None = None
    """Where a lie sits: `sensor` or `tag`; the sensor, where there is one, if left out."""
    at_s: Seconds | None = None
    """Seconds after the start, in the PLCs' time."""
    on: Event | None = None
    """The event on which it comes."""
    after_s: Seconds = 0.0
    """How long after the event."""
    for_s: Annotated[float, Field(gt=0, le=_LATEST_S)] | None = None
    """How long it lasts; for ever if left out."""

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, kind: str) -> str:
        if kind not in {known.value for known in FaultKind}:
            raise ValueError(suggestion(kind, [known.value for known in FaultKind]))
        return kind

    @field_validator("point")
    @classmethod
    def _known_point(cls, point: str | None) -> str | None:
        if point is not None and point not in {known.value for known in FaultPoint}:
            raise ValueError(suggestion(point, [known.value for known in FaultPoint]))
        return point

    @model_validator(mode="after")
    def _has_a_moment(self) -> Step:
        if (self.at_s is None) == (self.on is None):
            raise ValueError("Give either at_s or on.")
        if self.after_s and self.on is None:
            raise ValueError("after_s goes with on; give a later at_s.")
        return self

    @property
    def fault(self) -> Fault:
        """The fault that it injects."""
        return Fault(
            self.target,
            FaultKind(self.kind),
            self.value,
            self.period_ms,
            None if self.point is None else FaultPoint(self.point),
            self.peer,
            None if self.for_s is None else max(1, round(self.for_s * 1000)),
        )


class Scenario(Model):
    """A scenario file."""

    name: str = Field(min_length=1, max_length=200)
    """What it shows, for people."""
    fault: tuple[Step, ...] = Field(min_length=1, max_length=1000)
    """The faults, each as `[[fault]]`."""


def load_scenario(path: Path, garage: EmulatedGarage) -> Scenario:
    """Read and check a scenario against a garage, which stays as it is.

    Raises:
        ScenarioError: with file, line and key of the first mistake.
    """
    text = _read(path)
    lines = _Lines(path, text)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError("TOML_SYNTAX", f"{path}: {error}.", "Correct the syntax (https://toml.io).") from error
    try:
        # Through JSON, because only there strict typing still takes a list for a tuple.
        scenario = Scenario.model_validate_json(json.dumps(data, default=str), strict=True)
    except ValidationError as error:
        # A misspelt key is told before the one that is missing because of it.
        details = sorted(error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden")
        raise _mistake(details[0], lines) from error
    for number, step in enumerate(scenario.fault):
        _check(number, step, garage, lines)
    return scenario


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _BYTES_MAX:
            raise ScenarioError("FILE_TOO_LARGE", f"{path} is larger than 1 MB.", "Is it the right file?")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ScenarioError("FILE_MISSING", f"There is no file {path}.", "Give the path of a scenario.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError("FILE_UNREADABLE", f"{path} cannot be read: {error}.", "Give a text file.") from error


def _check(number: int, step: Step, garage: EmulatedGarage, lines: _Lines) -> None:
    try:
        garage.faults.prepare(step.fault)
    except FaultRefusedError as error:
        if error.code == "NOT_NOW":
            return  # it depends on the moment at which it comes
        where = lines.where(("fault", number, "target"))
        raise ScenarioError(error.code, f"{where}: {error.text}", error.remedy) from error
    if step.on is None:
        return
    device, _, tag = step.on.tag.partition(".")
    plc = garage.devices.get(device)
    if plc is None or tag not in plc.definition.status_index:
        known = list(garage.devices) if plc is None else sorted(plc.definition.status_index)
        raise ScenarioError(
            "UNKNOWN_TAG",
            f"{lines.where(('fault', number, 'on'))}: there is no status tag {step.on.tag!r}.",
            suggestion(device if plc is None else tag, known),
        )


def _mistake(detail: ErrorDetails, lines: _Lines) -> ScenarioError:
    path = detail["loc"]
    where = lines.where(path)
    match detail["type"]:
        case "extra_forbidden":
            return ScenarioError("UNKNOWN_KEY", f"{where}: there is no such key.", suggestion(path[-1], _keys(path)))
        case "missing":
            return ScenarioError("MISSING_KEY", f"{where}: the key is missing.", "Add it.")
        case _:
            told = detail["msg"].removeprefix("Value error, ")
            return ScenarioError("BAD_VALUE", f"{where}: {detail['input']!r} is not allowed.", f"{told.rstrip('.')}.")


def _keys(path: tuple[int | str, ...]) -> list[str]:
    model: type[Model] = Scenario if len(path) == 1 else Event if "on" in path[:-1] else Step
    return [field.alias or name for name, field in model.model_fields.items()]


class _Lines:
    """Finds the line of a key; TOML's parser does not tell it."""

    def __init__(self, file: Path, text: str) -> None:
        self._file = file
        self._lines = text.splitlines()

    def where(self, path: tuple[int | str, ...]) -> str:
        """``file:line: key``; without the line where none can be found."""
        key = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")
        line = self._line(path)
        return f"{self._file}: {key}" if line is None else f"{self._file}:{line}: {key}"

    def _line(self, path: tuple[int | str, ...]) -> int | None:
        tables = [i for i, line in enumerate(self._lines, 1) if re.match(r"\s*\[\[\s*fault\s*\]\]", line)]
        number = next((step for step in path if isinstance(step, int)), None)
        if number is None:
            first, last = 1, tables[0] if tables else len(self._lines) + 1
        elif number < len(tables):
            first = tables[number]
            last = tables[number + 1] if number + 1 < len(tables) else len(self._lines) + 1
        else:
            return None
        for step in reversed([step for step in path if isinstance(step, str)]):
            pattern = re.compile(rf"(^|[\s{{,.]){re.escape(step)}\s*=|^\s*{re.escape(step)}\.")
            for line in range(first, last):
                if pattern.search(self._lines[line - 1].partition("#")[0]):
                    return line
        return first if number is not None else None


@dataclass(slots=True)
class _Pending:
    """A step that has not come yet: when it is due, or how often its event has been seen."""

    number: int
    step: Step
    due_ms: int | None
    was: bool = True
    seen: int = 0


class ScenarioPlay:
    """Plays a scenario in ``garage`` from now on; ``tell`` hears a line for each step."""

    def __init__(
        self, scenario: Scenario, garage: EmulatedGarage, *, tell: Callable[[str], None] = lambda _line: None
    ) -> None:
        self.done: list[str] = []
        """What has been done, in the order in which it came."""
        self._garage = garage
        self._tell = tell
        self._began_ms: int | None = None
        self._pending = [
            _Pending(number, step, None if step.at_s is None else round(step.at_s * 1000))
            for number, step in enumerate(scenario.fault)
        ]
        garage.each_scan = self.look

    def look(self, now_ms: int) -> None:
        """A scan has passed."""
        if self._began_ms is None:
            self._began_ms = now_ms
        passed_ms = now_ms - self._began_ms
        for pending in tuple(self._pending):
            self._watch(pending, passed_ms)
            if pending.due_ms is not None and passed_ms >= pending.due_ms:
                self._pending.remove(pending)
                self._do(pending, passed_ms)

    def _watch(self, pending: _Pending, passed_ms: int) -> None:
        """Look for the event; levels that stand at the start are none, their next coming is."""
        event = pending.step.on
        if event is None or pending.due_ms is not None:
            return
        device, _, tag = event.tag.partition(".")
        shows = self._garage.devices[device].read(tag) == event.is_
        pending.seen += shows and not pending.was
        pending.was = shows
        if pending.seen >= event.times:
            pending.due_ms = passed_ms + round(pending.step.after_s * 1000)

    def _do(self, pending: _Pending, passed_ms: int) -> None:
        fault = pending.step.fault
        what = f"{passed_ms / 1000:.3f} s: fault[{pending.number}] {fault.kind} at {fault.target}"
        try:
            self._garage.faults.inject(fault)
        except FaultRefusedError as error:
            what += f" refused: {error}"
        self.done.append(what)
        self._tell(what)


def reference() -> list[tuple[str, str, Any]]:
    """Every key of a scenario file with its meaning and default, for the documentation."""
    rows: list[tuple[str, str, Any]] = []
    for prefix, model in (("", Scenario), ("fault[].", Step), ("fault[].on.", Event)):
        for name, entry in model.model_fields.items():
            default = "required" if entry.is_required() else entry.default
            rows.append((prefix + (entry.alias or name), entry.description or "", default))
    return rows
