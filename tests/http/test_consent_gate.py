"""The gate: what a token opens follows from what its person has agreed to, from the next token on."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.consenting import (
    AI,
    NARROW,
    PRIVACY,
    TERMS,
    WIDE,
    answer,
    gaps,
    lines,
    publish,
    scope,
    state_of,
    withdraw,
)
from tests.first_texts import no, yes
from tests.http.test_statements import counted
from tests.world import REQUIRED, Phone, Reply, World

DAY = timedelta(days=1)


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def test_a_new_version_without_grace_narrows_the_next_refresh_and_is_named(world: World, ana: Phone) -> None:
    publish(world, TERMS, "2.0")
    reply = ana.refresh()
    assert (reply.status, scope(ana), gaps(reply)) == (200, NARROW, [(TERMS, "2.0")])
    shown = world.call("GET", "/consents/documents").body["documents"]
    assert reply.body["consents_missing"][0]["sha256"] in {text["sha256"] for text in shown}


def test_accepting_it_answers_a_wide_token_at_once_that_works(world: World, ana: Phone) -> None:
    publish(world, TERMS, "2.0")
    ana.refresh()
    before = ana.refresh_token
    reply = answer(ana, yes(TERMS, "2.0"))
    assert (reply.status, scope(ana), gaps(reply)) == (200, WIDE, [])
    assert (reply.body["token_type"], reply.body["expires_in"]) == ("Bearer", 900)
    assert ana.get("/account").status == 200
    assert ana.refresh(before).status == 200  # the refresh token stays the same
    assert scope(ana) == WIDE


def test_the_history_shows_both_versions_with_their_hashes(world: World, ana: Phone) -> None:
    publish(world, TERMS, "2.0")
    answer(ana, yes(TERMS, "2.0"))
    both = [line for line in ana.get("/consents").body["history"] if line["document"] == TERMS]
    assert [(line["action"], line["version"]) for line in both] == [
        ("granted", "1.0"),
        ("superseded", "1.0"),
        ("granted", "2.0"),
    ]
    published = dict(
        world.rows("SELECT version, sha256 FROM consent_documents WHERE kind = %s AND locale = 'en'", TERMS)
    )
    assert all(line["sha256"] == published[line["version"]] for line in both)
    assert len(set(published.values())) == 2


def test_a_new_version_with_grace_keeps_tokens_wide_until_its_grace_ends(world: World, ana: Phone) -> None:
    ends = world.clock.now() + 3 * DAY
    publish(world, TERMS, "2.0", grace=3 * DAY)
    assert (gaps(ana.refresh()), scope(ana)) == ([], WIDE)
    told = state_of(ana, TERMS)
    assert (told["granted"], told["granted_version"], told["version"]) == (True, "1.0", "2.0")
    assert told["granted_until"] == ends.isoformat().replace("+00:00", "Z")
    world.clock.advance(ends - world.clock.now() - timedelta(seconds=1))
    ana.refresh()
    assert scope(ana) == WIDE
    world.clock.advance(timedelta(seconds=1))
    assert (gaps(ana.refresh()), scope(ana)) == ([(TERMS, "2.0")], NARROW)
    assert state_of(ana, TERMS)["granted"] is False


def test_grace_may_be_used_to_accept_early(world: World, ana: Phone) -> None:
    publish(world, TERMS, "2.0", grace=DAY)
    answer(ana, yes(TERMS, "2.0"))
    world.clock.advance(2 * DAY)
    ana.refresh()
    assert (scope(ana), state_of(ana, TERMS)["granted_until"]) == (WIDE, None)


def test_the_first_grace_that_ends_counts_when_versions_follow_fast(world: World, ana: Phone) -> None:
    publish(world, TERMS, "2.0", grace=DAY)
    world.clock.advance(DAY / 2)
    publish(world, TERMS, "3.0", grace=30 * DAY)
    ana.refresh()
    assert scope(ana) == WIDE
    world.clock.advance(DAY / 2)
    assert (gaps(ana.refresh()), scope(ana)) == ([(TERMS, "3.0")], NARROW)


def test_of_two_versions_of_one_moment_the_higher_one_is_asked_for(world: World, ana: Phone) -> None:
    publish(world, TERMS, "2.0")
    answer(ana, yes(TERMS, "2.0"))
    publish(world, TERMS, "3.0")
    assert (gaps(ana.refresh()), scope(ana)) == ([(TERMS, "3.0")], NARROW)


def test_a_narrow_token_opens_ones_own_data_and_nothing_else(world: World, ana: Phone) -> None:
    publish(world, TERMS, "2.0")
    ana.refresh()
    for path in ("/account", "/sessions", "/consents", "/consents/receipt"):
        assert ana.get(path).status == 200
    assert "app" not in scope(ana)
    assert ana.logout().status == 204


@pytest.mark.parametrize("kind", REQUIRED)
def test_withdrawing_a_required_document_narrows_at_once_and_names_it(ana: Phone, kind: str) -> None:
    reply = withdraw(ana, kind)
    assert (scope(ana), gaps(reply)) == (NARROW, [(kind, "1.0")])
    assert (gaps(ana.refresh()), scope(ana)) == ([(kind, "1.0")], NARROW)
    answer(ana, yes(kind))
    assert scope(ana) == WIDE
    assert lines(ana, kind) == [("granted", "1.0"), ("withdrawn", "1.0"), ("granted", "1.0")]


def test_a_withdrawal_is_not_undone_by_the_grace_of_a_new_version(world: World, ana: Phone) -> None:
    withdraw(ana, TERMS)
    publish(world, TERMS, "2.0", grace=DAY)
    ana.refresh()
    assert scope(ana) == NARROW


def test_the_optional_document_opens_its_own_scope_and_closes_it(world: World, ana: Phone) -> None:
    assert "ai" not in scope(ana)  # G2: nothing is yes by default
    answer(ana, yes(AI))
    assert scope(ana) == WIDE | {"ai"}
    ana.refresh()
    assert scope(ana) == WIDE | {"ai"}
    reply = withdraw(ana, AI)
    assert (scope(ana), gaps(reply)) == (WIDE, [])  # the rest works
    ana.refresh()
    assert scope(ana) == WIDE


def test_a_new_version_of_an_optional_document_closes_its_scope_and_asks_nothing(
    world: World, ana: Phone
) -> None:
    answer(ana, yes(AI))
    publish(world, AI, "2.0", grace=DAY)
    ana.refresh()
    assert scope(ana) == WIDE | {"ai"}
    world.clock.advance(DAY)
    assert (gaps(ana.refresh()), scope(ana)) == ([], WIDE)


def test_the_optional_scope_needs_the_required_documents_too(ana: Phone) -> None:
    answer(ana, yes(AI))
    withdraw(ana, PRIVACY)
    assert scope(ana) == NARROW
    answer(ana, yes(PRIVACY))
    assert scope(ana) == WIDE | {"ai"}


def test_refusing_what_was_granted_narrows_as_withdrawing_does(ana: Phone) -> None:
    assert gaps(answer(ana, no(TERMS))) == [(TERMS, "1.0")]
    ana.refresh()
    assert scope(ana) == NARROW


def test_a_withdrawal_on_one_phone_narrows_the_other(world: World, ana: Phone) -> None:
    tablet = world.person(device="device-2")
    tablet.sign_in()
    withdraw(ana, TERMS)
    assert gaps(tablet.refresh()) == [(TERMS, "1.0")]
    tablet.sign_in(consents=[])
    assert scope(tablet) == NARROW


def test_a_new_required_kind_is_asked_of_everybody_from_its_first_day(world: World, ana: Phone) -> None:
    publish(world, "research_use", "1.0", after=DAY, grace=30 * DAY, like=TERMS)
    ana.refresh()
    assert scope(ana) == WIDE
    world.clock.advance(DAY)
    assert gaps(ana.refresh()) == [("research_use", "1.0")]  # grace is for those who agreed to earlier words


def test_a_retried_sign_in_does_not_bring_back_what_was_withdrawn_in_between(world: World) -> None:
    ana = world.person()
    body = ana.sign_in_body(consents=[*(yes(kind) for kind in REQUIRED), yes(AI)])
    ana.answer = world.call("POST", "/auth/google", body).body
    withdraw(ana, AI)
    ana.answer = world.call("POST", "/auth/google", body).body
    assert scope(ana) == WIDE


def test_consent_adds_no_query_to_refresh_or_sign_in(world: World, ana: Phone) -> None:
    answer(ana, yes(AI))
    publish(world, TERMS, "2.0", grace=DAY)
    acts: tuple[Callable[[], Reply], ...] = (ana.refresh, lambda: ana.sign_in(consents=[]))
    for act in acts:
        with counted(world) as count:
            assert act().status == 200
        assert (len(count.statements), scope(ana)) == (1, WIDE | {"ai"})


def test_an_answer_and_a_withdrawal_are_one_transaction_behind_one_lock(world: World, ana: Phone) -> None:
    acts: tuple[Callable[[], Reply], ...] = (lambda: answer(ana, yes(AI)), lambda: withdraw(ana, AI))
    for act in acts:
        with counted(world) as count:
            assert act().status == 200
        assert (len(count.statements), count.alone) == (1, [True])  # the lock and the act in one message
