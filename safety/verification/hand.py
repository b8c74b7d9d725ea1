"""Persons at work: at an axis with the key in manual and a hand on the hold-to-run, or behind a lock in the books.

Owns what such work looks like to sensors and controller, and what must not move meanwhile, written from the hazards.
Holding and letting go are events of their own: an axis that is held may be jogged, and nothing else of the device.
"""

from __future__ import annotations

from plc_drivers.contract import DEFINITIONS, CommandCode, Value
from plc_drivers.contract.codes import JOGS, Health, Mode, State
from plc_drivers.contract.safety import zone_tag
from safety.acts import Acts, Hold
from safety.verdict import Function
from safety.verification.canonical import NOW_MS
from safety.verification.layout import Device, Layout, Order
from safety.verification.plant import Plant
from safety.verification.trouble import Motion, Nature, Trouble, in_zone, involves, zones_of


def troubles_of_hands(layout: Layout) -> list[Trouble]:
    """Every work of persons in a layout."""
    found = [_lock(zone) for zone in layout.topology.zones]
    for device in layout.devices:
        found += _set_up(layout, device)
    return found


def is_held(trouble: Trouble | None, device: str, order: Order) -> bool:
    """Somebody holds the axis that the order moves."""
    hold = None if trouble is None else trouble.acts.hold
    return hold is not None and hold.function == Function(device, order.permit)


def _lock(zone: int) -> Trouble:
    return Trouble(
        f"zone{zone}.personal-lock", f"Somebody takes a lock on zone {zone} in the books, and goes in",
        f"The lock on zone {zone} is released", "H20",
        f"somebody has locked zone {zone} in the books, and something moves in it", stops=in_zone(zone),
        acts=Acts(locks=frozenset({zone})), honest_only=True,
    )  # fmt: skip


def _set_up(layout: Layout, device: Device) -> list[Trouble]:
    name, number = device.id, device.number
    key: dict[tuple[str, str], Value] = {
        (name, "mode"): int(Mode.MANUAL),
        (name, "state"): int(State.MANUAL),
        (name, "health"): int(Health.FUNCTION_CHECK),
    }
    plc = layout.topology.safety
    slow: dict[tuple[str, str], Value] = {
        (plc, zone_tag("full_speed_enabled", zone)): False for zone in sorted(zones_of(layout, number))
    }
    work = f"{name}.set-up"
    found = [
        Trouble(
            work, f"Somebody turns the key of {name} to manual and limits the speed, to work at it",
            f"The work at {name} is over: the key is back in automatic, the speed no longer limited", "H13",
            f"somebody works at {name} and holds nothing, and it is moved, or something moves into it",
            device=number, readings=key | slow, stops=involves(number), honest_only=True,
        )
    ]  # fmt: skip
    for permit in _axes(device):
        acts = Acts(hold=Hold(Function(name, permit), NOW_MS))
        held = f"the hold-to-run for {permit} of {name}"
        found.append(
            Trouble(
                f"{name}.held-{permit}", f"Somebody presses {held}", f"Somebody lets go of {held}", "H13",
                f"somebody works at {name} with a hand on one axis, and it moves otherwise than by that hand",
                nature=Nature.HOLD, device=number, readings=key | slow, stops=_but_by_hand(number, permit),
                then=work, begins_by_itself=False, acts=acts, out_of=work, honest_only=True,
            )
        )  # fmt: skip
        found.append(
            Trouble(
                f"{name}.fast-{permit}", f"Somebody works at {name} by hand without limited speed, and presses {held}",
                f"The work at {name} is over", "H20", f"{name} is moved by hand, and its speed is not limited",
                device=number, readings=dict(key), stops=involves(number), acts=acts, honest_only=True,
            )
        )  # fmt: skip
    return found


def _axes(device: Device) -> tuple[str, ...]:
    spec = DEFINITIONS[device.kind].spec(CommandCode.JOG_FORWARD)
    return () if spec is None else spec.permits


def _but_by_hand(number: int, permit: str) -> Motion:
    def concerned(layout: Layout, plant: Plant, mover: int, order: Order) -> bool:
        if mover == number and order.code in JOGS and order.permit == permit:
            return False
        return involves(number)(layout, plant, mover, order)

    return concerned
