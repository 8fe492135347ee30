"""Chalice's local server made fit to be used: many phones at once, and an answer for each too many."""

import contextlib
import logging
import socket
import socketserver
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from email.message import Message
from typing import Any, Final
from uuid import uuid4

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LocalChalice, LocalDevServer, ThreadedHTTPServer

from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.observation import log
from local.children import HOST
from local.gateway import STAGE, Gateway, Inbound, refusal
from local.handler import Handler
from local.network import GoodNetwork

CONNECTIONS_MAX: Final = 1000  # a thread each
BACKLOG: Final = 1024
DRAIN_SECONDS: Final = 5.0
TURNED_AWAY_RETRY: Final = timedelta(seconds=1)


class Server(ThreadedHTTPServer):
    """A bounded number of connections, a thread each; the rest is told at once to come back."""

    request_queue_size = BACKLOG
    gateway: Gateway
    network: GoodNetwork = GoodNetwork()

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 -- handed on to the standard library
        self._slots = threading.BoundedSemaphore(CONNECTIONS_MAX)
        self._idle = threading.Condition()
        self._busy = 0
        super().__init__(*arguments)

    def server_bind(self) -> None:
        """Bind without the standard library's DNS lookup of our own name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def process_request(self, request: socket.socket, client_address: tuple[str, int]) -> None:
        """Give the connection a thread if one is left."""
        if self._slots.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            turn_away(request)
            self.shutdown_request(request)

    def process_request_thread(self, request: socket.socket, client_address: tuple[str, int]) -> None:
        """Serve the connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: socket.socket, client_address: tuple[str, int]) -> None:
        """Say what went wrong with a connection, unless its other end just went away."""
        del request, client_address
        error = sys.exception() if sys.version_info >= (3, 12) else sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)):
            log.event("connection_failed", logging.ERROR, **(log.describe(error) if error else {}))

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """Count a request in while it is answered."""
        with self._idle:
            self._busy += 1
        try:
            yield
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def drain(self) -> None:
        """Take no more connections and wait, not for ever, for the requests that are being answered."""
        self.shutdown()
        self.server_close()
        with self._idle:
            self._idle.wait_for(lambda: self._busy == 0, DRAIN_SECONDS)


def create_server(app: Chalice, port: int) -> Server:
    """Return a server, bound to the port, that calls the app's own handler; 0 takes a free port."""
    if not isinstance(app, LocalChalice):
        # As chalice.local does, so that `current_request` is thread-local; but with a class for each app.
        app.__class__ = type("ThreadLocalApp", (LocalChalice, app.__class__), {})
    config = Config(chalice_stage=STAGE, config_from_disk={"app_name": app.app_name})
    server: Server = LocalDevServer(app, config, HOST, port, handler_cls=Handler, server_cls=Server).server
    server.gateway = Gateway(app, config)
    server.gateway.authority = f"{HOST}:{server.server_port}"
    return server


def turn_away(connection: socket.socket) -> None:
    """Answer 503 without a thread and without reading the request."""
    inbound = Inbound(method="", target="", headers=Message(), body=b"", address="", request_id=str(uuid4()))
    outbound = refusal(DependencyUnavailable(retry_after=TURNED_AWAY_RETRY), inbound)
    lines = [
        "HTTP/1.1 503 Service Unavailable",
        *(f"{name}: {value}" for name, value in outbound.headers.items()),
        f"Content-Length: {len(outbound.body)}",
        "Connection: close",
    ]
    with contextlib.suppress(OSError):
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + outbound.body)
