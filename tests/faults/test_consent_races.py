"""Answers, withdrawals and new texts against refresh and sign-in: one order, one record (F-21, F-22)."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import pairwise
from threading import Event
from typing import Any

import pytest

from tests.consenting import AI, NARROW, TERMS, WIDE, answer, gaps, lines, publishing, scope_of, texts
from tests.first_texts import no, yes
from tests.races import at_once, audited, times
from tests.world import REQUIRED, Phone, Reply, World

ROUNDS = 5
PUBLISHED = Reply(200, {}, None)


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def posting(phone: Phone, *answers: dict[str, Any]) -> Callable[[], Reply]:
    body = {"consents": list(answers)}
    return partial(phone.world.call, "POST", "/consents", body, token=phone.access_token)


def withdrawing(phone: Phone, kind: str) -> Callable[[], Reply]:
    return partial(phone.world.call, "DELETE", f"/consents/{kind}", token=phone.access_token)


def refreshing(phone: Phone) -> Callable[[], Reply]:
    return partial(phone.world.call, "POST", "/auth/refresh", {"refresh_token": phone.refresh_token})


def publishing_terms(world: World, version: str) -> Callable[[], Reply]:
    def publish() -> Reply:
        with publishing(world) as step:
            step.publish(texts(TERMS, version, world.clock.now()), "test")
        return PUBLISHED

    return publish


@pytest.mark.parametrize("count", [2, 12])
def test_equal_answers_at_once_are_one_event(world: World, ana: Phone, count: int) -> None:
    replies = times(count, posting(ana, yes(AI), no(TERMS)))
    assert {reply.status for reply in replies} == {200}
    assert (lines(ana, AI), lines(ana, TERMS)) == (
        [("granted", "1.0")],
        [("granted", "1.0"), ("refused", "1.0")],
    )
    assert audited(world, "consent.refused") == 1


def test_withdrawing_several_times_at_once_is_one_event(world: World, ana: Phone) -> None:
    answer(ana, yes(AI))
    assert {reply.status for reply in times(8, withdrawing(ana, AI))} == {200}
    assert lines(ana, AI) == [("granted", "1.0"), ("withdrawn", "1.0")]
    assert audited(world, "consent.withdrawn") == 1


def test_opposite_answers_at_once_leave_a_history_that_explains_the_outcome(world: World, ana: Phone) -> None:
    tablet = world.person(device="device-2")
    tablet.sign_in()
    for _ in range(ROUNDS):
        at_once([posting(ana, yes(AI)), posting(tablet, no(AI)), withdrawing(ana, AI)])
        told = [action for action, _ in lines(ana, AI)]
        assert all(before != after for before, after in pairwise(told))
        ana.refresh()
        assert ("ai" in scope_of(ana.access_token)) == (told[-1] == "granted")


def test_a_refresh_that_starts_after_the_answer_to_a_withdrawal_never_has_the_scope(world: World) -> None:
    for number in range(ROUNDS):
        ana, tablet = (world.person(f"person-{number}@example.com", device=name) for name in ("one", "two"))
        ana.sign_in()
        tablet.sign_in()
        answer(ana, yes(AI))
        withdrawn = Event()

        def withdraw(phone: Phone = ana, done: Event = withdrawn) -> list[Reply]:
            reply = withdrawing(phone, AI)()
            done.set()
            return [reply]

        def refresh_on_and_on(phone: Phone = tablet, done: Event = withdrawn) -> list[Reply]:
            replies = []
            is_last = False
            while not is_last:
                is_last = done.is_set()  # so this one starts after the answer
                replies.append(phone.refresh())
            return replies

        (answered,), replies = at_once([withdraw, refresh_on_and_on])
        assert scope_of(answered.body["access_token"]) == WIDE
        assert {reply.status for reply in replies} == {200}
        had = ["ai" in scope_of(reply.body["access_token"]) for reply in replies]
        assert had == sorted(had, reverse=True)  # gone once, gone for good
        assert had[-1] is False


def test_a_withdrawal_against_sign_ins_leaves_no_later_token_with_the_scope(world: World, ana: Phone) -> None:
    for number in range(ROUNDS):
        answer(ana, yes(AI))
        phones = [world.person(device=f"phone-{number}-{i}") for i in range(3)]
        signing_in: list[Callable[[], Reply]] = [partial(phone.sign_in, consents=[]) for phone in phones]
        replies = at_once([withdrawing(ana, AI), *signing_in])
        assert {reply.status for reply in replies} == {200}
        for phone in phones:
            phone.refresh()
            assert scope_of(phone.access_token) == WIDE


def test_no_sign_up_succeeds_without_the_documents_in_force_at_its_statement(world: World) -> None:
    for number in range(ROUNDS):
        before, after = f"{number + 1}.0", f"{number + 2}.0"
        phones = [world.person(f"person-{number}-{i}@example.com") for i in range(5)]
        world.clock.advance(timedelta(minutes=1))
        answers = [yes(kind) for kind in REQUIRED if kind != TERMS]
        signing_up: list[Callable[[], Reply]] = [
            partial(phone.sign_in, consents=[*answers, yes(TERMS, before)]) for phone in phones
        ]
        replies = at_once([publishing_terms(world, after), *signing_up])[1:]
        assert {(reply.status, reply.code) for reply in replies} <= {(200, None), (403, "consent_required")}
        for phone, reply in zip(phones, replies, strict=True):
            if reply.status == 200:
                assert phone.refresh().status == 200
                assert gaps(Reply(200, {}, phone.answer)) == [(TERMS, after)]


def test_once_a_publication_has_answered_no_sign_up_or_refresh_goes_by_the_old_words(
    world: World, ana: Phone
) -> None:
    for number in range(ROUNDS):
        version = f"{number + 2}.0"
        published = Event()

        def publish(done: Event = published, version: str = version) -> list[Reply]:
            reply = publishing_terms(world, version)()
            done.set()
            return [reply]

        def refresh_on_and_on(done: Event = published) -> list[Reply]:
            replies, is_last = [], False
            while not is_last:
                is_last = done.is_set()
                replies.append(ana.refresh())
            return replies

        _, replies = at_once([publish, refresh_on_and_on])
        wide = [scope_of(reply.body["access_token"]) == WIDE for reply in replies]
        assert wide == sorted(wide, reverse=True)
        assert scope_of(replies[-1].body["access_token"]) == NARROW
        newcomer = world.person(f"person-{number}@example.com")
        assert newcomer.sign_in().code == "consent_required"
        answer(ana, yes(TERMS, version))


def test_an_answer_against_a_publication_is_to_the_words_in_force_or_refused(
    world: World, ana: Phone
) -> None:
    for number in range(ROUNDS):
        world.clock.advance(timedelta(minutes=1))
        old, new = f"{number + 1}.0", f"{number + 2}.0"
        _, reply = at_once([publishing_terms(world, new), posting(ana, yes(TERMS, old), no(AI, "1.0"))])
        assert (reply.status, reply.code) in {(200, None), (400, "consent_version_not_current")}
        ana.refresh()
        assert gaps(Reply(200, {}, ana.answer)) == [(TERMS, new)]
        answer(ana, yes(TERMS, new))
