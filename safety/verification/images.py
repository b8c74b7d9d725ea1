"""Process images by number: what the sensors show of a plant, honestly or with one of them lying.

Owns the images. Tags that nothing in safety reads are left as they were when an image was first made, so that plants
which safety cannot tell apart share one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import NamedTuple

from plc_drivers.contract import DeviceDefinition, Value
from plc_drivers.reading import DeviceImage, ProcessImage, Quality
from safety.acts import Acts
from safety.expression import Expression, Tag, leaves
from safety.logic import SafetyLogic
from safety.verification.canonical import NOW_MS
from safety.verification.lie import Lie
from safety.verification.numbers import Numbers
from safety.verification.polarity import Use, uses_of
from safety.verification.space import Space

Shown = tuple[tuple[Value, ...] | None, ...]
_BY_GATE = ("owner_epoch", "boot_counter", "done_seq")
"""Tags of every commanded device by which gate and core know it, and the end of its command."""

_BY_MEMORY = ("heartbeat_echo", "done_seq", "ack_seq", "ack_result")
"""Tags by which an evaluation knows what of the memory is over: permits that fade, commands that have ended."""


class _Seen(NamedTuple):
    """What an image consists of: every device's readings, which of them cannot be read, and what persons ask for."""

    readings: Shown
    bad: tuple[int, int] | None
    acts: Acts


class _Told(dict[int, int]):
    """Images told by one lie, each made when it is asked for first."""

    def __init__(self, tell: Callable[[int], int]) -> None:
        super().__init__()
        self._tell = tell

    def __missing__(self, honest: int) -> int:
        found = self[honest] = self._tell(honest)
        return found


