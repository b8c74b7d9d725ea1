"""One connection to one OPC UA server: opened once, used until it fails, closed for good.

Owns transport, secure channel and session, and the batched calls on them. The library's own supervision is not
used: its reconnect can loop for ever, and its watchdogs hold sockets open. A failed connection is never repaired;
the link makes a new one. Must never retry.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds

from plc_drivers.command_values import OutputsError
from plc_drivers.contract import Value
from plc_drivers.opcua import failure
from plc_drivers.opcua.nodes import (
    VARIANT_TYPES,
    CommandEncoder,
    NodeAddress,
    NodePlan,
    StatusDecoder,
    fits,
    is_absent,
    status_is_good,
)
from plc_drivers.opcua.settings import Credentials, OpcUaSettings
from plc_drivers.outputs import PermittedOutputs
from plc_drivers.reading import Fault

SESSION_TIMEOUT_MS = 10_000
"""A session that was cut off ends soon: small PLCs have a handful of them, the library asks for an hour."""
CHANNEL_LIFETIME_MS = 600_000
_RENEW_PART = 0.75
"""Part of the channel's lifetime after which it is renewed (OPC UA part 4)."""
_CLOSE_S = 0.3
"""A frozen server must not keep the link from a new try, or the process from ending."""
_RESURVEY_S = 5.0
"""How often a device whose nodes were missing is looked for again: its program may have been loaded since."""

DeviceValues = tuple[tuple[Value | None, ...], frozenset[int]]


@dataclass(frozen=True, slots=True)
class ExchangeResult:
    """What one round trip brought: values and bad tags by device, per device what went wrong, and who was written."""

    values: Mapping[str, DeviceValues]
    faults: Mapping[str, Fault]
    written: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Surveyed:
    """A device whose nodes are all there."""

    plan: NodePlan
    status_ids: tuple[ua.NodeId, ...]
    decoder: StatusDecoder
    encoder: CommandEncoder | None
    """None for a kind that is only read."""


