"""One person's visit in this process: a life's first sign-in, every kind of request, the last logout."""

import importlib
import io
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

from bench.growth import SESSIONS_EACH
from bench.operations import OPERATIONS, SIGN_INS
from bench.phones import OPTIONAL, Phone
from chalicelib.clients.documents import load_documents
from local.dev_google import DevGoogle
from local.published import in_force

Request = Callable[[Phone, str], dict[str, Any]]  # of a phone that knows another session of its person
_VERSION: Final = in_force(load_documents(), datetime.now(UTC))[OPTIONAL].version
AGREED: Final = {"consents": [{"document": OPTIONAL, "version": _VERSION, "granted": True}]}
OTHERS: Final[tuple[tuple[str, Request], ...]] = (
    ("readiness", lambda phone, _: phone.ask("GET", "/health/ready")),
    ("challenge", lambda phone, _: phone.ask("POST", "/auth/challenge", {})),
    ("documents", lambda phone, _: phone.ask("GET", "/consents/documents")),
    ("consents", lambda phone, _: phone.ask_as_itself("GET", "/consents")),
    ("agreeing", lambda phone, _: phone.ask_as_itself("POST", "/consents", AGREED)),
    (
        "withdrawing",
        lambda phone, _: phone.ask_as_itself("DELETE", "/consents/{document}", document=OPTIONAL),
    ),
    ("receipt", lambda phone, _: phone.ask_as_itself("GET", "/consents/receipt")),
    ("profile", lambda phone, _: phone.ask_as_itself("PATCH", "/account", {"language": "es"})),
    ("identities", lambda phone, _: phone.ask_as_itself("GET", "/account/identities")),
    ("hardware keys", lambda phone, _: phone.ask_as_itself("GET", "/auth/biometric/registrations")),
    ("export", lambda phone, _: phone.ask_as_itself("GET", "/account/export")),
    ("introspection", lambda phone, _: phone.ask("POST", "/oauth/introspect", _form(phone, "access_token"))),
    (
        "end of a session",
        lambda phone, other: phone.ask_as_itself("DELETE", "/sessions/{session_id}", session_id=other),
    ),
    ("end of all others", lambda phone, _: phone.ask_as_itself("DELETE", "/sessions")),
    ("erasure", lambda phone, _: phone.ask_as_itself("DELETE", "/account", {"confirm": True})),
    ("revocation", lambda phone, _: phone.ask("POST", "/oauth/revoke", _form(phone, "refresh_token"))),
)


def _form(phone: Phone, token: str) -> str:
    return urlencode({"token": phone.answer[token]})


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
    """Make each kind of request once that asks the database, and yield its name when it was answered."""
    phone = Phone(email=f"{uuid4()}@bench.example")
    phone.prepare(google, SIGN_INS)
    for operation in OPERATIONS:
        phone.keep(app()(operation.request(phone), None))
        yield operation.name
    yield from others(google)


def others(google: DevGoogle) -> Iterator[str]:
    """Make the requests that nobody measures: of one person on two devices, who leaves for good."""
    phone = Phone(email=f"{uuid4()}@bench.example")
    phone.prepare(google, 2)
    phone.keep(app()(phone.sign_in(), None))
    first = phone.session_id
    phone.device = "device-1"
    phone.keep(app()(phone.sign_in(), None))
    yield "sign-in on a second device"
    for name, request in OTHERS:
        answer = app()(request(phone, first), None)
        if answer["statusCode"] not in {200, 204}:
            raise RuntimeError(name, answer["body"])
        yield name
    yield from reused(google)


def reused(google: DevGoogle) -> Iterator[str]:
    """Present a refresh token whose successor was rotated already. Raises RuntimeError if that is taken."""
    phone = Phone(email=f"{uuid4()}@bench.example")
    phone.prepare(google, 1)
    phone.keep(app()(phone.sign_in(), None))
    stolen = phone.refresh()
    for _ in range(2):
        phone.keep(app()(phone.refresh(), None))
    if app()(stolen, None)["statusCode"] != 401:  # noqa: PLR2004 - refused
        raise RuntimeError("a reused refresh token was taken")
    yield "reuse of a refresh token"
