"""Every outcome of sessions' functions: PostgreSQL checks a function's body where it runs, not before."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest

from chalicelib.domain.dpop import Proof
from chalicelib.domain.errors import InvalidDpopProof
from chalicelib.domain.limits import REFRESH_FAILURES_BY_SESSION, Taking
from chalicelib.domain.sessions import (
    REFRESH_GRACE,
    SESSION_ABSOLUTE,
    SESSION_IDLE,
    Rotated,
    Rotation,
    SessionEnd,
)
from chalicelib.domain.tokens import PRESENCE_LASTS, RefreshToken
from chalicelib.stores.sessions import SessionStore
from tests.races import audited
from tests.world import Phone, World

SECOND = timedelta(seconds=1)
NONE = timedelta(0)
OTHER_KEY = "B" * 43
ENDED = "UPDATE sessions SET ended_at = created_at, end_reason = 'logout', profile = NULL"


class Sessions:
    """The store, and one person's session in it at generation 5."""

    def __init__(self, world: World) -> None:
        self.world, self.phone = world, world.person()
        assert self.phone.sign_in().status == 200
        self.store = SessionStore(world.database)
        self.id = UUID(self.phone.session_id)
        self.start = world.clock.now()
        world.execute("UPDATE sessions SET generation = 5")

    def rotate(self, generation: int = 5, later: timedelta = NONE, jkt: str | None = None) -> Rotation:
        """Present a token of a generation, some time after the session was rotated."""
        now = self.start + later
        index = REFRESH_FAILURES_BY_SESSION.name.encode()
        place = Taking(limit=REFRESH_FAILURES_BY_SESSION, subject="", index=index, now=now)
        return self.store.rotate(
            RefreshToken(session_id=self.id, seed=bytes(16), generation=generation, jkt=jkt),
            proof=None,
            idle_expires_at=now + SESSION_IDLE,
            grace=REFRESH_GRACE,
            locale="en",
            place=place,
            now=now,
            request_id="test",
        )

    def change(self, change: str, *values: object) -> None:
        """Set a scene in the session's row."""
        self.world.execute(f"UPDATE sessions SET {change}", *values)  # noqa: S608 - a test's own words

    def stands(self) -> tuple[int, str | None]:
        """Return the session's generation, and why it ended."""
        ((generation, reason),) = self.world.rows(
            "SELECT generation, end_reason::text FROM sessions WHERE id = %s", str(self.id)
        )
        return generation, reason


@pytest.fixture
def sessions(world: World) -> Sessions:
    return Sessions(world)


def test_a_live_session_at_its_generation_is_rotated(sessions: Sessions) -> None:
    rotation = sessions.rotate(later=SECOND)
    assert (rotation.outcome, rotation.taken) == (Rotated.ROTATED, None)
    assert rotation.own is not None
    session = rotation.own.session
    assert (session.generation, session.rotated_at) == (6, sessions.start + SECOND)
    assert session.idle_expires_at == sessions.start + SECOND + SESSION_IDLE
    assert {state.document for state in rotation.own.states} >= {"terms_of_service"}
    assert audited(sessions.world, "session.refreshed") == 1


def test_no_rotation_carries_a_session_past_its_end(sessions: Sessions) -> None:
    sessions.change("idle_expires_at = expires_at")
    rotation = sessions.rotate(later=SESSION_ABSOLUTE - SECOND)
    assert rotation.own is not None
    assert rotation.own.session.idle_expires_at == sessions.start + SESSION_ABSOLUTE


@pytest.mark.parametrize("later", [PRESENCE_LASTS, PRESENCE_LASTS + SECOND])
def test_a_proof_of_presence_raises_later_tokens_for_a_while(sessions: Sessions, later: timedelta) -> None:
    sessions.change("acr = 'aal2', amr = '{fed,hwk,user}', idle_expires_at = expires_at")
    own = sessions.rotate(later=later).own
    assert own is not None
    is_old = later > PRESENCE_LASTS
    assert own.session.acr == ("aal1" if is_old else "aal2")
    assert own.session.amr == (("fed",) if is_old else ("fed", "hwk", "user"))


