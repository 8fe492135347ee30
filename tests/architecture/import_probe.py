"""Import a module in a process of its own, and print as JSON what that import did that no import may do.

Chalice imports `app.py` to run, package and deploy it: on machines without settings, credentials or network.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import botocore.client
import psycopg2
import sqlalchemy.engine

PROJECT = Path(__file__).resolve().parents[2]
OURS = (str(PROJECT / "app.py"), str(PROJECT / "chalicelib"))
OUTSIDE = {"socket.connect", "socket.getaddrinfo", "socket.bind", "subprocess.Popen", "os.system"}
READERS = {os.__file__, "<frozen os>", "<frozen _collections_abc>"}

acts: list[str] = []


def note_outside(event: str, _arguments: object) -> None:
    if event in OUTSIDE:
        acts.append(event)


def noted(read: Callable[[Any, str], str]) -> Callable[[object, str], str]:
    """Note what our own code reads of the environment; libraries may read what they like."""

    def read_and_note(environment: object, key: str) -> str:
        frame = sys._getframe(1)
        while frame.f_code.co_filename in READERS and frame.f_back:
            frame = frame.f_back
        if frame.f_code.co_filename.startswith(OURS):
            acts.append(f"environment {key}")
        return read(environment, key)

    return read_and_note


def note(act: str) -> mock.Mock:
    return mock.Mock(side_effect=lambda *_, **__: acts.append(act))


def probe(module: str) -> list[str]:
    """Import the module and return what it did."""
    sys.path.insert(0, str(PROJECT))
    sys.addaudithook(note_outside)
    environment = type(os.environ)
    with (
        mock.patch.object(environment, "__getitem__", noted(environment.__getitem__)),
        mock.patch.object(botocore.client.ClientCreator, "create_client", note("AWS client")),
        mock.patch.object(sqlalchemy.engine.Engine, "__init__", note("database engine")),
        mock.patch.object(psycopg2, "connect", note("database connection")),
    ):
        importlib.import_module(module)
    return acts


if __name__ == "__main__":
    sys.stdout.write(json.dumps(probe(sys.argv[1])))
