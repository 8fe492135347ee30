"""Every act of an operator by the one local command: a table for people, JSON for scripts, all on record."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from chalicelib import wiring
from chalicelib.domain.operators import KINDS, OperatorAct
from local import invoke
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
def ana(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Phone:
    """Return a phone of the stack that runs, as other shells see it."""
    settings = tmp_path / "settings.json"
    settings.write_text(
        json.dumps({name: os.environ[name] for name in os.environ if name.startswith("AWS_")})
    )
    monkeypatch.setattr(invoke, "SETTINGS", settings)
    monkeypatch.setattr(wiring, "services", lambda: world.services)
    phone = world.person()
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


def test_what_is_refused_is_told_in_words(ana: Phone) -> None:
    with pytest.raises(StackError, match="Whom"):
        operate(parser().parse_args(["operate", "show", *WHO]))
    perform(ana, "erase")
    with pytest.raises(StackError, match="Refused: Nothing is found here"):
        perform(ana, "suspend")
    with pytest.raises(StackError, match="Refused: an actor or a reason"):
        operate(
            parser().parse_args(
                ["operate", "show", "--user-id", ana.user_id, "--actor", "@", "--reason", "x"]
            )
        )
