"""Break the conversation with AWS itself: connections that fail, answers that never come (F-8, F-10)."""

import socket
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from chalicelib.clients.aws import aws_client
from chalicelib.clients.aws_calls import AwsCalls, RetryPolicy
from chalicelib.clients.kms import Kms
from chalicelib.domain.errors import DependencyUnavailable
from tests.faults.test_kms_faults import Scripted
from tests.patience import HANG_SECONDS

REGION = "eu-central-1"
URL = "https://kms.invalid"
CONTEXT = {"purpose": "personal_data", "user_id": "00000000-0000-4000-8000-00000000000a", "version": "1"}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def failing(*errors: Exception) -> Callable[[], str]:
    remaining = iter(errors)

    def operation() -> str:
        for error in remaining:
            raise error
        return "answer"

    return operation


@pytest.mark.parametrize(
    "error",
    [
        ConnectTimeoutError(endpoint_url=URL),
        ReadTimeoutError(endpoint_url=URL),
        EndpointConnectionError(endpoint_url=URL),
        ConnectionClosedError(endpoint_url=URL),
        ResponseParserError("a page of HTML"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_broken_conversation_is_tried_again_then_unavailable(error: Exception) -> None:
    # F-10
    calls = AwsCalls(service="kms", integrity_codes=frozenset(), retries=Scripted().policy)
    assert calls.answer(failing(error, error)) == "answer"
    with pytest.raises(DependencyUnavailable):
        calls.answer(failing(error, error, error))


def test_missing_credentials_are_not_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    calls = AwsCalls(service="kms", integrity_codes=frozenset(), retries=Scripted().policy)
    with pytest.raises(DependencyUnavailable):
        calls.answer(failing(NoCredentialsError()))
    assert [record.getMessage() for record in caplog.records] == ["kms_denied"]


def test_no_attempt_starts_after_the_window() -> None:
    # F0, F-10: two read timeouts use up the window, a third attempt would leave the request's budget
    aws = Scripted()
    attempts: list[float] = []

    def slow() -> None:
        attempts.append(aws.clock.monotonic())
        aws.clock.advance(timedelta(seconds=1.5))
        raise ReadTimeoutError(endpoint_url=URL)

    with pytest.raises(DependencyUnavailable):
        AwsCalls(service="kms", integrity_codes=frozenset(), retries=aws.policy).answer(slow)
    assert attempts == [0, 1.75]
    assert aws.clock.monotonic() < 4.5


def test_pauses_and_retry_after_are_spread() -> None:
    # F-38
    policy = RetryPolicy()
    assert len({policy.retry_after() for _ in range(20)}) > 1
    assert len({policy.pause(1, policy.monotonic()) for _ in range(20)}) > 1


def test_botocore_never_retries_on_its_own() -> None:
    for client in (aws_client("kms", REGION, None), aws_client("dynamodb", REGION, None)):
        config: Any = client.meta.config  # its options are attributes that no stub names
        assert (config.connect_timeout, config.read_timeout) == (1.0, 1.5)
        assert config.retries["total_max_attempts"] == 1


def test_a_server_that_never_answers_costs_a_bounded_time() -> None:
    # F-10, on a real socket: it accepts and stays silent; real timeouts, no pauses
    stop, accepted = Event(), list[socket.socket]()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(0.1)

        def accept() -> None:
            while not stop.is_set():
                try:
                    accepted.append(silent.accept()[0])
                except TimeoutError:
                    continue

        thread = Thread(target=accept)
        thread.start()
        kms = aws_client("kms", REGION, f"http://127.0.0.1:{silent.getsockname()[1]}")
        policy = RetryPolicy(jitter=lambda: 0.0, attempts_max=2, window=timedelta(seconds=HANG_SECONDS))
        started = policy.monotonic()
        with pytest.raises(DependencyUnavailable):
            Kms(kms, "key-1", policy).decrypt(b"wrapped", CONTEXT)
        assert policy.monotonic() - started < HANG_SECONDS
        stop.set()
        thread.join()
        for connection in accepted:
            connection.close()
    assert len(accepted) == 2


def test_a_refused_connection_is_unavailable_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    kms = aws_client("kms", REGION, f"http://127.0.0.1:{port}")
    with pytest.raises(DependencyUnavailable):
        Kms(kms, "key-1", RetryPolicy(jitter=lambda: 0.0)).decrypt(b"wrapped", CONTEXT)
