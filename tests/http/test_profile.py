"""What a person chooses of themselves: shown everywhere, overwritten by nobody, sealed as profiles are."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from psycopg2.errors import CheckViolation

from chalicelib.stores.account import AccountStore
from tests.aws_tap import AwsTap, tapped
from tests.http.test_statements import counted
from tests.races import at_once
from tests.world import Phone, Reply, World

CHOSEN = {"display_name": "Anita", "language": "es-419", "time_zone": "America/Guatemala"}
NOTHING = dict.fromkeys(CHOSEN)


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


@pytest.fixture
def tablet(world: World, ana: Phone) -> Phone:
    phone = world.person(device="device-2")
    phone.sign_in()
    return phone


@pytest.fixture
def aws(world: World, ana: Phone) -> Iterator[AwsTap]:
    with tapped(world) as tap:
        yield tap


def change(phone: Phone, body: object) -> Reply:
    return phone.world.call("PATCH", "/account", body, token=phone.access_token)


def shown(user: dict[str, Any]) -> dict[str, Any]:
    return {name: user[name] for name in CHOSEN}


def test_who_never_chose_anything_is_shown_nulls(ana: Phone) -> None:
    answers = (ana.answer["user"], ana.get("/account").body, ana.refresh().body["user"])
    assert [shown(user) for user in answers] == [NOTHING] * 3


def test_what_is_chosen_is_shown_at_once_and_everywhere(ana: Phone) -> None:
    changed = change(ana, CHOSEN)
    assert (changed.status, shown(changed.body)) == (200, CHOSEN)
    assert ana.get("/account").body == changed.body
    assert ana.refresh().body["user"] == changed.body
    assert ana.sign_in().body["user"] == changed.body
    assert ana.refresh().body["user"] == changed.body


def test_a_change_reaches_the_other_devices_at_their_next_refresh(ana: Phone, tablet: Phone) -> None:
    change(ana, CHOSEN)
    assert shown(tablet.refresh().body["user"]) == CHOSEN
    change(tablet, {"language": "en"})
    assert shown(ana.refresh().body["user"]) == CHOSEN | {"language": "en"}


def test_what_is_not_named_stays_and_null_clears(ana: Phone) -> None:
    change(ana, CHOSEN)
    assert shown(change(ana, {"language": "en"}).body) == CHOSEN | {"language": "en"}
    assert shown(change(ana, {"time_zone": None}).body) == CHOSEN | {"language": "en", "time_zone": None}


def test_who_takes_everything_back_leaves_nothing_stored(world: World, ana: Phone) -> None:
    change(ana, CHOSEN)
    assert shown(change(ana, NOTHING).body) == NOTHING
    assert world.rows("SELECT chosen FROM users") == [(None,)]
    assert shown(ana.refresh().body["user"]) == shown(ana.sign_in().body["user"]) == NOTHING


def test_what_google_says_later_does_not_overwrite_what_the_person_chose(ana: Phone, tablet: Phone) -> None:
    change(ana, CHOSEN)
    user = tablet.sign_in(ana.id_token(name="Ana Maria Diaz")).body["user"]
    assert (user["name"], shown(user)) == ("Ana Maria Diaz", CHOSEN)
    assert ana.refresh().body["user"] == ana.get("/account").body == user


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "", "too_few"),
        ({"name": "Anita"}, "/name", "unknown_field"),
        ({"email": "eve@example.com"}, "/email", "unknown_field"),
        ({"display_name": ""}, "/display_name", "too_short"),
        ({"display_name": " Anita"}, "/display_name", "pattern"),
        ({"display_name": "Ani\nta"}, "/display_name", "pattern"),
        ({"display_name": "\x85"}, "/display_name", "pattern"),
        ({"display_name": "x" * 101}, "/display_name", "too_long"),
        ({"display_name": 7}, "/display_name", "wrong_type"),
        ({"language": "english"}, "/language", "pattern"),
        ({"language": "es_ES"}, "/language", "pattern"),
        ({"language": "ES"}, "/language", "pattern"),
        ({"language": "en-US-u-fw-mon"}, "/language", "pattern"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone", "not_allowed"),
        ({"time_zone": "europe/madrid"}, "/time_zone", "pattern"),
        ({"time_zone": "../../etc/passwd"}, "/time_zone", "pattern"),
        ({"time_zone": "Factory"}, "/time_zone", "not_allowed"),
    ],
)
def test_what_does_not_fit_is_refused_by_name_and_nothing_is_changed(  # A2
    world: World, ana: Phone, body: dict[str, object], pointer: str, code: str
) -> None:
    reply = change(ana, body if not body else {"language": "en"} | body)
    assert (reply.status, reply.body["errors"]) == (400, [{"pointer": pointer, "code": code}])
    assert world.rows("SELECT chosen FROM users") == [(None,)]


def test_no_body_is_no_change(ana: Phone) -> None:
    assert (change(ana, None).status, change(ana, "").code) == (400, "malformed_body")


@pytest.mark.parametrize(
    "body",
    [
        *({"display_name": name} for name in ("A", "Ñandú 陳大文", "x" * 100, "Dr. O'Neill-Smith III")),
        *({"language": tag} for tag in ("en", "fil", "es-ES", "es-419", "zh-Hant-TW", "sr-Latn")),
        *({"time_zone": name} for name in ("UTC", "Asia/Kolkata", "America/Argentina/Ushuaia", "Etc/GMT+5")),
    ],
    ids=lambda body: next(iter(body.values())),
)
def test_what_people_are_called_speak_and_live_by_is_accepted(ana: Phone, body: dict[str, str]) -> None:
    assert shown(change(ana, body).body) == NOTHING | body


def test_a_change_is_recorded_by_the_names_of_its_fields(world: World, ana: Phone) -> None:
    change(ana, CHOSEN)
    change(ana, {"display_name": None})
    change(ana, {"display_name": None})  # changes nothing, records nothing
    query = "SELECT details, session_id::text FROM audit_events WHERE kind = 'account.changed' ORDER BY id"
    changed = ("display_name language time_zone", "display_name")
    assert world.rows(query) == [({"changed": names}, ana.session_id) for names in changed]


def test_nothing_that_is_chosen_can_be_read_in_the_database(world: World, ana: Phone, tablet: Phone) -> None:
    change(ana, CHOSEN)
    tablet.refresh()
    rows = str(world.rows("SELECT u::text FROM users u UNION ALL SELECT s::text FROM sessions s"))
    rows += str(world.rows("SELECT a::text FROM audit_events a"))
    assert [value for value in CHOSEN.values() if value in rows or value.encode().hex() in rows] == []


def test_a_change_is_two_statements_the_second_with_its_record(world: World, ana: Phone) -> None:
    with counted(world) as count:
        change(ana, CHOSEN)
    assert (len(count.statements), count.alone) == (2, [True, True])
    with counted(world) as count:
        change(ana, CHOSEN)
    assert len(count.statements) == 1


def test_a_sign_in_of_who_chose_something_keeps_it_for_the_refreshes_to_come(
    world: World, ana: Phone, aws: AwsTap
) -> None:
    change(ana, CHOSEN)
    aws.clear()
    with counted(world) as count:
        assert shown(ana.sign_in().body["user"]) == CHOSEN
        assert shown(ana.refresh().body["user"]) == CHOSEN
    assert (len(count.statements), aws.calls) == (3, [])  # sign-in, the copy sealed again, the refresh


def test_while_the_keys_are_away_a_sign_in_works_and_the_choices_follow(ana: Phone, aws: AwsTap) -> None:
    with tapped(ana.world):
        change(ana, CHOSEN)
    with tapped(ana.world) as cold:
        cold.down = {"kms", "dynamodb"}
        assert shown(ana.sign_in().body["user"]) == NOTHING  # F-9: deferred, not refused
        assert shown(ana.refresh().body["user"]) == NOTHING
        assert change(ana, CHOSEN).status == 503
        cold.down.clear()
        assert shown(ana.refresh().body["user"]) == CHOSEN


def test_the_retry_of_a_sign_in_shows_what_was_chosen_meanwhile(ana: Phone) -> None:
    token = ana.id_token()
    ana.sign_in(token)
    change(ana, CHOSEN)
    assert shown(ana.sign_in(token).body["user"]) == CHOSEN


def test_two_devices_that_change_different_fields_at_once_both_win(
    world: World, ana: Phone, tablet: Phone
) -> None:
    bodies = [{"display_name": "Anita"}, {"language": "es"}]
    acts = (partial(change, phone, body) for phone, body in zip((ana, tablet), bodies, strict=True))
    replies = at_once(acts)
    assert [reply.status for reply in replies] == [200, 200]
    assert shown(ana.get("/account").body) == NOTHING | bodies[0] | bodies[1]


def test_choices_moved_to_another_person_do_not_open(world: World, ana: Phone) -> None:
    change(ana, CHOSEN)
    eve = world.person("eve@example.com")
    eve.sign_in()
    moved = "UPDATE users SET chosen = (SELECT chosen FROM users WHERE id = %s) WHERE id = %s"
    world.execute(moved, ana.user_id, eve.user_id)
    assert eve.get("/account").code == "integrity"  # K2, F-11
    assert shown(ana.get("/account").body) == CHOSEN


def test_an_erased_persons_choices_are_gone(world: World, ana: Phone) -> None:
    change(ana, CHOSEN)
    assert world.call("DELETE", "/account", {"confirm": True}, token=ana.access_token).status < 300
    assert world.rows("SELECT chosen FROM users") == [(None,)]  # G4


def test_the_database_itself_refuses_choices_of_an_erased_person(world: World, ana: Phone) -> None:
    change(ana, CHOSEN)
    with pytest.raises(CheckViolation, match="ck_users_erased_chose_nothing"):
        world.execute("UPDATE users SET status = 'erased', profile = NULL")


def test_who_is_overtaken_every_time_is_asked_to_come_back(
    world: World, ana: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(store: AccountStore, session_id: UUID, *_: object, now: datetime, **_also: str) -> object:
        return False, store.read(session_id, proof=None, now=now)

    monkeypatch.setattr(AccountStore, "choose", overtaken)
    reply = change(ana, CHOSEN)
    assert (reply.status, reply.code, reply.body["retry_after"]) == (503, "service_unavailable", 1)
