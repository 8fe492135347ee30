"""An act that waited for a lock sees what its holder committed, and what it returns is what decided.

A function's statement has a snapshot of its own, taken before the statement waits. So a state is read in a
statement after the one that waits, and once: for the decision and for the answer.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from chalicelib.domain.account import ChosenData
from chalicelib.domain.biometrics import NewRegistration, PresenceProof, Proved, Registered
from chalicelib.domain.challenges import Challenge
from chalicelib.domain.consents import ConsentAnswer
from chalicelib.domain.erasure import Erased, ErasureOrder, Origin
from chalicelib.domain.errors import AccountSuspended
from chalicelib.domain.id_tokens import Platform
from chalicelib.domain.identities import Linked, NewIdentity, Unlinked
from chalicelib.domain.providers import APPLE
from chalicelib.domain.sessions import REFRESH_GRACE, Rotated, Session
from chalicelib.domain.sign_in import Entered
from chalicelib.domain.tokens import RefreshToken
from chalicelib.stores.account import AccountStore
from chalicelib.stores.consents import ConsentStore
from chalicelib.stores.device_keys import DeviceKeyStore
from chalicelib.stores.erasure import ErasureStore
from chalicelib.stores.export import ExportStore
from chalicelib.stores.identities import IdentityStore
from chalicelib.stores.sessions import SessionStore
from chalicelib.stores.sign_in import SignInStore
from tests.sign_in_scenes import SignIns, hashed
from tests.store.acting import Acting, PatientDatabase, overlapped
from tests.world import World

MINUTE = timedelta(minutes=1)
SUSPENDED = """
    UPDATE users SET status = 'suspended';
    UPDATE sessions SET ended_at = created_at, end_reason = 'suspended', profile = NULL WHERE ended_at IS NULL
"""


class Acts:
    """All that a session may do; each act says in which state it was refused."""

    def __init__(self, own: Acting) -> None:
        self.own, self.database = own, PatientDatabase(own.world)
        self.other = Acting(own.world, device="device-2")
        self.keys = DeviceKeyStore(self.database)
        self.key_id = uuid4()
        own.world.execute("UPDATE sessions SET generation = 1")
        self.keys.register(
            self.registration(self.key_id), proof=None, place=None, now=own.now, request_id="test"
        )

    def registration(self, key_id: UUID) -> NewRegistration:
        """Return a key for the session's device."""
        return NewRegistration(
            id=key_id,
            session_id=self.own.id,
            user_id=self.own.user_id,
            spki=key_id.bytes,
            nonce_hash=uuid4().bytes,
            nonce_expires_at=self.own.now + MINUTE,
            name=None,
        )

    def token(self, generation: int = 1) -> RefreshToken:
        """Return a refresh token of the session, the newest one or another."""
        return RefreshToken(session_id=self.own.id, seed=bytes(16), generation=generation, jkt=None)

    def rotate(self) -> bool:
        return self.present(self.token())

    def retry(self) -> bool:
        return self.present(self.token(generation=0))

    def present(self, token: RefreshToken) -> bool:
        rotation = SessionStore(self.database).rotate(
            token,
            proof=None,
            idle_expires_at=self.own.now + MINUTE,
            grace=REFRESH_GRACE,
            locale="en",
            place=None,
            now=self.own.now,
            request_id="test",
        )
        return rotation.outcome is Rotated.SUSPENDED

    def prove(self) -> bool:
        proof = PresenceProof(
            registration_id=self.key_id,
            token=self.token(),
            nonce_hash=uuid4().bytes,
            nonce_expires_at=self.own.now + MINUTE,
            grace=REFRESH_GRACE,
            idle_expires_at=self.own.now + MINUTE,
        )
        outcome, _ = self.keys.prove(proof, locale="en", now=self.own.now, request_id="test")
        return outcome is Proved.SUSPENDED

    def end_one(self) -> bool:
        store = SessionStore(self.database)
        session, _ = store.end_one(
            self.own.id, self.other.id, proof=None, now=self.own.now, request_id="test"
        )
        return is_suspended(session, self.own.now)

    def end_others(self) -> bool:
        store = SessionStore(self.database)
        return is_suspended(
            store.end_others(self.own.id, proof=None, now=self.own.now, request_id="test"), self.own.now
        )

    def answer(self) -> bool:
        answer = ConsentAnswer(
            document="ai_processing", version="1.0", granted=True, locale="en", method="settings"
        )
        found = ConsentStore(self.database).answer(
            self.own.id,
            (answer,),
            proof=None,
            app_version=None,
            locale="en",
            now=self.own.now,
            request_id="test",
        )
        return is_suspended(found.session if found else None, self.own.now)

    def withdraw(self) -> bool:
        found = ConsentStore(self.database).withdraw(
            self.own.id,
            "terms_of_service",
            "settings",
            proof=None,
            app_version=None,
            locale="en",
            now=self.own.now,
            request_id="test",
        )
        return is_suspended(found.session if found else None, self.own.now)

    def choose(self) -> bool:
        data = ChosenData(before=None, sealed=b"chosen", changed="language")
        is_chosen, found = AccountStore(self.database).choose(
            self.own.id, data, now=self.own.now, request_id="test"
        )
        return not is_chosen and is_suspended(found[0] if found else None, self.own.now)

    def register(self) -> bool:
        made = self.keys.register(
            self.registration(uuid4()), proof=None, place=None, now=self.own.now, request_id="test"
        )
        return made.outcome is Registered.REFUSED and is_suspended(made.session, self.own.now)

    def remove(self) -> bool:
        session, is_known = self.keys.remove(
            self.own.id, self.key_id, proof=None, now=self.own.now, request_id="test"
        )
        return not is_known and is_suspended(session, self.own.now)

    def link(self) -> bool:
        new = NewIdentity(
            session_id=self.own.id,
            user_id=self.own.user_id,
            identity_id=uuid4(),
            provider=APPLE.name,
            platforms=frozenset({Platform.ios}),
            index_version=1,
            index_versions=(1,),
            subject_indexes=(b"another",),
            email_index=None,
            subject=b"sealed",
            token_hash=uuid4().bytes,
            token_expires_at=self.own.now + MINUTE,
            challenge=Challenge(nonce_hash=uuid4().bytes, expires_at=self.own.now + MINUTE),
        )
        linked = IdentityStore(self.database).link(
            new, proof=None, place=None, now=self.own.now, request_id="test"
        )
        return linked.outcome is Linked.REFUSED and is_suspended(linked.session, self.own.now)

    def unlink(self) -> bool:
        unlinked = IdentityStore(self.database).unlink(
            self.own.id, uuid4(), proof=None, now=self.own.now, request_id="test"
        )
        return unlinked.outcome is Unlinked.REFUSED and is_suspended(unlinked.session, self.own.now)

    def export(self) -> bool:
        session, _, stored = ExportStore(self.database).export(
            self.own.id, part=1, proof=None, place=None, now=self.own.now, request_id="test"
        )
        return stored is None and is_suspended(session, self.own.now)

    def erase(self) -> bool:
        order = ErasureOrder(
            ids=(uuid4(),),
            user_id=self.own.user_id,
            session_id=self.own.id,
            secret_hash=bytes(32),
            requested_at=self.own.now,
            origin=Origin.PERSON,
        )
        ordered = ErasureStore(self.database).erase(order, request_id="test")
        return ordered.outcome is Erased.REFUSED and is_suspended(ordered.own, self.own.now)


