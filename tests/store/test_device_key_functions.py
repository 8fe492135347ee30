"""Every outcome of the functions of device keys."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chalicelib.domain.biometrics import (
    KEYS_MAX,
    NewRegistration,
    PresenceProof,
    Proved,
    Registered,
    RegisterOutcome,
)
from chalicelib.domain.sessions import REFRESH_GRACE, SESSION_IDLE
from chalicelib.domain.tokens import PRESENT_AMR, Acr, RefreshToken
from chalicelib.stores.device_keys import DeviceKeyStore
from tests.races import audited
from tests.store.acting import DEAD, Acting
from tests.world import World

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def ana(world: World) -> Acting:
    return Acting(world)


@pytest.fixture
def store(world: World) -> DeviceKeyStore:
    return DeviceKeyStore(world.database)


def new(ana: Acting, spki: bytes = b"spki", **changes: Any) -> NewRegistration:  # noqa: ANN401 - its fields
    made = NewRegistration(
        id=uuid4(),
        session_id=ana.id,
        user_id=ana.user_id,
        spki=spki,
        nonce_hash=uuid4().bytes,
        nonce_expires_at=ana.now + MINUTE,
        name=b"sealed",
    )
    return replace(made, **changes)


def register(store: DeviceKeyStore, ana: Acting, asked: NewRegistration) -> RegisterOutcome:
    return store.register(asked, proof=None, place=None, now=ana.now, request_id="test")


def refused(store: DeviceKeyStore, ana: Acting, asked: NewRegistration) -> Registered:
    """Return why nothing is registered, having seen that nothing is written."""
    before = ana.world.stored()
    made = register(store, ana, asked)
    assert made.registration is None
    assert ana.world.stored() == before
    return made.outcome


def test_a_key_is_registered_once_on_the_sessions_device(store: DeviceKeyStore, ana: Acting) -> None:
    asked = new(ana)
    made = register(store, ana, asked)
    assert made.outcome is Registered.REGISTERED
    assert made.registration is not None
    assert made.session is not None
    kept = made.registration
    assert (kept.id, kept.device_id, kept.name) == (asked.id, made.session.device.id, b"sealed")
    assert (kept.created_at, kept.last_used_at) == (ana.now, None)
    again = register(store, ana, new(ana, name=None))
    assert (again.outcome, again.registration) == (Registered.REGISTERED, kept)
    assert store.registrations(ana.id, proof=None, now=ana.now)[1] == (kept,)
    assert audited(ana.world, "biometric_key.registered") == 1


def test_a_person_has_so_many_keys(store: DeviceKeyStore, ana: Acting) -> None:
    for n in range(KEYS_MAX):
        assert register(store, ana, new(ana, b"%d" % n)).outcome is Registered.REGISTERED
    assert refused(store, ana, new(ana)) is Registered.FULL
    assert register(store, ana, new(ana, b"0")).outcome is Registered.REGISTERED  # it is there
    assert len(store.registrations(ana.id, proof=None, now=ana.now)[1]) == KEYS_MAX


def test_a_challenge_registers_one_key(store: DeviceKeyStore, ana: Acting) -> None:
    first = new(ana, b"first")
    register(store, ana, first)
    assert refused(store, ana, new(ana, nonce_hash=first.nonce_hash)) is Registered.CHALLENGE_USED


@pytest.mark.parametrize("scene", DEAD)
def test_a_session_that_may_not_act_has_no_keys(store: DeviceKeyStore, ana: Acting, scene: str) -> None:
    kept = register(store, ana, new(ana, b"first")).registration
    assert kept is not None
    ana.world.execute(scene)
    assert refused(store, ana, new(ana)) is Registered.REFUSED
    session, found = store.registrations(ana.id, proof=None, now=ana.now)
    assert session is not None
    assert (session.id, found) == (ana.id, ())
    assert not remove(store, ana, kept.id)
    assert ana.world.rows("SELECT count(*) FROM biometric_keys") == [(1,)]


def test_a_session_of_somebody_else_registers_nothing(store: DeviceKeyStore, ana: Acting) -> None:
    assert refused(store, ana, new(ana, user_id=uuid4())) is Registered.REFUSED
    assert refused(store, ana, new(ana, session_id=uuid4())) is Registered.REFUSED
    assert store.registrations(uuid4(), proof=None, now=ana.now) == (None, ())


def remove(store: DeviceKeyStore, ana: Acting, key_id: UUID) -> bool:
    session, is_known = store.remove(ana.id, key_id, proof=None, now=ana.now, request_id="test")
    assert session is not None
    assert session.id == ana.id
    return is_known


def test_a_key_is_removed_once_and_by_its_person_only(store: DeviceKeyStore, ana: Acting) -> None:
    eve = Acting(ana.world, "eve@example.com", "device-9")
    kept = register(store, ana, new(ana)).registration
    assert kept is not None
    assert [remove(store, who, kept.id) for who in (eve, ana, ana)] == [False, True, False]
    assert audited(ana.world, "biometric_key.removed") == 1


def test_a_key_is_found_on_its_own_device_only(store: DeviceKeyStore, ana: Acting) -> None:
    kept = register(store, ana, new(ana)).registration
    assert kept is not None
    other = Acting(ana.world, device="device-2")  # the same person's

    def found(session_id: UUID, key_id: UUID) -> tuple[bool, bytes | None]:
        session, _, spki = store.key(session_id, key_id, proof=None, place=None, now=ana.now)
        return session is not None, spki

    assert found(ana.id, kept.id) == (True, b"spki")
    assert found(ana.id, uuid4()) == found(other.id, kept.id) == (True, None)
    assert found(uuid4(), kept.id) == (False, None)


def test_a_full_bucket_registers_and_finds_nothing(store: DeviceKeyStore, ana: Acting) -> None:
    asked, place = new(ana), ana.place()
    made = store.register(asked, proof=None, place=place, now=ana.now, request_id="test")
    assert made.taken is not None
    assert (made.outcome, made.taken.is_admitted) == (Registered.REGISTERED, True)
    ana.world.execute("DELETE FROM rate_limits")
    ana.fill_bucket()
    made = store.register(new(ana, b"next"), proof=None, place=place, now=ana.now, request_id="test")
    assert made.taken is not None
    assert (made.outcome, made.session, made.taken.is_admitted) == (Registered.LIMITED, None, False)
    session, taken, spki = store.key(ana.id, asked.id, proof=None, place=place, now=ana.now)
    assert taken is not None
    assert (session, taken.is_admitted, spki) == (None, False, None)


def test_a_proof_is_used_up_by_each_of_them(store: DeviceKeyStore, ana: Acting) -> None:
    now = ana.now
    ana.uses_up(lambda proof: store.register(new(ana), proof=proof, place=None, now=now, request_id="test"))
    ana.uses_up(lambda proof: store.registrations(ana.id, proof=proof, now=now))
    ana.uses_up(lambda proof: store.key(ana.id, uuid4(), proof=proof, place=None, now=now))
    ana.uses_up(lambda proof: store.remove(ana.id, uuid4(), proof=proof, now=now, request_id="test"))


class Proving:
    """A session at generation 5 whose device has a key."""

    def __init__(self, ana: Acting, store: DeviceKeyStore) -> None:
        self.ana, self.store, self.world = ana, store, ana.world
        asked = new(ana)
        assert register(store, ana, asked).outcome is Registered.REGISTERED
        self.key_id = asked.id
        self.change("generation = 5")

    def change(self, change: str, *values: object) -> None:
        """Set a scene in the session's row."""
        self.world.execute(f"UPDATE sessions SET {change}", *values)  # noqa: S608 - a test's own words

    def prove(
        self,
        nonce: bytes = b"nonce",
        generation: int = 5,
        later: timedelta = SECOND,
        jkt: str | None = None,
    ) -> Proved:
        """Prove presence some time after the session was rotated."""
        ana, now = self.ana, self.ana.now + later
        proof = PresenceProof(
            registration_id=self.key_id,
            token=RefreshToken(session_id=ana.id, seed=bytes(16), generation=generation, jkt=jkt),
            nonce_hash=nonce,
            nonce_expires_at=now + MINUTE,
            grace=REFRESH_GRACE,
            idle_expires_at=now + SESSION_IDLE,
        )
        outcome, own = self.store.prove(proof, locale="en", now=now, request_id="test")
        assert (own is not None) == (outcome in {Proved.PROVED, Proved.REPEATED})
        if own is not None:
            assert (own.session.id, own.session.acr, own.session.amr) == (ana.id, Acr.PRESENT, PRESENT_AMR)
            assert own.states
        return outcome

    def stands(self) -> tuple[Any, ...]:
        """Return the session's generation, when its person was present, and why it ended."""
        ((*found,),) = self.world.rows("SELECT generation, auth_time, end_reason::text FROM sessions")
        return tuple(found)