def test_only_the_immediate_predecessor_inside_the_window_is_a_retry(sessions: Sessions) -> None:
    windows = (timedelta(minutes=-10), NONE, REFRESH_GRACE, REFRESH_GRACE + SECOND, timedelta(minutes=10))
    for presented, later in product(range(3, 9), windows):
        if presented == 5:
            continue  # it would be rotated
        rotation = sessions.rotate(presented, later)
        is_retry = presented == 4 and later <= REFRESH_GRACE  # F-16: also while the clock is behind
        assert rotation.outcome is (Rotated.RETRIED if is_retry else Rotated.REUSED)
        assert rotation.taken is None  # neither counts as a failure
        assert (rotation.own is not None) == is_retry
        assert sessions.stands() == (5, None if is_retry else "reuse")
        sessions.change("ended_at = NULL, end_reason = NULL")
    assert audited(sessions.world, "session.refreshed") == 0
    assert audited(sessions.world, "session.reuse_detected") == audited(sessions.world, "session.ended") > 0


@pytest.mark.parametrize(
    ("scene", "later", "outcome"),
    [
        ("UPDATE users SET status = 'suspended'", NONE, Rotated.SUSPENDED),
        (
            f"{ENDED}; UPDATE users SET status = 'suspended'",  # noqa: S608 - a test's own words
            SESSION_ABSOLUTE,
            Rotated.SUSPENDED,
        ),
        ("UPDATE users SET status = 'erased', profile = NULL, chosen = NULL", NONE, Rotated.REVOKED),
        (ENDED, SESSION_ABSOLUTE, Rotated.REVOKED),
        ("DELETE FROM used_id_tokens; DELETE FROM sessions", NONE, Rotated.REVOKED),
        ("SELECT 1", SESSION_IDLE, Rotated.EXPIRED),
        ("UPDATE sessions SET idle_expires_at = expires_at", SESSION_ABSOLUTE, Rotated.EXPIRED),
    ],
)
def test_a_session_that_gives_no_tokens_says_why_and_counts_a_failure(
    sessions: Sessions, scene: str, later: timedelta, outcome: Rotated
) -> None:
    sessions.world.execute(scene)
    for generation in (4, 5, 6):
        rotation = sessions.rotate(generation, later)
        assert (rotation.outcome, rotation.own) == (outcome, None)
        assert rotation.taken is not None
        assert rotation.taken.is_admitted
    assert audited(sessions.world, "session.ended") == 0


@pytest.mark.parametrize(("stored", "presented"), [("A" * 43, None), (None, "A" * 43), ("A" * 43, OTHER_KEY)])
def test_a_token_bound_unlike_its_session_is_neither_a_retry_nor_a_reuse(
    sessions: Sessions, stored: str | None, presented: str | None
) -> None:
    sessions.change("jkt = %s", stored)
    for generation in (3, 4, 5, 6):  # D14: nothing of a session happens without its key
        assert sessions.rotate(generation, jkt=presented).outcome is Rotated.WRONG_KEY
    assert sessions.stands() == (5, None)


def test_a_sessions_failures_fill_its_bucket(sessions: Sessions) -> None:
    sessions.store.end(sessions.id, SessionEnd.LOGOUT, now=sessions.start, request_id="test")
    quota = REFRESH_FAILURES_BY_SESSION.quota
    taken = [sessions.rotate().taken for _ in range(quota + 2)]
    assert [one.is_admitted for one in taken if one] == [True] * quota + [False] * 2
    assert taken[-1] == taken[-2]


def proof(now: datetime) -> Proof:
    return Proof(jkt=OTHER_KEY, ath=None, replay_key=uuid4().bytes, expires_at=now + SECOND, has_nonce=False)


def test_a_proof_is_used_up_by_each_of_them_and_a_second_time_nothing_happens(sessions: Sessions) -> None:
    store, own, now = sessions.store, sessions.id, sessions.start
    acts = (
        lambda proof: store.live_beside(own, proof=proof, now=now),
        lambda proof: store.find(own, locale="en", proof=proof, now=now),
        lambda proof: store.end_one(own, uuid4(), proof=proof, now=now, request_id="test"),
        lambda proof: store.end_others(own, proof=proof, now=now, request_id="test"),
        lambda proof: store.end_all(own, proof=proof, now=now, request_id="test"),
        lambda proof: store.end(own, SessionEnd.LOGOUT, proof=proof, now=now, request_id="test"),
    )
    for act in acts:
        once = proof(now)
        act(once)
        before = sessions.world.stored()
        with pytest.raises(InvalidDpopProof):
            act(once)
        assert sessions.world.stored() == before


