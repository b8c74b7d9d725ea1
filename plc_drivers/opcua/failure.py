"""What can go wrong between here and an OPC UA server, as coded faults.

Owns the translation of the library's exceptions. Must never decide whether to connect again.
"""

from __future__ import annotations

import struct

from asyncua import ua
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError, UaStatusCodeError

from plc_drivers.reading import Fault

WIRE_ERRORS = (
    OSError,
    TimeoutError,
    EOFError,
    UaError,
    struct.error,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    AssertionError,
)
"""Everything that the library lets out when a peer refuses, vanishes or sends what cannot be parsed. Its parser
trusts lengths and types in the peer's bytes, so garbage surfaces as almost any of Python's data errors; uvloop
raises RuntimeError for a closed transport."""


class DeviceNodesError(Exception):
    """None of the devices behind the server can be exchanged; their faults stand beside them."""


class AnswerError(ValueError):
    """The server's answer does not fit the question: another number of results."""


_STATUS_FAULTS: dict[int, tuple[str, str]] = {
    StatusCodes.BadUserAccessDenied: ("LOGIN_REFUSED", "Check user, password_file and the server's user rights."),
    StatusCodes.BadIdentityTokenRejected: ("LOGIN_REFUSED", "Check user and password_file."),
    StatusCodes.BadIdentityTokenInvalid: ("LOGIN_REFUSED", "Give the kind of login that the server accepts."),
    StatusCodes.BadSecurityChecksFailed: (
        "SECURITY_REFUSED",
        "Trust the controller's certificate in the server, and check server_certificate.",
    ),
    StatusCodes.BadCertificateUntrusted: ("SECURITY_REFUSED", "Trust the controller's certificate in the server."),
    StatusCodes.BadCertificateUriInvalid: (
        "SECURITY_REFUSED",
        "Make a certificate whose application URI the server accepts.",
    ),
    StatusCodes.BadCertificateTimeInvalid: ("SECURITY_REFUSED", "Renew the certificate, or set the clocks."),
    StatusCodes.BadSecurityPolicyRejected: ("SECURITY_REFUSED", "Enable Basic256Sha256 in the server."),
    StatusCodes.BadSecurityModeRejected: ("SECURITY_REFUSED", "Enable SignAndEncrypt in the server."),
    StatusCodes.BadTooManySessions: ("TOO_MANY_SESSIONS", "Close other clients; old sessions end in seconds."),
    StatusCodes.BadTooManyOperations: (
        "TOO_MANY_OPERATIONS",
        "Raise the server's limit of nodes per Read and Write, or give it fewer devices.",
    ),
}


def connect_fault(error: BaseException, url: str, timeout_ms: int) -> Fault:
    """Why a connect failed."""
    match error:
        case UaStatusCodeError():
            return _status_fault(error, url)
        case TimeoutError():
            return Fault(
                "CONNECT_TIMEOUT",
                f"{url} did not complete a session within {timeout_ms} ms.",
                "Check that the OPC UA server runs and is not frozen; tries go on.",
            )
        case OSError():
            return Fault(
                "CONNECT_FAILED",
                f"{url} cannot be reached: {error.strerror or error}.",
                "Check power, network, address and port of the server; tries go on.",
            )
        case UaError() if "certificate mismatch" in str(error):
            return Fault(
                "SERVER_CERTIFICATE_WRONG",
                f"{url} shows another certificate than server_certificate.",
                "Find out why before you exchange the file: somebody may stand between controller and server.",
            )
        case UaError() if "No matching endpoints" in str(error):
            return Fault(
                "SECURITY_REFUSED",
                f"{url} offers no endpoint with the security that was asked for.",
                "Enable it in the server, or change security in the configuration.",
            )
        case _:
            return Fault(
                "NOT_OPC_UA",
                f"{url} does not answer as an OPC UA server does ({type(error).__name__}: {error}).",
                "Check that the port is the OPC UA server's.",
            )


def exchange_fault(error: BaseException, url: str, timeout_ms: int) -> Fault:
    """Why an exchange failed."""
    match error:
        case UaStatusCodeError():
            return _status_fault(error, url)
        case TimeoutError():
            return Fault(
                "TIMEOUT",
                f"{url} did not answer within {timeout_ms} ms.",
                "Check the load of the PLC and the network; timeout_ms is in the link's configuration.",
            )
        case OSError():
            return Fault("CONNECTION_LOST", f"{url} closed the connection.", "Nothing to do; the link connects again.")
        case _:
            return Fault(
                "BAD_ANSWER",
                f"{url} sent what cannot be understood ({type(error).__name__}: {error}).",
                "Check the server's version and that nothing stands between controller and server.",
            )


def _status_fault(error: UaStatusCodeError, url: str) -> Fault:
    status = ua.StatusCode(error.code)
    code, remedy = _STATUS_FAULTS.get(error.code, ("SERVICE_REFUSED", "Look at the server's own diagnostics."))
    return Fault(code, f"{url} refused with {status.name}: {status.doc}", remedy)


def missing_nodes(url: str, nodes: list[str]) -> Fault:
    """The server lacks nodes of a device, or their namespace."""
    return Fault(
        "NODES_MISSING",
        f"{url} has no node {_listed(nodes)}.",
        "Compare the server's address space with the node table of this device; a profile can re-bind nodes.",
    )


def missing_namespace(url: str, namespace: str) -> Fault:
    """The server lacks a namespace altogether."""
    return Fault(
        "NAMESPACE_MISSING",
        f"{url} has no namespace {namespace}.",
        "Load the PLC's OPC UA address space, or name its namespace in a profile.",
    )


def wrong_node_types(url: str, nodes: list[str]) -> Fault:
    """Nodes cannot carry their tag."""
    return Fault(
        "WRONG_NODE_TYPE",
        f"{url} has nodes of a wrong type: {_listed(nodes)}.",
        "Give the nodes the types in the node table of this device.",
    )


def write_refused(device: str, node: str, status: ua.StatusCode) -> Fault:
    """The server refused one value of a device's outputs."""
    return Fault(
        "WRITE_REFUSED",
        f"{device}: the server refused to write {node} with {status.name}: {status.doc}",
        "Check access rights, types and ranges of the device's command nodes against its node table.",
    )


def outputs_refused(error: ValueError) -> Fault:
    """The controller's own outputs do not fit the device."""
    return Fault(
        "OUTPUTS_REFUSED", str(error), "This is a fault of the controller: report it with a diagnostics bundle."
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
