"""Seen from outside: no decoration, and no optional member as null, makes a difference to what decides.

Every route is derived from its declaration, and asked twice: with what decides alone, and with any decoration
and any of its optional members as null besides. The two answers are alike. Where a request succeeds, what is
stored is clean.
"""

import json
import unicodedata
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.providers import APPLE, GOOGLE, OidcProvider
from chalicelib.domain.time_zones import time_zone
from chalicelib.routes.all import ROUTES
from chalicelib.routes.fields import Decorated, Field, JsonSchema
from chalicelib.routes.route import Admission, Route
from chalicelib.routes.schema import Items, Member, Record
from tests.hardware_key import HardwareKey, begin, complete
from tests.world import Phone, Reply, World

EXAMPLES = settings(
    max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
# Any text that JSON can carry; what no body may hold (NUL, lone surrogates) is refused for that.
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
ODD = [
    *("", " ", "\n", "\x7f", "\u200b", "\u202e", "é" * 300, "\U0001f468\u200d\U0001f469" * 45, "x" * 500),
    *(
        "en-US-u-mu-celsius",
        "pt_BR",
        "Asia/Calcutta",
        "GMT+05:30",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0)",
    ),
]
TEXTS = st.text(CHARACTERS, max_size=40) | st.sampled_from(ODD)
ANYTHING = TEXTS | st.none() | st.booleans() | st.integers(-9, 9) | st.lists(TEXTS, max_size=2)
SOME_UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
DEVICE = {"name": 128, "model": 128, "os_version": 64, "app_version": 64}
DECIDES = {  # of what is optional
    *("nonce", "id", "platform", "device", "purpose", "consents", "method", "locale"),
    *("authorization_code", "refresh_token", "all_devices", "token_type_hint"),
}
numbers = count()


def has_optional(record: Record) -> bool:
    return any(not member.is_required for each in record.records() for member in each.members.values())


BODIES = [(route, route.body) for route in ROUTES if route.body is not None]
TOLERANT = [pytest.param(*each, id=each[0].operation_id) for each in BODIES if has_optional(each[1])]


@pytest.fixture
def unlimited(world: World) -> World:
    world.settings = replace(world.settings, limits_are_lifted=True)
    world.services = world.container()
    return world


@pytest.fixture
def ana(unlimited: World) -> Phone:
    phone = unlimited.person()
    assert phone.sign_in().status == 200
    return phone


def needed(field: Field) -> Any:  # noqa: ANN401 - any JSON
    """Return a value of a field's form, with its required members alone."""
    if isinstance(field, Record):
        return {name: needed(each.field) for name, each in field.members.items() if each.is_required}
    if isinstance(field, Items):
        return [needed(field.of) for _ in range(field.min_items)]
    return scalar(field.schema())


def scalar(schema: JsonSchema) -> object:
    if schema.get("type") == "boolean":
        return True
    if schema.get("format") == "uuid":
        return SOME_UUID
    return schema.get("enum", ["A" * 43])[0]


def decorated(field: Field, bare: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - any JSON
    """Return what a value may be, too: with any decoration, and any of its optional members as null."""
    if isinstance(field, Items):
        return st.tuples(*(decorated(field.of, item) for item in bare)).map(list)
    if not isinstance(field, Record):
        return st.just(bare)
    fields = {name: member.field for name, member in field.members.items()}
    same = {
        name: decorated(fields[name], value) if name in fields else st.just(value)
        for name, value in bare.items()
    }
    more = {name: besides(member) for name, member in field.members.items() if name not in bare}
    return st.fixed_dictionaries(same, optional=more)


def besides(member: Member) -> st.SearchStrategy[Any]:
    """Return what an optional member may be without making a difference."""
    is_object = isinstance(member.field, Record) and needed(member.field) == {}
    inside = decorated(member.field, {}) if is_object else st.none()
    return ANYTHING | inside if is_decoration(member) else st.none() | inside


def is_decoration(member: Member) -> bool:
    return member.is_forgiving and isinstance(member.field, Decorated | Record)


def ask(world: World, route: Route[Any], body: object, token: str | None) -> Reply:
    path = route.path
    for name in route.parameter_names:
        path = path.replace("{" + name + "}", SOME_UUID)
    headers = {"content-type": str(route.body_format)}
    world.principal = "arn:aws:iam::123456789012:user/backend"
    return world.call(route.method, path, body, token=token, headers=headers)


def told(reply: Reply) -> tuple[int, object, object]:
    body = reply.body if isinstance(reply.body, dict) else {}
    return reply.status, reply.code, body.get("errors")


@pytest.mark.parametrize(("route", "record"), TOLERANT)
def test_no_decoration_and_no_null_makes_a_difference_at_any_route(
    unlimited: World, ana: Phone, route: Route[Any], record: Record
) -> None:
    token = ana.access_token if route.access.admission is Admission.bearer else None
    bare = {"unknown": 1} if record.partial else needed(record)  # a change needs nothing: compare its fault
    expected = told(ask(unlimited, route, bare, token))
    seen = []

    @EXAMPLES
    @given(decorated(record, bare))
    def holds(body: object) -> None:
        seen.append(body != bare)
        assert told(ask(unlimited, route, body, token)) == expected, json.dumps(body)

    holds()
    assert any(seen)


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.body_optional], ids=lambda route: route.operation_id
)
def test_null_is_an_optional_body_that_is_absent(unlimited: World, route: Route[Any]) -> None:
    absent = told(ask(unlimited, route, None, None))
    for body in ("null", " null\r\n", " ", "{}"):
        assert told(ask(unlimited, route, body, None)) == absent


