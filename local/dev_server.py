"""What the development providers answer with: a small HTTP server each, on this machine only."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl

from local.children import HOST

KEYS_LIFETIME: Final = timedelta(hours=6)  # about what Google's answers say
BODY_BYTES_MAX: Final = 65_536


@dataclass(frozen=True, slots=True)
class DevAnswer:
    """A status with a JSON document, or none."""

    status: int
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Form = Mapping[str, str]
Answers = Mapping[tuple[str, str], Callable[[Form], DevAnswer]]


def published(document: object) -> Callable[[Form], DevAnswer]:
    """Return what answers a document that may be kept for a while, as keys may."""
    lifetime = {"Cache-Control": f"public, max-age={int(KEYS_LIFETIME.total_seconds())}"}
    return lambda _form: DevAnswer(200, document, lifetime)


@contextmanager
def serving(answers: Answers, name: str) -> Iterator[str]:
    """Answer what is declared by method and path, and all else with 404; yields the server's address."""
    server = ThreadingHTTPServer((HOST, 0), _handler(answers))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True, name=name)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(answers: Answers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer("GET", {})

        def do_POST(self) -> None:
            length = min(int(self.headers.get("Content-Length") or 0), BODY_BYTES_MAX)
            self._answer("POST", dict(parse_qsl(self.rfile.read(length).decode())))

        def _answer(self, method: str, form: Form) -> None:
            found = answers.get((method, self.path))
            answer = found(form) if found else DevAnswer(404, {"error": "not_found"})
            body = b"" if answer.document is None else json.dumps(answer.document).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: who asks is of no interest."""

    return Handler