class OpcUaConnection:
    """A connection for all devices behind one server. ``open`` once, ``exchange`` often, ``close`` always."""

    def __init__(
        self,
        settings: OpcUaSettings,
        credentials: Credentials,
        plans: Sequence[NodePlan],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._credentials = credentials
        self._plans = tuple(plans)
        self._clock_s = clock_s
        self._client = Client(settings.url, timeout=settings.connect_timeout_ms / 1000)
        self._client.uaclient.pre_request_hook = None
        self._transport: asyncio.Transport | None = None
        self._devices: tuple[_Surveyed, ...] = ()
        self._read = ua.ReadParameters()
        self._renew_at_s = 0.0
        self._resurvey_at_s: float | None = None
        self.device_faults: dict[str, Fault] = {}
        """Per device, why it is left out of the exchanges: namespace, nodes or types are wrong."""

    async def open(self, on_lost: Callable[[], None]) -> None:
        """Connect, log in and find every node; the caller bounds the time.

        Args:
            on_lost: called when the transport goes away, from then on.

        Raises:
            failure.DeviceNodesError: no device can be exchanged; ``device_faults`` says why.
            BaseException: any of ``failure.WIRE_ERRORS``.
        """
        client, credentials = self._client, self._credentials
        client.application_uri = credentials.application_uri
        client.name = client.description = "garage-controller"
        client.session_timeout = SESSION_TIMEOUT_MS
        client.secure_channel_timeout = CHANNEL_LIFETIME_MS
        self._secure()
        if credentials.user is not None and credentials.password is not None:
            client.set_user(credentials.user)
            client.set_password(credentials.password)
        await client.connect_socket()
        protocol = client.uaclient.protocol
        if protocol is None or protocol.transport is None:
            raise ConnectionError("the transport was lost at once")
        self._transport = protocol.transport
        await client.send_hello()
        await self._open_channel(renew=False)
        await client.create_session()
        await client.activate_session(credentials.user, credentials.password)
        await self._survey()
        protocol.on_connection_lost = lambda _error: on_lost()
        protocol.timeout = self._settings.timeout_ms / 1000

    async def exchange(self, outputs: PermittedOutputs | None) -> ExchangeResult:
        """One batched Write and one batched Read, sent together; each bounded by the settings' ``timeout_ms``.

        The device of a refused write has no values in the result: what stands in its mailbox is then unknown. A
        device whose outputs cannot be encoded is not written and still read.

        Raises:
            BaseException: any of ``failure.WIRE_ERRORS``; the connection must then be closed.
        """
        await self._keep_up()
        faults = dict(self.device_faults)
        refused: dict[str, Fault] = {}
        writes = [] if outputs is None else self._writes(outputs, faults)
        if writes:
            nodes = list(itertools.chain.from_iterable(values for _, values in writes))
            statuses, results = await self._write_and_read(nodes)
            refused = _refused(writes, statuses)
        else:
            results = await self._client.uaclient.session.read(self._read)
        written = frozenset(device.plan.device for device, _ in writes)
        return ExchangeResult(dict(self._decoded(results, refused)), faults | refused, written)

    async def close(self, *, politely: bool) -> None:
        """End session and transport, within 0.3 s. Not politely: only the transport, at once."""
        try:
            if politely:
                with contextlib.suppress(*failure.WIRE_ERRORS):
                    async with asyncio.timeout(_CLOSE_S):
                        await self._client.uaclient.close_session(delete_subscriptions=True)
                        await self._client.close_secure_channel()
        finally:
            protocol = self._client.uaclient.protocol
            transport = self._transport or (None if protocol is None else protocol.transport)
            self._client.disconnect_socket()
            if transport is not None:
                transport.abort()
        await asyncio.sleep(0)

    def _secure(self) -> None:
        keys = self._credentials.keys
        if keys is None:
            return
        make_policy: Any = SecurityPolicyBasic256Sha256  # untyped in the library
        policy = make_policy(
            keys.server_certificate, keys.certificate, keys.private_key, ua.MessageSecurityMode.SignAndEncrypt
        )
        self._client.security_policy = policy
        self._client.uaclient.set_security(policy)

    async def _open_channel(self, *, renew: bool) -> None:
        await self._client.open_secure_channel(renew=renew)
        self._renew_at_s = self._clock_s() + self._client.secure_channel_timeout / 1000 * _RENEW_PART

    async def _keep_up(self) -> None:
        now_s = self._clock_s()
        if now_s >= self._renew_at_s:
            await self._open_channel(renew=True)
        if self._resurvey_at_s is not None and now_s >= self._resurvey_at_s:
            await self._survey()

    async def _write_and_read(self, nodes: list[ua.WriteValue]) -> tuple[list[ua.StatusCode], list[ua.DataValue]]:
        """Both calls back to back: a round trip less, and the order on the wire is the order of the calls."""
        session = self._client.uaclient.session
        statuses, results = await asyncio.gather(
            session.write(ua.WriteParameters(nodes)), session.read(self._read), return_exceptions=True
        )
        if isinstance(statuses, BaseException):
            raise statuses
        if isinstance(results, BaseException):
            raise results
        if len(statuses) != len(nodes):
            raise failure.AnswerError(f"{len(statuses)} results for {len(nodes)} written nodes")
        return statuses, results

    def _writes(
        self, outputs: PermittedOutputs, faults: dict[str, Fault]
    ) -> list[tuple[_Surveyed, list[ua.WriteValue]]]:
        writes = []
        for device in self._devices:
            wanted = outputs.get(device.plan.device)
            if wanted is None:
                continue
            if device.encoder is None:
                error = OutputsError(f"{device.plan.device} is only read; outputs were given for it")
                faults[device.plan.device] = failure.outputs_refused(error)
                continue
            try:
                writes.append((device, device.encoder.encode(wanted)))
            except OutputsError as error:
                faults[device.plan.device] = failure.outputs_refused(error)
        return writes

    def _decoded(
        self, results: Sequence[ua.DataValue], refused: Mapping[str, Fault]
    ) -> Iterator[tuple[str, DeviceValues]]:
        if len(results) != len(self._read.NodesToRead):
            raise failure.AnswerError(f"{len(results)} results for {len(self._read.NodesToRead)} read nodes")
        start = 0
        for device in self._devices:
            end = start + len(device.status_ids)
            if device.plan.device not in refused:
                yield device.plan.device, device.decoder.decode(results[start:end])
            start = end

    async def _survey(self) -> None:
        """Find every device's nodes and their types; leave out, with a fault, a device that lacks one."""
        namespaces = await self._namespaces()
        found = [(plan, await self._surveyed(plan, namespaces)) for plan in self._plans]
        self._devices = tuple(device for _, device in found if isinstance(device, _Surveyed))
        self.device_faults = {plan.device: device for plan, device in found if isinstance(device, Fault)}
        if not self._devices:
            raise failure.DeviceNodesError
        self._resurvey_at_s = self._clock_s() + _RESURVEY_S if self.device_faults else None
        self._read = _read_parameters([node for device in self._devices for node in device.status_ids])

    async def _namespaces(self) -> list[str]:
        [result] = await self._client.uaclient.session.read(
            _read_parameters([ua.NodeId(ua.Int32(ObjectIds.Server_NamespaceArray))])
        )
        if not status_is_good(result.StatusCode) or result.Value is None:
            raise failure.AnswerError("the server does not tell its namespaces")
        return [str(uri) for uri in result.Value.Value]

    async def _surveyed(self, plan: NodePlan, namespaces: Sequence[str]) -> _Surveyed | Fault:
        addresses = plan.status + plan.command
        node_ids: list[ua.NodeId] = []
        for address in addresses:
            node_id = address.node_id(namespaces)
            if node_id is None:
                return failure.missing_namespace(self._settings.url, address.namespace)
            node_ids.append(node_id)
        results = await self._client.uaclient.session.read(_read_parameters(node_ids))
        if len(results) != len(node_ids):
            raise failure.AnswerError(f"{len(results)} results for {len(node_ids)} read nodes")
        fault = self._node_fault(addresses, results)
        if fault is not None:
            return fault
        count = len(plan.status)
        types = [_write_type(address, result) for address, result in zip(plan.command, results[count:], strict=True)]
        return _Surveyed(
            plan,
            tuple(node_ids[:count]),
            StatusDecoder(plan.binding.definition.status, plan.absent),
            CommandEncoder(plan, node_ids[count:], types) if plan.command else None,
        )

    def _node_fault(self, addresses: Sequence[NodeAddress], results: Sequence[ua.DataValue]) -> Fault | None:
        pairs = list(zip(addresses, results, strict=True))
        absent = [address.text for address, result in pairs if is_absent(result.StatusCode)]
        if absent:
            return failure.missing_nodes(self._settings.url, absent)
        wrong = [
            f"{address.text} is {result.Value.VariantType.name}, not {VARIANT_TYPES[address.tag.wire].name}"
            for address, result in pairs
            if result.Value is not None and not fits(address.tag, result.Value.VariantType)
        ]
        return failure.wrong_node_types(self._settings.url, wrong) if wrong else None


def _read_parameters(nodes: Sequence[ua.NodeId]) -> ua.ReadParameters:
    """A Read of current values. Time stamps are not asked for: a fresh one proves nothing, the heartbeat does (H10)."""
    return ua.ReadParameters(
        MaxAge=0,
        TimestampsToReturn=ua.TimestampsToReturn.Neither,
        NodesToRead=[ua.ReadValueId(node, AttributeIds.Value) for node in nodes],
    )


def _write_type(address: NodeAddress, result: ua.DataValue) -> ua.VariantType:
    """The node's own type where the server has shown a value, else the contract's."""
    if result.Value is None or result.Value.VariantType is ua.VariantType.Null:
        return VARIANT_TYPES[address.tag.wire]
    return result.Value.VariantType


def _refused(
    writes: Sequence[tuple[_Surveyed, Sequence[ua.WriteValue]]], statuses: Sequence[ua.StatusCode]
) -> dict[str, Fault]:
    """Per device, the first value that the server refused."""
    faults: dict[str, Fault] = {}
    left = iter(statuses)
    for device, values in writes:
        for address, status in zip(device.plan.command, itertools.islice(left, len(values)), strict=True):
            if not status.is_good():
                faults.setdefault(device.plan.device, failure.write_refused(device.plan.device, address.text, status))
    return faults
