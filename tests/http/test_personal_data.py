"""What is known of a person: renewed when Google or the phone says something new, readable by nobody else."""

import json
import logging
from typing import Any

import jwt
import pytest

from chalicelib.observation import log
from tests.aws_tap import tapped
from tests.world import Phone, World


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


def without(ana: Phone, *names: str) -> str:
    """Return an ID token that lacks some claims, as Google's second and later ones may."""
    claims = jwt.decode(ana.id_token(), options={"verify_signature": False})
    return ana.world.google.sign({name: value for name, value in claims.items() if name not in names})


def indexes(world: World) -> list[Any]:
    return world.rows("SELECT email_index FROM identities")


def sealed(world: World) -> list[Any]:
    return world.rows("SELECT profile, profile_digest FROM users") + world.rows(
        "SELECT id, description, description_digest FROM devices ORDER BY created_at"
    )


def test_a_changed_name_is_shown_at_once_in_the_account(ana: Phone) -> None:
    reply = ana.sign_in(ana.id_token(name="Ana Maria Diaz"))
    assert reply.body["user"]["name"] == "Ana Maria Diaz"
    assert ana.get("/account").body["name"] == "Ana Maria Diaz"
    assert ana.refresh().body["user"]["name"] == "Ana Maria Diaz"


def test_a_changed_name_is_shown_by_the_next_refresh_of_another_device(
    world: World, ana: Phone, tablet: Phone
) -> None:
    ana.sign_in(ana.id_token(name="Ana Maria Diaz"))
    assert tablet.answer["user"]["name"] == "Ana Diaz"
    assert tablet.refresh().body["user"]["name"] == "Ana Maria Diaz"
    with tapped(world) as aws:
        assert tablet.refresh().body["user"]["name"] == "Ana Maria Diaz"
    assert aws.calls == []  # the session keeps it now
    assert tablet.answer["session"]["device"]["id"] == "device-2"


def test_a_token_without_a_name_keeps_the_stored_one(world: World, ana: Phone) -> None:
    first = ana.answer["user"]
    before = sealed(world)
    reply = ana.sign_in(without(ana, "name", "given_name", "family_name", "picture"))
    assert reply.body["user"] == ana.refresh().body["user"] == first
    assert ana.get("/account").body == first
    assert sealed(world) == before


def test_a_token_without_an_email_keeps_the_stored_one_and_its_index(world: World, ana: Phone) -> None:
    before = indexes(world)
    reply = ana.sign_in(without(ana, "email", "email_verified"))
    assert (reply.body["user"]["email"], reply.body["user"]["email_verified"]) == (ana.email, True)
    assert indexes(world) == before


def test_a_changed_email_changes_its_index_and_is_the_same_person(world: World, ana: Phone) -> None:
    before = indexes(world)
    reply = ana.sign_in(ana.id_token(email="ana@new.example"))
    assert (reply.body["user"]["id"], reply.body["user"]["email"]) == (ana.user_id, "ana@new.example")
    assert indexes(world) != before
    ana.sign_in(ana.id_token(email=ana.email))
    assert indexes(world) == before  # the index of an address is always the same


def test_an_unverified_email_is_shown_and_never_indexed(world: World, ana: Phone) -> None:
    reply = ana.sign_in(ana.id_token(email="ana@new.example", email_verified=False))  # GG5
    assert (reply.body["user"]["email"], reply.body["user"]["email_verified"]) == ("ana@new.example", False)
    assert indexes(world) == [(None,)]


def test_what_did_not_change_is_not_written(world: World, ana: Phone) -> None:
    before, acts = sealed(world), world.kinds_of_acts(ana.user_id)
    ana.sign_in()
    assert sealed(world) == before
    assert world.kinds_of_acts(ana.user_id)[len(acts) :] == ["session.started", "session.ended"]


def test_a_renewal_is_recorded_without_what_was_renewed(world: World, ana: Phone) -> None:
    ana.sign_in(ana.id_token(name="Ana Maria Diaz"))
    query = "SELECT details FROM audit_events WHERE kind = 'account.data_renewed'"
    assert world.rows(query) == [({"changed": "profile"},)]
    ana.sign_in(device={"id": "device-1", "platform": "ios", "os_version": "19.1"})
    assert ({"changed": "profile device"},) in world.rows(query)


def test_a_phone_that_was_renamed_is_shown_so(ana: Phone) -> None:
    ana.sign_in(device={"id": "device-1", "platform": "ios", "name": "The blue one", "os_version": "19.1"})
    [session] = ana.get("/sessions").body["sessions"]
    assert (session["device"]["name"], session["device"]["os_version"]) == ("The blue one", "19.1")


PLANTED = {
    "email": "planted.address@example.com",
    "name": "Plantina Secretova",
    "subject": "987654321098765432109",
    "device": "Plantinas Fernsprecher",
    "device_id": "planted-device-0001",
}


def test_nothing_personal_is_in_the_database_or_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    phone = world.person(PLANTED["email"], PLANTED["name"], PLANTED["device_id"])
    device = {"id": PLANTED["device_id"], "platform": "ios", "name": PLANTED["device"]}
    token = phone.id_token(subject=PLANTED["subject"])
    phone.sign_in(token, device=device)
    tokens = [token, phone.access_token, phone.refresh_token]
    for path in ("/account", "/sessions", "/consents"):
        phone.get(path)
    phone.refresh()
    phone.sign_in(phone.id_token(subject=PLANTED["subject"], name="Plantina Anders"), device=device)
    tokens += [phone.access_token, phone.refresh_token]
    phone.sign_in(token, consents=[{}])
    phone.logout()
    secrets = [*PLANTED.values(), "Plantina", *tokens, *(token.split(".")[-1] for token in tokens)]
    lines = json.dumps([log.JsonLines().format(record) for record in caplog.records])
    haystack = dump(world) + lines
    found = [secret for secret in secrets for text in spellings(secret) if text in haystack]
    assert found == []


def dump(world: World) -> str:
    """Return every row of every table as PostgreSQL writes it; bytes as hex."""
    tables = world.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
    rows = [world.rows(f"SELECT t::text FROM {table} t") for (table,) in tables]  # noqa: S608 - names PostgreSQL told us
    return "\n".join(text for of_table in rows for (text,) in of_table)


def spellings(secret: str) -> tuple[str, str]:
    return secret, secret.encode().hex()


def test_the_dump_would_show_what_is_planted(world: World) -> None:
    world.execute("UPDATE alembic_version SET version_num = %s", PLANTED["device_id"])
    assert PLANTED["device_id"] in dump(world)
