"""What every link to a PLC offers, whatever it speaks.

Owns the interface between the scan cycle and the wire. Must never know what is on the other side of a device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from plc_drivers.contract import Value
from plc_drivers.outputs import PermittedOutputs
from plc_drivers.reading import Fault


class LinkState(Enum):
    """Where a link stands in its life."""

    DOWN = "down"
    CONNECTING = "connecting"
    UP = "up"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """One complete, checked answer of one device, decoded by the definition.

    ``values`` follows ``definition.status``; ``bad_tags`` are the positions whose value is missing, out of
    range or of bad quality by the protocol. ``sent_ms`` and ``at_ms`` are the controller's monotonic clock when
    the request left and when the answer arrived; ``written`` is the controller heartbeat that went out with
    the request, None when it only read.
    """

    values: tuple[Value | None, ...]
    bad_tags: frozenset[int]
    sent_ms: int
    at_ms: int
    written: int | None


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """Health of a link, for diagnostics and snapshots. Counters never go back while the process lives."""

    name: str
    protocol: str
    address: str
    state: LinkState
    fault: Fault | None
    connects: int
    exchanges: int
    timeouts: int
    rejected: int
    """Answers thrown away: late, foreign, truncated, wrong function, count, unit or transaction."""
    last_exchange_ms: float
    """Duration of the last complete exchange."""


class Link(Protocol):
    """One connection to one PLC, or one serial line with several.

    A link supervises itself: ``start`` returns at once and connects, with back-off and for ever, in a task of
    its own. ``exchange`` never raises for anything that happens on the wire; what went wrong stands in
    ``status`` and shows as missing or old answers.
    """

    on_idle: Callable[[], None] | None
    """Called each time the wire has become free and nothing waits for it, so that a cycle need not poll ``busy``.
    Not called for an ``exchange`` that began no round trip (link down): look at ``busy`` first."""

    @property
    def name(self) -> str:
        """Name from the configuration."""
        ...

    @property
    def devices(self) -> tuple[str, ...]:
        """Names of the devices behind this link."""
        ...

    def start(self) -> None:
        """Begin to connect; must be called inside a running event loop."""
        ...

    async def stop(self) -> None:
        """Close the transport and end every task of the link, within a second."""
        ...

    def exchange(self, outputs: PermittedOutputs | None) -> bool:
        """Begin one round trip that writes ``outputs`` and reads all status; never blocks.

        Returns False when one is still under way: then the outputs are kept, newest first, and go out with
        the next trip, which begins as soon as the wire is free. None only reads.
        """
        ...

    def write_now(self, outputs: PermittedOutputs) -> None:
        """Write at the first moment the wire is free, without waiting for the next cycle (dropped permits)."""
        ...

    def busy(self) -> bool:
        """True while a round trip is under way."""
        ...

    def answers(self) -> Mapping[str, RawAnswer]:
        """The last complete answer of each device that has ever answered."""
        ...

    def faults(self) -> Mapping[str, Fault]:
        """Per device, why its last exchange failed; a device that answered is not listed."""
        ...

    def status(self) -> LinkStatus:
        """How the link does."""
        ...
