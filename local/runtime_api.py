"""Play Lambda: run the real package under AWS's own runtime, hand it events, and take its answers.

The runtime asks a small HTTP API for its next event and posts the answer there (the Lambda Runtime API,
2018-06-01). The container sees the unzipped package, the runtime and the standard library, and no environment
but what it is given.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import uuid4

import psutil

from local.children import HOST, cpu_seconds, end
from local.places import LOCAL, PROJECT, StackError, make_directory
from tools import lambda_python
from tools.vendor import locked

API: Final = "/2018-06-01/runtime"
ANSWER_SECONDS: Final = 30.0
RUNTIME: Final = ("awslambdaric", "simplejson", "snapshot-restore-py")  # as requirements-dev.txt names them
# What Lambda's own bootstrap does: the task and the runtime on the path, then the loop over events.
BOOTSTRAP: Final = """
import sys
sys.path[:0] = sys.argv[1:3]
from awslambdaric.__main__ import main
main(["bootstrap", sys.argv[3]])
"""


class FunctionError(Exception):
    """A function raised; the message is what Lambda would answer to its caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a container had used at some moment: CPU since its process began, its age, and memory."""

    cpu_seconds: float
    age_seconds: float
    resident_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a function answered, and what the container had used when the answer arrived."""

    body: Any
    spent: Spent


@dataclass
class _Exchange:
    """What goes to a container and comes from it; `asked` is when it was ready for its first event."""

    began: float = 0.0
    pid: int = 0
    events: queue.Queue[tuple[str, bytes]] = field(default_factory=queue.Queue)
    answers: queue.Queue[tuple[str, bytes, Spent]] = field(default_factory=queue.Queue)
    asked: Future[Spent] = field(default_factory=Future)

    def ask(self) -> tuple[str, bytes]:
        if not self.asked.done():
            self.asked.set_result(self.spent())
        return self.events.get()

    def spent(self) -> Spent:
        age, cpu = time.perf_counter() - self.began, cpu_seconds(self.pid)
        return Spent(
            cpu_seconds=cpu, age_seconds=age, resident_bytes=psutil.Process(self.pid).memory_info().rss
        )


class Container:
    """One container of one function; it lives on between events, as Lambda's does."""

    def __init__(self, exchange: _Exchange, log: Path) -> None:
        self._exchange = exchange
        self.log = log

    def ready(self) -> Spent:
        """Wait until it asks for its first event; return what it had used by then. Raises: StackError."""
        try:
            return self._exchange.asked.result(ANSWER_SECONDS)
        except TimeoutError:
            raise StackError(f"the function doesn't start; its log is {self.log}") from None

    def invoke(self, event: Mapping[str, Any]) -> Answer:
        """Return what the function answers. Raises: FunctionError; StackError if it doesn't answer."""
        self._exchange.events.put((str(uuid4()), json.dumps(event).encode()))
        try:
            kind, body, spent = self._exchange.answers.get(timeout=ANSWER_SECONDS)
        except queue.Empty:
            raise StackError(f"the function doesn't answer; its log is {self.log}") from None
        if kind != "response":
            raise FunctionError(body.decode())
        return Answer(body=json.loads(body), spent=spent)


@contextmanager
def container(
    package: Path,
    handler: str,
    environment: Mapping[str, str],
    folder: Path,
    *,
    flags: Sequence[str] = (),
) -> Iterator[Container]:
    """Run one function of an unzipped package while the context lasts; its log is kept in the folder.

    `flags` are Python's own.
    """
    exchange, aws = _Exchange(), runtime()
    python = str(lambda_python.interpreter())
    server = ThreadingHTTPServer((HOST, 0), _api(exchange))
    server.daemon_threads = True
    log = folder / f"{handler}-{uuid4().hex[:8]}.log"
    given = {"AWS_LAMBDA_RUNTIME_API": f"{HOST}:{server.server_port}", "PATH": os.defpath, "TZ": ":UTC"}
    with log.open("wb") as written:
        exchange.began = time.perf_counter()
        process = subprocess.Popen(
            [python, "-I", "-S", "-B", *flags, "-c", BOOTSTRAP, str(package), str(aws), handler],
            cwd=package,
            env={**environment, **given, "AWS_LAMBDA_FUNCTION_NAME": handler, "_HANDLER": handler},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
        )
        exchange.pid = process.pid  # before anybody answers it
        threading.Thread(target=server.serve_forever, daemon=True, name="runtime-api").start()
        try:
            yield Container(exchange, log)
        finally:
            end(process.pid)
            process.wait()
            server.shutdown()
            server.server_close()


def runtime() -> Path:
    """Return a folder with AWS's runtime for Lambda's Python, compiled as Lambda has it; made once.

    Raises: StackError.
    """
    blocks = locked((PROJECT / "requirements-dev.txt").read_text(encoding="utf-8"))
    chosen = "".join(blocks[name] for name in RUNTIME)
    made = LOCAL / "lambda-runtime" / sha256(f"{lambda_python.NAME}\n{chosen}".encode()).hexdigest()[:12]
    if not made.exists():
        make_directory(made.parent)
        with TemporaryDirectory(dir=made.parent) as folder:
            _install_runtime(Path(folder), chosen)
            with contextlib.suppress(OSError):  # somebody else was quicker
                (Path(folder) / "runtime").rename(made)
    return made


def _install_runtime(folder: Path, chosen: str) -> None:
    (folder / "chosen.txt").write_text(chosen, encoding="utf-8")
    python, target = str(lambda_python.interpreter()), str(folder / "runtime")
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps")
    exact = ("--require-hashes", "--target", target, "-r", str(folder / "chosen.txt"))
    for words in ((*pip, *exact), (python, "-I", "-m", "compileall", "-q", target)):
        done = subprocess.run(words, check=False, capture_output=True, text=True)
        if done.returncode:
            raise StackError(f"AWS's runtime can't be installed for {python}:\n{done.stderr[-2000:]}")


def _api(exchange: _Exchange) -> type[BaseHTTPRequestHandler]:
    class RuntimeApi(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle(self) -> None:
            with contextlib.suppress(ConnectionError):  # a container that was ended hangs up
                super().handle()

        def do_GET(self) -> None:
            request_id, event = exchange.ask()
            self._reply(
                200,
                event,
                {
                    "Content-Type": "application/json",
                    "Lambda-Runtime-Aws-Request-Id": request_id,
                    "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0",
                    "Lambda-Runtime-Deadline-Ms": str(int((time.time() + ANSWER_SECONDS) * 1000)),
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
                },
            )

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            exchange.answers.put((self.path.rpartition("/")[2], body, exchange.spent()))
            self._reply(202, b"{}", {})

        def _reply(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return RuntimeApi
