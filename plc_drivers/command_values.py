"""Outputs as values of a kind's command tags, whatever protocol carries them.

Owns the way from ``DeviceOutputs`` to tags. Must never judge whether an output is permitted.
"""

from __future__ import annotations

from operator import itemgetter

from plc_drivers.contract import DeviceDefinition, Value
from plc_drivers.outputs import DeviceOutputs

_OWN = (
    "controller_heartbeat",
    "owner_epoch_wanted",
    "cmd_code",
    "cmd_arg1",
    "cmd_arg2",
    "cmd_issued_ms",
    "cmd_valid_ms",
    "cmd_seq",
)
"""Tags filled from the fields of ``DeviceOutputs``, in the order in which ``CommandValues`` reads them."""


class OutputsError(ValueError):
    """Outputs do not fit the device kind: an unknown permit or level, a missing level, a value out of range."""


class CommandValues:
    """Turns outputs into the values of a kind's command tags, in the definition's order."""

    def __init__(self, definition: DeviceDefinition) -> None:
        self._title = definition.kind.name.lower()
        self._permits = tuple(definition.permits)
        self._known_permits = frozenset(definition.permits)
        named = {*_OWN, *(f"permit_{permit}" for permit in definition.permits)}
        self._levels = tuple(tag.name for tag in definition.command if tag.name not in named)
        given = [*_OWN, *(f"permit_{permit}" for permit in definition.permits), *self._levels]
        self._order = itemgetter(*(given.index(tag.name) for tag in definition.command))

    def of(self, outputs: DeviceOutputs) -> tuple[Value, ...]:
        """The values.

        Raises:
            OutputsError: an unknown permit or level, or a level that is missing.
        """
        command, permits, levels = outputs.command, outputs.permits, outputs.levels
        if not permits <= self._known_permits or len(levels) != len(self._levels):
            raise OutputsError(self._misfit(outputs))
        given: list[Value] = [
            outputs.heartbeat,
            outputs.epoch,
            command.code,
            command.arg1,
            command.arg2,
            command.issued_ms,
            command.valid_ms,
            command.seq,
        ]
        given += [permit in permits for permit in self._permits]
        try:
            given += [levels[name] for name in self._levels]
        except KeyError as error:
            raise OutputsError(self._misfit(outputs)) from error
        values: tuple[Value, ...] = self._order(given)
        return values

    def _misfit(self, outputs: DeviceOutputs) -> str:
        unknown = sorted({*(outputs.permits - self._known_permits), *(outputs.levels.keys() - set(self._levels))})
        missing = sorted(set(self._levels) - outputs.levels.keys())
        return f"outputs do not fit a {self._title}: unknown {unknown}, missing {missing}"
