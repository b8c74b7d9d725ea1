"""Alarms about the controller itself: its links, its journal, its cycle, and that it stopped the garage.

Owns their definitions.
"""

from __future__ import annotations

from controller.alarms.definition import AlarmDefinition, Priority, Source

LINKS: tuple[AlarmDefinition, ...] = (
    AlarmDefinition(
        code="link-down",
        title="Link {source} is down",
        sources=(Source.LINK,),
        priority=Priority.LOW,
        cause="There is no connection to the PLCs behind {source}.",
        consequence="Nothing that these PLCs show is known; what depends on them stands.",
        action="Check the PLC's supply, cable, switch and address; `garagectl diag link` tries it step by step.",
        respond_within_min=30,
        on_delay_ms=1000,
        hazard="H10",
        shelve_s_max=0,
        stops=True,
    ),
)

GARAGE: tuple[AlarmDefinition, ...] = (
    AlarmDefinition(
        code="journal-fault",
        title="The journal cannot be written",
        sources=(Source.GARAGE,),
        priority=Priority.MEDIUM,
        cause="The disk does not take the journal's events: it is full, does not answer, or lost or damaged the file.",
        consequence="No new motion begins; what happens now may be lost with the next power failure.",
        action="Read its detail. Free space on the disk or have it replaced, and do not restart the controller before "
        "it has written: the alarm then clears by itself. If the file is gone or damaged, stop the controller and "
        "restore or salvage the journal (`garagectl restore`, `garagectl journal salvage`).",
        respond_within_min=15,
        on_delay_ms=500,
        hazard="H10",
        stops=True,
    ),
    AlarmDefinition(
        code="disk-low",
        title="The journal's disk is nearly full",
        sources=(Source.GARAGE,),
        priority=Priority.LOW,
        cause="There is less free space on the disk of the state folder than `journal.free_min_mb` asks for.",
        consequence="When the disk is full no motion begins any more.",
        action="Read its detail. Free space on the disk: old logs, downloads, saved recordings, or a smaller "
        "`black_box.size_max_mb` and `journal.size_max_mb`.",
        respond_within_min=480,
        hazard="H10",
    ),
    AlarmDefinition(
        code="cycle-overrun",
        title="The controller does not keep its cycle",
        sources=(Source.GARAGE,),
        priority=Priority.LOW,
        cause="Several cycles in a row did not end in time.",
        consequence="All permits were dropped and automatic operation has ended.",
        action="Find what keeps the machine busy (`garagectl status`, the system's own log); start when the cycle "
        "keeps its time again.",
        respond_within_min=15,
        off_delay_ms=5000,
        hazard="H10",
        stops=True,
    ),
    AlarmDefinition(
        code="planner-off",
        title="Nobody plans who is served first",
        sources=(Source.GARAGE,),
        priority=Priority.LOW,
        cause="The planner's process has ended or hangs again and again.",
        consequence="Orders are served as they came, and customers wait longer in a rush. Nothing else changes.",
        action="Look at the controller's log for PLANNER_ENDED and at the machine's memory; report it. Restart the "
        "controller when convenient.",
        respond_within_min=480,
        on_delay_ms=60_000,
        off_delay_ms=60_000,
    ),
    AlarmDefinition(
        code="question-open",
        title="An order waits until somebody has looked",
        sources=(Source.GARAGE,),
        priority=Priority.LOW,
        cause="Books and sensors disagree on where a car is, and an order needs the very unit that this concerns.",
        consequence="The order waits, and so do those behind it; nothing moves a car on a guess.",
        action="Read its detail, look at the place that it names, then answer with `garagectl recover` or on the page.",
        respond_within_min=30,
        on_delay_ms=5000,
        off_delay_ms=2000,
        hazard="H06",
    ),
    AlarmDefinition(
        code="stopped-by-itself",
        title="Automatic operation was ended by the controller",
        sources=(Source.GARAGE,),
        priority=Priority.LOW,
        cause="The controller stopped the garage by itself: it restarted, or found a reason to stop.",
        consequence="All orders wait; nothing resumes by itself.",
        action="Look why, look at the machine, clear what is stopped, then start.",
        respond_within_min=15,
        hazard="H11",
        stops=True,
    ),
)
