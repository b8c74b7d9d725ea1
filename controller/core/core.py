"""The core: one step per scan cycle, from readings and requests to events and wishes.

Owns the order in which the deciders look at the garage. Pure and deterministic: the same events, images, verdicts
and times give the same decisions, live, in simulation and in the replay of an incident. Must never do I/O.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from controller.core import commanding, fire, hand, state_snapshot
from controller.core import events as ev
from controller.core.admission import admit, repeated
from controller.core.advising import Advising
from controller.core.alarm_desk import AlarmDesk
from controller.core.booking_desk import BookingRefused, adopt, arrived, ask_for
from controller.core.booking_desk import repeated as repeated_booking
from controller.core.booking_service import BookingService
from controller.core.booking_view import booking_view, refused
from controller.core.dispatch import Dispatcher, FirstCome
from controller.core.due import next_due_ms
from controller.core.eta import Eta
from controller.core.explainer import Explainer
from controller.core.forecast import forecast
from controller.core.front_cars import order_to_make_way
from controller.core.handover import is_green, levels, run_cabin
from controller.core.interface import Ask, Instant, Recorded, StepResult, Surroundings, Told
from controller.core.inventory import known_by_list
from controller.core.log import EventLog
from controller.core.mode import ModeEvent
from controller.core.mode_change import happened, look_for_fire
from controller.core.mode_requests import about
from controller.core.permit_loss import observe_taken
from controller.core.placement import NearestFree, Placement
from controller.core.program_watch import look_at_programs, unknown_programs
from controller.core.progress import run_orders
from controller.core.restart import BootCounters
from controller.core.run_memory import RunMemory
from controller.core.shape import shape_of
from controller.core.situation import Situation
from controller.core.state import GarageState, apply
from controller.core.supply import SupplyWatch
from controller.core.trips import observe_trips
from controller.core.view import order_view, reason_of, snapshot
from controller.core.voiding import look_at_keys
from controller.core.waiting import INNER_DOOR, WaitingReasons
from controller.garage import Layout
from controller.local_link.alarm_messages import AlarmAct, GetAlarmDefinitions
from controller.local_link.booking_messages import BookingRequest, BookSlot
from controller.local_link.explanation import Explanation
from controller.local_link.messages import (
    Accepted,
    Answer,
    ClearDevice,
    CycleView,
    Reason,
    Refused,
    Request,
    Shape,
    Snapshot,
    Start,
    Stop,
    SubmitOrder,
    WithdrawOrder,
)
from controller.local_link.mode_messages import HoldToRun, ModeRequest
from controller.planning.advice import Picture, PlannerWord
from plc_drivers.link import LinkStatus
from plc_drivers.reading import ProcessImage
from safety.acts import Acts
from safety.memory import SafetyMemory
from safety.refusal import Refusal
from safety.verdict import Verdict
from safety.wish import DeviceWish


class GarageCore:
    """The garage's decisions. One instance per controller process; not thread-safe."""

    def __init__(
        self,
        layout: Layout,
        *,
        software: str = "",
        config_hash: str = "",
        dispatcher: Dispatcher | None = None,
        placement: Placement | None = None,
    ) -> None:
        self.layout = layout
        self._alarms = AlarmDesk(layout)
        self.state = GarageState(alarms=self._alarms.book)
        self._software, self._config_hash = software, config_hash
        self._dispatcher = dispatcher or FirstCome()
        self._placement = placement or NearestFree()
        self._advising = Advising()
        self._bookings = BookingService()
        self._waiting = WaitingReasons()
        self._boots = BootCounters()
        self._supply = SupplyWatch()
        self._refused_press = ""
        self._etas: tuple[tuple[int, int], Mapping[str, Eta]] = ((-1, -1), {})
        sections = (*layout.config.lifts, *layout.config.shuttles, *layout.config.cabins, layout.config.safety)
        self._link_of = {section.id: section.link for section in sections}

    @property
    def epoch(self) -> int:
        """The owner epoch that this controller writes; 0 before it has claimed one."""
        return self.state.epoch

    @property
    def latched(self) -> tuple[str, ...]:
        """Trips that nobody has reset, for the memory of safety at the start of a run (H11)."""
        return tuple(self.state.trips)

    @property
    def locked_zones(self) -> frozenset[int]:
        """Zones that persons have locked out, for the memory of safety at the start of a run (H13)."""
        return self.state.precautions.locked_zones

    @property
    def last_seq(self) -> int:
        """Number of the last event."""
        return self.state.last_seq

    def fold(self, recorded: Iterable[Recorded]) -> None:
        """Rebuild the state from the journal. Nothing resumes: see ``claim_epoch``."""
        for record in recorded:
            apply(self.state, record.seq, record.at_ms, record.event)

    def restore(self, payload: bytes) -> None:
        """Take a snapshot of the state in the place of all events up to it; ``fold`` goes on from there.

        Raises:
            SnapshotUnreadableError: it is none of this format.
        """
        book = self._alarms.book
        state = state_snapshot.decode(payload, book.catalogue)
        book.take_over(state.alarms)
        state.alarms = book
        self.state = state

    def memory(self) -> RunMemory:
        """The core as it stands between two steps: ``recall`` goes on from it, and decides the same."""
        alarms, trips_known, by_silence = self._alarms.memory()
        return RunMemory(
            state=state_snapshot.encode(self.state),
            hold=None if self.state.hold is None else replace(self.state.hold),
            ended_presses=list(self.state.ended_presses.items()),
            refused_press=self._refused_press,
            waiting=self._waiting.memory(),
            advising=self._advising.memory(),
            booking=self._bookings.memory(),
            boots=self._boots.memory(),
            supply=self._supply.memory(),
            surroundings=self._alarms.surroundings,
            alarms=alarms,
            trips_known=trips_known,
            trips_by_silence=by_silence,
        )

    def recall(self, memory: RunMemory) -> None:
        """Stand where another core stood: for the replay of a recording, never for a start (H11).

        Raises:
            SnapshotUnreadableError: its state is none of this format.
        """
        self.restore(memory.state)
        self.state.hold = None if memory.hold is None else replace(memory.hold)
        self.state.ended_presses = OrderedDict(memory.ended_presses)
        self._refused_press = memory.refused_press
        self._waiting.recall(memory.waiting)
        self._advising.recall(memory.advising)
        self._bookings.recall(memory.booking)
        self._boots.recall(memory.boots)
        self._supply.recall(memory.supply)
        self._alarms.surroundings = memory.surroundings
        self._alarms.recall(memory.alarms, memory.trips_known, memory.trips_by_silence)

    def shadow(self) -> state_snapshot.Shadow:
        """A fold of the same events that lives beside this one. Before the first step: nothing of a run is in it."""
        payload = state_snapshot.encode(self.state)
        return state_snapshot.Shadow(state_snapshot.decode(payload, self._alarms.book.catalogue))

    def unplaced(self) -> list[str]:
        """What the journal names and the configuration no longer has: positions of cars, and an open order's ends.

        Not empty means that the books and the building differ; nothing may be decided on them (H08).
        """
        named = set(self.state.occupant)
        for order in self.state.open_orders():
            named |= {end for end in (order.source, order.target) if end}
        cabins = {order.cabin for order in self.state.open_orders() if order.cabin}
        known = {cabin.id for cabin in self.layout.config.cabins}
        return sorted(named - set(self.layout.positions)) + sorted(cabins - known)

    def claim_epoch(self, image: ProcessImage, verdict: Verdict, seen: int, now: Instant) -> StepResult:
        """Take an epoch above all that were used or seen, stopped, with nothing under way (H11, H13).

        On an empty journal the cars of the configuration's takeover list come into the books.
        """
        log = EventLog(self.state, now)
        situation = Situation(self.layout, self.state, image, verdict, log)
        happened(situation, ModeEvent.CONTROLLER_RESTART, "controller", "RESTARTED")
        epoch = max(seen, self.state.epoch_used) + 1
        log.write(ev.EpochClaimed(epoch=epoch, seen=seen, programs=unknown_programs(situation)))
        commanding.void_pending(situation)
        if not self.state.vehicles and not self.state.orders_made:
            self._take_over(log)
        return StepResult(events=log.records)

    def step(
        self, image: ProcessImage, verdict: Verdict, asks: Sequence[Ask], now: Instant, durable_seq: int
    ) -> StepResult:
        """Decide one cycle.

        ``durable_seq`` is the last event that is safely on disk; a motion command is wished for only when the
        event of its intent is among those.
        """
        log = EventLog(self.state, now)
        situation = Situation(self.layout, self.state, image, verdict, log)
        situation.journal_fault = self._alarms.surroundings.journal_fault
        observe_taken(situation)
        commanding.observe(situation)
        observe_trips(situation)
        self._look_around(situation)
        answers = [self._answer(situation, ask) for ask in asks]
        hand.run_hold(situation)
        self._bookings.follow(situation)
        picture = None
        if self.state.mode == "automatic":
            picture = self._decide(situation)
        elif self.state.mode == "fire":
            fire.let_out(situation)
        self._alarms.update(situation)
        wishes = self._wishes(situation, durable_seq)
        acts = Acts(frozenset(situation.resets), self.locked_zones, hand.told(situation))
        return StepResult(events=log.records, wishes=wishes, answers=answers, acts=acts, picture=picture)

    def advise(self, word: PlannerWord) -> None:
        """A planner says something, for the next step; an advice to an older picture than the last is not used."""
        self._advising.hear(word)

    def notice(self, surroundings: Surroundings) -> None:
        """How the parts around the core do from now on; the alarms of the next step know of it."""
        self._alarms.surroundings = surroundings

    def due_ms(self, now_ms: int) -> int | None:
        """When time alone would change a decision while nothing else changes; None when the core waits for nothing."""
        if not self._waiting.is_settled and self.state.mode == "automatic":
            return now_ms
        dues = (
            next_due_ms(self.state, self.layout.config, now_ms),
            self._supply.due_ms(now_ms),
            self._advising.due_ms(now_ms, self.layout.config.controller.planner_timeout_ms),
            self._bookings.due_ms(self.state, self.layout, now_ms),
        )
        return min((due for due in dues if due is not None), default=None)

    def _look_around(self, situation: Situation) -> None:
        """What happens to the garage without anybody asking the controller."""
        look_for_fire(situation)
        look_at_keys(situation)
        self._boots.look(situation)
        look_at_programs(situation)
        self._supply.look(situation)

    def snapshot(
        self,
        image: ProcessImage,
        verdict: Verdict,
        now: Instant,
        links: Sequence[LinkStatus],
        cycle: CycleView,
        seq: int,
    ) -> Snapshot:
        """What the outside may see now."""
        situation = Situation(self.layout, self.state, image, verdict, EventLog(self.state, now))
        key = (self.state.last_seq, now.mono_ms // ETAS_KEPT_MS)
        if key != self._etas[0]:
            self._etas = (key, forecast(situation, self._advising.ranked))
        situation.etas = self._etas[1]
        return snapshot(situation, links, self._link_of, cycle, seq, self._alarms.views(now))

    def explain(
        self,
        what: str,
        moment: tuple[ProcessImage, Verdict, SafetyMemory, Instant],
        explainer: Explainer,
        shell: Sequence[Refusal] = (),
    ) -> Explanation | Refused:
        """Why ``what`` may not be or does not go on, at the moment of an image with its verdict and memory."""
        image, verdict, memory, now = moment
        situation = Situation(self.layout, self.state, image, verdict, EventLog(self.state, now))
        found = explainer.explain(what, situation, memory, shell)
        if isinstance(found, Refusal):
            return Refused(reason=Reason(code=found.code, text=found.text, remedy=found.remedy))
        return found

    def shape(self) -> Shape:
        """The garage's shape."""
        return shape_of(self.layout, self._software, self._config_hash)

    def _take_over(self, log: EventLog) -> None:
        for entry in self.layout.config.vehicles:
            log.write(known_by_list(entry, entry.place))

    def _decide(self, situation: Situation) -> Picture | None:
        reasons: dict[str, Refusal] = {}
        for cabin in self.layout.cabins.values():
            reason = run_cabin(situation, cabin, self._placement)
            order = self.state.cabin(cabin.id).order
            if reason is not None and reason.code and order is not None:
                reasons[order] = reason
        for order, reason in run_orders(situation, self._placement).items():
            if reason.code != INNER_DOOR or order not in reasons:
                reasons[order] = reason
        order_to_make_way(situation)
        for order in self._bookings.serve(situation, self._advising):
            self._promise(situation, order)
        picture = self._advising.look(situation, self._placement)
        reasons |= self._dispatcher.dispatch(situation, self._placement, self._advising)
        lasting = {order: reason for order, reason in reasons.items() if reason.code not in _MOMENTARY}
        self._waiting.tell(situation, lasting)
        return picture

    def _wishes(self, situation: Situation, durable_seq: int) -> dict[str, DeviceWish]:
        wishes: dict[str, DeviceWish] = {}
        for device, image in situation.image.devices.items():
            if not image.definition.is_commanded:
                continue
            cabin = self.layout.cabins.get(device)
            outputs = {} if cabin is None else levels(situation, cabin)
            wish = commanding.wish(situation, device, durable_seq, outputs)
            if cabin is not None and self.state.mode == "automatic" and is_green(self.state.cabin(device)):
                wish = DeviceWish(wish.permits | {"green"}, wish.command, wish.new_command, wish.levels)
            wishes[device] = wish
        return wishes

    def _answer(self, situation: Situation, ask: Ask) -> Told:
        request = ask.request
        if isinstance(request, GetAlarmDefinitions):
            return Told(ask.token, self._alarms.definitions(), 0)
        if isinstance(request, BookingRequest):
            return self._answer_booking(situation, ask.token, request)
        is_repeated = isinstance(request, SubmitOrder) and isinstance(repeated(situation, request), str)
        if isinstance(request, SubmitOrder) and not is_repeated and (known := arrived(situation, request)) is not None:
            view = order_view(situation, self.state.orders[known])
            return Told(ask.token, Accepted(order=view, repeated=True), self.state.last_seq)
        outcome = admit(situation, request)
        if isinstance(outcome, Refusal):
            self._audit(situation, request, outcome)
            reason = reason_of(outcome) or Reason(code=outcome.code, text=outcome.text, remedy=outcome.remedy)
            return Told(ask.token, Refused(reason=reason), self.state.last_seq)
        if isinstance(request, SubmitOrder) and isinstance(outcome, str) and not is_repeated:
            adopt(situation, outcome)
            self._promise(situation, outcome)
        order = None if outcome is None else order_view(situation, self.state.orders[outcome])
        answer: Answer = Accepted(order=order, repeated=is_repeated)
        return Told(ask.token, answer, self.state.last_seq)

    def _answer_booking(self, situation: Situation, token: int, request: BookingRequest) -> Told:
        is_repeated = isinstance(request, BookSlot) and isinstance(repeated_booking(situation, request), str)
        outcome = ask_for(situation, request)
        if isinstance(outcome, BookingRefused):
            return Told(token, refused(outcome), self.state.last_seq)
        view = booking_view(situation, self.state.bookings.all[outcome])
        return Told(token, Accepted(booking=view, repeated=is_repeated), self.state.last_seq)

    def _promise(self, situation: Situation, order: str) -> None:
        """Tell a time with the acceptance of an order, if there is one that can be told (VDI 4486)."""
        if self.state.mode != "automatic":
            return
        order_to_make_way(situation)  # who must make way for it takes its time, too
        situation.etas = forecast(situation, self._advising.ranked)
        eta = situation.etas.get(order)
        if eta is not None:
            situation.log.write(
                ev.OrderPromised(order=order, eta_ms=eta.at_ms, early_ms=eta.early_ms, late_ms=eta.late_ms)
            )

    def _audit(self, situation: Situation, request: Request, refusal: Refusal) -> None:
        """Interventions in the machine are journaled even when they were refused; refused orders are not."""
        name, code = type(request).__name__, refusal.code
        match request:
            case Start() | Stop():
                refused = ev.RequestRefused(request=name, actor=request.actor, code=code)
            case ClearDevice(device=subject) | WithdrawOrder(order=subject):
                refused = ev.RequestRefused(request=name, actor=request.actor, code=code, subject=subject)
            case _ if isinstance(request, AlarmAct):
                refused = ev.RequestRefused(
                    request=name, actor=request.actor, code=code, subject=request.alarm, person=request.person
                )
            case _ if isinstance(request, ModeRequest) and not self._is_repeated_press(request):
                subject, person = about(request)
                refused = ev.RequestRefused(
                    request=name, actor=request.actor, code=code, subject=subject, person=person
                )
            case _:
                return
        situation.log.write(refused)

    def _is_repeated_press(self, request: Request) -> bool:
        """A button that is kept pressed against a refusal is one attempt, not ten a second."""
        if not isinstance(request, HoldToRun):
            return False
        before, self._refused_press = self._refused_press, request.press
        return before == request.press


ETAS_KEPT_MS = 500
"""How long the times of open orders are told unchanged while nothing happens; they are moments, and do not age."""

_MOMENTARY = frozenset({"BUSY", "OWNERSHIP_PENDING"})
"""Reasons that belong to the normal course of commands; they are no news."""
