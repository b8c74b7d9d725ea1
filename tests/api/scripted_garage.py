"""A control process that follows a script: a real local link, garages from the shipped files, no PLC.

Owns what it pretends. For tests of what lies outside the control process.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from controller.config.models import GarageConfig
from controller.core.shape import shape_of
from controller.garage import Layout, PositionKind, Side
from controller.local_link.alarm_messages import (
    AcknowledgeAlarm,
    AlarmAct,
    AlarmDefinitions,
    AlarmDefinitionView,
    AlarmFigures,
    AlarmView,
    ConfirmAlarm,
    GetAlarmDefinitions,
    Offender,
    PriorityCounts,
    PutAlarmBack,
    ShelveAlarm,
    TakeAlarmOut,
    UnshelveAlarm,
)
from controller.local_link.booking_messages import BookingRequest, BookingView
from controller.local_link.event_ring import EventRing
from controller.local_link.messages import (
    Accepted,
    Answer,
    CabinView,
    ClearDevice,
    CycleView,
    DeviceView,
    Event,
    InterlockView,
    LinkView,
    OrderView,
    PositionView,
    Reason,
    Refused,
    Request,
    Snapshot,
    Start,
    Stop,
    SubmitOrder,
    VehicleView,
    WithdrawOrder,
)
from controller.local_link.mode_messages import FindingView, Mode, ZoneView
from controller.local_link.server import LocalLinkServer

TICK_S = 0.05
Script = Iterator[None]


def reason(code: str, text: str = "It is so.", remedy: str = "Change it.") -> Reason:
    return Reason(code=code, text=text, remedy=remedy)


def alarm(id_: str, **fields: Any) -> AlarmView:
    """An alarm that stands, unacknowledged; ``fields`` are those that differ."""
    source, _, code = id_.partition(".")
    made = AlarmView(
        id=id_,
        code=code,
        source=source,
        title=f"{source}: {code.replace('-', ' ')}",
        priority="low",
        is_safety=False,
        hazard="",
        state="unacknowledged",
        active=True,
        acknowledged=False,
        confirmed=False,
        latched=False,
        shelved=None,
        out_of_service=None,
        suppressed=False,
        annunciated=True,
        shelvable=True,
        first_out=False,
        group=0,
        under=None,
        onset_at=unix_ms() - 60_000,
        raised_at=unix_ms() - 60_000,
        cleared_at=None,
        acknowledged_at=None,
        acknowledged_by="",
        count=1,
        chattering=False,
        stale=False,
        detail="",
        cause="It is so.",
        consequence="It stands.",
        action="Look at it.",
    )
    return msgspec.structs.replace(made, **fields)


@dataclass
class Axis:
    value: float
    target: float
    speed: float

    def advance(self, seconds: float) -> None:
        step = self.speed * seconds
        self.value += max(-step, min(step, self.target - self.value))

    @property
    def arrived(self) -> bool:
        return self.value == self.target


@dataclass
class ScriptedGarage:
    config: GarageConfig
    state_dir: Path
    speed: float = 1.0
    bookings: list[BookingView] = field(default_factory=list)
    booking_answers: list[Answer] = field(default_factory=list)
    epoch: int = 7
    ring_size: int = 1000
    mode: str = "automatic"
    silent: bool = False
    mute: bool = False
    ready_reasons: list[Reason] = field(default_factory=list)
    interlocks: list[InterlockView] = field(default_factory=list)
    zones: list[ZoneView] = field(default_factory=list)
    findings: list[FindingView] = field(default_factory=list)
    sensed: dict[str, bool | None] = field(default_factory=dict)
    refuses: dict[str, str] = field(default_factory=dict)
    received: list[Request] = field(default_factory=list)
    alarms: dict[str, AlarmView] = field(default_factory=dict)
    in_flood: bool = False
    explanations: dict[str, Answer] = field(default_factory=dict)
    questions: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.layout = Layout(self.config)
        self.shape = shape_of(self.layout, "test", "0123456789abcdef")
        self.ring = EventRing(self.ring_size)
        self.server = LocalLinkServer(self.state_dir, shape=self.shape, events_after=self.ring.after)
        self.seq = 0
        self.vehicles = {
            entry.id: VehicleView(
                id=entry.id,
                model=entry.model,
                position=entry.place,
                heading="right" if "left" in entry.place else "left",
                length_mm=entry.length_mm,
                width_mm=entry.width_mm,
                height_mm=entry.height_mm,
                weight_kg=entry.weight_kg,
                electric=entry.electric,
                order=None,
                reason=None,
            )
            for entry in self.config.vehicles
        }
        self.orders: dict[str, OrderView] = {}
        self.keys: dict[str, tuple[str, str]] = {}
        self.claims: dict[str, str] = {}
        self.reserved: dict[str, str] = {}
        self.axes: dict[tuple[str, str], Axis] = {}
        self.values: dict[str, dict[str, Any]] = {}
        self.devices: dict[str, dict[str, Any]] = {}
        self.cabins: dict[str, dict[str, Any]] = {}
        self.links: dict[str, dict[str, Any]] = {}
        self.scripts: list[Script] = []
        self._build()

    def _build(self) -> None:
        for lift in self.config.lifts:
            self._device(lift.id, "lift", lift.link, pins_extended=True, pins_retracted=False, station=0)
            self._axis(lift.id, "position_mm", self.layout.level_height_mm[lift.levels[0]], 1080)
        for shuttle in self.config.shuttles:
            home = self.layout.home_column(shuttle.id)
            column = home if home is not None else shuttle.columns[len(shuttle.columns) // 2]
            self._device(shuttle.id, "shuttle", shuttle.link, docked=True, station=column)
            self._axis(shuttle.id, "position", self.layout.column_at[column], 1500)
            self._axis(shuttle.id, "forks_left_mm", 0, 750)
            self._axis(shuttle.id, "forks_right_mm", 0, 750)
        for cabin in self.config.cabins:
            doors = {"outer_closed": True, "outer_open": False, "inner_closed": True, "inner_open": False}
            safe = {"curtain_count": 0, "curtain_ok": True, "scanner_clear": True, "exit_closed": True}
            self._device(cabin.id, "cabin", cabin.link, **doors, **safe, vehicle_present=False)
            self._axis(cabin.id, "angle_mdeg", 0, 21_000)
            self.cabins[cabin.id] = {
                "phase": "free",
                "order": None,
                "light": "red",
                "outer": "closed",
                "inner": "closed",
            }
        self._device(self.config.safety.id, "safety", self.config.safety.link, fire_clear=True, mains_ok=True)
        for link in self.config.links:
            self.links[link.id] = {"protocol": link.protocol, "state": "up", "reason": None}

    def _device(self, id_: str, kind: str, link: str, **values: Any) -> None:
        self.devices[id_] = {
            "kind": kind,
            "link": link,
            "state": "IDLE",
            "fault": "NONE",
            "quality": "good",
            "reason": None,
            "command": "NONE",
            "permits": [],
        }
        self.values[id_] = {"load_present": False, "load_clear": True, "standstill": True, **values}

    def _axis(self, device: str, tag: str, at: float, speed: float) -> None:
        self.axes[device, tag] = Axis(at, at, speed)

    # --- running -----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve until cancelled."""
        self.server.start()
        try:
            while True:
                if not self.mute:
                    self.answer_all()
                if not self.silent:
                    self.tick()
                await asyncio.sleep(TICK_S)
        finally:
            await self.server.stop()

    def tick(self) -> None:
        for axis in self.axes.values():
            axis.advance(TICK_S * self.speed)
        for script in list(self.scripts):
            if next(script, "ended") == "ended":
                self.scripts.remove(script)
        self.server.publish_snapshot(self.snapshot())

    def tell(self, kind: str, *, publish: bool = True, **data: Any) -> Event:
        event = Event(seq=self.ring.last + 1, at_ms=unix_ms(), kind=kind, data=data)
        self.ring.append(event)
        if publish:
            self.server.publish_event(event)
        return event

    def answer_all(self) -> None:
        while (asked := self.server.take_question()) is not None:
            token, question = asked
            self.questions.append(question.what)
            unknown = Refused(reason=reason("UNKNOWN_SUBJECT", f"There is nothing called {question.what!r}."))
            self.server.answer(token, self.explanations.get(question.what, unknown))
        for token, request in self.server.take_requests():
            self.received.append(request)
            code = self.refuses.get(str(request.__struct_config__.tag))
            if isinstance(request, BookingRequest):
                answer = self.booking_answers.pop(0)
                self.server.answer(token, answer)
                continue
            answer = self.decide(request) if code is None else Refused(reason=reason(code))
            self.server.answer(token, answer)

    def electrify(self, vehicle: str) -> None:
        self.vehicles[vehicle] = msgspec.structs.replace(self.vehicles[vehicle], electric=True)

    def decide(self, request: Request) -> Answer:
        match request:
            case SubmitOrder():
                return self.submit(request)
            case WithdrawOrder(order=order):
                if order not in self.orders:
                    return Refused(reason=reason("UNKNOWN_ORDER", f"There is no order {order}."))
                self.change(order, state="withdrawing")
                return Accepted(order=self.orders[order])
            case Start():
                self.mode = "automatic"
                self.tell("mode-changed", mode="automatic", actor=request.actor)
            case Stop():
                self.mode = "stopped"
                self.tell("mode-changed", mode="stopped", actor=request.actor)
            case (
                AcknowledgeAlarm() | ConfirmAlarm() | ShelveAlarm() | UnshelveAlarm() | TakeAlarmOut() | PutAlarmBack()
            ):
                return self.answer_alarm(request)
            case GetAlarmDefinitions():
                return AlarmDefinitions(definitions=[definition("lift1.slow"), definition("cabin1.person-shut-in")])
            case ClearDevice(device=device):
                if device not in self.devices:
                    return Refused(reason=reason("UNKNOWN_DEVICE", f"There is no device {device}."))
                self.devices[device] |= {"state": "IDLE", "fault": "NONE", "reason": None}
        return Accepted()

    def answer_alarm(self, request: AlarmAct) -> Answer:
        found = self.alarms.get(request.alarm)
        if found is None:
            return Refused(reason=reason("UNKNOWN_ALARM", f"There is no alarm {request.alarm}."))
        if found.is_safety and isinstance(request, (ShelveAlarm, TakeAlarmOut)):
            return Refused(reason=reason("SAFETY_ALARM_NOT_HIDDEN", f"{found.id} is a safety alarm."))
        if isinstance(request, AcknowledgeAlarm):
            for one in list(self.alarms.values()):
                if one.id == found.id or (request.group and one.group == found.group):
                    self.alarms[one.id] = msgspec.structs.replace(one, state="acknowledged", acknowledged=True)
                    self.tell("alarm-acknowledged", alarm=one.id, actor=request.actor, person=request.person)
        return Accepted()

    def figures(self) -> AlarmFigures:
        views = self.alarms.values()
        return AlarmFigures(
            since=unix_ms(),
            standing=len(views),
            annunciated=sum(view.annunciated for view in views),
            active=sum(view.active for view in views),
            unacknowledged=sum(not view.acknowledged for view in views),
            shelved=0,
            out_of_service=0,
            suppressed=0,
            not_shown=0,
            raised=len(views),
            last_10_min=len(views),
            last_hour=len(views),
            last_day=len(views),
            in_flood=self.in_flood,
            floods=int(self.in_flood),
            in_flood_ms=0,
            flood_share=0.0,
            by_priority=PriorityCounts(low=len(views)),
            top_offenders=[Offender(alarm=view.id, count=view.count) for view in views],
            chattering=[],
            stale=[],
        )

    def submit(self, request: SubmitOrder) -> Answer:
        if request.key in self.keys:
            made, fingerprint = self.keys[request.key]
            if fingerprint != request.fingerprint:
                return Refused(reason=reason("IDEMPOTENCY_CONFLICT", "The key came with another body before."))
            return Accepted(order=self.orders[made], repeated=True)
        vehicle = self.vehicles.get(request.vehicle.id)
        if request.kind != "store" and vehicle is None:
            return Refused(reason=reason("UNKNOWN_VEHICLE", f"There is no car {request.vehicle.id}."))
        if vehicle is not None and vehicle.order is not None:
            return Refused(reason=reason("VEHICLE_HAS_ORDER", f"{vehicle.id} has an order already."))
        order = self.add_order(request.kind, request.vehicle.id, cabin=request.cabin)
        if request.key is not None:
            self.keys[request.key] = (order.id, request.fingerprint)
        return Accepted(order=order)

    # --- orders --------------------------------------------------------------------------------------------

    def add_order(self, kind: Any, vehicle: str, *, cabin: str | None = None, **fields: Any) -> OrderView:
        id_ = f"o-{len(self.orders) + 1}"
        known = self.vehicles.get(vehicle)
        order = OrderView(
            id=id_,
            kind=kind,
            vehicle=vehicle,
            state="waiting",
            phase="waiting",
            source=None if known is None else known.position,
            target=f"{cabin}-bay" if cabin else None,
            cabin=cabin,
            leg=0,
            legs=2,
            progress=0.0,
            accepted_at=unix_ms(),
            started_at=None,
            ended_at=None,
            eta_ms=unix_ms() + 90_000,
            waiting_for=None,
            outcome=None,
        )
        self.orders[id_] = msgspec.structs.replace(order, **fields)
        if known is not None:
            self.vehicles[vehicle] = msgspec.structs.replace(known, order=id_)
        self.tell("order-accepted", order=id_, order_kind=kind, vehicle=vehicle)
        return self.orders[id_]

    def change(self, order: str, **fields: Any) -> None:
        self.orders[order] = msgspec.structs.replace(self.orders[order], **fields)

    def put(self, vehicle: str, position: str | None) -> None:
        self.vehicles[vehicle] = msgspec.structs.replace(self.vehicles[vehicle], position=position)

    def go(self, device: str, tag: str, target: float) -> Script:
        axis = self.axes[device, tag]
        axis.target = target
        self.devices[device] |= {"state": "EXECUTING"}
        while not axis.arrived:
            yield
        self.devices[device] |= {"state": "IDLE"}

    def fetch(self, shuttle_id: str, vehicle: str) -> Script:
        """A riding shuttle, or a captive one on its level, takes a car onto its deck."""
        shuttle = self.layout.shuttles[shuttle_id]
        place = self.layout.positions[self.vehicles[vehicle].position or ""]
        forks = "forks_left_mm" if place.side is Side.LEFT else "forks_right_mm"
        if shuttle.lift is not None and place.level is not None:
            self.values[shuttle.lift] |= {"pins_extended": False}
            yield from self.go(shuttle.lift, "position_mm", self.layout.level_height_mm[place.level])
            self.values[shuttle.lift] |= {"pins_extended": True}
            self.values[shuttle_id] |= {"docked": False}
        yield from self.go(shuttle_id, "position", self.layout.column_at[place.column or 0])
        yield from self.go(shuttle_id, forks, shuttle.transfer.stroke_mm)
        self.put(vehicle, shuttle.deck)
        yield from self.go(shuttle_id, forks, 0)

    def bring(self, shuttle_id: str, column: int, level: int) -> Script:
        """Home onto the lift where the shuttle rides on one, to the level, and out to the column."""
        shuttle = self.layout.shuttles[shuttle_id]
        if shuttle.lift is not None:
            yield from self.go(shuttle_id, "position", self.layout.column_at[self.layout.lifts[shuttle.lift].column])
            self.values[shuttle_id] |= {"docked": True}
            self.values[shuttle.lift] |= {"pins_extended": False}
            yield from self.go(shuttle.lift, "position_mm", self.layout.level_height_mm[level])
            self.values[shuttle.lift] |= {"pins_extended": True}
            self.values[shuttle_id] |= {"docked": False}
        yield from self.go(shuttle_id, "position", self.layout.column_at[column])

    # --- telling --------------------------------------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        self.seq += 1
        occupants = {v.position: v.id for v in self.vehicles.values() if v.position is not None}
        return Snapshot(
            seq=self.seq,
            at_ms=unix_ms(),
            event_seq=self.ring.last,
            mode=msgspec.convert(self.mode, Mode),
            ready=self.mode == "automatic" and not self.ready_reasons,
            ready_to_start=not self.ready_reasons and self.mode in ("stopped", "manual"),
            reasons=self.ready_reasons,
            epoch=self.epoch,
            cycle=CycleView(
                period_ms=20, cycles=self.seq, overruns=0, late_p50_us=140, late_p99_us=900, late_max_us=1900
            ),
            devices=[self._device_view(id_) for id_ in self.devices],
            links=[self._link_view(id_) for id_ in self.links],
            vehicles=list(self.vehicles.values()),
            positions=[
                PositionView(
                    id=position.id,
                    vehicle=occupants.get(position.id),
                    reserved_for=self.reserved.get(position.id),
                    claimed_by=self.claims.get(position.id),
                    sensed=self.sensed.get(position.id),
                )
                for position in self.layout.positions.values()
            ],
            cabins=[self._cabin_view(id_, occupants) for id_ in self.cabins],
            orders=list(self.orders.values()),
            interlocks=self.interlocks,
            alarms=list(self.alarms.values()),
            alarm_figures=self.figures(),
            zones=self.zones,
            findings=self.findings,
            bookings=self.bookings,
        )

    def _device_view(self, id_: str) -> DeviceView:
        device = self.devices[id_]
        self._note_station(id_)
        moving = {tag: round(axis.value) for (owner, tag), axis in self.axes.items() if owner == id_}
        return DeviceView(
            id=id_,
            kind=device["kind"],
            link=device["link"],
            state=device["state"],
            mode="AUTOMATIC",
            health="OK" if device["fault"] == "NONE" else "FAILURE",
            fault=device["fault"],
            quality=device["quality"],
            age_ms=12,
            reason=device["reason"],
            command=device["command"],
            permits=device["permits"],
            values={**self.values[id_], **moving, "heartbeat": self.seq % 65_536},
        )

    def _note_station(self, id_: str) -> None:
        if (axis := self.axes.get((id_, "position_mm"))) is not None:
            stations = {at: level for level, at in self.layout.level_height_mm.items()}
        elif (axis := self.axes.get((id_, "position"))) is not None:
            stations = {at: column for column, at in self.layout.column_at.items()}
        else:
            return
        self.values[id_]["station"] = stations.get(round(axis.value), -1)
        moving = any(not axis.arrived for (owner, _), axis in self.axes.items() if owner == id_)
        self.values[id_]["standstill"] = not moving

    def _link_view(self, id_: str) -> LinkView:
        link = self.links[id_]
        return LinkView(
            id=id_,
            protocol=link["protocol"],
            address=f"127.0.0.1/{id_}",
            state=link["state"],
            reason=link["reason"],
            connects=1,
            exchanges=self.seq,
            timeouts=0,
            rejected=0,
            last_exchange_ms=1.2,
        )

    def _cabin_view(self, id_: str, occupants: dict[str, str]) -> CabinView:
        cabin = self.cabins[id_]
        vehicle = occupants.get(self.layout.cabins[id_].position)
        return CabinView(
            id=id_,
            phase=cabin["phase"],
            order=cabin["order"],
            vehicle=vehicle,
            light=cabin["light"],
            sign=cabin.get("sign", "PLEASE_WAIT"),
            outer_door=cabin["outer"],
            inner_door=cabin["inner"],
            proven_empty=cabin["phase"] == "free",
            reason=cabin.get("reason"),
        )

    def stored(self) -> list[str]:
        """Cars that stand in a place."""
        return [
            vehicle.id
            for vehicle in self.vehicles.values()
            if vehicle.position is not None and self.layout.positions[vehicle.position].kind is PositionKind.PLACE
        ]


def unix_ms() -> int:
    return time.time_ns() // 1_000_000


def definition(id_: str) -> AlarmDefinitionView:
    """What one alarm means."""
    source, _, code = id_.partition(".")
    return AlarmDefinitionView(
        id=id_,
        code=code,
        source=source,
        title=code,
        priority="low",
        is_safety=False,
        hazard="",
        cause="It is so.",
        consequence="It stands.",
        action="Look at it.",
        respond_within_min=30,
        on_delay_ms=0,
        off_delay_ms=1000,
        latching=False,
        shelve_s_max=0,
        suppressed_while=[],
    )
