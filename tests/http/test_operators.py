"""Operators find and act through invoked functions; nothing personal comes unasked, all is on record."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

import app
from chalicelib import wiring
from chalicelib.domain.errors import DependencyUnavailable, NotFound
from chalicelib.domain.operators import KINDS, OperatorAct
from chalicelib.routes.all import ROUTES
from local.dev_google import subject_for
from local.operate import table
from tests.races import at_once, audited, live_sessions
from tests.world import Phone, World

WHO = {"actor": "j.doe", "reason": "ticket 4711"}
PERSONAL = ("ana@example.com", "Ana Diaz", "Diaz", subject_for("ana@example.com"))


@pytest.fixture
def ana(world: World, monkeypatch: pytest.MonkeyPatch) -> Phone:
    monkeypatch.setattr(wiring, "services", lambda: world.services)
    phone = world.person()
    phone.sign_in()
    return phone


def invocation(name: str) -> SimpleNamespace:
    return SimpleNamespace(aws_request_id=name)


def look(act: str, **event: Any) -> dict[str, Any]:  # noqa: ANN401 - an event of any kind
    return dict(app.operator_look({"act": act, **WHO, **event}, invocation("look")))


def reveal(act: str, **event: Any) -> dict[str, Any]:  # noqa: ANN401 - an event of any kind
    return dict(app.operator_reveal({"act": act, **WHO, **event}, invocation("reveal")))


def change(act: str, phone: Phone, **event: Any) -> dict[str, Any]:  # noqa: ANN401 - an event of any kind
    return dict(
        app.operator_change({"act": act, "user_id": phone.user_id, **WHO, **event}, invocation("change"))
    )


def records(world: World) -> list[tuple[Any, ...]]:
    """Return what operators left on record, in order."""
    return world.rows(
        "SELECT kind, user_id::text, request_id, details FROM audit_events"
        " WHERE kind LIKE 'operator.%%' ORDER BY id"
    )


def told(act: str) -> dict[str, str]:
    return {"act": act, **WHO}


def test_a_person_is_found_by_address_in_any_case_and_by_provider_subject(world: World, ana: Phone) -> None:
    ben = world.person("ben@example.com", "Ben Okafor", "device-2")
    ben.sign_in()
    for answer in (look("find", email="Ana@Example.com"), look("find", subject=subject_for(ana.email))):
        assert [person["user_id"] for person in answer["people"]] == [ana.user_id]
    assert records(world) == [("operator.found", ana.user_id, "look", told("find"))] * 2


def test_a_search_that_finds_nobody_is_on_record_too_without_the_address(world: World, ana: Phone) -> None:
    assert look("find", email="nobody@example.com") == {"people": []}
    assert records(world) == [("operator.found", None, "look", told("find"))]


def test_an_account_is_shown_without_personal_data(world: World, ana: Phone) -> None:
    world.person(device="device-2").sign_in()
    shown = look("show", user_id=ana.user_id)
    assert (shown["user_id"], shown["status"], shown["providers"]) == (ana.user_id, "active", ["google"])
    assert (shown["devices"], shown["live_sessions"]) == (2, 2)
    assert not [value for value in PERSONAL if value in str(shown)]
    assert records(world) == [("operator.shown", ana.user_id, "look", told("show"))]


def test_expired_sessions_are_not_shown_as_live(world: World, ana: Phone) -> None:
    world.clock.advance(timedelta(days=8))
    assert look("show", user_id=ana.user_id)["live_sessions"] == 0


def test_a_profile_is_revealed_only_by_the_function_for_it_and_is_on_record(world: World, ana: Phone) -> None:
    with pytest.raises(ValueError, match="act is one of find, show"):
        look("reveal", user_id=ana.user_id)
    assert reveal("reveal", user_id=ana.user_id)["profile"]["email"] == "ana@example.com"
    assert records(world) == [("operator.revealed", ana.user_id, "reveal", told("reveal"))]


def test_an_export_for_an_operator_is_the_persons_own_and_on_record(world: World, ana: Phone) -> None:
    own = ana.get("/account/export").body
    theirs = reveal("export", user_id=ana.user_id)
    assert theirs["account"] == own["account"]
    assert theirs["identities"] == own["identities"]
    assert theirs["sessions"] == own["sessions"]
    assert records(world) == [("operator.exported", ana.user_id, "reveal", told("export"))]


def test_people_see_in_their_export_that_an_operator_looked_but_not_who(world: World, ana: Phone) -> None:
    look("show", user_id=ana.user_id)
    events = ana.get("/account/export").body["audit_events"]
    assert [event["details"] for event in events if event["kind"] == "operator.shown"] == [{}]
    assert "j.doe" not in str(events)


def test_a_suspended_person_may_not_act_and_a_reinstated_one_may_again(world: World, ana: Phone) -> None:
    answer = change("suspend", ana)
    assert answer == {
        "user_id": ana.user_id,
        "status": "suspended",
        "changed": True,
        "sessions_ended": 1,
    }
    assert ana.get("/account").code == "account_suspended"
    assert ana.sign_in().code == "account_suspended"
    assert reveal("export", user_id=ana.user_id)["account_status"] == "suspended"  # their data stays theirs
    assert change("reinstate", ana)["status"] == "active"
    assert ana.sign_in().status == 200
    kinds = world.kinds_of_acts(ana.user_id)
    assert [kind for kind in kinds if "suspended" in kind or "reinstated" in kind] == [
        *("operator.suspended", "account.suspended"),
        *("operator.reinstated", "account.reinstated"),
    ]


def test_what_is_so_already_changes_nothing_and_is_on_record(world: World, ana: Phone) -> None:
    change("suspend", ana)
    again = change("suspend", ana)
    assert (again["status"], again["changed"], again["sessions_ended"]) == ("suspended", False, 0)
    assert (audited(world, "operator.suspended"), audited(world, "account.suspended")) == (2, 1)


def test_ending_sessions_ends_all_and_lets_the_person_sign_in_again(world: World, ana: Phone) -> None:
    world.person(device="device-2").sign_in()
    answer = change("end-sessions", ana)
    assert (answer["status"], answer["changed"], answer["sessions_ended"]) == ("active", True, 2)
    assert ana.refresh().code == "session_revoked"
    assert (audited(world, "operator.sessions_ended"), audited(world, "session.ended")) == (1, 2)
    assert ana.sign_in().status == 200


def test_emergency_access_is_the_same_act_under_its_own_kind(world: World, ana: Phone) -> None:  # H2
    shown = reveal("reveal", user_id=ana.user_id, emergency=True)
    assert shown["profile"]["name"] == "Ana Diaz"
    assert records(world) == [("operator.emergency_access", ana.user_id, "reveal", told("reveal"))]


def test_no_session_survives_a_suspension_that_races_sign_ins(world: World, ana: Phone) -> None:
    phones = [world.person(device=f"device-{number}") for number in range(2, 8)]
    bodies = [phone.sign_in_body() for phone in phones]
    calls = [lambda body=body: world.call("POST", "/auth/google", body).status for body in bodies]
    at_once([*calls, lambda: change("suspend", ana)["sessions_ended"]])
    assert live_sessions(world) == 0


@pytest.mark.parametrize("missing", ["actor", "reason"])
def test_nothing_is_done_for_nobody_or_for_no_reason(world: World, ana: Phone, missing: str) -> None:
    event = {"act": "suspend", "user_id": ana.user_id, **WHO}
    del event[missing]
    with pytest.raises(ValueError, match=f"{missing} has"):
        app.operator_change(event, invocation("change"))
    assert ana.get("/account").status == 200
    assert records(world) == []


@pytest.mark.parametrize(
    "text", ["", "x", "asked by ana@example.com", "line\nbreak", "nul\x00", "bell\x07", "a" * 129, None, 7]
)
@pytest.mark.parametrize("field", ["actor", "reason"])
def test_the_record_takes_plain_words_and_no_address(
    world: World, ana: Phone, field: str, text: object
) -> None:
    with pytest.raises(ValueError, match=f"{field} has"):
        look("show", user_id=ana.user_id, **{field: text})
    assert records(world) == []


def test_nobody_is_not_found_and_nobody_is_recorded(world: World, ana: Phone) -> None:
    for ask in (look, reveal):
        with pytest.raises(NotFound):
            ask("show" if ask is look else "reveal", user_id=str(uuid4()))
    assert records(world) == []


def test_an_erased_person_is_shown_as_erased_and_is_neither_found_revealed_nor_changed(
    world: World, ana: Phone
) -> None:
    app.account_erase({"user_id": ana.user_id, **WHO}, invocation("erase"))
    assert look("show", user_id=ana.user_id)["status"] == "erased"
    assert look("find", email=ana.email) == {"people": []}
    with pytest.raises(NotFound):
        reveal("export", user_id=ana.user_id)
    with pytest.raises(NotFound):
        change("reinstate", ana)


def test_the_record_holds_nothing_personal(world: World, ana: Phone) -> None:
    look("find", email=ana.email)
    look("find", subject=subject_for(ana.email))
    reveal("reveal", user_id=ana.user_id)
    reveal("export", user_id=ana.user_id)
    assert not [value for value in PERSONAL if value in str(records(world))]


def test_no_record_no_look_and_no_act(world: World, ana: Phone) -> None:
    world.execute("REVOKE INSERT ON audit_events FROM serenya_operators, serenya_functions")
    acts: tuple[Callable[[], object], ...] = (
        lambda: look("find", email=ana.email),
        lambda: look("show", user_id=ana.user_id),
        lambda: reveal("reveal", user_id=ana.user_id),
        lambda: reveal("export", user_id=ana.user_id),
        lambda: change("suspend", ana),
        lambda: change("end-sessions", ana),
    )
    for act in acts:
        with pytest.raises(DependencyUnavailable):
            act()
    assert live_sessions(world) == 1
    assert ana.get("/account").status == 200


def test_every_act_has_its_own_name_on_record() -> None:
    assert KINDS.keys() == set(OperatorAct)
    assert len(set(KINDS.values())) == len(OperatorAct)


def test_operators_have_functions_and_no_route() -> None:
    assert not [route.path for route in ROUTES if "operator" in route.path]
    assert all(hasattr(app, name) for name in ("operator_look", "operator_reveal", "operator_change"))


def test_people_read_a_table(world: World, ana: Phone) -> None:
    assert ana.user_id in table(look("find", email=ana.email)).splitlines()[1]
    assert "live_sessions      1" in table(look("show", user_id=ana.user_id))
    assert "  email            ana@example.com" in table(reveal("reveal", user_id=ana.user_id))
    assert table({"people": []}).startswith("Nobody")
