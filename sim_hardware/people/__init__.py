"""People at the cabins: agents that see only what a person could see."""

from __future__ import annotations

from sim_hardware.people.actor import Actor
from sim_hardware.people.crowd import Crowd, QueueFullError
from sim_hardware.people.habit import Habit, Patience

__all__ = ["Actor", "Crowd", "Habit", "Patience", "QueueFullError"]
