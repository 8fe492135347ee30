"""Every outcome of the functions of accounts, and of the check that many requests begin with."""

from uuid import uuid4

import pytest

from chalicelib.domain.account import ChosenData, UserStatus
from chalicelib.stores.account import AccountStore
from chalicelib.stores.sessions import SessionStore
from tests.races import audited
from tests.store.acting import DEAD, Acting
from tests.world import World


@pytest.fixture
def ana(world: World) -> Acting:
    return Acting(world)


@pytest.fixture
def store(world: World) -> AccountStore:
    return AccountStore(world.database)


def choose(store: AccountStore, ana: Acting, before: bytes | None, sealed: bytes | None) -> bool:
    data = ChosenData(before=before, sealed=sealed, changed="language")
    is_chosen, found = store.choose(ana.id, data, now=ana.now, request_id="test")
    assert found is not None
    assert found[0].id == ana.id
    assert not is_chosen or found[1].chosen == sealed
    return is_chosen


def test_a_session_is_found_with_its_person_in_any_state(store: AccountStore, ana: Acting) -> None:
    for scene in ("SELECT 1", *DEAD):
        ana.world.execute(scene)
        found = store.read(ana.id, proof=None, now=ana.now)
        assert found is not None
        session, person = found
        assert (session.id, person.id) == (ana.id, ana.user_id)
        assert session.user_status is person.status
    statuses = ana.world.rows("SELECT status::text FROM users")
    assert statuses == [(UserStatus.ERASED,)]
    assert store.read(uuid4(), proof=None, now=ana.now) is None


def test_a_choice_replaces_the_one_that_was_read(store: AccountStore, ana: Acting) -> None:
    assert choose(store, ana, None, b"first")
    assert choose(store, ana, b"first", b"second")
    assert not choose(store, ana, b"first", b"third")  # somebody was faster, or this is the same call again
    assert choose(store, ana, b"second", None)
    assert ana.world.rows("SELECT chosen FROM users") == [(None,)]
    assert audited(ana.world, "account.changed") == 3


@pytest.mark.parametrize("scene", DEAD)
def test_a_session_that_may_not_act_chooses_nothing(store: AccountStore, ana: Acting, scene: str) -> None:
    ana.world.execute(scene)
    assert not choose(store, ana, None, b"first")
    assert audited(ana.world, "account.changed") == 0


def test_a_session_that_is_not_there_chooses_nothing(store: AccountStore, ana: Acting) -> None:
    data = ChosenData(before=None, sealed=b"first", changed="language")
    assert store.choose(uuid4(), data, now=ana.now, request_id="test") == (False, None)


def test_who_is_erased_or_was_never_here_is_erased(store: AccountStore, ana: Acting) -> None:
    assert not store.is_erased(ana.user_id)
    ana.world.execute("UPDATE users SET status = 'suspended'")
    assert not store.is_erased(ana.user_id)
    ana.world.execute("UPDATE users SET status = 'erased', profile = NULL")
    assert store.is_erased(ana.user_id)
    assert store.is_erased(uuid4())


def test_a_check_counts_its_request_and_finds_the_session(ana: Acting) -> None:
    sessions = SessionStore(ana.world.database)
    session, taken = sessions.check(ana.id, proof=None, place=ana.place(), now=ana.now)
    assert session is not None
    assert taken is not None
    assert (session.id, taken.is_admitted) == (ana.id, True)
    assert sessions.check(uuid4(), proof=None, place=None, now=ana.now)[0] is None
    ana.world.execute("DELETE FROM rate_limits")
    ana.fill_bucket()
    session, taken = sessions.check(ana.id, proof=None, place=ana.place(), now=ana.now)
    assert taken is not None
    assert (session, taken.is_admitted) == (None, False)


def test_a_proof_is_used_up(store: AccountStore, ana: Acting) -> None:
    ana.uses_up(lambda proof: store.read(ana.id, proof=proof, now=ana.now))
