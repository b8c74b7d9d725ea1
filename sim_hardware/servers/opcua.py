"""An OPC UA server in front of emulated PLCs: an object per device below Objects/Garage, a variable per tag.

Owns the server's life, its address space, its security and its logins. Must never let a client change anything but
the command nodes.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.crypto.validator import CertificateValidatorMethod
from asyncua.server.server import Server
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes
from cryptography import x509

from plc_drivers.binding import DeviceBinding
from plc_drivers.contract import Tag
from plc_drivers.opcua.nodes import VARIANT_TYPES, NodeAddress, plan_nodes
from plc_drivers.profile import OPCUA_NAMESPACE
from sim_hardware.plc.commanded import CommandedPlc
from sim_hardware.plc.device import EmulatedPlc
from sim_hardware.servers.opcua_nodes import (
    CommandNode,
    GarageAttributes,
    GarageNode,
    StatusNode,
    StatusValues,
    node_value,
)
from sim_hardware.servers.wire_relay import WireRelay

APPLICATION_URI = "urn:garage-controller:emulated-plc"

PUBLISH_S = 0.05
"""Sampling interval of subscriptions."""

_STOP_S = 3.0


@dataclass(frozen=True, slots=True)
class ServerSecurity:
    """Certificate and private key of the server (DER or PEM); only Basic256Sha256, signed and encrypted, is offered.

    ``trusted`` holds the clients' certificates that may open a channel; None takes any.
    """

    certificate: Path
    private_key: Path
    trusted: Path | None = None


class _Logins:
    """Who may open a session: anybody, or the one user with the password."""

    def __init__(self, user: str | None, password: str | None) -> None:
        self._login = None if user is None else (user, password)

    def get_user(
        self,
        iserver: object,  # noqa: ARG002 - the library's signature
        username: str | None = None,
        password: str | bytes | None = None,
        certificate: object = None,  # noqa: ARG002 - as above
    ) -> User | None:
        """Everybody who is let in has the same narrow rights."""
        given = password.decode("utf-8", "replace") if isinstance(password, bytes) else password
        if self._login is not None and (username, given) != self._login:
            return None
        return User(role=UserRole.User)


class OpcUaServer:
    """Serves ``devices`` at ``url`` (``opc.tcp://HOST:PORT``).

    With ``faulty_wire`` answers go through ``wire``, whose ``fault`` decides what becomes of them.
    """

    def __init__(
        self,
        url: str,
        devices: Sequence[tuple[DeviceBinding, EmulatedPlc]],
        *,
        security: ServerSecurity | None = None,
        user: str | None = None,
        password: str | None = None,
        faulty_wire: bool = False,
    ) -> None:
        self.url = url
        self.wire: WireRelay | None = None
        self._faulty_wire = faulty_wire
        self._devices = devices
        self._security = security
        self._logins = _Logins(user, password)
        self._nodes: dict[ua.NodeId, GarageNode] = {}
        self._server: Server | None = None
        self._publisher: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Build the address space and listen.

        Raises:
            OSError: the port is in use, or a file of the security settings cannot be read.
        """
        # The library reports a refused write as a warning and a lost client as an error; neither is one here.
        logging.getLogger("asyncua").setLevel(logging.CRITICAL)
        server = Server(user_manager=self._logins)  # type: ignore[arg-type]  # the library types its own class only
        # The library makes 6,000 nodes; collecting garbage in between takes 40 % longer and finds none.
        with _uncollected():
            await server.init()
        await server.set_application_uri(APPLICATION_URI)
        server.set_endpoint(self.url)
        address = urlsplit(self.url)
        host, port = address.hostname or "127.0.0.1", address.port or 4840
        server.socket_address = ("127.0.0.1", 0) if self._faulty_wire else (host, port)
        server.set_server_name("Emulated PLC")
        await self._secure(server)
        await self._build(server)
        server.iserver.attribute_service = GarageAttributes(server.iserver.aspace, self._nodes)
        await server.start()
        self._server = server
        if self._faulty_wire and server.bserver is not None:
            self.wire = WireRelay(host, port, ("127.0.0.1", server.bserver.port))
            await self.wire.start()
        self._publisher = asyncio.create_task(self._publish(server), name="opcua-publisher")

    async def _secure(self, server: Server) -> None:
        if self._security is None:
            server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
            return
        server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
        await server.load_certificate(self._security.certificate)
        await server.load_private_key(self._security.private_key, format="pem")
        if self._security.trusted is not None:
            server.set_certificate_validator(_only(self._security.trusted))

    async def stop(self) -> None:
        """Close all sessions and the listening socket."""
        if self._publisher is not None:
            self._publisher.cancel()
            with suppress(asyncio.CancelledError):
                await self._publisher
        if self.wire is not None:
            await self.wire.stop()
        if self._server is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._server.stop(), _STOP_S)
        self._publisher = self._server = None

    # --- address space -------------------------------------------------------------------------------------

    async def _build(self, server: Server) -> None:
        index = await server.register_namespace(OPCUA_NAMESPACE)
        garage = await server.nodes.objects.add_object(_string_id("Garage", index), ua.QualifiedName("Garage", index))
        for binding, plc in self._devices:
            parent = await garage.add_object(_string_id(binding.device, index), ua.QualifiedName(binding.device, index))
            await self._add_device(server, parent, binding, plc)

    async def _add_device(self, server: Server, parent: Any, binding: DeviceBinding, plc: EmulatedPlc) -> None:
        plan = plan_nodes(binding)
        values = StatusValues(plc)
        for place in plan.status:
            index = binding.definition.status_index[place.tag.name]
            await self._add_variable(server, parent, place, StatusNode(values, index), writable=False)
        for place in plan.command:
            if isinstance(plc, CommandedPlc):
                await self._add_variable(server, parent, place, CommandNode(plc, place.tag), writable=True)

    async def _add_variable(
        self, server: Server, parent: Any, place: NodeAddress, node: GarageNode, *, writable: bool
    ) -> None:
        index = await server.register_namespace(place.namespace)
        node_id = ua.NodeId.from_string(f"ns={index};{place.text}")
        type_ = VARIANT_TYPES[place.tag.wire]
        name = ua.QualifiedName(place.tag.name, index)
        variable = await parent.add_variable(node_id, name, _zero(place.tag), varianttype=type_)
        if writable:
            await variable.set_writable()
        self._nodes[node_id] = node
        space = server.iserver.aspace
        space.set_attribute_value_callback(node_id, AttributeIds.Value, lambda _node, _attribute: node_value(node))

    # --- subscriptions -------------------------------------------------------------------------------------

    async def _publish(self, server: Server) -> None:
        """Hand changed values to those who subscribed; nodes that nobody watches cost nothing."""
        space = server.iserver.aspace
        watched = [(node, space[node_id].attributes[AttributeIds.Value]) for node_id, node in self._nodes.items()]
        last: dict[int, Any] = {}
        while True:
            await asyncio.sleep(PUBLISH_S)
            for key, (node, attribute) in enumerate(watched):
                if not attribute.datachange_callbacks:
                    continue
                value = node_value(node)
                if value.Value != last.get(key):
                    last[key] = value.Value
                    for handle, callback in tuple(attribute.datachange_callbacks.items()):
                        await callback(handle, value)


@contextmanager
def _uncollected() -> Iterator[None]:
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _only(trusted: Path) -> CertificateValidatorMethod:
    """Let in the one client whose certificate is in ``trusted``."""
    data = trusted.read_bytes()
    pinned = x509.load_pem_x509_certificate(data) if b"-----BEGIN" in data else x509.load_der_x509_certificate(data)

    async def validate(certificate: x509.Certificate, _application: ua.ApplicationDescription) -> None:
        if certificate != pinned:
            raise ServiceError(StatusCodes.BadCertificateUntrusted)

    return validate


def _string_id(text: str, index: int) -> ua.NodeId:
    return ua.NodeId.from_string(f"ns={index};s={text}")


def _zero(tag: Tag) -> bool | int | float:
    match VARIANT_TYPES[tag.wire]:
        case ua.VariantType.Boolean:
            return False
        case ua.VariantType.Float:
            return 0.0
        case _:
            return 0
