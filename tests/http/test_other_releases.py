"""People whose data an earlier or a later release wrote: they go on, and nothing is sealed anew."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import field, make_dataclass
from typing import Any

import pytest

from chalicelib.domain.account import Profile
from chalicelib.domain.devices import Device
from chalicelib.domain.formats import Format, Name, added, optional, text_or_none
from tests.aws_tap import tapped
from tests.world import Phone, World

CHOSEN = {"display_name": "Anita", "language": "es-419", "time_zone": "America/Guatemala"}
Values = dict[str, Any]
Change = Callable[[Format, Values], Values]


def with_a_later_name(_: Format, values: Values) -> Values:
    return values | {"came_later": {"of": ["any", "kind"]}}


def without_optional_names(form: Format, values: Values) -> Values:
    return {name: value for name, value in values.items() if form.names[name].is_required}


@pytest.fixture
def other_release() -> Iterator[Callable[[Change], pytest.MonkeyPatch]]:
    """Let profiles, devices and choices be written as another release writes them, until it is undone."""
    patch, ours = pytest.MonkeyPatch(), Format.write_record

    def begin(change: Change) -> pytest.MonkeyPatch:
        def write(form: Format, record: object) -> bytes:
            return json.dumps(change(form, json.loads(ours(form, record)))).encode()

        patch.setattr(Format, "write_record", write)
        return patch

    yield begin
    patch.undo()


def ana_of(world: World, device: str = "device-1") -> Phone:
    phone = world.person(device=device)
    assert phone.sign_in().status == 200
    return phone


def change(phone: Phone, **chosen: object) -> Values:
    reply = phone.world.call("PATCH", "/account", chosen, token=phone.access_token)
    assert reply.status == 200
    return dict(reply.body)


def sessions(phone: Phone) -> list[Values]:
    reply = phone.get("/sessions")
    assert reply.status == 200
    return list(reply.body["sessions"])


def test_after_a_rollback_everybody_goes_on(
    world: World, other_release: Callable[[Change], pytest.MonkeyPatch]
) -> None:
    later = other_release(with_a_later_name)  # F-39
    ana, tablet = ana_of(world), ana_of(world, "device-2")
    shown = change(ana, **CHOSEN)
    devices = [each["device"] for each in sessions(ana)]
    later.undo()
    world.services = world.container()
    for phone in (ana, tablet):
        refreshed = phone.refresh()
        assert (refreshed.status, refreshed.body["user"]) == (200, shown)
        assert [each["device"] for each in sessions(phone)] in (devices, devices[::-1])
        assert phone.get("/account").body == shown
    assert change(ana, language="en") == shown | {"language": "en"}
    assert ana.get("/account/export").status == 200
    again = tablet.sign_in()
    assert (again.status, again.body["is_new_user"]) == (200, False)
    assert again.body["user"] == tablet.refresh().body["user"] == shown | {"language": "en"}


def test_what_an_earlier_release_did_not_know_has_its_default(
    world: World, other_release: Callable[[Change], pytest.MonkeyPatch]
) -> None:
    earlier = other_release(without_optional_names)  # F-39
    ana = ana_of(world)
    change(ana, **CHOSEN)
    earlier.undo()
    world.services = world.container()
    refreshed = ana.refresh()
    assert refreshed.status == 200
    user = refreshed.body["user"]
    unknown = {"email", "name", "given_name", "family_name", "picture", *CHOSEN}
    assert {name: user[name] for name in unknown} == dict.fromkeys(unknown)
    assert user["email_verified"] is False
    device = sessions(ana)[0]["device"]
    assert (device["id"], device["name"]) == ("device-1", None)
    assert change(ana, language="en")["language"] == "en"
    assert ana.get("/account/export").status == 200
    renewed = ana.sign_in()  # the provider and the phone say it all again
    assert (renewed.body["is_new_user"], renewed.body["user"]["email"]) == (False, ana.email)
    assert ana.refresh().body["user"] == renewed.body["user"]


def upgrade(patch: pytest.MonkeyPatch, record: type, form: str, name: Name) -> None:
    """Let every module use the record of the next release: it has one name more, which nobody set."""
    more = [("came_later", "str | None", field(default=None))]
    later = make_dataclass(
        record.__name__, more, bases=(record,), frozen=True, slots=True, kw_only=True, repr=False
    )
    ours = vars(sys.modules[record.__module__])[form]
    patch.setattr(
        sys.modules[record.__module__], form, Format(ours.label, {**ours.names, "came_later": name})
    )
    for module in [each for path, each in sys.modules.items() if path.startswith("chalicelib.")]:
        if vars(module).get(record.__name__) is record:
            patch.setattr(module, record.__name__, later)


DIGESTED = [(Device, "DEVICE"), (Profile, "PROFILE")]


@pytest.mark.parametrize(("record", "form"), DIGESTED, ids=["device", "profile"])
def test_a_known_sign_in_calls_nobody_after_a_name_was_added(
    world: World, monkeypatch: pytest.MonkeyPatch, record: type, form: str
) -> None:
    ana = ana_of(world)
    upgrade(monkeypatch, record, form, added(text_or_none, is_written=True))  # F-39
    with tapped(world) as aws:
        assert ana.refresh().status == 200
        assert ana.sign_in().status == 200
    assert aws.calls == []
    assert sessions(ana)[0]["device"]["id"] == "device-1"
    assert ana.get("/account").status == ana.refresh().status == ana.get("/account/export").status == 200


@pytest.mark.parametrize(("record", "form"), DIGESTED, ids=["device", "profile"])
def test_a_name_that_is_written_though_it_says_nothing_would_seal_everything_anew(
    world: World, monkeypatch: pytest.MonkeyPatch, record: type, form: str
) -> None:
    """Why names that come later are declared with `added` (decision 0136)."""
    ana = ana_of(world)
    upgrade(monkeypatch, record, form, optional(text_or_none))
    with tapped(world) as aws:
        assert ana.sign_in().status == 200
    assert "kms.Decrypt" in aws.calls
