"""Every outcome of the functions that erase people: PostgreSQL checks a body where it runs, not before."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from chalicelib.domain.account import UserStatus
from chalicelib.domain.dpop import Proof
from chalicelib.domain.erasure import ANSWERED_AGAIN, Erased, Erasure, ErasureOrder, Ordered, Origin
from chalicelib.domain.errors import InvalidDpopProof
from chalicelib.postgres.roles import OPERATORS_ROLE
from chalicelib.stores.erasure import ErasureStore
from chalicelib.stores.jobs.recovery import RecoveryStore
from chalicelib.stores.positions import PositionStore
from chalicelib.stores.provider_grants import ProviderGrantStore
from tests.races import audited
from tests.world import World

SECOND = timedelta(seconds=1)


class Erasures:
    """The store, one person in it with a session, and their order."""

    def __init__(self, world: World) -> None:
        self.world, self.phone = world, world.person()
        assert self.phone.sign_in().status == 200
        self.store = ErasureStore(world.database.acting_as(OPERATORS_ROLE))
        self.user_id, self.session_id = UUID(self.phone.user_id), UUID(self.phone.session_id)
        self.order = ErasureOrder(
            ids=(uuid4(),),
            user_id=self.user_id,
            session_id=self.session_id,
            secret_hash=b"hash",
            requested_at=world.clock.now(),
            origin=Origin.PERSON,
        )

    def erase(self, order: ErasureOrder | None = None) -> Ordered:
        """Carry out an order: the person's, unless another is given."""
        return self.store.erase(order or self.order, request_id="test")

    def erased(self) -> Erasure:
        """Return the erasure of the person's order."""
        found = self.erase().erasure
        assert found is not None
        return found

    def status(self) -> str:
        """Return the person's status."""
        ((status,),) = self.world.rows("SELECT status::text FROM users WHERE id = %s", self.phone.user_id)
        return str(status)


@pytest.fixture
def erasures(world: World) -> Erasures:
    return Erasures(world)


def test_the_person_of_a_live_session_is_erased_under_the_next_number(erasures: Erasures) -> None:
    position = PositionStore(erasures.world.database)
    before = position.position()
    ordered = erasures.erase()
    after, erasure = position.position(), ordered.erasure
    assert (ordered.outcome, ordered.own) == (Erased.ERASED, None)
    assert before is not None
    assert after is not None
    assert after.epoch == before.epoch + 1
    assert erasure == Erasure(
        id=erasures.order.ids[0],
        user_id=erasures.user_id,
        epoch=after.epoch,
        lineage=after.lineage,
        secret_hash=b"hash",
        requested_at=erasures.order.requested_at,
    )
    assert erasures.status() == "erased"
    assert erasures.world.rows("SELECT 1 FROM sessions") == []
    assert (audited(erasures.world, "account.erased"), audited(erasures.world, "session.ended")) == (1, 1)


def test_what_a_provider_must_be_told_is_moved_aside(erasures: Erasures) -> None:
    erasures.world.execute("UPDATE identities SET refresh_token = 'sealed'")
    ((identity_id,),) = erasures.world.rows("SELECT id FROM identities")
    erasures.erase()
    grants = ProviderGrantStore(erasures.world.database)
    (ended,) = grants.ended_of(erasures.user_id)
    assert (str(ended.identity_id), ended.refresh_token) == (str(identity_id), b"sealed")
    assert grants.ended_of(uuid4()) == ()
    for _ in range(2):
        grants.forget(ended.identity_id)
        assert grants.ended_of(erasures.user_id) == ()


def test_the_same_order_is_answered_again_for_a_while(erasures: Erasures) -> None:
    first = erasures.erased()
    order, stored = erasures.order, erasures.world.stored()
    again = replace(order, requested_at=order.requested_at + ANSWERED_AGAIN)
    assert erasures.erase(again) == Ordered(outcome=Erased.REPEATED, erasure=first)
    rotated = replace(again, ids=(uuid4(), *order.ids))
    assert erasures.erase(rotated) == Ordered(outcome=Erased.REPEATED, erasure=first)
    late = erasures.erase(replace(again, requested_at=again.requested_at + SECOND))
    assert late == Ordered(outcome=Erased.REFUSED, erasure=None)
    assert erasures.world.stored() == stored


