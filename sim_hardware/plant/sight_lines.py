"""Which machines' motion a machine's sensors can notice.

Owns that relation, so that a PLC program need not sample its inputs anew when something moves far away. It errs on the
side of seeing too much. Must never be used to decide what a sensor reads.
"""

from __future__ import annotations

from collections.abc import Iterable

from sim_hardware.plant.cabin import CabinMachine
from sim_hardware.plant.device import Machine
from sim_hardware.plant.lift import LiftMachine
from sim_hardware.plant.shuttle import ShuttleMachine


def seen_from(machine: Machine, machines: Iterable[Machine]) -> tuple[Machine, ...]:
    """The machines that ``machine`` sees, without itself; with each riding shuttle also the lift that carries it."""
    every = tuple(machines)
    seen = [other for other in every if other is not machine and _sees(machine, other)]
    carriers = [other.lift for other in seen if isinstance(other, ShuttleMachine) and other.lift is not None]
    return tuple(dict.fromkeys(other for other in (*seen, *carriers) if other is not machine))


def _sees(machine: Machine, other: Machine) -> bool:
    """Lifts and cabins see the forks that reach them; a shuttle sees what lies beside and on its way."""
    if isinstance(machine, ShuttleMachine):
        return _seen_by_shuttle(machine, other)
    if not isinstance(other, ShuttleMachine):
        return False
    if isinstance(machine, LiftMachine) and machine.rider is not None:
        return other.id == machine.rider.id
    return isinstance(machine, LiftMachine | CabinMachine) and any(other.id == forks.id for forks in machine.reaching)


def _seen_by_shuttle(shuttle: ShuttleMachine, other: Machine) -> bool:
    level = shuttle.spec.level
    if isinstance(other, ShuttleMachine):
        return level is None or other.spec.level is None or other.spec.level == level
    if isinstance(other, LiftMachine):
        return other is shuttle.lift or (
            other.spec.platform is not None and (level is None or level in other.spec.levels)
        )
    return isinstance(other, CabinMachine) and (level is None or other.spec.level == level)
