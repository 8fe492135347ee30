"""Run what was deployed: the uploaded zip, under AWS's own runtime, in its own environment."""

import base64
import contextlib
import hashlib
import io
import json
import shutil
import threading
import time
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from local.aws import REGION, local_session
from local.runtime_api import Answer, Container, container
from tools.package import made_for

SERVICES: Final = ("KMS", "DYNAMODB", "S3")
ROOTS: Final = f"chalicelib/certificates/rds-{REGION}.pem"


@dataclass(kw_only=True)
class Functions:
    """The containers of every deployed function; one each, thrown away when code or environment change."""

    folder: Path
    root: Path  # the certificate that takes the place of Amazon's
    endpoint_url: str
    runs_on: dict[str, tuple[str, str]] = field(
        default_factory=dict, init=False
    )  # by function: Python, machine
    asleep: set[str] = field(default_factory=set, init=False)  # whose next invocation is refused
    _known: dict[bytes, str] = field(default_factory=dict, init=False)  # by the hash of base64
    _made_for: dict[str, tuple[str, str]] = field(default_factory=dict, init=False)  # by digest
    _code: dict[str, str] = field(default_factory=dict, init=False)
    _running: dict[str, tuple[str, ExitStack, Container]] = field(default_factory=dict, init=False)
    _shipped: dict[Path, int] = field(default_factory=dict, init=False)  # bytes of a log
    _turn: threading.RLock = field(default_factory=threading.RLock, init=False)

    def put(self, name: str, package: bytes) -> None:
        """Give a function its code, in base64; all of them are given the same, one after the other."""
        sent = hashlib.sha256(package).digest()
        with self._turn:
            if sent not in self._known:
                self._known[sent] = self._unzipped(base64.b64decode(package))
            self._code[name] = self._known[sent]
            self.runs_on[name] = self._made_for[self._code[name]]

    def digest(self, name: str) -> str | None:
        """Return the SHA-256 of a function's code."""
        return self._code.get(name)

    def invoke(
        self, name: str, handler: str, environment: Mapping[str, str], event: Mapping[str, Any]
    ) -> Answer:
        """Return what a function answers. Raises: FunctionError."""
        with self._turn:
            running = self._container(name, handler, environment)
            try:
                return running.invoke(event)
            finally:
                self._ship(name, running)

    def close(self) -> None:
        """End every container."""
        for name in list(self._running):
            self._running.pop(name)[1].close()

    def _ship(self, name: str, running: Container) -> None:
        """Bring what a container wrote since the last time to its log group, as Lambda does."""
        written = running.log.read_bytes()[self._shipped.get(running.log, 0) :]
        lines = [line for line in written.decode().splitlines() if line]
        if not lines:
            return
        self._shipped[running.log] = self._shipped.get(running.log, 0) + len(written)
        logs = local_session().client("logs", endpoint_url=self.endpoint_url)
        group, stream = f"/aws/lambda/{name}", running.log.stem
        there_already = logs.exceptions.ResourceAlreadyExistsException
        with contextlib.suppress(there_already):
            logs.create_log_group(logGroupName=group)  # Lambda does, where Terraform has not
        with contextlib.suppress(there_already):
            logs.create_log_stream(logGroupName=group, logStreamName=stream)
        events = [{"timestamp": int(time.time() * 1000), "message": line} for line in lines]
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def _unzipped(self, package: bytes) -> str:
        digest = hashlib.sha256(package).hexdigest()
        self._made_for[digest] = made_for(io.BytesIO(package))
        with zipfile.ZipFile(io.BytesIO(package)) as opened:
            opened.extractall(self.folder / digest)
        shutil.copyfile(self.root, self.folder / digest / ROOTS)
        return digest

    def _container(self, name: str, handler: str, environment: Mapping[str, str]) -> Container:
        made_of = json.dumps([self._code[name], handler, dict(environment)], sort_keys=True)
        if name in self._running:
            before, stack, running = self._running[name]
            if before == made_of:
                return running
            stack.close()
        stack = ExitStack()
        made = container(self.folder / self._code[name], handler, self._environment(environment), self.folder)
        running = stack.enter_context(made)
        self._running[name] = (made_of, stack, running)
        return running

    def _environment(self, deployed: Mapping[str, str]) -> dict[str, str]:
        return {
            **deployed,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            **{f"AWS_ENDPOINT_URL_{service}": self.endpoint_url for service in SERVICES},
            "NO_PROXY": "127.0.0.1,localhost",
        }
