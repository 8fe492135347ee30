"""Every act of an operator by the one local command: a table for people, JSON for scripts, all on record."""

import json
from typing import Any

import pytest
from psycopg2 import OperationalError

from chalicelib import wiring
from chalicelib.domain.export import PART_ITEMS
from chalicelib.domain.operators import KINDS, OperatorAct
from chalicelib.domain.providers import PROVIDERS
from chalicelib.routes.services import Services
from local.__main__ import parser
from local.operate import operate
from local.operate_options import ACTS
from local.places import StackError
from tests.races import audited
from tests.world import Phone, World

WHO = ("--actor", "j.doe", "--reason", "ticket 4711")
FIELDS = {  # what each act answers
    "find": {"people"},
    "show": {"user_id", "status", "providers", "devices", "live_sessions", "last_used_at"},
    "reveal": {"user_id", "status", "profile"},
    "export": {"account", "identities", "devices", "sessions", "consents", "audit_events"},
    "suspend": {"user_id", "status", "changed", "sessions_ended"},
    "reinstate": {"user_id", "status", "changed", "sessions_ended"},
    "end-sessions": {"user_id", "status", "changed", "sessions_ended"},
    "erase": {"erasure_id", "state", "receipt", "secret"},
}
SHOWN = {  # a word that people look for in the table
    "find": "created_at",
    "show": "live_sessions      1",
    "reveal": "ana@example.com",
    "export": '"account"',  # a document, in either form
    "suspend": "suspended",
    "reinstate": "active",
    "end-sessions": "sessions_ended     1",
    "erase": "completed",
}


@pytest.fixture
def ana(running: World) -> Phone:
    """Return a phone of somebody who signed in."""
    phone = running.person()
    phone.sign_in()
    return phone


def perform(ana: Phone, act: str, *more: str) -> None:
    whom = ("--email", ana.email) if act == "find" else ("--user-id", ana.user_id)
    typed = ("show", "--reveal") if act == "reveal" else (act,)
    operate(parser().parse_args(["operate", *typed, *whom, *WHO, *more]))


@pytest.mark.parametrize("act", FIELDS)
def test_an_act_answers_scripts_in_json(ana: Phone, act: str, capsys: pytest.CaptureFixture[str]) -> None:
    perform(ana, act, "--json")
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert FIELDS[act] <= answer.keys()


@pytest.mark.parametrize("act", FIELDS)
def test_an_act_answers_people_in_a_table(ana: Phone, act: str, capsys: pytest.CaptureFixture[str]) -> None:
    perform(ana, act)
    assert SHOWN[act] in capsys.readouterr().out


@pytest.mark.parametrize("form", [(), ("--json",)], ids=["table", "json"])
@pytest.mark.parametrize("act", [act for act in FIELDS if act != "erase"])
def test_an_act_in_an_emergency_answers_the_same_and_goes_on_record_as_such(
    world: World, ana: Phone, act: str, form: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    perform(ana, act, "--emergency", *form)
    told = capsys.readouterr().out
    if form:
        assert FIELDS[act] <= json.loads(told).keys()
    else:
        assert SHOWN[act] in told
    recorded = world.rows("SELECT details->>'act' FROM audit_events WHERE kind = 'operator.emergency_access'")
    assert recorded == [(act,)]  # H2
    assert audited(world, KINDS[OperatorAct(act)].value) == 0


def test_every_act_of_the_command_is_tried_here() -> None:
    assert {*ACTS, "reveal"} == FIELDS.keys() == SHOWN.keys()


def test_erasing_is_no_emergency_access(world: World, ana: Phone) -> None:
    with pytest.raises(StackError, match="not for erasing"):
        perform(ana, "erase", "--emergency")
    assert ana.get("/account").status == 200


def refused(*typed: str) -> str:
    with pytest.raises(StackError) as told:
        operate(parser().parse_args(["operate", *typed]))
    return str(told.value)


@pytest.mark.parametrize(
    ("caller", "user_id", "actor"), [("make", "USER_ID=", "ACTOR="), ("", "--user-id", "--actor")]
)
def test_what_is_refused_is_told_in_words_by_the_name_that_was_typed(
    ana: Phone, monkeypatch: pytest.MonkeyPatch, caller: str, user_id: str, actor: str
) -> None:
    monkeypatch.setenv("CALLED_BY", caller)
    assert refused("show", *WHO) == f"Whose account? Type {user_id}; the act `find` prints it."
    assert "one of them" in refused("find", *WHO)
    assert "one of them" in refused("find", *WHO, "--email", "a@example.com", "--subject", "1")
    assert refused("show", *WHO, "--user-id", "ana").startswith(f"Refused: {user_id} is an id like ")
    words = refused("show", "--user-id", ana.user_id, "--actor", "@", "--reason", "x1")
    assert words.startswith(f"Refused: {actor} has 2 to 128 characters: letters, digits")
    unknown = refused("find", *WHO, "--subject", "1", "--provider", "acme")
    assert unknown.endswith(f"is one of {', '.join(PROVIDERS)}.")
    perform(ana, "erase")
    assert refused("suspend", *WHO, "--user-id", ana.user_id) == "Refused: Nothing is found here (not_found)."


def test_what_breaks_is_told_without_a_library_s_words(
    world: World, ana: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> Services:
        message = 'connection to server at "127.0.0.1" failed for ana@example.com'
        raise OperationalError(message)

    monkeypatch.setattr(wiring, "services", gone)
    told = refused("show", *WHO, "--user-id", ana.user_id)
    assert told.startswith("operator_look failed: OperationalError at test_operate.py:")
    assert "example.com" not in told


def test_an_export_in_parts_says_how_to_get_the_next_one(
    world: World, ana: Phone, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CALLED_BY", "make")
    world.execute(
        "INSERT INTO audit_events (occurred_at, kind, user_id, request_id)"
        " SELECT now(), 'session.refreshed', %s, 'history' FROM generate_series(1, %s)",
        ana.user_id,
        PART_ITEMS,
    )
    for part, told in ((1, "This is part 1 of 2. Type PART=2 for the next one.\n"), (2, "")):
        perform(ana, "export", "--part", str(part))
        printed = capsys.readouterr()
        assert (json.loads(printed.out)["part"], printed.err) == (part, told)
