"""What changes in the drawing of the garage, worked out once for every viewer.

Owns the choice of what a picture of the garage needs, and the numbered changes of it. Must never show a value
that the snapshot does not have; an unknown one is null.
"""

from __future__ import annotations

from typing import Any

import msgspec

from controller.local_link.messages import DeviceView, LinkView, Snapshot

FORGET_REMOVED_AFTER = 600
"""Versions after which it is forgotten what went away; a viewer that is further behind gets the whole picture."""

DRAWN_TAGS: dict[str, tuple[str, ...]] = {
    "lift": ("position_mm", "station", "pins_extended", "pins_retracted", "load_present", "load_clear", "standstill"),
    "shuttle": (
        "position",
        "station",
        "forks_left_mm",
        "forks_right_mm",
        "docked",
        "load_present",
        "load_clear",
        "standstill",
    ),
    "cabin": (
        "angle_mdeg",
        "curtain_count",
        "curtain_ok",
        "exit_closed",
        "inner_closed",
        "inner_locked",
        "inner_open",
        "outer_closed",
        "outer_locked",
        "outer_open",
        "platform_locked",
        "scanner_clear",
        "vehicle_clear",
        "vehicle_present",
    ),
    "safety": ("fire_clear", "mains_ok"),
}
"""Status tags that the picture shows, per device kind."""


class _Entry(msgspec.Struct):
    """One thing in the picture: what it was made from, its JSON, and the version in which that last changed."""

    source: object
    payload: msgspec.Raw
    version: int


class Drawing:
    """The picture as numbered changes: ``frame(since)`` gives all that changed after version ``since``."""

    def __init__(self) -> None:
        self.version = 0
        self.at_ms = 0
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._removed: dict[tuple[str, str], int] = {}
        self._horizon = 0
        self._frames: dict[int, bytes] = {}
        self._snapshot: Snapshot | None = None

    def take(self, snapshot: Snapshot) -> None:
        """Note what ``snapshot`` changes; the same one again changes nothing."""
        if snapshot is self._snapshot:
            return
        self._snapshot = snapshot
        self.at_ms = snapshot.at_ms
        self.version += 1
        self._frames.clear()
        seen: set[tuple[str, str]] = set()
        for key, item in _things(snapshot):
            seen.add(key)
            self._note(key, item)
        for key in self._entries.keys() - seen:
            del self._entries[key]
            self._removed[key] = self.version
        self._forget()

    def frame(self, since: int) -> bytes:
        """JSON of every change after version ``since``; the whole picture, with ``full``, for 0 or long ago."""
        made = self._frames.get(since)
        if made is None:
            made = self._make(since)
            self._frames[since] = made
        return made

    def _note(self, key: tuple[str, str], item: object) -> None:
        entry = self._entries.get(key)
        if entry is not None and entry.source == item:
            return
        self._removed.pop(key, None)
        self._entries[key] = _Entry(item, msgspec.Raw(msgspec.json.encode(item)), self.version)

    def _forget(self) -> None:
        horizon = self.version - FORGET_REMOVED_AFTER
        for key in [key for key, version in self._removed.items() if version <= horizon]:
            del self._removed[key]
            self._horizon = horizon

    def _make(self, since: int) -> bytes:
        full = since <= 0 or since < self._horizon or since > self.version
        body: dict[str, Any] = {"at_ms": self.at_ms, "full": full}
        for (section, name), entry in self._entries.items():
            if full or entry.version > since:
                body.setdefault(section, {})[name] = entry.payload
        if not full:
            for (section, name), version in self._removed.items():
                if version > since:
                    body.setdefault(section, {})[name] = None
        return msgspec.json.encode(body)


def _things(snapshot: Snapshot) -> list[tuple[tuple[str, str], object]]:
    """Everything in the picture by (section, name)."""
    things: list[tuple[tuple[str, str], object]] = [(("garage", "garage"), _garage(snapshot))]
    things += [(("devices", item.id), _device(item)) for item in snapshot.devices]
    things += [(("links", item.id), _link(item)) for item in snapshot.links]
    things += [(("vehicles", item.id), item) for item in snapshot.vehicles]
    things += [(("positions", item.id), item) for item in snapshot.positions]
    things += [(("cabins", item.id), item) for item in snapshot.cabins]
    things += [(("orders", item.id), item) for item in snapshot.orders]
    things += [(("interlocks", item.id), item) for item in snapshot.interlocks]
    things += [(("alarms", item.id), item) for item in snapshot.alarms]
    things += [(("zones", str(item.id)), item) for item in snapshot.zones]
    things += [(("findings", item.id), item) for item in snapshot.findings]
    return things


def _garage(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "mode": snapshot.mode,
        "ready": snapshot.ready,
        "ready_to_start": snapshot.ready_to_start,
        "reasons": snapshot.reasons,
        "waivers": snapshot.waivers,
        "epoch": snapshot.epoch,
        "alarm_flood": snapshot.alarm_figures is not None and snapshot.alarm_figures.in_flood,
    }


def _device(device: DeviceView) -> dict[str, Any]:
    return {
        "id": device.id,
        "kind": device.kind,
        "link": device.link,
        "state": device.state,
        "mode": device.mode,
        "health": device.health,
        "fault": device.fault,
        "quality": device.quality,
        "reason": device.reason,
        "command": device.command,
        "permits": device.permits,
        "values": {tag: device.values.get(tag) for tag in DRAWN_TAGS[device.kind]},
    }


def _link(link: LinkView) -> dict[str, Any]:
    return {
        "id": link.id,
        "protocol": link.protocol,
        "address": link.address,
        "state": link.state,
        "reason": link.reason,
        "connects": link.connects,
    }
