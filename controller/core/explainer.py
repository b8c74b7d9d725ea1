"""Why something may not move or does not go on: interlocks with their readings, and the core's own reasons.

Owns the answer to ``Explain``. Computed from one moment's image, verdict and memory, bounded in size; must never
change state, and never say anything in other words than refusals, page and documents do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from controller.core import commanding, supply
from controller.core.admission import hindrances
from controller.core.booking import Booking
from controller.core.booking_view import booking_facts, waits_for, what_next
from controller.core.explained_reading import ReadingDesk, SourceOf, meaning_of
from controller.core.order import Order
from controller.core.queue_facts import queue_facts
from controller.core.service import out_of_use, unreachable
from controller.core.situation import Situation
from controller.core.subject import Booked, Car, Device, Job, Rule, Subject, WholeGarage, subject_of
from controller.core.view import order_view
from controller.core.waiving import views, warnings
from controller.local_link.explanation import (
    ExplainedCondition,
    ExplainedReason,
    Explanation,
    WaiverView,
)
from plc_drivers.contract import CommandSpec, DeviceDefinition
from plc_drivers.contract.codes import Mode, State
from safety.interlock import Interlock
from safety.logic import SafetyLogic
from safety.memory import SafetyMemory
from safety.refusal import Refusal
from safety.verdict import Failing, Function, StartOf

CONDITIONS_MAX = 12
"""Conditions in one explanation; more are counted. Nobody reads a hundred, and each costs time."""

REASONS_MAX = 20
READINGS_MAX = 8
"""Readings shown of one condition."""

CLEAR = "Nothing stands in the way"

Noun = Literal["garage", "device", "cabin", "function", "command", "interlock", "vehicle", "order", "booking"]


@dataclass(slots=True)
class _Draft:
    """An explanation in the making."""

    noun: Noun
    facts: list[str] = field(default_factory=list)
    reasons: list[ExplainedReason] = field(default_factory=list)
    conditions: list[ExplainedCondition] = field(default_factory=list)
    left_out: int = 0
    see: list[str] = field(default_factory=list)
    summary: str = ""
    sensors: set[str] = field(default_factory=set)

    def because(self, refusal: Refusal | None, about: str = "") -> None:
        """Take a reason in, each once."""
        if refusal is None or len(self.reasons) >= REASONS_MAX:
            return
        reason = ExplainedReason(code=refusal.code, text=refusal.text, remedy=refusal.remedy, about=about)
        if all((one.code, one.text) != (reason.code, reason.text) for one in self.reasons):
            self.reasons.append(reason)


class Explainer:
    """Answers questions about one garage. ``source_of`` tells where a tag is read."""

    def __init__(self, logic: SafetyLogic, source_of: SourceOf) -> None:
        self._logic = logic
        self._readings = ReadingDesk(logic.definitions, source_of)
        self.interlocks = {one.id: one for one in logic.interlocks}

    def explain(
        self, what: str, situation: Situation, memory: SafetyMemory, shell: Sequence[Refusal] = ()
    ) -> Explanation | Refusal:
        """Why ``what`` may not be or does not go on now; UNKNOWN_SUBJECT when nothing is called so.

        ``memory`` is safety's after the cycle whose image and verdict the situation holds. ``shell`` are the
        reasons of the process around the core: it starts, it ends, the disk or the time fails it.
        """
        subject = subject_of(what, situation, self._logic.interlocks)
        if isinstance(subject, Refusal):
            return subject
        task = _Task(self, situation, memory)
        draft = task.draft(subject, shell)
        clear = not draft.reasons and not draft.conditions
        return Explanation(
            what=what,
            noun=draft.noun,
            at_ms=situation.now.unix_ms,
            clear=clear,
            summary=draft.summary,
            facts=draft.facts,
            reasons=draft.reasons,
            conditions=draft.conditions,
            left_out=draft.left_out,
            waivers=_waivers(situation, draft, everything=isinstance(subject, WholeGarage)),
            see=list(dict.fromkeys(draft.see)),
        )

    def failing(
        self, wanted: Callable[[Interlock], bool], situation: Situation, memory: SafetyMemory
    ) -> tuple[list[ExplainedCondition], int]:
        """Conditions that fail now among those wanted, and how many more there are."""
        now_ms = situation.now.mono_ms
        failing_ids = {one.id for one in situation.verdict.failing}
        concerned = [one.id for one in self._logic.interlocks if one.id in failing_ids and wanted(one)]
        kept = set(concerned[:CONDITIONS_MAX])
        found = self._logic.explain_each(lambda one: one.id in kept, situation.image, memory, now_ms, CONDITIONS_MAX)
        return [self._condition(one) for one in found], len(concerned) - len(found)

    def _condition(self, failing: Failing) -> ExplainedCondition:
        interlock = self.interlocks[failing.id]
        rows = list(zip(failing.readings, failing.musts, strict=True))[:READINGS_MAX]
        return ExplainedCondition(
            id=failing.id,
            title=failing.title,
            hazard=failing.hazard,
            phase=interlock.phase.value,
            guards=[str(guard) for guard in failing.guards],
            unknown=failing.unknown,
            text=failing.cause,
            remedy=failing.remedy,
            standard=interlock.standard,
            remaining_ms=failing.remaining_ms,
            readings=[self._readings.explained(reading, *must) for reading, must in rows],
            without=list(interlock.without),
        )


@dataclass(frozen=True, slots=True)
class _Task:
    """One question at one moment."""

    explainer: Explainer
    situation: Situation
    memory: SafetyMemory

    def draft(self, subject: Subject, shell: Sequence[Refusal]) -> _Draft:
        """The answer, with the reasons that concern everything in front."""
        match subject:
            case WholeGarage():
                return self._garage(shell)
            case Device(id):
                return self._device(id, shell)
            case Function():
                return self._function(subject, shell)
            case StartOf():
                return self._command(subject, shell)
            case Rule(interlock):
                return self._rule(interlock)
            case Car(id):
                return self._car(id, shell)
            case Job(id):
                return self._job(self.situation.state.orders[id], shell)
            case Booked(id):
                return self._booked(self.situation.state.bookings.all[id], shell)

    def _general(self, draft: _Draft, shell: Sequence[Refusal]) -> None:
        for reason in shell:
            draft.because(reason)
        if self.situation.state.mode == "stopped":
            draft.because(commanding.NOT_STARTED)

    def _conditions(self, draft: _Draft, wanted: Callable[[Interlock], bool]) -> None:
        draft.conditions, draft.left_out = self.explainer.failing(wanted, self.situation, self.memory)

    # --- what moves ---------------------------------------------------------------------------------------------

    def _function(self, function: Function, shell: Sequence[Refusal]) -> _Draft:
        draft = _Draft("function")
        draft.facts = [
            meaning_of(self._definition(function.device), function.permit),
            *self._state_facts(function.device),
        ]
        self._conditions(draft, lambda one: function in one.guards)
        self._general(draft, shell)
        draft.because(self._unready(function.device), function.device)
        draft.because(self._revoked(function), str(function))
        self._concerning(draft, (function,))
        if draft.conditions:
            draft.summary = f"{function} is not permitted: {_count(draft, 'condition does', 'conditions do')} not hold."
        elif draft.reasons:
            draft.summary = f"Every interlock permits {function}; {_beside(draft)}."
        elif function in self.memory.granted:
            draft.summary = f"{CLEAR}; {function} is permitted now."
        else:
            draft.summary = f"{CLEAR}; no command is wanted."
        return draft

    def _command(self, start: StartOf, shell: Sequence[Refusal]) -> _Draft:
        draft = _Draft("command")
        spec = self._definition(start.device).spec(start.code)
        functions = _functions_of(start, spec)
        draft.facts = ["" if spec is None else spec.meaning, *self._state_facts(start.device)]
        if not functions:
            draft.summary = f"{start} needs no permit and is never withheld."
            return draft
        self._conditions(draft, lambda one: any(g in functions or _starts(g, start) for g in one.guards))
        self._general(draft, shell)
        draft.because(self._unready(start.device), start.device)
        for function in functions:
            draft.because(self._revoked(function), str(function))
        self._concerning(draft, (*functions, start))
        if draft.conditions:
            draft.summary = f"{start} may not start: {_count(draft, 'condition does', 'conditions do')} not hold."
        elif draft.reasons:
            draft.summary = f"Every interlock permits {start}; {_beside(draft)}."
        else:
            draft.summary = f"{CLEAR} of {start}; " + self._wanted(start.device)
        return draft

    def _device(self, device: str, shell: Sequence[Refusal]) -> _Draft:
        cabin = device in self.situation.layout.cabins
        draft = _Draft("cabin" if cabin else "device")
        draft.facts = [*self._state_facts(device), *self._device_facts(device)]
        self._general(draft, shell)
        definition = self._definition(device)
        draft.because(self._unready(device), device)
        functions = [Function(device, permit) for permit in definition.permits]
        self._conditions(draft, lambda one: any(guard.device == device for guard in one.guards))
        self._concerning(draft, functions)
        held_up = [str(function) for function in functions if function not in self.situation.verdict.allowed]
        if held_up:
            draft.summary = f"{device} may not: {', '.join(name.partition('.')[2] for name in held_up)}."
            draft.see += held_up
        elif draft.reasons:
            draft.summary = f"Every interlock permits what {device} does; {_beside(draft)}."
        elif draft.conditions:
            draft.summary = f"{device} may move; {_count(draft, 'command', 'commands')} could not start now."
        else:
            draft.summary = f"{CLEAR}; {self._wanted(device)}"
        return draft

    def _rule(self, interlock: Interlock) -> _Draft:
        draft = _Draft("interlock")
        draft.facts = [f"{interlock.title}.", f"It guards {', '.join(map(str, interlock.guards))}."]
        self._conditions(draft, lambda one: one.id == interlock.id)
        draft.sensors.update(interlock.without)
        draft.summary = f"{interlock.id} does not hold." if draft.conditions else f"{interlock.id} holds."
        return draft

    # --- what people ask for ------------------------------------------------------------------------------------

    def _car(self, vehicle: str, shell: Sequence[Refusal]) -> _Draft:
        draft = _Draft("vehicle")
        car = self.situation.state.vehicles[vehicle]
        order = self.situation.state.order_of_vehicle(vehicle)
        draft.facts.append(f"{vehicle} {'is not in the garage' if car.position is None else f'is at {car.position}'}.")
        if car.position is not None:
            for reason in unreachable(self.situation, car, out_of_use(self.situation)):
                draft.because(reason, vehicle)
        draft.see += [booking.id for booking in self.situation.state.bookings.of_vehicle(vehicle)]
        if order is None:
            self._general(draft, shell)
            draft.see += self._reached_by(car.position)
            draft.summary = (
                f"{vehicle} is not in the garage."
                if car.position is None
                else f"{vehicle} cannot be had now: {_count_reasons(draft)}."
                if draft.reasons
                else f"{CLEAR}; nobody has ordered {vehicle}."
            )
            return draft
        job = self._job(order, shell)
        for found in draft.reasons:
            job.because(Refusal(found.code, found.text, found.remedy), found.about)
        job.noun, job.facts = "vehicle", [*draft.facts, *job.facts]
        job.see.insert(0, order.id)
        return job

    def _job(self, order: Order, shell: Sequence[Refusal]) -> _Draft:
        draft = _Draft("order")
        situation = self.situation
        view = order_view(situation, order)
        draft.facts = _order_facts(order, view.state, view.phase)
        if order.state.is_over:
            draft.summary = f"{order.id} is over: {view.state}."
            if order.outcome is not None:
                draft.facts.append(f"{order.outcome.code}: {order.outcome.text} {order.outcome.remedy}".rstrip())
            return draft
        draft.facts += queue_facts(situation, order)
        for reason in shell:
            draft.because(reason)
        draft.because(order.waiting, order.id)
        if situation.state.mode == "stopped":
            draft.because(commanding.NOT_STARTED)
        movers = [name for name in sorted(order.claims) if name in situation.image.devices]
        functions: set[Function] = set()
        for device in movers:
            draft.because(self._unready(device), device)
            pending = situation.state.mailbox(device).pending
            if pending is not None and pending.order == order.id:
                draft.facts.append(f"{device}: {pending.code.name} is under way.")
            functions.update(self._wanted_of(device))
        named = {one.code for one in draft.reasons}
        self._conditions(draft, lambda one: one.id in named or not functions.isdisjoint(one.guards))
        draft.see += movers
        told = {word.strip(".,:;") for reason in draft.reasons for word in reason.text.split()}
        draft.see += [one.id for one in situation.state.open_orders() if one.id != order.id and one.id in told]
        draft.see += [name for name in situation.image.devices if name in told]
        what = f"{order.id} ({order.kind} {order.vehicle})"
        if draft.reasons or draft.conditions:
            draft.summary = f"{what} waits: {_count_reasons(draft)}."
        else:
            draft.summary = f"{CLEAR} of {what}; it is {view.state}{f', {view.phase}' if view.phase else ''}."
        return draft

    def _booked(self, booking: Booking, shell: Sequence[Refusal]) -> _Draft:
        draft = _Draft("booking", facts=booking_facts(self.situation, booking), see=[booking.vehicle])
        if booking.state.is_over:
            draft.summary = f"{booking.id} is over: {booking.state.value}."
            return draft
        draft.see += [order for order in (booking.order, booking.close_order) if order is not None]
        self._general(draft, shell)
        draft.because(waits_for(self.situation, booking), booking.order or booking.id)
        what = f"{booking.id} ({booking.kind} {booking.vehicle})"
        draft.summary = (
            f"{what} waits: {_count_reasons(draft)}."
            if draft.reasons
            else f"{CLEAR} of {what}. {what_next(self.situation, booking)}"
        )
        return draft

    def _garage(self, shell: Sequence[Refusal]) -> _Draft:
        draft = _Draft("garage")
        situation = self.situation
        open_orders = situation.state.open_orders()
        draft.facts = [
            f"Operation is {situation.state.mode}; {_number(len(open_orders), 'order is', 'orders are')} open."
        ]
        self._general(draft, shell)
        for reason in (*warnings(situation), *supply.told(situation), *hindrances(situation)):
            draft.because(reason)
        for order in open_orders:
            draft.because(order.waiting, order.id)
        # At rest many conditions fail as they must (no cabin is confirmed, pins are out): only those that keep a
        # wanted function from its permit, or whose readings cannot be believed, hold the garage up.
        wanted = {function for device in situation.state.mailboxes for function in self._wanted_of(device)}
        unknown = {one.id for one in situation.verdict.failing if one.unknown}
        self._conditions(draft, lambda one: one.id in unknown or not wanted.isdisjoint(one.guards))
        draft.see += [order.id for order in open_orders if order.waiting is not None]
        draft.see += [name for name in situation.image.devices if self._unready(name) is not None]
        if draft.reasons or draft.conditions:
            draft.summary = f"The garage is held up: {_count_reasons(draft)}."
        else:
            draft.summary = f"{CLEAR}; {'orders run' if open_orders else 'no command is wanted'}."
        return draft

    # --- small questions ----------------------------------------------------------------------------------------

    def _definition(self, device: str) -> DeviceDefinition:
        return self.situation.image[device].definition

    def _unready(self, device: str) -> Refusal | None:
        """Why a device is not ready; the safety PLC, which takes no commands, is ready when it can be believed."""
        if self._definition(device).is_commanded or not self.situation.is_good(device):
            return commanding.unready(self.situation, device)
        return None

    def _wanted_of(self, device: str) -> tuple[Function, ...]:
        """Functions that the command under way needs."""
        pending = self.situation.state.mailbox(device).pending
        if pending is None:
            return ()
        spec = self._definition(device).spec(pending.code)
        return _functions_of(StartOf(device, pending.code, pending.arg1), spec)

    def _wanted(self, device: str) -> str:
        pending = self.situation.state.mailbox(device).pending if self._definition(device).is_commanded else None
        return "no command is wanted." if pending is None else f"{pending.code.name} is under way."

    def _state_facts(self, device: str) -> list[str]:
        image = self.situation.image[device]
        age_ms = max(0, self.situation.now.mono_ms - image.at_ms)
        state, mode = image.value("state"), image.value("mode")
        told = "" if state is None else f" State {State(int(state)).name}"
        told += "" if mode is None else f", key switch {Mode(int(mode)).name}."
        fault = "" if image.fault is None else f" {image.fault.detail}"
        return [f"{device} was read {age_ms} ms ago, readings {image.quality.name.lower()}.{told}{fault}"]

    def _device_facts(self, device: str) -> list[str]:
        situation = self.situation
        facts: list[str] = []
        claimed = situation.state.claims.get(device)
        if claimed is not None:
            facts.append(f"Order {claimed} has claimed {device}.")
        if self._definition(device).is_commanded and (pending := situation.state.mailbox(device).pending) is not None:
            facts.append(f"{device}: {pending.code.name} is under way.")
        if device in situation.layout.cabins:
            use = situation.state.cabin(device)
            facts.append(f"Phase {use.phase}{'' if use.order is None else f', for order {use.order}'}.")
            left = situation.verdict.clearing_ms.get(device)
            if device in situation.verdict.proven_empty:
                facts.append(f"{device} is proven empty of people.")
            elif left is not None:
                facts.append(f"{device} will be proven empty of people in {left / 1000:.1f} s if nothing aborts it.")
            else:
                facts.append(f"{device} is not proven empty of people.")
        return facts

    def _revoked(self, function: Function) -> Refusal | None:
        if function not in self.memory.revoked:
            return None
        return Refusal(
            "REVOKED",
            f"Safety took {function} away under the present command; it does not come back by itself.",
            "Remove the cause, then let a new command be given.",
        )

    def _reached_by(self, position: str | None) -> list[str]:
        if position is None:
            return []
        shuttles = list(self.situation.layout.reached_by(position))
        lifts = [self.situation.layout.shuttles[name].lift for name in shuttles]
        return [*shuttles, *(lift for lift in lifts if lift is not None)]

    def _concerning(self, draft: _Draft, guards: Iterable[Function | StartOf]) -> None:
        """Note the waived sensors without which the interlocks of these guards stand."""
        wanted = set(guards)
        for one in self.explainer.interlocks.values():
            if one.without and not wanted.isdisjoint(one.guards):
                draft.sensors.update(one.without)


def _functions_of(start: StartOf, spec: CommandSpec | None) -> tuple[Function, ...]:
    """What the command needs permitted; every axis that it can move when the first argument is left open."""
    if spec is None:
        return ()
    permits = spec.permits if start.arg1 is None else (spec.permit_for(start.arg1),)
    return tuple(Function(start.device, permit) for permit in permits if permit is not None)


def _starts(guard: Function | StartOf, wanted: StartOf) -> bool:
    """True when the guard speaks of the command; one for another argument than the one asked for does not."""
    if not isinstance(guard, StartOf) or (guard.device, guard.code) != (wanted.device, wanted.code):
        return False
    return guard.arg1 is None or wanted.arg1 in (None, guard.arg1)


def _order_facts(order: Order, state: str, phase: str) -> list[str]:
    facts = [f"{order.id} is to {order.kind} {order.vehicle}; it is {state}{f', {phase}' if phase else ''}."]
    if order.cabin or order.wanted_cabin:
        facts.append(f"Cabin: {order.cabin or order.wanted_cabin}.")
    if order.claims:
        facts.append(f"It has claimed {', '.join(sorted(order.claims))}.")
    return facts


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _count(draft: _Draft, one: str, many: str) -> str:
    return _number(len(draft.conditions) + draft.left_out, one, many)


def _beside(draft: _Draft) -> str:
    count = len(draft.reasons)
    return "1 other reason stands in the way" if count == 1 else f"{count} other reasons stand in the way"


def _count_reasons(draft: _Draft) -> str:
    reasons, conditions = len(draft.reasons), len(draft.conditions) + draft.left_out
    parts = [f"{reasons} reason{'' if reasons == 1 else 's'}"] if reasons else []
    if conditions:
        parts.append(
            "1 condition that does not hold" if conditions == 1 else f"{conditions} conditions that do not hold"
        )
    return " and ".join(parts)


def _waivers(situation: Situation, draft: _Draft, *, everything: bool) -> list[WaiverView]:
    return [view for view in views(situation) if everything or view.sensor in draft.sensors]
