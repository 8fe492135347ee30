"""Ask a URL for a small answer, in bounded time, from a server that may be broken or hostile.

`http.client` and not a pool: it follows no redirect, retries nothing, unpacks nothing, reads no proxy from
the environment, and hands out the socket, which is what bounds a server that sends one byte a second.
"""

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Protocol
from urllib.parse import urlsplit

from chalicelib.clients.bounded_call import TimeIsUp, answer_within

CONNECT_TIMEOUT_SECONDS = 1.0
READ_TIMEOUT_SECONDS = 2.0
TOTAL_TIMEOUT_SECONDS = 4.0  # name resolution, every address, and a dripping server included


class HttpFailed(Exception):
    """No answer came in time, or none that is HTTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What came: header names in lower case; a body that is too long is cut one byte above the limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpGet(Protocol):
    """The port that key sources ask through."""

    def get(self, url: str, *, body_bytes_max: int) -> HttpAnswer:
        """Return the answer, whatever its status.

        Raises:
            HttpFailed: there is none.
        """


class HttpPost(Protocol):
    """The port that errands go through."""

    def post(self, url: str, body: bytes, *, headers: Mapping[str, str], body_bytes_max: int) -> HttpAnswer:
        """Return the answer, whatever its status. Raises HttpFailed: there is none."""


def direct_connection(scheme: str, netloc: str) -> HTTPConnection:
    """Return a connection over HTTPS, verified against the system's roots, or plain where the URL says so."""
    if scheme == "http":
        return HTTPConnection(netloc, timeout=CONNECT_TIMEOUT_SECONDS)
    # what this context is: certificates required, host names checked, TLS 1.2 or later
    return HTTPSConnection(netloc, timeout=CONNECT_TIMEOUT_SECONDS, context=ssl.create_default_context())


@dataclass(frozen=True, kw_only=True)
class BoundedHttp:
    """Ask once; `connection` says what may be reached, and how. Nothing is opened before."""

    total_timeout_seconds: float = TOTAL_TIMEOUT_SECONDS
    read_timeout_seconds: float = READ_TIMEOUT_SECONDS
    connection: Callable[[str, str], HTTPConnection] = direct_connection

    def get(self, url: str, *, body_bytes_max: int) -> HttpAnswer:
        """Return the answer; see `HttpGet`."""
        return self._answer(_Request(method="GET", url=url, body_bytes_max=body_bytes_max))

    def post(self, url: str, body: bytes, *, headers: Mapping[str, str], body_bytes_max: int) -> HttpAnswer:
        """Return the answer; see `HttpPost`."""
        return self._answer(
            _Request(method="POST", url=url, body=body, headers=headers, body_bytes_max=body_bytes_max)
        )

    def _answer(self, request: "_Request") -> HttpAnswer:
        exchange = _Exchange(request, self)
        try:
            return answer_within(self.total_timeout_seconds, exchange.answer)
        except TimeIsUp as error:
            exchange.abort()
            raise HttpFailed("total timeout") from error
        except (OSError, HTTPException, ValueError) as error:  # ValueError: a URL or header that isn't one
            raise HttpFailed(type(error).__name__) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    method: str
    url: str
    body_bytes_max: int
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class _Exchange:
    """One request, asked on one thread and aborted by another."""

    def __init__(self, request: _Request, limits: BoundedHttp) -> None:
        self._request = request
        self._limits = limits
        self._socket: socket.socket | None = None

    def answer(self) -> HttpAnswer:
        """Ask, and return the answer."""
        request = self._request
        parts = urlsplit(request.url)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        with closing(self._limits.connection(parts.scheme, parts.netloc)) as connection:
            connection.connect()
            self._socket = (
                connection.sock
            )  # kept: the connection lets go of it where the server won't keep it
            self._socket.settimeout(self._limits.read_timeout_seconds)
            connection.request(
                request.method, target, body=request.body, headers={**_HEADERS, **request.headers}
            )
            with connection.getresponse() as response:
                return self._read(response)

    def abort(self) -> None:
        """Wake the thread that asks out of a read, so that it ends."""
        if self._socket is not None:
            with suppress(OSError):
                # the plain shutdown also of a TLS socket, whose own would race with the read that it wakes
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _read(self, response: HTTPResponse) -> HttpAnswer:
        return HttpAnswer(
            status=response.status,
            headers={name.lower(): value for name, value in response.getheaders()},
            body=response.read(self._request.body_bytes_max + 1),
        )


_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "serenya-auth"}
