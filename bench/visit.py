"""One person's visit in this process: a life's first sign-in, every kind of request, the last logout."""

import importlib
import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import cache
from typing import Any
from uuid import uuid4

from bench.growth import SESSIONS_EACH
from bench.operations import OPERATIONS, SIGN_INS
from bench.phones import Phone
from local.dev_google import DevGoogle


@cache
def app() -> Any:  # noqa: ANN401 - Chalice has no types
    """Return the app with its services made, and its log lines out of the tables' way."""
    loaded = importlib.import_module("app").app
    with redirect_stdout(io.StringIO()):
        importlib.import_module("chalicelib.wiring").services()
    return loaded


def resident(google: DevGoogle) -> str:
    """Return the id of a person who is signed in on some devices and stays so."""
    phone = Phone(email=f"{uuid4()}@bench.example")
    phone.prepare(google, SESSIONS_EACH)
    for number in range(SESSIONS_EACH):
        phone.device = f"device-{number}"
        phone.keep(app()(phone.sign_in(), None))
    return str(phone.answer["user"]["id"])


def visit(google: DevGoogle) -> Iterator[str]:
    """Make each kind of request once, and yield its name when it was answered."""
    phone = Phone(email=f"{uuid4()}@bench.example")
    phone.prepare(google, SIGN_INS)
    for operation in OPERATIONS:
        phone.keep(app()(operation.request(phone), None))
        yield operation.name
