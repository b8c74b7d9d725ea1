"""How good the dispatcher is: against the proven optimum, and against the usual simple rules on the same model.

All on the fast model of the machine; peers have the same times, places and rules as the dispatcher. Seeds are fixed,
and none of them was used while the dispatcher was tuned. A mean of ratios comes with the half width of its 95 %
confidence interval over the seeds. ``seconds`` is the effort: the number of seeds grows with it.

What is measured: *saturation* is a queue of 60 customers who are all there at the start, and capacity what the
dispatcher makes of it in cars per hour. *Load* is mixed traffic at a share of that capacity for ``LOAD_H`` hours, one
after another at random. A rule that carries less than the load has a queue that grows as long as the load lasts, so
the ratio of mean waits says as much of the hours as of the rules; within one hour hardly a queue has formed. *Of the
ceiling* is against cabins that are always busy; *of the bound* against that and the mover that every way needs, if it
never makes an empty way; *within reach* is that bound as a share of the ceiling, which no dispatcher can exceed. *First
come, first served*: who can begin only with what an earlier order waits for does not; letting only the head of the
queue begin makes no difference to speak of.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from math import sqrt
from random import Random
from statistics import mean, quantiles, stdev

from benchmarks.dispatch_garages import GARAGES
from benchmarks.dispatch_workloads import BUSY_PER_H, WORKLOADS, ceiling
from benchmarks.figure import Figure
from controller.garage import Layout
from controller.planning.bound import leasts_of
from controller.planning.day import Begin, Day, Demand, Policy, Result, View
from controller.planning.demand import Hours, Profile, draw_day_of
from controller.planning.machine import KINDS, Machine, Rules, Task
from controller.planning.peers import FirstCome, NearestFirst, random_place
from controller.planning.people import drawn_visit, expected_visit
from controller.planning.places import settled
from controller.planning.planner import planner
from controller.planning.search import Effort, Plan, search

SEED = 7_000_000
"""First seed; tuning used seeds below 1000."""
BATCH = {"tower": 8, "shuttle": 6}
"""Orders that are all known at the start."""
ONLINE = {"tower": 8, "shuttle": 6}
ONLINE_GAP_S = 20.0
QUEUE = 60
"""Customers of a saturated stretch, all there at the start."""
LOAD_H = 4.0
"""So long a load lasts: half a working day."""
EFFORT = Effort(nodes_max=400_000)
RULES = Rules(fetches_early=True, overlaps_legs=True)
"""All have the same rules of the machine; first come never asks for a cabin that is not free."""
_EACH_S = 60.0
"""Roughly what one seed of everything costs, in s of CPU time."""

Make = Callable[[int], Policy]
PEERS: dict[str, Make] = {
    "first_come_random": lambda seed: FirstCome(random_place(_dice(seed + 1).randrange)),
    "first_come_nearest": lambda _seed: FirstCome(),
    "first_come_look_ahead": lambda _seed: FirstCome(looks_ahead=True),
    "nearest_first": lambda _seed: NearestFirst(),
}


def run(seconds: float | None) -> list[Figure]:
    """Measure every garage."""
    seeds = 8 if seconds is None else max(3, round(seconds / _EACH_S))
    figures: list[Figure] = []
    for name, make in GARAGES.items():
        machine = Machine(Layout(make()), rules=RULES)
        if name in BATCH:
            figures += _batch(name, machine, seeds)
            figures += _online(name, machine, seeds)
        figures += _flow(name, machine, seeds)
        figures += _days(name, machine, max(3, seeds // 2))
    return [*figures, _decision_time("shuttle", "decision_p99_ms"), _decision_time("double", "decision_p99_ms_double")]


# --- against the optimum ------------------------------------------------------------------------------------------


def _batch(name: str, machine: Machine, seeds: int) -> list[Figure]:
    """Orders that are all known at the start."""
    ratios: dict[str, list[float]] = {"ratio_to_optimum": [], "first_come_ratio_to_optimum": []}
    unproven = 0
    for seed in range(SEED, SEED + seeds):
        demand, stock = _instance(machine, BATCH[name], seed, gap_s=0.0)
        plan = _optimum(machine, demand, stock)
        unproven += not plan.is_proven
        if plan.is_proven:
            ratios["ratio_to_optimum"].append(_total_s(machine, planner(), demand, stock) / plan.wait_s)
            ratios["first_come_ratio_to_optimum"].append(_total_s(machine, FirstCome(), demand, stock) / plan.wait_s)
    ours = ratios["ratio_to_optimum"]
    figures = [figure for what, values in ratios.items() for figure in _with_interval(f"{what}_{name}", values)]
    figures += [Figure("dispatch", f"worst_ratio_{name}", round(max(ours), 4), "ratio")] if ours else []
    return [*figures, Figure("dispatch", f"unproven_{name}", unproven, "of " + str(seeds))]


def _online(name: str, machine: Machine, seeds: int) -> list[Figure]:
    """Orders that arrive one by one, against who knew them all."""
    ours, first = [], []
    for seed in range(SEED + 1000, SEED + 1000 + seeds):
        demand, stock = _instance(machine, ONLINE[name], seed, gap_s=ONLINE_GAP_S)
        plan = _optimum(machine, demand, stock)
        if plan.is_proven:
            ours.append(_total_s(machine, planner(), demand, stock) / plan.wait_s)
            first.append(_total_s(machine, FirstCome(), demand, stock) / plan.wait_s)
    return [
        *_with_interval(f"online_ratio_{name}", ours),
        *_with_interval(f"first_come_online_ratio_{name}", first),
        Figure("dispatch", f"online_proven_{name}", len(ours), f"of {seeds}"),
    ]


def _instance(machine: Machine, count: int, seed: int, *, gap_s: float) -> tuple[list[Demand], dict[str, str]]:
    """A mixed batch with the mean visit, so that nothing of it is hidden; stores ask for places of their own."""
    dice = _dice(seed)
    places = dice.sample([place.id for place in machine.layout.storage()], count)
    visit = expected_visit(machine.layout.config)
    demand, stock = [], {}
    for number, place in enumerate(places):
        kind = dice.choice(KINDS)
        vehicle = f"car{number}"
        if kind == "retrieve":
            stock[place] = vehicle
        demand.append(Demand(number * gap_s, kind, vehicle, visit, place="" if kind == "retrieve" else place))
    return demand, stock


def _optimum(machine: Machine, demand: Sequence[Demand], stock: dict[str, str]) -> Plan:
    place_of = {vehicle: place for place, vehicle in stock.items()}
    tasks = [
        Task(f"o{n}", wish.kind, place_of.get(wish.vehicle, wish.place), wish.visit, wish.at_s)
        for n, wish in enumerate(demand)
    ]
    return search(machine, machine.at_rest(), tasks, effort=EFFORT)


def _total_s(machine: Machine, policy: Policy, demand: Sequence[Demand], stock: dict[str, str]) -> float:
    result = _checked(Day(machine, policy, demand, stock).run())
    return sum(outcome.wait_s for outcome in result.outcomes)


# --- against the simple rules -------------------------------------------------------------------------------------


def _flow(name: str, machine: Machine, seeds: int) -> list[Figure]:
    """A standing queue, then 60, 80 and 95 % of what the dispatcher made of it, for some hours each."""
    figures: list[Figure] = []
    every: dict[str, Make] = {**PEERS, "ours": lambda _seed: planner()}
    rates = dict.fromkeys(every, 0.0)
    numbers = range(SEED + 2000, SEED + 2000 + seeds)
    stretches = {who: [_stretch(machine, make(seed), seed) for seed in numbers] for who, make in every.items()}
    for who, results in stretches.items():
        rates[who] = mean(_cars_per_h(result) for result in results)
        figures.append(Figure("dispatch", f"saturation_{who}_{name}", round(rates[who], 2), "cars/h"))
    ceilings = [ceiling(machine, *_customers(machine, seed)) for seed in numbers]
    ours = [_cars_per_h(result) for result in stretches["ours"]]
    within_reach = [c.machine_per_h / c.cabins_per_h for c in ceilings]
    figures += _with_interval(f"saturation_within_reach_{name}", within_reach)
    for what, limits in (
        ("ceiling", [c.cabins_per_h for c in ceilings]),
        ("bound", [c.machine_per_h for c in ceilings]),
    ):
        shares = [rate / limit for rate, limit in zip(ours, limits, strict=True)]
        figures += _with_interval(f"saturation_of_{what}_{name}", shares)
    plain = Machine(machine.layout)
    at_once = mean(_cars_per_h(_stretch(plain, FirstCome(), seed)) for seed in numbers)
    figures.append(Figure("dispatch", f"saturation_all_claimed_at_once_{name}", round(at_once, 2), "cars/h"))
    pairs = zip(stretches["ours"], stretches["first_come_nearest"], strict=True)
    figures += _with_interval(f"saturation_ratio_{name}", [_cars_per_h(a) / _cars_per_h(b) for a, b in pairs])
    pairs = zip(stretches["ours"], stretches["first_come_nearest"], strict=True)
    figures += _with_interval(f"saturation_max_wait_ratio_{name}", [_longest_s(a) / _longest_s(b) for a, b in pairs])
    for load in (60, 80, 95):
        figures += _loaded(name, machine, every, seeds, load, rates["ours"] * load / 100)
    return figures


def _loaded(name: str, machine: Machine, every: dict[str, Make], seeds: int, load: int, per_h: float) -> list[Figure]:
    profile = Profile((Hours(0, LOAD_H, per_h, 0.5),))
    results: dict[str, list[Result]] = {who: [] for who in every}
    for seed in range(SEED + 3000, SEED + 3000 + seeds):
        drawn = draw_day_of(machine.layout, profile, _dice(seed))
        for who, make in every.items():
            results[who].append(_checked(Day(machine, make(seed), drawn.demand, drawn.stock).run()))
    return _compared(f"load{load}", name, results)


def _days(name: str, machine: Machine, seeds: int) -> list[Figure]:
    """Whole days: retail with bookings and returns, commuters."""
    every: dict[str, Make] = {**PEERS, "ours": lambda _seed: planner()}
    figures: list[Figure] = []
    for workload, profile in WORKLOADS.items():
        results: dict[str, list[Result]] = {who: [] for who in every}
        alone: list[float] = []
        for seed in range(SEED + 4000, SEED + 4000 + seeds):
            drawn = draw_day_of(machine.layout, profile(BUSY_PER_H[name]), _dice(seed))
            for who, make in every.items():
                results[who].append(_checked(Day(machine, make(seed), drawn.demand, drawn.stock).run()))
            alone.append(mean(_alone_s(machine, wish, drawn.stock) for wish in drawn.demand))
        figures += _compared(workload, name, results)
        waits = [result.mean_wait_s for result in results["ours"]]
        figures.append(Figure("dispatch", f"{workload}_mean_wait_{name}", round(mean(waits), 1), "s"))
        above = [wait_s - least_s for wait_s, least_s in zip(waits, alone, strict=True)]
        figures.append(Figure("dispatch", f"{workload}_above_alone_{name}", round(mean(above), 1), "s"))
    return figures


def _alone_s(machine: Machine, wish: Demand, stock: dict[str, str]) -> float:
    """Least wait of an order that had the garage for itself and was known as soon as it is: the clairvoyant bound."""
    place_of = {vehicle: place for place, vehicle in stock.items()}
    if wish.kind == "store" or wish.vehicle not in place_of:
        return min(machine.timing.open_outer_s(cabin) for cabin in machine.layout.cabins)
    least = leasts_of(machine).of(Task("", wish.kind, place_of[wish.vehicle], expected_visit(machine.layout.config)))
    return max(0.0, least.carry_s + least.present_s - wish.early_s)


def _compared(what: str, name: str, results: dict[str, list[Result]]) -> list[Figure]:
    """Mean wait against first come nearest; 95th percentile and longest against first come with look-ahead."""
    base, ahead, ours = results["first_come_nearest"], results["first_come_look_ahead"], results["ours"]
    figures: list[Figure] = []
    for who, those in results.items():
        if who != "first_come_nearest":
            ratios = [a.mean_wait_s / b.mean_wait_s for a, b in zip(those, base, strict=True)]
            figures += _with_interval(f"{'' if who == 'ours' else f'{who}_'}{what}_ratio_{name}", ratios)
    p95 = [_p95_s(a) / _p95_s(b) for a, b in zip(ours, ahead, strict=True)]
    longest = [_longest_s(a) / _longest_s(b) for a, b in zip(ours, ahead, strict=True)]
    return [
        *figures,
        *_with_interval(f"{what}_p95_to_look_ahead_{name}", p95),
        *_with_interval(f"{what}_max_to_look_ahead_{name}", longest),
    ]


def _stretch(machine: Machine, policy: Policy, seed: int) -> Result:
    demand, stock = _customers(machine, seed)
    return _checked(Day(machine, policy, demand, stock).run())


def _customers(machine: Machine, seed: int) -> tuple[list[Demand], dict[str, str]]:
    """Mixed customers, all at once, in a garage that is 60 % full."""
    dice = _dice(seed)
    places = [place.id for place in machine.layout.storage()]
    dice.shuffle(places)
    stock = {place: f"car{n}" for n, place in enumerate(places[: round(len(places) * 0.6)])}
    fetched = iter(list(stock.values()))
    stock = settled(machine.layout, stock)
    demand = []
    for number in range(QUEUE):
        kind = dice.choice(KINDS)
        vehicle = next(fetched) if kind == "retrieve" else f"guest{number}"
        demand.append(Demand(0.0, kind, vehicle, drawn_visit(machine.layout.config, dice.uniform)))
    return demand, stock


def _checked(result: Result) -> Result:
    if result.unserved or result.refused:
        raise RuntimeError(f"{result.unserved} orders were never served, {result.refused} refused")
    return result


def _cars_per_h(result: Result) -> float:
    return 3600 * len(result.outcomes) / max(outcome.served_s for outcome in result.outcomes)


def _longest_s(result: Result) -> float:
    return max(outcome.wait_s for outcome in result.outcomes)


def _p95_s(result: Result) -> float:
    return quantiles([outcome.wait_s for outcome in result.outcomes], n=20)[-1]


# --- time ---------------------------------------------------------------------------------------------------------


class _Timed:
    """A policy whose decisions are timed while at least so many orders wait."""

    def __init__(self, policy: Policy, waiting_min: int) -> None:
        self._policy = policy
        self._waiting_min = waiting_min
        self.took_ms: list[float] = []

    def decide(self, view: View) -> Begin | None:
        began_s = time.thread_time()
        begin = self._policy.decide(view)
        if len(view.waiting) >= self._waiting_min:
            self.took_ms.append((time.thread_time() - began_s) * 1000)
        return begin


def _decision_time(name: str, what: str) -> Figure:
    """CPU time of one decision with at least 8 orders waiting."""
    machine = Machine(Layout(GARAGES[name]()), rules=RULES)
    timed = _Timed(planner(), 8)
    _stretch(machine, timed, SEED + 9000)
    return Figure("dispatch", what, round(quantiles(timed.took_ms, n=100)[-1], 2), "ms CPU")


def _with_interval(what: str, values: Sequence[float]) -> list[Figure]:
    if not values:
        sys.stderr.write(f"{what}: no instance was proven\n")
        return []
    half = 1.96 * stdev(values) / sqrt(len(values)) if len(values) > 1 else float("nan")
    return [
        Figure("dispatch", what, round(mean(values), 4), "ratio"),
        Figure("dispatch", f"{what}_ci95", round(half, 4), "+/-"),
    ]


def _dice(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - demand must be reproducible
