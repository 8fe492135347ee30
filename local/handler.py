"""One connection of the local server: deaf to nonsense, fast on what is kept open."""

import contextlib
import logging
import re
import socket
import time
from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from chalice.local import ChaliceRequestHandler

from chalicelib.domain.errors import BodyTooLarge, InternalError, MalformedBody, ServiceError
from chalicelib.observation import log
from local.chunked import read_chunked
from local.gateway import Inbound, Outbound, refusal

if TYPE_CHECKING:
    from local.server import Server

BODY_BYTES_MAX: Final = 10 * 1024 * 1024  # API Gateway's payload quota; the service's own limit is far lower
DISCARD_BYTES_MAX: Final = 32 * 1024 * 1024  # read past a refused body, so that its sender sees the answer
DISCARD_SECONDS: Final = 2.0
NO_HEADER: Final = (FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect)  # it ends them all
IDLE_SECONDS: Final = 60.0  # a kept connection without a request, or a request that stops halfway
CONTENT_LENGTH: Final = re.compile(r"[0-9]{1,18}")  # RFC 9110 s8.6


class Handler(ChaliceRequestHandler):
    """One connection: requests in, answers out, one log line each."""

    disable_nagle_algorithm = True  # else each answer on a kept connection comes 44 ms late
    wbufsize = -1  # headers and body leave in one packet
    timeout = IDLE_SECONDS
    server: "Server"

    def __init__(
        self,
        request: socket.socket,
        client_address: tuple[str, int],
        server: "Server",
        *_: object,
        **__: object,
    ) -> None:
        self._must_discard = False
        BaseHTTPRequestHandler.__init__(self, request, client_address, server)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- do_GET and the like; the type says it all
        if name.startswith("do_"):  # any method gets our answer, not the standard library's 501
            return self.handle_request
        raise AttributeError(name)

    def handle_request(self) -> None:
        """Answer one request, whatever it holds."""
        started = time.monotonic()
        with self.server.busy():
            outbound, inbound = self._answer()
            if outbound is None:  # lost: the app hears nothing
                self.close_connection = True
                return
            self._send(outbound, body=self.command != "HEAD")
        if not outbound.is_logged:
            log_refusal(inbound, outbound, started)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_request  # noqa: N815 -- the standard library's names

    def parse_request(self) -> bool:
        """Read the head, and refuse two that the standard library takes: HTTP/0.9, and half-read headers."""
        if not super().parse_request():
            return False
        is_whole = not any(isinstance(defect, NO_HEADER) for defect in self.headers.defects)
        if self.request_version == "HTTP/0.9" or not is_whole:
            self.send_error(HTTPStatus.BAD_REQUEST)
            return False
        return True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what isn't HTTP, or too much of it, in the service's shape."""
        del message, explain
        started = time.monotonic()
        self.close_connection = self._must_discard = True
        self.request_version = self.protocol_version  # unknown yet; as 0.9 the answer would have no head
        inbound = self._inbound(b"")
        outbound = refusal(BodyTooLarge() if code in {413, 414, 431} else MalformedBody(), inbound)
        self._send(outbound)
        log_refusal(inbound, outbound, started)

    def log_message(self, *_: object) -> None:
        """Say nothing: the standard library's lines hold paths and queries."""

    def version_string(self) -> str:
        """Return what the Server header says."""
        return "serenya-auth-local"

    def finish(self) -> None:
        """Send what is left, then swallow a refused body: its sender would lose the answer to a reset."""
        super().finish()
        if self._must_discard:
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_WR)
                discard(self.connection)

    def _inbound(self, body: bytes) -> Inbound:
        return Inbound(
            method=self.command or "",
            target=getattr(self, "path", ""),
            headers=getattr(self, "headers", None) or Message(),
            body=body,
            address=self.client_address[0],
            request_id=str(uuid4()),
        )

    def _answer(self) -> tuple[Outbound | None, Inbound]:
        inbound = self._inbound(b"")
        try:
            inbound = self._inbound(self._read_body())
            return self.server.network.carry(inbound, self.server.gateway.answer), inbound
        except ServiceError as error:
            return refusal(error, inbound), inbound
        except Exception as error:  # noqa: BLE001 -- the last resort of a server: the next request must be served
            log.event("unhandled", logging.ERROR, request_id=inbound.request_id, **log.describe(error))
            return refusal(InternalError(), inbound), inbound

    def _read_body(self) -> bytes:
        """Return the body. Raises: MalformedBody, BodyTooLarge; the connection then ends after the answer."""
        try:
            if "Transfer-Encoding" not in self.headers:
                return self._read_sized()
            codings = [coding.strip().lower() for coding in self.headers.get_all("Transfer-Encoding", [])]
            # with both, two servers would disagree on where the next request begins (RFC 9112 s6.1)
            if (
                "Content-Length" in self.headers
                or codings != ["chunked"]
                or self.request_version < "HTTP/1.1"
            ):
                raise MalformedBody
            return read_chunked(self.rfile, BODY_BYTES_MAX)
        except (ServiceError, TimeoutError) as error:
            self.close_connection = self._must_discard = True
            raise error if isinstance(error, ServiceError) else MalformedBody from error

    def _read_sized(self) -> bytes:
        lengths = self.headers.get_all("Content-Length", ["0"])
        if len(lengths) > 1 or not CONTENT_LENGTH.fullmatch(lengths[0]):
            raise MalformedBody
        if int(lengths[0]) > BODY_BYTES_MAX:
            raise BodyTooLarge
        body: bytes = self.rfile.read(int(lengths[0]))
        if len(body) < int(lengths[0]):
            raise MalformedBody
        return body

    def _send(self, outbound: Outbound, *, body: bool = True) -> None:
        self.send_response(outbound.status)
        for name, value in self.server.gateway.dressed(outbound).headers.items():
            for single in value if isinstance(value, list) else [value]:
                self.send_header(name, single)
        if outbound.status not in {204, 304}:  # RFC 9110 s8.6, s15.4.5: these have no length to tell
            self.send_header("Content-Length", str(len(outbound.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if body:
            self.wfile.write(outbound.body)


def discard(connection: socket.socket) -> None:
    """Read and forget what the other end still sends, within limits of time and size."""
    deadline = time.monotonic() + DISCARD_SECONDS
    connection.settimeout(DISCARD_SECONDS)
    left = DISCARD_BYTES_MAX
    while left > 0 and time.monotonic() < deadline and (chunk := connection.recv(65536)):
        left -= len(chunk)


def log_refusal(inbound: Inbound, outbound: Outbound, started: float) -> None:
    """Log a request that the handler never saw; never a path, query, header, body or address."""
    duration_ms = round((time.monotonic() - started) * 1000, 1)
    log.event(
        "request",
        route=outbound.route,
        method=inbound.method,
        status=int(outbound.status),
        duration_ms=duration_ms,
        request_id=inbound.request_id,
    )
