"""A port's revision may be trusted: while it stands still, so do all of the port's sensors."""

from __future__ import annotations

from collections.abc import Iterator

from plc_drivers.contract.codes import Sign, TrafficLight
from sim_hardware.people import Crowd
from sim_hardware.plant import ports
from sim_hardware.plant.body import VehicleSpec
from sim_hardware.plant.plant import Plant
from tests.sim_hardware.plant.garages import car, shuttle_garage, tower

PARTS: dict[str, type] = {
    "drive": ports.Drive,
    "forks": ports.Drive,
    "turntable": ports.Drive,
    "pins": ports.Cylinder,
    "hoist": ports.Cylinder,
    "index": ports.Cylinder,
    "bolt": ports.Cylinder,
    "outer": ports.Door,
    "inner": ports.Door,
    "zone": ports.ZoneWires,
}


def signals(port: object, shape: type, path: str = "") -> Iterator[tuple[str, int]]:
    """Every signal of a port by its name, down into its parts."""
    for base in shape.__mro__:
        for name, member in vars(base).items():
            if not isinstance(member, property) or name in {"revision", "id"}:
                continue
            value = getattr(port, name)
            if name in PARTS:
                yield from signals(value, PARTS[name], f"{path}{name}.")
            elif isinstance(value, int):
                yield f"{path}{name}", int(value)


def images(plant: Plant) -> dict[str, tuple[int, dict[str, int]]]:
    found: dict[str, tuple[int, dict[str, int]]] = {}
    for lift in plant.lifts.values():
        found[lift.id] = (lift.revision, dict(signals(lift, ports.LiftPort)))
    for shuttle in plant.shuttles.values():
        found[shuttle.id] = (shuttle.revision, dict(signals(shuttle, ports.ShuttlePort)))
    for cabin in plant.cabins.values():
        found[cabin.id] = (cabin.revision, dict(signals(cabin, ports.CabinPort)))
    return found


class Watch:
    """Advances a plant in scans and compares each image with the one before."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.last = images(plant)
        self.kept = 0

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.plant.advance(100)
            now = images(self.plant)
            for device, (revision, image) in now.items():
                if revision == self.last[device][0]:
                    self.kept += 1
                    assert image == self.last[device][1], device
            self.last = now


def test_every_signal_of_a_port_is_compared() -> None:
    names = dict(signals(Plant(tower()).cabins["cabin1"], ports.CabinPort))
    assert {"outer.bolt.extended", "turntable.position", "curtain_count", "zone.torque_enabled", "mode"} <= set(names)


def test_an_image_may_be_kept_while_the_revision_stands_in_a_tower() -> None:
    plant = Plant(tower(car("a", "l1-c2-left")))
    watch = Watch(plant)
    lift, shuttle = plant.lifts["lift1"], plant.shuttles["shuttle1"]
    lift.pins.retract()
    watch.run(2)
    lift.drive.move_to(2500)
    watch.run(8)
    lift.pins.extend()
    watch.run(2)
    shuttle.drive.move_to(5200)
    watch.run(8)
    shuttle.forks.move_to(5600)
    watch.run(7)
    shuttle.hoist.extend()
    watch.run(2)
    shuttle.forks.move_to(0)
    watch.run(10)
    plant.zone(1).press_estop()
    watch.run(0.2)
    plant.sensors.override("shuttle1.load_present", 0)
    watch.run(3)
    assert plant.verdict().clean
    assert watch.kept > 20


def test_an_image_may_be_kept_while_the_revision_stands_in_a_shuttle_garage() -> None:
    plant = Plant(shuttle_garage(car("a", "l0-c2-left")))
    watch = Watch(plant)
    near, far, lift, cabin = plant.shuttles["s0b"], plant.shuttles["s1"], plant.lifts["lift1"], plant.cabins["cabin1"]
    near.forks.move_to(5600)
    watch.run(7)
    near.hoist.extend()
    watch.run(1)
    near.forks.move_to(0)
    watch.run(7)
    far.drive.move_to(7800)
    near.drive.move_to(7800)
    cabin.inner.bolt.retract()
    watch.run(1)
    cabin.inner.open()
    watch.run(10)
    near.forks.move_to(-5600)
    watch.run(10)
    near.hoist.retract()
    watch.run(1)
    near.forks.move_to(0)
    watch.run(7)
    lift.pins.retract()
    watch.run(2)
    lift.drive.move_to(2500)
    watch.run(10)
    assert plant.vehicles_at("lift1-platform") == ("a",)
    assert plant.verdict().clean
    assert watch.kept > 200


def test_an_image_may_be_kept_while_the_revision_stands_with_people_about() -> None:
    plant = Plant(tower())
    plant.place_vehicle(VehicleSpec("a"), "cabin1-bay")
    Crowd(plant)
    watch = Watch(plant)
    cabin = plant.cabins["cabin1"]
    cabin.outer.bolt.retract()
    watch.run(1)
    cabin.outer.open()
    cabin.show_light(TrafficLight.GREEN)
    cabin.show_sign(Sign.DRIVE_OUT)
    watch.run(100)
    assert cabin.confirm_presses > 0
    assert watch.kept > 200


def test_motion_that_a_port_cannot_see_does_not_change_its_revision() -> None:
    plant = Plant(shuttle_garage())
    plant.shuttles["s1"].drive.move_to(5200)
    plant.advance(500)
    far, near = plant.shuttles["s1"].revision, plant.shuttles["s0"].revision
    plant.advance(500)
    assert plant.shuttles["s1"].revision != far
    assert plant.shuttles["s0"].revision == near
