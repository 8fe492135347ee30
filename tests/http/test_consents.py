"""Documents, and what a person answered to them at sign-in: shown, recorded, never overwritten."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

import psycopg2
import pytest

from tests.world import REQUIRED, Phone, World

NARROW = "account consents logout sessions"
WIDE = "account app consents logout sessions"
TERMS = "terms_of_service"


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def publish(world: World, kind: str, version: str) -> None:
    """Put a new version in force from now on, without grace, as a release would."""
    world.execute(
        """
        INSERT INTO consent_documents
        SELECT (jsonb_populate_record(d, jsonb_build_object(
            'version', %s, 'effective_at', %s, 'grace', interval '0',
            'sha256', encode(sha256(convert_to(%s || locale, 'UTF8')), 'hex')))).*
        FROM consent_documents d WHERE kind = %s AND version = '1.0'
        """,
        version,
        world.clock.now(),
        version,
        kind,
    )


def answers(version: str, *kinds: str, granted: bool = True) -> list[dict[str, Any]]:
    return [{"document": kind, "version": version, "granted": granted} for kind in kinds]


def history(world: World) -> list[tuple[Any, ...]]:
    return world.rows("SELECT kind, version, action FROM consent_events ORDER BY id")


def test_the_documents_in_force_are_shown_with_the_hash_of_their_words(world: World) -> None:
    shown = world.call("GET", "/consents/documents").body["documents"]
    assert {text["document"] for text in shown if text["required"]} == set(REQUIRED)
    assert [text["document"] for text in shown if not text["required"]] == ["ai_processing"]
    for text in shown:
        assert (text["version"], text["locale"]) == ("1.0", "en")
        assert sha256(text["text"].encode()).hexdigest() == text["sha256"]


def test_the_documents_speak_the_language_of_the_phone(world: World) -> None:
    english, spanish = (
        world.call("GET", "/consents/documents", headers={"accept-language": wanted})
        for wanted in ("fr, en;q=0.1", "es-AR")
    )
    assert (english.headers["Content-Language"], spanish.headers["Content-Language"]) == ("en", "es")
    assert {text["locale"] for text in spanish.body["documents"]} == {"es"}
    assert english.headers["ETag"] != spanish.headers["ETag"]
    hashes = [{text["sha256"] for text in reply.body["documents"]} for reply in (english, spanish)]
    assert hashes[0].isdisjoint(hashes[1])


def test_the_documents_in_force_are_the_newest_that_took_effect(world: World) -> None:
    world.clock.advance(timedelta(hours=1))
    publish(world, TERMS, "2.0")

    def version() -> str:
        shown = world.call("GET", "/consents/documents").body["documents"]
        return str(next(text["version"] for text in shown if text["document"] == TERMS))

    assert version() == "2.0"
    world.clock.advance(timedelta(seconds=-1))
    assert version() == "1.0"


def test_consent_is_recorded_with_all_that_proves_it(world: World) -> None:
    phone = world.person()
    body = phone.sign_in_body()
    body["device"]["app_version"] = "3.2.1"
    reply = world.call("POST", "/auth/google", body, headers={"accept-language": "es"})  # G1
    shown = world.call("GET", "/consents/documents", headers={"accept-language": "es"}).body["documents"]
    recorded = world.rows(
        "SELECT kind, version, sha256, locale, action, method, app_version, session_id::text, user_id::text,"
        " occurred_at FROM consent_events ORDER BY kind"
    )
    said = ("es", "granted", "onboarding", "3.2.1", reply.body["session"]["id"], reply.body["user"]["id"])
    assert recorded == sorted(
        (text["document"], "1.0", text["sha256"], *said, world.clock.now())
        for text in shown
        if text["required"]
    )


def test_a_refused_optional_document_is_recorded_and_opens_nothing(world: World) -> None:
    phone = world.person()
    no = answers("1.0", "ai_processing", granted=False)
    assert phone.sign_in(consents=answers("1.0", *REQUIRED) + no).body["scope"] == WIDE
    assert ("ai_processing", "1.0", "refused") in history(world)


def test_a_granted_optional_document_opens_its_scope(world: World) -> None:
    phone = world.person()
    reply = phone.sign_in(consents=answers("1.0", *REQUIRED, "ai_processing"))
    assert reply.body["scope"] == "account ai app consents logout sessions"
    no = answers("1.0", "ai_processing", granted=False)
    assert phone.sign_in(consents=no).body["scope"] == WIDE  # the last answer counts


def test_an_answer_that_stands_already_is_not_repeated(world: World, ana: Phone) -> None:
    before = history(world)
    ana.sign_in()
    assert history(world) == before


@pytest.mark.parametrize(
    "change", ["UPDATE consent_events SET action = 'refused'", "DELETE FROM consent_events"]
)
def test_what_was_recorded_can_not_be_changed_by_anyone(world: World, ana: Phone, change: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        world.execute(change)


def test_a_person_reads_where_they_stand_and_their_whole_history(world: World, ana: Phone) -> None:
    consents = ana.get("/consents").body
    assert {state["document"]: state["granted"] for state in consents["state"]} == {
        **dict.fromkeys(REQUIRED, True),
        "ai_processing": False,
    }
    assert [(each["document"], each["action"], each["method"]) for each in consents["history"]] == [
        (kind, "granted", "onboarding") for kind, _, _ in history(world)
    ]


def test_nobody_reads_anybody_elses_history(world: World, ana: Phone) -> None:
    eve = world.person("eve@example.com")
    eve.sign_in(consents=answers("1.0", *REQUIRED, "ai_processing"))
    assert len(ana.get("/consents").body["history"]) == len(REQUIRED)
    assert len(eve.get("/consents").body["history"]) == len(REQUIRED) + 1


def test_a_person_whose_consent_is_outdated_comes_in_with_their_own_data_only(
    world: World, ana: Phone
) -> None:
    world.clock.advance(timedelta(hours=1))
    publish(world, TERMS, "2.0")
    for reply in (ana.refresh(), ana.sign_in(consents=[])):
        assert (reply.status, reply.body["scope"]) == (200, NARROW)
        [gap] = reply.body["consents_missing"]
        assert (gap["document"], gap["version"]) == (TERMS, "2.0")
    for path in ("/account", "/sessions", "/consents"):
        assert ana.get(path).status == 200  # never locked out of their own data
    assert ana.delete("/sessions").status == 204
    assert ana.logout().status == 204


def test_the_missing_consent_names_the_words_in_the_language_of_the_phone(world: World, ana: Phone) -> None:
    world.clock.advance(timedelta(hours=1))
    publish(world, TERMS, "2.0")
    body = {"refresh_token": ana.refresh_token}
    spanish = world.call("POST", "/auth/refresh", body, headers={"accept-language": "es"}).body
    assert spanish["consents_missing"][0]["sha256"] == sha256(b"2.0es").hexdigest()


def test_giving_the_current_version_in_a_sign_in_widens_at_once_and_keeps_the_history(
    world: World, ana: Phone
) -> None:
    world.clock.advance(timedelta(hours=1))
    publish(world, TERMS, "2.0")
    ana.refresh()
    before = history(world)
    reply = ana.sign_in(consents=answers("2.0", TERMS))
    assert (reply.body["scope"], reply.body["consents_missing"]) == (WIDE, [])
    after = history(world)
    assert (after[: len(before)], after[-1]) == (before, (TERMS, "2.0", "granted"))
    assert ana.refresh().body["scope"] == WIDE


def test_another_devices_session_widens_with_its_next_refresh(world: World, ana: Phone) -> None:
    tablet = world.person(device="device-2")
    tablet.sign_in()
    world.clock.advance(timedelta(hours=1))
    publish(world, TERMS, "2.0")
    assert tablet.refresh().body["scope"] == NARROW
    ana.sign_in(consents=answers("2.0", TERMS))
    assert tablet.refresh().body["scope"] == WIDE


def test_an_app_that_knows_only_old_versions_locks_no_known_person_out(world: World, ana: Phone) -> None:
    world.clock.advance(timedelta(hours=1))
    publish(world, TERMS, "2.0")
    before = world.rows("SELECT count(*) FROM consent_events")
    reply = ana.sign_in(consents=answers("1.0", TERMS))
    assert (reply.status, reply.body["scope"]) == (200, NARROW)
    assert [gap["version"] for gap in reply.body["consents_missing"]] == ["2.0"]
    assert world.rows("SELECT count(*) FROM consent_events") == before


def test_a_known_person_may_refuse_what_they_granted_and_is_narrowed(world: World, ana: Phone) -> None:
    reply = ana.sign_in(consents=answers("1.0", TERMS, granted=False))
    assert (reply.status, reply.body["scope"]) == (200, NARROW)
    assert [gap["document"] for gap in reply.body["consents_missing"]] == [TERMS]
    assert ana.refresh().body["scope"] == NARROW


def test_an_unknown_document_locks_no_known_person_out_and_is_not_recorded(world: World, ana: Phone) -> None:
    before = world.rows("SELECT count(*) FROM consent_events")
    assert ana.sign_in(consents=answers("1.0", "everything")).body["scope"] == WIDE
    assert world.rows("SELECT count(*) FROM consent_events") == before


def test_a_document_answered_twice_is_refused_and_nothing_is_stored(world: World, ana: Phone) -> None:
    before = world.stored()
    reply = ana.sign_in(consents=answers("1.0", TERMS, TERMS))
    assert (reply.status, reply.code) == (400, "invalid_input")
    assert world.stored() == before


def test_a_new_person_is_asked_for_the_new_version_and_the_old_one_is_not_enough(world: World) -> None:
    world.clock.advance(timedelta(hours=1))
    publish(world, TERMS, "2.0")
    eve = world.person("eve@example.com")
    assert eve.sign_in().code == "consent_required"
    rest = [kind for kind in REQUIRED if kind != TERMS]
    assert eve.sign_in(consents=answers("1.0", *rest) + answers("2.0", TERMS)).status == 200
