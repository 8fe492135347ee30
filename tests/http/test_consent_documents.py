"""The documents as anyone reads them: in force, in their language, cacheable; and those still to come."""

from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from tests.consenting import AI, NARROW, TERMS, WIDE, answer, gaps, lines, publish, scope, state_of
from tests.first_texts import shipped, yes
from tests.world import REQUIRED, Phone, Reply, World

DAY = timedelta(days=1)


def read(world: World, **headers: str) -> Reply:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return world.call("GET", "/consents/documents", headers=sent)


def versions(reply: Reply, kind: str) -> list[str]:
    return [text["version"] for text in reply.body["documents"] if text["document"] == kind]


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def test_each_document_is_shown_with_all_that_one_agrees_to(world: World) -> None:
    shown = {text["document"]: text for text in read(world).body["documents"]}
    assert shown.keys() == {*REQUIRED, AI}
    assert {kind for kind, text in shown.items() if text["required"]} == set(REQUIRED)
    for kind, text in shown.items():
        expected = shipped(kind)
        assert sha256(text["text"].encode()).hexdigest() == text["sha256"] == expected.sha256
        assert text["legal_basis"] == expected.legal_basis
        assert (text["purpose"], text["changes"]) == (expected.purpose, expected.changes)
    assert shown[AI]["legal_basis"] == "GDPR art. 9(2)(a)"  # G2


@pytest.mark.parametrize(
    ("wanted", "spoken"),
    [("es", "es"), ("es-MX,es;q=0.9", "es"), ("fr,es;q=0.2", "es"), ("fr", "en"), ("", "en")],
)
def test_the_language_is_negotiated_and_said(world: World, wanted: str, spoken: str) -> None:
    reply = read(world, accept_language=wanted)
    assert (reply.headers["Content-Language"], reply.headers["Vary"]) == (spoken, "Accept-Language")
    assert {text["locale"] for text in reply.body["documents"]} == {spoken}


def test_who_has_them_already_is_told_so_until_they_change(world: World) -> None:
    etag = read(world).headers["ETag"]
    same = read(world, if_none_match=etag)
    assert (same.status, same.body, same.headers["ETag"]) == (304, None, etag)
    assert same.headers["Content-Language"] == "en"
    assert read(world, if_none_match=f'"other", W/{etag}').status == 304
    assert read(world, if_none_match=etag, accept_language="es").status == 200
    publish(world, TERMS, "2.0")
    changed = read(world, if_none_match=etag)
    assert (changed.status, versions(changed, TERMS)) == (200, ["2.0"])


def test_a_version_of_tomorrow_changes_nothing_today(world: World, ana: Phone) -> None:
    publish(world, TERMS, "2.0", after=DAY)
    assert versions(read(world), TERMS) == ["1.0"]
    ana.refresh()
    assert (scope(ana), state_of(ana, TERMS)["version"]) == (WIDE, "1.0")
    assert answer(ana, yes(TERMS, "2.0")).code == "consent_version_not_current"
    assert world.person("ben@example.com").sign_in().status == 200  # asked for the words in force


def test_it_takes_effect_on_its_day_for_everybody_at_once(world: World, ana: Phone) -> None:
    publish(world, TERMS, "2.0", after=DAY)
    world.clock.advance(DAY)
    assert versions(read(world), TERMS) == ["2.0"]
    assert (gaps(ana.refresh()), scope(ana)) == ([(TERMS, "2.0")], NARROW)
    assert gaps(world.person("ben@example.com").sign_in()) == [(TERMS, "2.0")]
    answer(ana, yes(TERMS, "2.0"))
    assert lines(ana, TERMS)[-1] == ("granted", "2.0")


def test_grace_runs_from_the_day_it_takes_effect(world: World, ana: Phone) -> None:
    publish(world, TERMS, "2.0", after=DAY, grace=DAY)
    world.clock.advance(2 * DAY - timedelta(seconds=1))
    ana.refresh()
    assert scope(ana) == WIDE
    world.clock.advance(timedelta(seconds=1))
    ana.refresh()
    assert scope(ana) == NARROW


def test_a_version_in_force_and_one_to_come_live_side_by_side(world: World, ana: Phone) -> None:
    publish(world, TERMS, "2.0")
    publish(world, TERMS, "3.0", after=DAY)
    assert versions(read(world), TERMS) == ["2.0"]
    answer(ana, yes(TERMS, "2.0"))
    assert scope(ana) == WIDE
    world.clock.advance(DAY)
    assert gaps(ana.refresh()) == [(TERMS, "3.0")]


def test_a_kind_of_which_no_version_is_in_force_yet_is_not_known_yet(world: World, ana: Phone) -> None:
    publish(world, "research_use", "1.0", after=DAY, like=AI)
    assert versions(read(world), "research_use") == []
    assert answer(ana, yes("research_use")).code == "invalid_input"
    assert ana.delete("/consents/research_use").code == "not_found"
    world.clock.advance(DAY)
    ana.refresh()
    assert answer(ana, yes("research_use")).status == 200


def test_ten_is_newer_than_nine(world: World) -> None:
    moments: list[Any] = []
    for version in ("9.0", "10.0"):
        world.clock.advance(DAY)
        publish(world, TERMS, version)
        moments.append(versions(read(world), TERMS))
    assert moments == [["9.0"], ["10.0"]]
