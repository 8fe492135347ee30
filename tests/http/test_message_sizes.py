"""What a request sends to PostgreSQL is small enough for RDS Proxy, whatever the phone sends (L2).

The proxy keeps a connection to one client for good once a message of more than 16 kB came.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2's own lower case

from chalicelib.domain import decoration
from chalicelib.domain.providers import APPLE
from chalicelib.postgres import messages
from tests.hardware_key import HardwareKey, registered
from tests.http.test_identities import link
from tests.proofs import PhoneKey
from tests.world import Phone, Reply, World

BYTES_MAX = 12_000
TYPICAL_BYTES_MAX = 1_000
WIDE = "\u6f22"  # three bytes of UTF-8
NAME = WIDE * (decoration.PERSON_NAME.bytes_max // 3)
MODEL = WIDE * (decoration.DEVICE_MODEL.bytes_max // 3)
CLAIMS = {
    "name": NAME,
    "given_name": NAME,
    "family_name": NAME,
    "picture": "https://a.example/" + "x" * (decoration.PICTURE_CHARS_MAX - 18),
    "email": "a" * 64 + "@" + ".".join(["b" * 60] * 3) + ".example",
}
DEVICE = {"platform": "ios", "name": MODEL, "model": MODEL, "os_version": MODEL, "app_version": MODEL}

Values = Mapping[str, Any] | None


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bytes of each message that was sent."""
    sent: list[int] = []
    send = messages.send

    def noted(cursor: Cursor, statement: str | bytes, values: Values = None) -> list[tuple[Any, ...]]:
        found = send(cursor, statement, values)
        sent.append(len(cursor.query or b""))
        return found

    monkeypatch.setattr(messages, "send", noted)
    return sent


@pytest.fixture
def largest(world: World) -> Phone:
    """A phone, whose person and device say as much as they may."""
    return world.person(CLAIMS["email"], device="d" * 128)


def signed_in(phone: Phone) -> Reply:
    return phone.sign_in(phone.id_token(**CLAIMS), device={"id": phone.device, **DEVICE})


def typical(phone: Phone) -> dict[str, Callable[[], Reply]]:
    return {
        "refresh": phone.refresh,
        "account": lambda: phone.call("GET", "/account", token=phone.access_token),
        "sessions": lambda: phone.call("GET", "/sessions", token=phone.access_token),
        "consents": lambda: phone.call("GET", "/consents", token=phone.access_token),
        "documents": lambda: phone.world.call("GET", "/consents/documents"),
    }


def acts(phone: Phone) -> dict[str, Callable[[], object]]:
    """Return each act that writes what a phone says, in an order in which all of them succeed."""
    choices = {"display_name": MODEL, "language": "de-CH", "time_zone": "America/Argentina/ComodRivadavia"}
    apple = phone.world.person("b@example.com", provider=APPLE)
    return {
        "sign up": lambda: signed_in(phone),
        "sign in": lambda: signed_in(phone),
        "choose": lambda: phone.call("PATCH", "/account", choices, token=phone.access_token),
        "choose again": lambda: phone.call("PATCH", "/account", {"language": "es"}, token=phone.access_token),
        "refresh after a change": phone.refresh,
        "register a key": lambda: registered(phone, HardwareKey(), name=MODEL),
        "link": lambda: link(phone, apple),
        "sign in anew": lambda: signed_in(phone),
        "export": lambda: phone.call("GET", "/account/export", token=phone.access_token),
        "erase": lambda: phone.call("DELETE", "/account", {"confirm": True}, token=phone.access_token),
    }


def test_no_message_is_near_the_size_that_pins_however_much_a_phone_says(
    largest: Phone, sizes: list[int]
) -> None:
    found = {}
    for name, act in acts(largest).items():
        sizes.clear()
        reply = act()
        assert not isinstance(reply, Reply) or reply.status < 300, (name, reply)
        found[name] = max(sizes)
    assert {name: size for name, size in found.items() if size > BYTES_MAX} == {}
    assert found["sign up"] > BYTES_MAX // 2  # or it isn't as large as it can be


def test_a_typical_message_is_small(world: World, sizes: list[int]) -> None:
    ana = world.person(key=PhoneKey())
    ana.sign_in()
    found = {}
    for name, act in typical(ana).items():
        sizes.clear()
        assert act().status == 200, name
        found[name] = max(sizes)
    assert {name: size for name, size in found.items() if size > TYPICAL_BYTES_MAX} == {}
