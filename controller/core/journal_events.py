"""Events about the journal itself, written by the commands that put another journal in the place of a damaged one.

Owns these event types, under the rules of ``events``: fields may be added with a default, none is ever renamed,
removed or given another meaning.
"""

from __future__ import annotations

from controller.core.fact import Fact


class JournalSalvaged(Fact, frozen=True, kw_only=True, tag="journal-salvaged"):
    """A person went on with the good part of a damaged journal: what was damaged, from which event on, what was kept.

    ``damaged_seq`` is the first event that is not proven, 0 when nothing of the journal could be read; ``good_ms`` is
    when the last good one was written. ``older_lost`` says that the damage lay before a snapshot, and that the part
    behind it was kept. The damaged file is in ``aside``.
    """

    damage: str
    damaged_seq: int
    kept_events: int
    good_ms: int | None = None
    older_lost: bool = False
    aside: str = ""
    person: str = ""


class JournalRestored(Fact, frozen=True, kw_only=True, tag="journal-restored"):
    """A person restored a backup whose last event was ``backup_seq``; what came after it is in ``aside``."""

    backup_seq: int
    aside: str = ""
    person: str = ""


JournalFact = JournalSalvaged | JournalRestored
"""Every event of this module."""