@pytest.mark.parametrize(
    "scene",
    [
        "UPDATE sessions SET ended_at = created_at, end_reason = 'logout', profile = NULL",
        "UPDATE sessions SET idle_expires_at = created_at",
        "UPDATE users SET status = 'suspended'",
    ],
)
def test_a_session_that_may_not_act_erases_nobody(erasures: Erasures, scene: str) -> None:
    erasures.world.execute(scene)
    before = erasures.status()
    ordered = erasures.erase()
    assert (ordered.outcome, ordered.erasure) == (Erased.REFUSED, None)
    assert ordered.own is not None
    assert ordered.own.id == erasures.session_id
    assert ordered.own.user_status is UserStatus(before)
    assert erasures.status() == before
    assert audited(erasures.world, "account.erased") == 0


def test_a_session_erases_nobody_else(erasures: Erasures) -> None:
    other = erasures.world.person("bo@example.com")
    other.sign_in()
    assert erasures.erase(replace(erasures.order, user_id=UUID(other.user_id))).outcome is Erased.REFUSED
    assert audited(erasures.world, "account.erased") == 0


def test_a_proof_that_came_before_erases_nobody(erasures: Erasures) -> None:
    now = erasures.order.requested_at
    proof = Proof(jkt="", ath=None, replay_key=b"came before", expires_at=now, has_nonce=False)
    erasures.world.execute("INSERT INTO dpop_proofs VALUES ('came before', now())")
    with pytest.raises(InvalidDpopProof):
        erasures.erase(replace(erasures.order, proof=proof))
    assert erasures.status() == "active"
    fresh = replace(proof, replay_key=b"fresh")
    assert erasures.erase(replace(erasures.order, proof=fresh)).outcome is Erased.ERASED


def test_an_operator_erases_without_a_session_whoever_is_there(erasures: Erasures) -> None:
    erasures.world.execute("UPDATE users SET status = 'suspended'")
    order = replace(erasures.order, session_id=None, details={"actor": "ops", "reason": "ticket 1"})
    first = erasures.erase(order)
    assert first.outcome is Erased.ERASED
    assert first.erasure is not None
    assert erasures.erase(order) == Ordered(outcome=Erased.REPEATED, erasure=first.erasure)
    assert erasures.erase(replace(order, ids=(uuid4(),))).outcome is Erased.REFUSED
    assert erasures.erase(replace(order, ids=(uuid4(),), user_id=uuid4())).outcome is Erased.REFUSED
    ((details,),) = erasures.world.rows("SELECT details FROM audit_events WHERE kind = 'account.erased'")
    assert details == {
        "erasure_id": str(order.ids[0]),
        "origin": "person",
        "actor": "ops",
        "reason": "ticket 1",
    }


def test_an_erasure_is_replayed_once_for_a_person_who_came_back(erasures: Erasures) -> None:
    now = erasures.order.requested_at
    erasure = Erasure(
        id=uuid4(), user_id=erasures.user_id, epoch=7, lineage=uuid4(), secret_hash=b"hash", requested_at=now
    )
    for _ in range(2):
        erasures.store.replay(erasure, now=now + SECOND, request_id="test")
    assert erasures.status() == "erased"
    assert erasures.store.with_secret(erasure.id, b"hash") == erasure
    assert audited(erasures.world, "account.erased") == 1
    stranger = replace(erasure, id=uuid4(), user_id=uuid4(), epoch=8)
    erasures.store.replay(stranger, now=now, request_id="test")
    assert erasures.store.with_secret(stranger.id, b"hash") == stranger  # it isn't forgotten again
    assert audited(erasures.world, "account.erased") == 1


def test_an_erasure_is_shown_to_whoever_has_its_secret(erasures: Erasures) -> None:
    erasure = erasures.erased()
    assert erasures.store.with_secret(erasure.id, b"hash") == erasure
    assert erasures.store.with_secret(erasure.id, b"another") is None
    assert erasures.store.with_secret(uuid4(), b"hash") is None


def test_an_erasure_is_complete_when_it_first_was_and_never_before_it_began(erasures: Erasures) -> None:
    erasure = erasures.erased()
    for later in (-SECOND, SECOND):
        erasures.store.complete(erasure.id, now=erasure.requested_at + later)  # F-16: the clock was behind
        done = replace(erasure, completed_at=erasure.requested_at)
        assert erasures.store.with_secret(erasure.id, b"hash") == done
    erasures.store.complete(uuid4(), now=erasure.requested_at)
    assert RecoveryStore(erasures.world.jobs.transactions).pending() == ()