@pytest.fixture
def proving(ana: Acting, store: DeviceKeyStore) -> Proving:
    return Proving(ana, store)


def test_a_proof_steps_the_session_up_once(proving: Proving) -> None:
    present_at = proving.ana.now + SECOND
    assert proving.prove() is Proved.PROVED
    assert proving.stands() == (6, present_at, None)
    assert proving.prove(later=2 * SECOND) is Proved.REPEATED
    assert proving.stands() == (6, present_at, None)
    assert proving.world.rows("SELECT last_used_at FROM biometric_keys") == [(present_at,)]
    assert audited(proving.world, "session.presence_proved") == 1


def test_a_refresh_that_was_faster_with_the_same_token_does_no_harm(proving: Proving) -> None:
    proving.change("generation = 6, rotated_at = %s", proving.ana.now)
    assert proving.prove(later=REFRESH_GRACE) is Proved.PROVED
    assert proving.stands()[0] == 6


def test_a_challenge_serves_one_proof(proving: Proving) -> None:
    proving.prove()
    proving.change("generation = 7")  # the phone went on
    assert proving.prove(later=2 * SECOND) is Proved.CHALLENGE_USED
    assert proving.prove(generation=7, later=2 * SECOND) is Proved.CHALLENGE_USED
    assert proving.stands()[0] == 7
    assert audited(proving.world, "session.ended") == 0


