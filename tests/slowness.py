"""A TCP proxy before a dependency that makes it slow, or lets it fall silent for good (F-2, F-10, F-12)."""

import math
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from urllib.parse import urlsplit

from local.children import HOST

SILENT = math.inf
CHUNK_BYTES = 65536
POLL_SECONDS = 0.2
GOODBYES = (
    b"",
    b"X\x00\x00\x00\x04",
)  # the end of a connection, and PostgreSQL's Terminate: nobody waits for them


class Slow:
    """Passes bytes both ways; what a client says waits `seconds` first, or is never heard."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.seconds = 0.0
        self.wait: Callable[[], None] = self.sleep  # before what a client says is passed on
        self._target = target
        self._over = Event()
        self._listener = socket.create_server((HOST, 0))
        self._listener.settimeout(POLL_SECONDS)
        self.port = int(self._listener.getsockname()[1])

    def close(self) -> None:
        self._over.set()
        self._listener.close()

    def accept(self) -> None:
        while not self._over.is_set():
            with suppress(OSError):
                client, _ = self._listener.accept()
                Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self._target) as server:
            while not self._over.is_set():
                ready, _, _ = select.select([client, server], [], [], POLL_SECONDS)
                if server in ready and not self._pass(server, client):
                    return
                if client in ready and not self._pass(client, server, self._wait_unless_goodbye):
                    return

    def _wait_unless_goodbye(self, said: bytes) -> None:
        if said not in GOODBYES:
            self.wait()

    def sleep(self) -> None:
        seconds = self.seconds
        self._over.wait(None if seconds == SILENT else seconds)

    @staticmethod
    def _pass(
        source: socket.socket, sink: socket.socket, before: Callable[[bytes], None] = lambda _: None
    ) -> bool:
        said = source.recv(CHUNK_BYTES)
        before(said)
        sink.sendall(said)
        return bool(said)


@contextmanager
def slowed(url: str) -> Iterator[tuple[Slow, str]]:
    """Yield a proxy and the same URL through it."""
    parts = urlsplit(url)
    proxy = Slow((str(parts.hostname), int(parts.port or 0)))
    thread = Thread(target=proxy.accept, daemon=True)
    thread.start()
    login, at, _ = parts.netloc.rpartition("@")
    try:
        yield proxy, parts._replace(netloc=f"{login}{at}{HOST}:{proxy.port}").geturl()
    finally:
        proxy.close()
        thread.join()
