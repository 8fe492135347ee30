"""A TCP proxy before PostgreSQL that cuts a connection at the worst moment (F-5)."""

import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from threading import Thread
from urllib.parse import urlsplit

from local.children import HOST

CHUNK_BYTES = 65536
POLL_SECONDS = 0.2


class Moment(Enum):
    """When a connection is cut."""

    BEFORE_SENDING = auto()  # the server never sees the statement
    BEFORE_ANSWERING = auto()  # the server has done its work; nobody hears of it


@dataclass
class Cut:
    """Cut the next `times` connections that carry the mark."""

    mark: bytes
    moment: Moment
    times: int = 1


class Cutter:
    """Passes bytes both ways until a cut is due."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server((HOST, 0))
        self._listener.settimeout(POLL_SECONDS)
        self._open = True
        self.port = int(self._listener.getsockname()[1])
        self.cut = Cut(b"", Moment.BEFORE_SENDING, times=0)
        self.cuts = 0

    def close(self) -> None:
        self._open = False
        self._listener.close()

    def accept(self) -> None:
        while self._open:
            with suppress(OSError):
                client, _ = self._listener.accept()
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self._target) as server:
            while self._open:
                ready, _, _ = select.select([client, server], [], [], POLL_SECONDS)
                if client in ready and not self._pass_on(client, server):
                    return
                if server in ready and not self._forward(server, client):
                    return

    def _pass_on(self, client: socket.socket, server: socket.socket) -> bool:
        sent = client.recv(CHUNK_BYTES)
        if not self._is_due(sent):
            server.sendall(sent)
            return bool(sent)
        if self.cut.moment is Moment.BEFORE_ANSWERING:
            while not sent.endswith(b"\0") and (more := client.recv(CHUNK_BYTES)):
                sent += more  # a long statement comes in pieces
            server.sendall(sent)
            server.recv(CHUNK_BYTES)  # the answer, which goes no further
        return False

    def _is_due(self, sent: bytes) -> bool:
        if self.cut.times == 0 or self.cut.mark not in sent:
            return False
        self.cut.times -= 1
        self.cuts += 1
        return True

    @staticmethod
    def _forward(server: socket.socket, client: socket.socket) -> bool:
        answered = server.recv(CHUNK_BYTES)
        client.sendall(answered)
        return bool(answered)


@contextmanager
def cutter(database_url: str) -> Iterator[tuple[Cutter, str]]:
    """Yield a proxy and the URL of the same database through it."""
    parts = urlsplit(database_url)
    proxy = Cutter((str(parts.hostname), int(parts.port or 0)))
    thread = Thread(target=proxy.accept, daemon=True)
    thread.start()
    place = f"{parts.netloc.rpartition('@')[0]}@{HOST}:{proxy.port}"
    try:
        yield proxy, parts._replace(netloc=place).geturl()
    finally:
        proxy.close()
        thread.join()
