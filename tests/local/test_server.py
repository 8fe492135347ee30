"""What the local server takes from the network, and that it says what API Gateway would."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import Message
from typing import Any

import pytest
from chalice.app import Chalice, Request, Response

from local.children import HOST
from local.handler import BODY_BYTES_MAX
from local.server import Server, create_server
from tests.patience import HANG_SECONDS

TOGETHER = 120


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    app = Chalice("trial", configure_logs=False)
    gathered = threading.Barrier(TOGETHER)

    @app.route("/context/{id}", methods=["GET", "DELETE"])
    def context(id: str) -> dict[str, Any]:  # noqa: A002 - the route's own word
        return current(app).to_original_event() | {"id": id}

    @app.route("/body", methods=["POST"], content_types=["*/*"])
    def body() -> dict[str, Any]:
        return {"body": list(current(app).raw_body)}

    @app.route("/gone", methods=["DELETE"])
    def gone() -> Response:
        return Response(body="", status_code=204)

    @app.route("/challenge/{name}")
    def challenge(name: str) -> Response:
        return Response("", {name: "Bearer"}, 401)

    @app.route("/together")
    def together() -> dict[str, Any]:
        gathered.wait(timeout=HANG_SECONDS)
        return {"request_id": current(app).context["requestId"]}

    made = create_server(app, 0)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.drain()


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer, read to its end."""

    status: int
    headers: Message
    body: bytes


def speak(server: Server, sent: bytes, *, hang_up: bool = False) -> Heard:
    """Return the answer to raw bytes."""
    with socket.create_connection((HOST, server.server_port), timeout=HANG_SECONDS) as connection:
        connection.sendall(sent)
        if hang_up:
            connection.shutdown(socket.SHUT_WR)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        heard = Heard(answer.status, answer.headers, answer.read())
        answer.close()
    return heard


def current(app: Chalice) -> Request:
    assert app.current_request is not None
    return app.current_request


def post(headers: bytes, body: bytes = b"") -> bytes:
    return b"POST /body HTTP/1.1\r\nContent-Type: application/json\r\n" + headers + b"\r\n\r\n" + body


CHUNKED = b"Transfer-Encoding: chunked"


@pytest.mark.parametrize("name", [CHUNKED, b"transfer-encoding:CHUNKED "])
@pytest.mark.parametrize(
    "sent",
    [
        b"2\r\n{}\r\n0\r\n\r\n",
        b'1\r\n{\r\n001;a="b"\r\n}\r\n0;last\r\nTrailer: dropped\r\n\r\n',
    ],
)
def test_a_chunked_body_arrives_whole_and_the_connection_goes_on(
    server: Server, name: bytes, sent: bytes
) -> None:
    both = post(name, sent) + post(b"Content-Length: 2\r\nConnection: close", b"[]")
    with socket.create_connection((HOST, server.server_port), timeout=10) as connection:
        connection.sendall(both)
        with connection.makefile("rb") as told:
            answers = told.read()
    assert answers.count(b"HTTP/1.1 200 OK") == 2
    assert (b'{"body":[123,125]}' in answers, b'{"body":[91,93]}' in answers) == (True, True)