def test_every_optional_member_of_every_body_decides_or_is_decoration() -> None:
    """A new member must be put on one side or the other."""
    for record in (record for _, body in BODIES for record in body.records()):
        for name, member in record.members.items():
            is_known = is_decoration(member) is (name not in DECIDES)
            assert member.is_required or is_known, f"{record.name}.{name}"


def assert_clean(value: object, chars_max: int) -> None:
    """Fail unless what is kept of a decoration can be shown."""
    if value is not None:
        assert isinstance(value, str)
        assert 1 <= len(value) <= chars_max
        assert value == value.strip()
        assert not {unicodedata.category(each) for each in value} & {"Cc", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize("provider", [GOOGLE, APPLE], ids=lambda one: one.name)
def test_any_decoration_signs_up_and_what_is_stored_is_clean(
    unlimited: World, provider: OidcProvider
) -> None:
    record = next(record for route, record in BODIES if route.path == f"/auth/{provider.name}")

    @EXAMPLES
    @given(st.data(), TEXTS, TEXTS)
    def holds(data: st.DataObject, name: str, version: str) -> None:
        phone = unlimited.person(f"p{next(numbers)}@example.com", provider=provider)
        bare = phone.sign_in_body(phone.id_token(name=name, given_name=name, picture=name))
        body = data.draw(decorated(record, bare | {"device": {"id": "device-1", "platform": "ios"}}))
        headers = {"x-app-version": version.encode().decode("latin-1")}
        reply = unlimited.call("POST", phone.sign_in_path, body, headers=headers)
        assert reply.status == 200, (body, reply.body)
        phone.answer = reply.body
        for user in (reply.body["user"], phone.get("/account").body):
            for part in ("name", "given_name", "family_name"):
                assert_clean(user[part], 255)
            assert_clean(user["picture"], 2048)
        (session,) = phone.get("/sessions").body["sessions"]
        for part, chars_max in DEVICE.items():
            assert_clean(session["device"][part], chars_max)

    holds()
    for (version,) in unlimited.rows("SELECT DISTINCT app_version FROM consent_events"):
        assert_clean(version, 64)


def test_any_decoration_changes_the_account_and_what_is_stored_is_clean(ana: Phone) -> None:
    names = st.sampled_from(["display_name", "language", "time_zone"])

    @EXAMPLES
    @given(st.dictionaries(names, ANYTHING, min_size=1))
    def holds(body: dict[str, object]) -> None:
        before = ana.get("/account").body
        reply = ana.call("PATCH", "/account", body, token=ana.access_token)
        assert reply.status == 200, (body, reply.body)
        after = ana.get("/account").body
        assert_clean(after["display_name"], 100)
        assert after["time_zone"] is None or time_zone(after["time_zone"]) == after["time_zone"]
        assert [name for name, value in body.items() if value is None and after[name] is not None] == []
        assert {name: after[name] for name in before.keys() - body.keys()} == {
            name: before[name] for name in before.keys() - body.keys()
        }

    holds()


def test_any_name_registers_a_key_and_what_is_stored_is_clean(ana: Phone) -> None:
    key = HardwareKey()

    @EXAMPLES
    @given(ANYTHING)
    def holds(name: object) -> None:
        reply = complete(ana, key, begin(ana, key).body["challenge"], name=name)
        assert reply.status == 200, (name, reply.body)
        assert_clean(reply.body["name"], 64)

    holds()