ACTS: tuple[Callable[[Acts], bool], ...] = (
    *(
        Acts.rotate,
        Acts.retry,
        Acts.prove,
        Acts.end_one,
        Acts.end_others,
        Acts.answer,
        Acts.withdraw,
        Acts.choose,
    ),
    *(Acts.register, Acts.remove, Acts.link, Acts.unlink, Acts.export, Acts.erase),
)


def is_suspended(session: Session | None, now: datetime) -> bool:
    """Tell whether a session, which is live otherwise, may not act since its person is suspended."""
    assert session is not None
    try:
        session.ensure_live(now)
    except AccountSuspended:
        return True
    return False


@pytest.fixture
def acts(world: World) -> Acts:
    return Acts(Acting(world))


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_an_act_that_waits_for_a_suspension_is_refused_for_it(
    acts: Acts, act: Callable[[Acts], bool]
) -> None:
    before = acts.own.world.stored()
    assert overlapped(acts.own.world, SUSPENDED, lambda: act(acts))
    assert acts.own.world.stored() == before  # nothing was done, and nothing recorded


@pytest.mark.parametrize("end", [Acts.end_one, Acts.end_others], ids=lambda act: act.__name__)
def test_who_ended_a_session_hears_so_though_their_own_ended_meanwhile(
    acts: Acts, end: Callable[[Acts], bool]
) -> None:
    own, other, world = acts.own.id, acts.other.id, acts.own.world
    logout = f"""
        SELECT FROM sessions WHERE id = '{other}' FOR NO KEY UPDATE;
        UPDATE sessions SET ended_at = created_at, end_reason = 'logout', profile = NULL WHERE id = '{own}'
    """  # noqa: S608 - our own ids
    assert not overlapped(world, logout, lambda: end(acts))  # and a session that ended would raise
    ended = world.rows("SELECT end_reason::text FROM sessions WHERE id = %s", str(other))
    assert ended == [("revoked",)]


def test_a_sign_in_that_waits_for_a_refresh_of_its_session_is_no_retry(world: World) -> None:
    sign_ins = SignIns(world)
    first = sign_ins.created(token_hash=hashed("t"))
    assert first.own is not None
    store = SignInStore(PatientDatabase(world))
    again = sign_ins.new(token_hash=hashed("t"))
    entry = overlapped(world, "UPDATE sessions SET generation = 1", lambda: store.open_session(again))
    assert (entry.outcome, entry.own) == (Entered.TOKEN_USED, None)


def test_a_sign_in_that_waits_for_a_suspension_is_refused_for_it(world: World) -> None:
    sign_ins = SignIns(world)
    sign_ins.created()
    store, before = SignInStore(PatientDatabase(world)), world.stored()
    entry = overlapped(world, SUSPENDED, lambda: store.open_session(sign_ins.new()))
    assert entry.outcome is Entered.SUSPENDED
    assert world.stored() == before