def test_a_session_is_found_in_any_state(sessions: Sessions) -> None:
    sessions.store.end(sessions.id, SessionEnd.LOGOUT, now=sessions.start, request_id="test")
    own = sessions.store.find(sessions.id, locale="en", now=sessions.start)
    assert own is not None
    assert (own.session.end_reason, own.session.profile) == (SessionEnd.LOGOUT, None)
    assert sessions.store.find(uuid4(), locale="en", now=sessions.start) is None


def beside(phone: Phone, device: str) -> UUID:
    """Sign the same person in on another phone, and return that session."""
    other = replace(phone, device=device, answer={})
    assert other.sign_in().status == 200
    return UUID(other.session_id)


def test_the_list_has_the_live_ones_last_used_first_and_the_acting_one_in_any_state(
    sessions: Sessions,
) -> None:
    world, store = sessions.world, sessions.store
    world.person("eve@example.com", "Eve Moss", "device-9").sign_in()
    world.clock.advance(SECOND)
    second, third = beside(sessions.phone, "device-2"), beside(sessions.phone, "device-3")
    now = world.clock.now()
    listed = [session.id for session in store.live_beside(sessions.id, proof=None, now=now)]
    assert listed == [*sorted([second, third]), sessions.id]
    store.end(third, SessionEnd.LOGOUT, now=now, request_id="test")
    assert [each.id for each in store.live_beside(sessions.id, proof=None, now=now)] == [second, sessions.id]
    assert {each.id for each in store.live_beside(third, proof=None, now=now)} == {
        second,
        third,
        sessions.id,
    }
    assert store.live_beside(uuid4(), proof=None, now=now) == ()


def test_one_session_is_ended_by_a_live_one_of_the_same_person_only(sessions: Sessions) -> None:
    world, store, now = sessions.world, sessions.store, sessions.start
    eve = world.person("eve@example.com", "Eve Moss", "device-9")
    eve.sign_in()
    second = beside(sessions.phone, "device-2")

    def end(acting: UUID, target: UUID) -> tuple[UUID | None, bool]:
        own, is_known = store.end_one(acting, target, proof=None, now=now, request_id="test")
        return own.id if own else None, is_known

    assert end(sessions.id, UUID(eve.session_id)) == (sessions.id, False)
    assert end(uuid4(), second) == (None, False)
    assert audited(world, "session.ended") == 0
    assert end(sessions.id, second) == (sessions.id, True)
    assert end(sessions.id, second) == (sessions.id, True)  # twice is once
    assert audited(world, "session.ended") == 1
    assert end(second, sessions.id) == (second, True)  # it has ended itself
    assert audited(world, "session.ended") == 1
    world.execute("UPDATE users SET status = 'suspended'")
    assert end(sessions.id, sessions.id) == (sessions.id, True)
    assert audited(world, "session.ended") == 1


def test_all_others_are_ended_by_a_live_one_only(sessions: Sessions) -> None:
    world, store, now = sessions.world, sessions.store, sessions.start
    second = beside(sessions.phone, "device-2")

    def end(acting: UUID) -> UUID | None:
        own = store.end_others(acting, proof=None, now=now, request_id="test")
        return own.id if own else None

    assert end(uuid4()) is None
    store.end(second, SessionEnd.LOGOUT, now=now, request_id="test")
    assert end(second) == second
    assert audited(world, "session.ended") == 1
    third = beside(sessions.phone, "device-3")
    assert end(sessions.id) == sessions.id
    reasons = dict(
        world.rows("SELECT id, end_reason::text FROM sessions WHERE user_id = %s", sessions.phone.user_id)
    )
    assert reasons == {sessions.id: None, second: "logout", third: "revoked"}


def test_logging_out_everywhere_ends_all_of_the_person_unless_the_session_is_over(sessions: Sessions) -> None:
    world, store, now = sessions.world, sessions.store, sessions.start
    world.person("eve@example.com", "Eve Moss", "device-9").sign_in()
    second = beside(sessions.phone, "device-2")
    store.end(second, SessionEnd.LOGOUT, now=now, request_id="test")
    store.end_all(second, proof=None, now=now, request_id="test")
    store.end_all(sessions.id, proof=None, now=now + SESSION_ABSOLUTE, request_id="test")
    assert audited(world, "session.ended") == 1
    store.end_all(sessions.id, proof=None, now=now + SESSION_IDLE, request_id="test")  # merely idle
    assert sessions.stands() == (5, "logout_all")
    assert world.rows("SELECT count(*) FROM sessions WHERE ended_at IS NULL") == [(1,)]
