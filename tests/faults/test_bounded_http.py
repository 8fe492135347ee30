"""F-12, F-15: a server that is broken or hostile costs bounded time and bounded memory."""

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Event, Thread
from threading import enumerate as enumerate_threads
from time import monotonic

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.clients import bounded_call
from chalicelib.clients.bounded_http import BoundedHttp, HttpFailed
from tests.google import key_server
from tests.patience import HANG_SECONDS

TOTAL_SECONDS = 0.4


@contextmanager
def raw_server(speak: Callable[[socket.socket, Event], None]) -> Iterator[int]:
    """Serve one connection by what `speak` writes to it, on a thread of its own; yields the port."""
    over = Event()

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                speak(connection, over)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(HANG_SECONDS)
        thread = Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            over.set()
            thread.join(HANG_SECONDS)


def drip(*pieces: bytes) -> Callable[[socket.socket, Event], None]:
    """Write the pieces, then one byte at a time for as long as anybody listens."""

    def speak(connection: socket.socket, over: Event) -> None:
        for piece in pieces:
            connection.sendall(piece)
        while not over.wait(0.02):
            connection.sendall(b"x")

    return speak


def silence(_connection: socket.socket, over: Event) -> None:
    over.wait(HANG_SECONDS)


@pytest.mark.parametrize(
    "speak",
    [
        pytest.param(silence, id="silence"),
        pytest.param(drip(), id="status line"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\nX-A: "), id="header"),
        pytest.param(drip(b"HTTP/1.1 200 OK\r\n\r\n{"), id="body"),
    ],
)
def test_a_server_that_drips_is_left_when_time_is_up(
    speak: Callable[[socket.socket, Event], None],
) -> None:  # F-12
    with raw_server(speak) as port:
        begun = monotonic()
        with pytest.raises(HttpFailed):
            BoundedHttp(total_timeout_seconds=TOTAL_SECONDS).get(
                f"http://127.0.0.1:{port}/", body_bytes_max=64
            )
        assert TOTAL_SECONDS <= monotonic() - begun < HANG_SECONDS
        assert_nobody_waits()


def assert_nobody_waits() -> None:
    """What was left behind soon ends by itself: all workers are free for other calls, none has to be made."""
    deadline = monotonic() + HANG_SECONDS
    while not are_all_free(count_workers()):
        assert monotonic() < deadline


def are_all_free(workers: int) -> bool:
    together = Barrier(workers + 1)
    callers = [
        Thread(target=bounded_call.answer_within, args=(HANG_SECONDS, together.wait)) for _ in range(workers)
    ]
    for caller in callers:
        caller.start()
    together.wait(HANG_SECONDS)
    for caller in callers:
        caller.join()
    return count_workers() == workers


def count_workers() -> int:
    return sum(thread.name == bounded_call.NAME for thread in enumerate_threads())


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n{}"])
def test_a_server_that_hangs_up_or_talks_nonsense_is_a_failure(said: bytes) -> None:
    def speak(connection: socket.socket, _over: Event) -> None:
        connection.recv(1024)
        connection.sendall(said)

    with raw_server(speak) as port, pytest.raises(HttpFailed):
        BoundedHttp().get(f"http://127.0.0.1:{port}/", body_bytes_max=64)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/", "https://127.0.0.1:1/", "http://127.0.0.1:port/", "nonsense"]
)
def test_nobody_there_is_a_failure(url: str) -> None:
    with pytest.raises(HttpFailed):
        BoundedHttp().get(url, body_bytes_max=64)


def test_a_body_is_read_only_as_far_as_the_limit() -> None:  # F-15
    with key_server() as server:
        server.body = b"x" * 5_000_000
        assert len(BoundedHttp().get(server.url, body_bytes_max=64).body) == 65


def test_a_redirect_is_an_answer_and_not_followed() -> None:  # F-15
    with key_server() as server:
        server.status, server.headers = 302, {"Location": "/elsewhere"}
        assert BoundedHttp().get(server.url + "?v=3", body_bytes_max=64).status == 302
        assert server.requests == ["/certs?v=3"]


def test_an_answer_comes_whole_with_its_headers_in_lower_case() -> None:
    with key_server() as server:
        server.headers, server.body = {"Cache-Control": "max-age=5"}, b"{}"
        answer = BoundedHttp().get(server.url, body_bytes_max=64)
        assert (answer.status, answer.headers["cache-control"], answer.body) == (200, "max-age=5", b"{}")


def test_a_server_that_no_known_authority_vouches_for_is_a_failure(tmp_path: Path) -> None:  # GG1
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))

    def speak(connection: socket.socket, _over: Event) -> None:
        with suppress(ssl.SSLError):
            context.wrap_socket(connection, server_side=True).close()

    with raw_server(speak) as port, pytest.raises(HttpFailed) as failure:
        BoundedHttp().get(f"https://127.0.0.1:{port}/", body_bytes_max=64)
    assert isinstance(failure.value.__cause__, ssl.SSLCertVerificationError)


def self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return pem