def test_how_a_body_was_sent_is_no_part_of_the_event(server: Server) -> None:
    sent = b"GET /context/1 HTTP/1.1\r\n" + CHUNKED + b"\r\n\r\n0\r\n\r\n"
    event = json.loads(speak(server, sent).body)
    assert "transfer-encoding" not in json.dumps(event).lower()
    assert event["body"] is None


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"GET /none HTTP/1.1\r\n\r\n", 404, "not_found"),
        (b"GET //[ HTTP/1.1\r\n\r\n", 404, "not_found"),
        (b"PATCH /body HTTP/1.1\r\n\r\n", 405, "method_not_allowed"),
        (b"BREW /body HTTP/1.1\r\n\r\n", 405, "method_not_allowed"),
        (post(b"Content-Length: many"), 400, "malformed_body"),
        (post(b"Content-Length: -1"), 400, "malformed_body"),
        (post(b"Content-Length: 1\r\nContent-Length: 2", b"{}"), 400, "malformed_body"),
        (post(CHUNKED + b"\r\nContent-Length: 2", b"2\r\n{}\r\n0\r\n\r\n"), 400, "malformed_body"),
        (post(b"Transfer-Encoding: gzip, chunked", b"2\r\n{}\r\n0\r\n\r\n"), 400, "malformed_body"),
        (post(CHUNKED + b"\r\n" + CHUNKED, b"2\r\n{}\r\n0\r\n\r\n"), 400, "malformed_body"),
        (post(CHUNKED, b"x\r\n{}\r\n0\r\n\r\n"), 400, "malformed_body"),
        (post(CHUNKED, b"-2\r\n{}\r\n0\r\n\r\n"), 400, "malformed_body"),
        (post(CHUNKED, b"2\r\n{}}\r\n0\r\n\r\n"), 400, "malformed_body"),
        (post(CHUNKED, b"2\n{}\n0\n\n"), 400, "malformed_body"),
        (post(CHUNKED, b"2;" + b"x" * 2000 + b"\r\n{}\r\n0\r\n\r\n"), 400, "malformed_body"),
        (post(CHUNKED, b"2\r\n{}\r\n0\r\n" + b"A: b\r\n" * 100 + b"\r\n"), 400, "malformed_body"),
        (post(CHUNKED, b"fffffff\r\n" + b"x" * 300_000), 413, "body_too_large"),
        (post(f"Content-Length: {BODY_BYTES_MAX + 1}".encode(), b"x" * 300_000), 413, "body_too_large"),
        (b"\x16\x03\x01\x02\r\n\r\n", 400, "malformed_body"),
        (b"GET /none\r\n\r\n", 400, "malformed_body"),  # HTTP/0.9
        (post(b"no header\r\nContent-Length: 2", b"{}"), 400, "malformed_body"),
        (b"POST /body HTTP/1.1\r\n folded: first\r\nContent-Length: 2\r\n\r\n{}", 400, "malformed_body"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 413, "body_too_large"),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 150 + b"\r\n", 413, "body_too_large"),
    ],
)
def test_what_never_reaches_the_handler_is_told_in_the_shape_of_the_service(
    server: Server, sent: bytes, status: int, code: str
) -> None:  # F-28
    answer = speak(server, sent)
    told = json.loads(answer.body)
    assert (answer.status, told["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-Id"] == told["request_id"]


def test_a_refused_method_is_told_which_are_allowed(server: Server) -> None:
    assert speak(server, b"PUT /context/1 HTTP/1.1\r\n\r\n").headers["Allow"] == "DELETE, GET"


def test_a_body_that_is_not_utf_8_reaches_the_handler_as_it_came(server: Server) -> None:  # F-28
    answer = speak(server, post(b"Content-Length: 3", b"\xff\xfe\x00"))
    assert json.loads(answer.body) == {"body": [0xFF, 0xFE, 0]}


def test_the_event_is_that_of_the_gateway_and_the_address_is_the_peers(server: Server) -> None:  # A4
    head = b"X-Forwarded-For: 203.0.113.9\r\nX-Twice: 1\r\nX-Twice: 2"
    answer = speak(server, b"GET /context/a%20b?q=1&q=2 HTTP/1.1\r\n" + head + b"\r\n\r\n")
    event = json.loads(answer.body)
    assert event["requestContext"]["identity"]["sourceIp"] == HOST
    assert event["requestContext"]["stage"] == "v1"
    told = event["requestContext"]
    assert (
        told["domainName"] + told["path"] == f"{HOST}:{server.server_port}/context/a%20b"
    )  # as it was called
    assert event["pathParameters"] == {"id": "a b"}
    assert event["queryStringParameters"] == {"q": "2"}
    assert event["multiValueQueryStringParameters"] == {"q": ["1", "2"]}
    assert event["multiValueHeaders"]["X-Twice"] == ["1", "2"]
    assert event["body"] is None


@pytest.mark.parametrize("name", ["WWW-Authenticate", "www-authenticate"])
def test_a_function_s_challenge_is_renamed_as_api_gateway_renames_it(server: Server, name: str) -> None:
    answer = speak(server, f"GET /challenge/{name} HTTP/1.1\r\n\r\n".encode())
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, None)
    assert answer.headers["x-amzn-Remapped-WWW-Authenticate"] == "Bearer"


def test_an_answer_without_a_body_says_no_length(server: Server) -> None:
    answer = speak(server, b"DELETE /gone HTTP/1.1\r\n\r\n")
    assert (answer.status, answer.headers["Content-Length"], answer.body) == (204, None, b"")


def test_a_kept_connection_answers_without_delay(server: Server) -> None:
    connection = http.client.HTTPConnection(HOST, server.server_port, timeout=HANG_SECONDS)
    durations = []
    for _ in range(100):
        started = time.monotonic()
        connection.request("GET", "/context/1")
        connection.getresponse().read()
        durations.append(time.monotonic() - started)
    connection.close()
    assert min(durations[20:]) < 0.04  # what a delayed acknowledgement costs, once the quick ones are over


def test_many_requests_are_answered_at_once_each_with_its_own_context(server: Server) -> None:
    def ask(_: int) -> str:
        answer = speak(server, b"GET /together HTTP/1.1\r\n\r\n")
        return str(json.loads(answer.body)["request_id"])

    with ThreadPoolExecutor(TOGETHER) as pool:
        assert len(set(pool.map(ask, range(TOGETHER)))) == TOGETHER


def test_a_half_sent_body_is_refused_when_its_sender_is_gone(server: Server) -> None:
    assert speak(server, post(b"Content-Length: 10", b"{"), hang_up=True).status == 400
