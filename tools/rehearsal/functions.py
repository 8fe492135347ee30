"""Run what was deployed: the uploaded zip, under AWS's own runtime, in its own environment."""

import hashlib
import json
import shutil
import threading
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from local.aws import REGION
from local.runtime_api import Answer, Container, container

SERVICES: Final = ("KMS", "DYNAMODB", "S3")
ROOTS: Final = f"chalicelib/certificates/rds-{REGION}.pem"


@dataclass(kw_only=True)
class Functions:
    """The containers of every deployed function; one each, thrown away when code or environment change."""

    folder: Path
    root: Path  # the certificate that takes the place of Amazon's
    endpoint_url: str
    _code: dict[str, str] = field(default_factory=dict, init=False)
    _running: dict[str, tuple[str, ExitStack, Container]] = field(default_factory=dict, init=False)
    _turn: threading.RLock = field(default_factory=threading.RLock, init=False)

    def put(self, name: str, package: bytes) -> None:
        """Give a function its code."""
        digest = hashlib.sha256(package).hexdigest()
        task = self.folder / digest
        with self._turn:
            if not task.exists():
                zipped = self.folder / f"{digest}.zip"
                zipped.write_bytes(package)
                with zipfile.ZipFile(zipped) as opened:
                    opened.extractall(task)
                zipped.unlink()
                shutil.copyfile(self.root, task / ROOTS)
            self._code[name] = digest

    def digest(self, name: str) -> str | None:
        """Return the SHA-256 of a function's code."""
        return self._code.get(name)

    def invoke(
        self, name: str, handler: str, environment: Mapping[str, str], event: Mapping[str, Any]
    ) -> Answer:
        """Return what a function answers. Raises: FunctionError."""
        with self._turn:
            return self._container(name, handler, environment).invoke(event)

    def close(self) -> None:
        """End every container."""
        for name in list(self._running):
            self._running.pop(name)[1].close()

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
