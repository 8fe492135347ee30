"""What the smoke test lets pass, and what stops a release at once or after its patience."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tools.release import smoke
from tools.release.fault import ReleaseFault

ISSUER = "https://auth.test/v1"
Answers = dict[str, tuple[int, str, Any]]
CHALLENGES = ("WWW-Authenticate", "x-amzn-Remapped-WWW-Authenticate", "x-amzn-remapped-www-authenticate")
REFUSAL = dict.fromkeys(smoke.PROBLEM, "told") | {"code": "invalid_id_token"}


def sound() -> Answers:
    return {
        "/health": (200, "application/json", {}),
        "/health/ready": (200, "application/json", {}),
        "/.well-known/jwks.json": (200, "application/json", {"keys": [{"kid": "1"}]}),
        "/.well-known/openid-configuration": (200, "application/json", {"issuer": ISSUER}),
        "/openapi.json": (200, "application/json", {"paths": {"/auth/google": {}}}),
        "/auth/google": (401, "application/problem+json", REFUSAL),
    }


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Serve answers on this machine, a 401 with headers of these names; return the address."""
    monkeypatch.setattr(smoke, "PATIENCE_SECONDS", 0)
    answers: Answers = {}
    challenges: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, kind, body = answers[self.path]
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            for name in challenges if status == 401 else []:
                self.send_header(name, "Bearer")
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 - http.server's name

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def begin(told: Answers, *names: str) -> str:
        answers.update(told)
        challenges.extend(names or CHALLENGES[1:2])
        return f"http://127.0.0.1:{server.server_port}"

    yield begin
    server.shutdown()
    server.server_close()


def test_a_service_that_answers_as_it_must_passes(served: Callable[..., str]) -> None:
    smoke.test(served(sound()), ISSUER)


@pytest.mark.parametrize("name", CHALLENGES)
def test_the_name_that_the_challenge_arrives_under_is_printed(
    served: Callable[..., str], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    smoke.test(served(sound(), name), ISSUER)
    printed = capsys.readouterr().out.rpartition(" as ")[2].strip()
    assert printed.lower() == name.lower()


def test_a_refusal_without_a_challenge_stops_the_release(served: Callable[..., str]) -> None:
    with pytest.raises(ReleaseFault, match="neither WWW-Authenticate nor x-amzn-Remapped-WWW-Authenticate"):
        smoke.test(served(sound(), "X-Nothing"), ISSUER)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/health/ready", (503, "application/problem+json", {})),
        ("/.well-known/jwks.json", (200, "application/json", {"keys": []})),
        ("/.well-known/jwks.json", (200, "application/json", "text")),
        ("/.well-known/openid-configuration", (200, "application/json", {"issuer": "https://other.test"})),
        ("/openapi.json", (200, "application/json", {"paths": {}})),
        ("/auth/google", (401, "application/json", REFUSAL)),
        ("/auth/google", (403, "application/json", {"message": "Missing Authentication Token"})),
        ("/auth/google", (401, "application/problem+json", {"code": "invalid_id_token"})),
        ("/auth/google", (200, "application/json", REFUSAL)),
    ],
)
def test_anything_else_stops_the_release_and_is_named(
    served: Callable[..., str], path: str, answer: tuple[int, str, Any]
) -> None:
    with pytest.raises(ReleaseFault, match=path):
        smoke.test(served(sound() | {path: answer}), ISSUER)


def test_nobody_there_is_a_fault_too() -> None:
    assert smoke.ask("http://127.0.0.1:9/health").status == 0
