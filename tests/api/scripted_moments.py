"""Moments of a scripted garage: a lively one, a handover, trouble, a flood of alarms.

Owns the moments. To look at the page in one of them:
``python -m tests.api.scripted_moments config/tower-guangzhou.toml STATE busy``.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import msgspec

from controller.config.load import load_config
from controller.local_link.messages import InterlockView
from tests.api.scripted_garage import Script, ScriptedGarage, alarm, reason, unix_ms


def alarmed(garage: ScriptedGarage) -> None:
    """A flood: an emergency stop with its consequences, a person shut in, and something on the shelf."""
    garage.in_flood = True
    stop = alarm(
        "zone1.emergency-stop",
        title="Emergency stop in zone1",
        priority="medium",
        is_safety=True,
        shelvable=False,
        hazard="H12",
        first_out=True,
        group=4,
        cause="An emergency stop button of zone1 was pressed.",
        action="Find who pressed and why, and help. Release the button, reset at the machine, then clear and start.",
    )
    blocked = alarm("shuttle1.blocked", title="shuttle1 is blocked", group=4, under=stop.id, detail="PERMIT_LOST.")
    shut_in = alarm(
        "cabin1.person-shut-in",
        title="Somebody is shut inside cabin1",
        priority="high",
        is_safety=True,
        shelvable=False,
        hazard="H04",
        action="Go to cabin1, speak to the person, show the emergency exit.",
    )
    slow = alarm("lift1.slow", title="lift1 moves more slowly than it should", annunciated=False, stale=True)
    garage.alarms = {one.id: one for one in (shut_in, stop, blocked, slow)}


def busy(garage: ScriptedGarage) -> None:
    """A lively moment: orders in every state, a handover, an alarm, movers on their way."""
    cars = garage.stored()
    first, second, third = cars[len(cars) // 2], cars[-1], cars[0]
    cabin = garage.config.cabins[0].id
    shuttle = garage.config.shuttles[len(garage.config.shuttles) // 2].id
    if garage.config.garage.layout == "shuttle-garage":
        first = next(c for c in cars if (garage.vehicles[c].position or "").startswith("l3"))
    garage.add_order(
        "retrieve",
        first,
        cabin=cabin,
        state="active",
        phase="fetching",
        progress=0.35,
        leg=1,
        eta_ms=unix_ms() + 74_000,
    )
    garage.add_order(
        "retrieve",
        second,
        waiting_for=reason("CABIN_BUSY", f"{cabin} is in use until the driver has left.", "Wait for the driver."),
        eta_ms=None,
    )
    garage.add_order("relocate", third, state="done", phase="done", progress=1.0, ended_at=unix_ms(), outcome=None)
    garage.vehicles[third] = msgspec.structs.replace(garage.vehicles[third], order=None)
    garage.claims[garage.vehicles[first].position or ""] = "o-1"

    def there_and_back() -> Script:
        place = garage.vehicles[first].position or ""
        while True:
            yield from garage.fetch(shuttle, first)
            yield from garage.bring(shuttle, garage.config.aisle.columns[0].number, 1)
            garage.put(first, place)
            yield from garage.bring(shuttle, garage.config.aisle.columns[-1].number, 2)
            if (home := garage.layout.home_column(shuttle)) is not None:
                yield from garage.bring(shuttle, home, 2)
                garage.values[shuttle] |= {"docked": True}

    garage.scripts.append(there_and_back())


def handing_over(garage: ScriptedGarage) -> None:
    """A car stands in the last cabin, the outer door is open, the light is green."""
    cabin = garage.config.cabins[-1].id
    car = garage.stored()[1]
    garage.put(car, f"{cabin}-bay")
    garage.cabins[cabin] |= {"phase": "leaving", "light": "green", "outer": "open", "sign": "DRIVE_OUT"}
    garage.values[cabin] |= {"vehicle_present": True, "curtain_count": 1, "scanner_clear": False, "outer_closed": False}
    order = garage.add_order(
        "retrieve", car, cabin=cabin, state="handover", phase="leaving", progress=0.9, eta_ms=unix_ms() + 20_000
    )
    garage.cabins[cabin]["order"] = order.id


def troubled(garage: ScriptedGarage) -> None:
    """A device at fault, an interlock that does not hold, a link that is down."""
    lift = garage.config.lifts[-1]
    garage.devices[lift.id] |= {
        "state": "ABORTED",
        "fault": "LOAD_OVERHANG",
        "reason": reason(
            "LOAD_OVERHANG",
            "A light barrier beside the load is interrupted.",
            "Look at the load; centre it or remove what sticks out, then send CLEAR.",
        ),
    }
    garage.ready_reasons = [reason("DEVICE_STOPPED", f"{lift.id} is ABORTED: load overhang.", f"Clear {lift.id}.")]
    garage.interlocks = [
        InterlockView(
            id="H07-lift-overhang",
            title=f"{lift.id} moves only with nothing sticking out",
            hazard="H07",
            guards=[f"{lift.id} travel"],
            cause=f"{lift.id}.overhang_left_clear is false since 4.2 s",
            remedy="Look at the load on the platform; centre it, or remove what sticks out.",
        )
    ]
    garage.mode = "stopped"


MOMENTS = {"busy": busy, "handing_over": handing_over, "troubled": troubled, "alarmed": alarmed}


async def _main(config: Path, state: Path, moments: list[str]) -> None:
    garage = ScriptedGarage(load_config(config), state)
    for name in moments:
        MOMENTS[name](garage)
    await garage.run()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
