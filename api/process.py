"""Entry of the API process: ``python -m api.process --state DIR --host 127.0.0.1 --port 8080``.

Owns the command line, the listening socket and the exit code. Must never import what reaches a PLC.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import ipaddress
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import uvloop

from api.app import create_app
from api.events import Streams
from api.server import ApiServer
from controller.local_link.client import LocalLinkClient
from controller.local_link.endpoint import LocalLinkError
from controller.local_link.messages import Reason

_log = logging.getLogger("api")

EXIT_OK = 0
EXIT_FAILED = 1
BACKLOG = 256


class ListenError(Exception):
    """The address cannot be listened on; ``reason`` says why and what to do."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"{reason.code}: {reason.text} {reason.remedy}")
        self.reason = reason


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the API until it is told to end; the exit code. One line on stderr says why it could not begin."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        # Until the loop runs and takes over; afterwards open answers are finished first.
        signal.signal(number, _end_now)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    parent = options.parent if options.parent is not None else os.getppid()
    try:
        link = LocalLinkClient(options.state)
        listener = listen(options.host, options.port)
    except (LocalLinkError, ListenError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_FAILED
    with listener:
        host, port = listener.getsockname()[:2]
        _warn_when_open(host)
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        streams = Streams()
        app = create_app(link, streams=streams, allowed_hosts=options.allow_host)
        server = ApiServer(app, link, streams, url=url)
        if parent != 1 and not options.alone:
            server.end_with_parent(parent)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server.serve(sockets=[listener]))
    return EXIT_OK


def _end_now(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(EXIT_OK)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on ``host`` and ``port`` (0 for any free one).

    Raises:
        ListenError: PORT_IN_USE, PORT_NOT_ALLOWED or ADDRESS_NOT_USABLE.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise ListenError(_listen_reason(host, port, error)) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise ListenError(_listen_reason(host, port, error)) from error
    return listener


def _listen_reason(host: str, port: int, error: OSError) -> Reason:
    match error.errno:
        case errno.EADDRINUSE:
            return Reason(
                code="PORT_IN_USE",
                text=f"Another program listens on {host}:{port}.",
                remedy="End it, or choose another port with --port or api.port.",
            )
        case errno.EACCES | errno.EPERM:
            return Reason(
                code="PORT_NOT_ALLOWED",
                text=f"This user may not listen on {host}:{port}.",
                remedy="Choose a port above 1023.",
            )
        case _:
            return Reason(
                code="ADDRESS_NOT_USABLE",
                text=f"{host} is not an address of this machine: {error.strerror}.",
                remedy="Use 127.0.0.1, or an address that this machine has.",
            )


def _warn_when_open(host: str) -> None:
    if not ipaddress.ip_address(host.partition("%")[0]).is_loopback:
        _log.warning(
            "OPEN_TO_THE_NETWORK: the API listens on %s. Everybody who reaches this address can order cars, start and "
            "stop the garage. Bind to 127.0.0.1 unless the network in front of it keeps strangers out.",
            host,
        )


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"{port} is not a port; use 0 to 65535")
    return port


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m api.process", description="HTTP API and operators' page.")
    parser.add_argument("--state", type=Path, required=True, help="state directory of the control process")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback only)")
    parser.add_argument("--port", type=_port, default=8080, help="port to listen on, 0 for any free one")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="another name under which the API is reached"
    )
    parser.add_argument("--parent", type=int, default=None, help="end when this process is no longer the parent")
    parser.add_argument("--alone", action="store_true", help="go on when the parent process ends")
    return parser


if __name__ == "__main__":
    sys.exit(main())