class Images:
    """The images of one garage's plants."""

    def __init__(self, space: Space, logic: SafetyLogic) -> None:
        self._space = space
        self._names = space.readings.names
        self._definitions = [logic.definitions[name] for name in self._names]
        read = {(leaf.device, leaf.name) for i in logic.interlocks for leaf in _tags(i.condition)}
        self._picks = [
            itemgetter(0, 1, *_positions(name, definition.status_index, read))
            for name, definition in zip(self._names, self._definitions, strict=True)
        ]
        self._places = {
            (name, tag.name): (number, index)
            for number, (name, definition) in enumerate(zip(self._names, self._definitions, strict=True))
            for index, tag in enumerate(definition.status)
        }
        self._keys = Numbers[tuple[object, ...]]()
        self._shown: list[_Seen] = []
        self._same: dict[tuple[Value, ...], tuple[Value, ...]] = {}
        self._honest: dict[int, int] = {}
        self._by_gate = Numbers[tuple[int, ...]]()
        self._by_memory = Numbers[tuple[int, ...]]()
        self._values = Numbers[tuple[object, ...]]()
        self._views_of: dict[int, tuple[int, int]] = {}
        self._uses = _uses_by_device(self._names, self._definitions, uses_of(logic.interlocks))
        self._facts = Numbers[tuple[object, ...]]()
        self._facts_of: dict[int, int] = {}
        self._told_apart: dict[tuple[int, object, int | None], object] = {}

    def honest(self, plant: int) -> int:
        """The image in which every sensor tells the truth of a plant."""
        found = self._honest.get(plant)
        if found is None:
            truth = self._space.plants[plant]
            readings = self._space.readings
            found = self._honest[plant] = self._number(_Seen(readings.of(truth), None, readings.acts(truth)))
        return found

    def told_by(self, lie: Lie) -> Mapping[int, int]:
        """From every honest image to the one that is seen when one sensor tells a lie; the same where it is true."""
        return _Told(partial(self._tell, lie))

    def image(self, number: int) -> ProcessImage:
        """The real process image behind a number."""
        readings, bad, _ = self._shown[number]
        devices: dict[str, DeviceImage] = {}
        for place, (name, definition, values) in enumerate(zip(self._names, self._definitions, readings, strict=True)):
            if values is None:
                nothing = (None,) * len(definition.status)
                devices[name] = DeviceImage(name, definition, nothing, NOW_MS, Quality.STALE)
            else:
                bad_tags = frozenset({bad[1]}) if bad is not None and bad[0] == place else frozenset()
                devices[name] = DeviceImage(name, definition, values, NOW_MS, Quality.GOOD, bad_tags)
        return ProcessImage(NOW_MS, devices)

    def acts(self, number: int) -> Acts:
        """What persons ask of the controller at that moment."""
        return self._shown[number].acts

    def gate_views(self, view: int) -> tuple[int, ...]:
        """What gate and core see of every commanded device, each as a number."""
        return self._by_gate[view]

    def views(self, number: int) -> tuple[int, int]:
        """All that gate and core see of an image, and all that ends what is remembered, each as a number."""
        found = self._views_of.get(number)
        if found is None:
            image = self.image(number)
            gate, memory = (
                tuple(
                    self._values.of(tuple(image.devices[name].value(tag) for tag in tags))
                    for name, definition in zip(self._names, self._definitions, strict=True)
                    if definition.is_commanded
                )
                for tags in (_BY_GATE, _BY_MEMORY)
            )
            found = self._views_of[number] = self._by_gate.of(gate), self._by_memory.of(memory)
        return found

    def facts(self, number: int) -> int:
        """All that conditions can tell of an image, as a number: what each comparison of each tag comes to."""
        found = self._facts_of.get(number)
        if found is None:
            readings, bad, acts = self._shown[number]
            facts: list[object] = [
                self._facts_of_device(place, values, bad[1] if bad is not None and bad[0] == place else None)
                for place, values in enumerate(readings)
            ]
            found = self._facts_of[number] = self._facts.of((acts, *facts))
        return found

    def _facts_of_device(self, place: int, values: tuple[Value, ...] | None, bad: int | None) -> object:
        if values is None:
            return None
        key = (place, self._picks[place](values), bad)
        found = self._told_apart.get(key)
        if found is None:
            found = self._told_apart[key] = tuple(
                None if index == bad else use.truth(values[index]) for index, use in self._uses[place]
            )
        return found

    def _tell(self, lie: Lie, honest: int) -> int:
        readings, _, acts = self._shown[honest]
        number, index = self._places[lie.device, lie.tag]
        values = readings[number]
        if values is None:
            return honest
        told = lie.told(values[index])
        if told is None or not self._definitions[number].status[index].admits(told):
            # A value that the contract does not admit is unknown, as a tag of bad quality is.
            return self._number(_Seen(readings, (number, index), acts))
        if told == values[index]:
            return honest
        changed = self._shared((*values[:index], told, *values[index + 1 :]))
        return self._number(_Seen((*readings[:number], changed, *readings[number + 1 :]), None, acts))

    def _shared(self, values: tuple[Value, ...]) -> tuple[Value, ...]:
        """Equal readings as one object: there are millions of images of few devices."""
        return self._same.setdefault(values, values)

    def _number(self, seen: _Seen) -> int:
        picks = zip(self._picks, seen.readings, strict=True)
        picked = [None if values is None else self._shared(pick(values)) for pick, values in picks]
        number = self._keys.of((*picked, seen.bad, seen.acts))
        if number == len(self._shown):
            self._shown.append(seen)
        return number


def _uses_by_device(
    names: Sequence[str], definitions: Sequence[DeviceDefinition], uses: Mapping[tuple[str, str], list[Use]]
) -> list[list[tuple[int, Use]]]:
    """For every device, the position of each tag that conditions read with each comparison of it."""
    return [
        [
            (definition.status_index[tag], use)
            for (device, tag), found in sorted(uses.items())
            if device == name
            for use in found
        ]
        for name, definition in zip(names, definitions, strict=True)
    ]


def _tags(condition: Expression) -> list[Tag]:
    return [leaf for leaf in leaves(condition) if isinstance(leaf, Tag)]


def _positions(name: str, index: dict[str, int], read: set[tuple[str, str]]) -> list[int]:
    wanted = {tag for device, tag in read if device == name} | {tag for tag in (*_BY_GATE, *_BY_MEMORY) if tag in index}
    return sorted(index[tag] for tag in wanted)