@pytest.mark.parametrize("generation", [3, 4, 6, 7])
def test_a_token_of_another_generation_ends_the_session(proving: Proving, generation: int) -> None:
    late = REFRESH_GRACE + 2 * SECOND
    assert proving.prove(generation=generation, later=late) is Proved.REUSED
    assert proving.stands()[::2] == (5, "reuse")
    assert audited(proving.world, "session.reuse_detected") == audited(proving.world, "session.ended") == 1
    assert proving.prove(generation=generation, later=late) is Proved.REVOKED


def test_a_key_that_was_removed_meanwhile_proves_nothing_and_ends_nothing(proving: Proving) -> None:
    proving.world.execute("DELETE FROM biometric_keys")
    assert proving.prove() is Proved.UNKNOWN_KEY
    assert proving.stands()[::2] == (5, None)
    assert proving.world.rows("SELECT count(*) FROM challenges WHERE nonce_hash = 'nonce'") == [(0,)]


@pytest.mark.parametrize(
    ("scene", "outcome", "after_proof"),
    [
        (DEAD[0], Proved.REVOKED, Proved.REVOKED),
        (DEAD[1], Proved.EXPIRED, Proved.REVOKED),
        (DEAD[2], Proved.SUSPENDED, Proved.SUSPENDED),
        (DEAD[3], Proved.REVOKED, Proved.REVOKED),
        ("DELETE FROM used_id_tokens; DELETE FROM sessions", Proved.REVOKED, Proved.REVOKED),
    ],
)
def test_a_session_that_may_not_act_says_why(
    proving: Proving, scene: str, outcome: Proved, after_proof: Proved
) -> None:
    proving.prove(b"before")
    proving.world.execute(scene)
    assert proving.prove() is outcome
    assert proving.prove(b"before") is after_proof
    assert audited(proving.world, "session.ended") == 0


def test_a_token_bound_unlike_its_session_ends_nothing(proving: Proving) -> None:
    proving.change("jkt = %s", "A" * 43)
    assert proving.prove(generation=3) is Proved.WRONG_KEY
    assert proving.stands()[::2] == (5, None)
