"""The hazards that this controller is built against, each with the accidents behind it and what is left of it.

Owns the list, which every document, interlock, trip, proof and test refers to by number. Must never lose a hazard: a
number is given once and kept. The accidents are those that are publicly known of; they are told as far as they teach
something.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hazard:
    """``why`` is what happened, or would; ``elsewhere`` is what the project does about it outside ``safety/``.

    ``remains`` is what nothing here prevents, and the machine's own risk assessment has to cover.
    """

    id: str
    title: str
    why: str
    elsewhere: str
    remains: str


HAZARDS: tuple[Hazard, ...] = (
    Hazard(
        "H01",
        "The way to people is open and no platform is proven under it",
        "The worst accidents of car towers: in Seoul (2016), in Gwangmyeong and in Manhattan people went through "
        "an open door where no platform stood; they fell 8.5 m, and died.",
        "The sign shows nothing that invites before the light does (`controller/core/handover.py`).",
        "Three sensors of the platform that fail together; the door's own lock, which holds without power, stands "
        "behind them.",
    ),
    Hazard(
        "H02",
        "The machine moves where a person is or may be",
        "People were killed in cabins in which somebody still was when the machine moved: in Osaka (2025), Ulsan "
        "and Busan; in Japan twelve died between 2007 and 2015, a quarter of them children. That no sensor sees "
        "anybody is no proof that nobody is there.",
        "The core asks for a confirmation after every opening; the pages and the sign say who must press what.",
        "Somebody who lies in a car, or climbs in past both sensors, is seen by nobody; the confirmation is a "
        "person's word. The doorway of a closing outer door is protected by the door itself.",
    ),
    Hazard(
        "H03",
        "Both doors of a cabin are open together",
        "With both open, the street leads into the shaft.",
        "The cabin's PLC aborts by itself when both of its doors are not closed (device contract).",
        "When both doors are open all the same, because a lock has failed, lift and shuttle are not stopped by "
        "the doors but by the zone's guards: wire the inner doors into the guard circuit of the machine's zone.",
    ),
    Hazard(
        "H04",
        "After a person was seen, more than stopping and letting out",
        "In Osaka the pallet was moved in the attempt to open the shutter for the person inside.",
        "The order waits and says for what (`controller/core/handover.py`).",
        "A cabin whose platform is not proven in its seat does not open: whoever is inside uses the emergency exit.",
    ),
    Hazard(
        "H05",
        "Taken for empty on one sensor's word",
        "Hoboken (2008): a laser did not see a car, and the pallet went down with the car on it.",
        "A car is moved in the books only when both detectors and the forks tell one story "
        "(`controller/core/transfer.py`).",
        "Two detectors of different kinds that fail together.",
    ),
    Hazard(
        "H06",
        "A car set down on a car, or picked where none stands",
        "A program's list of places is a belief; the second car is set down on the roof of the first, or the "
        "customer gets another one's.",
        "Inventory and plan never decide alone: the shuttle's detectors at the place do, at the moment of the "
        "transfer. That the *right* car is picked rests on the journal and on the proof of every earlier "
        "transfer.",
        "Which column a shuttle stands at comes from its encoder alone; a shuttle one pitch off picks a wrong car "
        "where one stands.",
    ),
    Hazard(
        "H07",
        "Motion with a car half transferred, sticking out, or with forks out",
        "The formally verified model of a garage at Eindhoven showed in its pictures what no requirement had "
        "named: a car torn in half, and a lift that closed on two cars that stood half on it.",
        "An interrupted motion waits for a person (ADR 0010), and a car on forks counts as being there "
        "(`controller/core/transfer.py`).",
        "Each overhang barrier is a single sensor: when it fails to 1, only the hard-wired system knows.",
    ),
    Hazard(
        "H08",
        "Transfer without firm ground",
        "Hoboken (2005): a car fell four storeys.",
        "Goals are pursued in an order that locks before it transfers (`controller/core/reach.py`).",
        "Which column a shuttle stands at, as in H06.",
    ),
    Hazard(
        "H09",
        "Two movers in one space",
        "A lift and forks, two shuttles in one aisle, a turntable and a door: what one of them is told says "
        "nothing about the other.",
        "Claims keep orders apart before safety has to (ADR 0002).",
        "While a shuttle finds its reference or is moved by hand, where another of its aisle stands is left to the "
        "scanner along the way and to the person (ADR 0024). Two lifts in one shaft, and a shuttle's aisle across "
        "another lift's shaft, cannot be told to this controller: such a machine needs interlocks of its own.",
    ),
    Hazard(
        "H10",
        "Motion on data that cannot be believed",
        "Values that no longer changed, under time stamps that did, have tripped a plant of a neighbouring trade. "
        "A check that did not run looks like one that passed.",
        "Each device's answers are judged by identity, heartbeat, echo, clock and age before any value counts "
        "(`plc_drivers/device_watch.py`).",
        "A PLC program that reports its wishes instead of its inputs.",
    ),
    Hazard(
        "H11",
        "Motion that resumes by itself",
        "Whoever looks into a machine that stands is hit when it goes on: after a stop, a trip, a power cut, a "
        "lost connection, a restart of any part.",
        "Nothing that was under way is sent again after a start; a person clears and a person starts "
        "(`controller/core`, journal).",
        "What a PLC does by itself under a permit that never went away.",
    ),
    Hazard(
        "H12",
        "A stop that does not stop everything in its zone",
        "An emergency stop that leaves the neighbouring shuttle pushing a car into the stopped zone.",
        "The hard-wired circuits of each zone act first; the controller sees a copy.",
        "Zones that the safety PLC does not report. What reaches over a border is known from the layout: forks "
        "into cabins and platforms, shuttles on lifts.",
    ),
    Hazard(
        "H13",
        "Two masters",
        "Two controllers, or a person with a key and a program, move one machine; each believes that it stands "
        "still for it.",
        "The owner epoch is journalled and only rises; a device that leaves automatic is not commanded "
        "(`controller/core/commanding.py`).",
        "A machine that is moved by hand without its key switch.",
    ),
    Hazard(
        "H14",
        "A vehicle that does not fit",
        "Too long, wide, high, heavy or low, badly placed, a boot open, the engine on, the brake off. Some "
        "electric cars weigh more than 2,500 kg.",
        "Measures decide at the handover whether and where a car is stored; the sign guides the driver "
        "(`controller/core`).",
        "Engine and brake: nobody measures them. Weight and height are not looked at again after the handover.",
    ),
    Hazard(
        "H15",
        "Over-travel, overspeed, slack rope, brake not proven, failed drive",
        "What hangs can fall: rope, governor, final limit and brake are what keeps a lift up, and an axis that "
        "does not answer its command is about to show why.",
        "The final limit and the governor are released at the machine only; there is no call for it.",
        "Rope, overspeed and shaft doors are single contacts here; their safety circuit is the lift's own.",
    ),
    Hazard(
        "H16",
        "Fire",
        "Gangneung (2018) and Incheon (2024), where an electric car caught fire that was not even charging. A car "
        "is left between floors, charging goes on, and nobody knows what stands where.",
        "The API's snapshot tells at any time which car stands where.",
        "A car that stands between floors when the alarm comes stays there; charging and quarantine places are "
        "not part of this controller yet.",
    ),
    Hazard(
        "H17",
        "A car released to nobody, to the wrong person, or without authority",
        "A key box that opens without a car, or a car that comes for whoever asks, is theft at best and a child "
        "in the cabin at worst.",
        "Every order is journalled with who asked for it.",
        "No interlock guards it: safety cannot know whose car it is. Signed, expiring, single-use releases are "
        "not part of this controller yet; whoever operates it releases cars by their own means.",
    ),
    Hazard(
        "H18",
        "A stop that takes longer than designed",
        "Safety distances rest on stopping times (ISO 13855). Brakes wear slowly, and nobody notices until "
        "somebody stands too close.",
        "Every stop is measured, time and distance, and told when it drifts (`safety/stopping.py`).",
        "Forks show no speed of their own; their stops are not timed.",
    ),
    Hazard(
        "H19",
        "Power that fails or returns in the middle of something",
        "Half a transfer without light, then motors that come back with the mains; a generator that feeds one "
        "lift of two.",
        "A PLC that restarts shows its boot counter: its commands and permits are void and a person clears it "
        "(H11). While the generator feeds the machine the controller serves retrievals only, with as many drives as "
        "the configuration says, and finishes one car before it begins with the next (docs/power.md).",
        "Whether the generator carries what is configured, and whether the safety PLC is told of it in time. What "
        "moves when the mains go is not torn off: more drives may then run on the generator than configured, until "
        "they have come to their end. Drives that come back by themselves are the machine's own affair.",
    ),
    Hazard(
        "H20",
        "Maintenance: somebody in the machine",
        "In Fukuyama a counterweight crushed somebody. Idle moves, pre-staging and nightly sorting come when "
        "nobody expects them.",
        "This controller makes no idle, sorting or pre-staging move: what moves serves an order that somebody gave.",
        "Who works without locking out, without the key and behind closed guards is seen by nobody.",
    ),
    Hazard(
        "H21",
        "A switch or guard that is defeated or dead",
        "In Japan a hold-to-run button was found clamped down. A bridged contact says for years that all is well.",
        "The contract asks for antivalent pairs and for 1 as the safe level, so that a dead input never permits.",
        "A single sensor that never changes; two that are bridged together. A sensor that is only exercised by an "
        "accident has to be tested by people.",
    ),
)
"""Every hazard, by number."""

TITLES: dict[str, str] = {hazard.id: hazard.title for hazard in HAZARDS}
"""The hazards in short."""
