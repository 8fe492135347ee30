"""Every outcome of the functions of identities."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chalicelib.domain.challenges import Challenge
from chalicelib.domain.id_tokens import Platform
from chalicelib.domain.identities import IDENTITIES_MAX, Linked, LinkOutcome, NewIdentity, Unlinked
from chalicelib.domain.providers import APPLE, GOOGLE
from chalicelib.stores.identities import IdentityStore
from tests.races import audited
from tests.store.acting import DEAD, Acting
from tests.world import World

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ana(world: World) -> Acting:
    return Acting(world)


@pytest.fixture
def store(world: World) -> IdentityStore:
    return IdentityStore(world.database)


def new(ana: Acting, subject: bytes = b"subject", **changes: Any) -> NewIdentity:  # noqa: ANN401 - its fields
    made = NewIdentity(
        session_id=ana.id,
        user_id=ana.user_id,
        identity_id=uuid4(),
        provider=APPLE.name,
        platforms=frozenset({Platform.ios}),
        index_version=1,
        index_versions=(1,),
        subject_indexes=(subject,),
        email_index=None,
        subject=b"sealed",
        token_hash=uuid4().bytes,
        token_expires_at=ana.now + MINUTE,
        challenge=Challenge(nonce_hash=uuid4().bytes, expires_at=ana.now + MINUTE),
    )
    return replace(made, **changes)


def link(store: IdentityStore, ana: Acting, asked: NewIdentity) -> LinkOutcome:
    return store.link(asked, proof=None, place=None, now=ana.now, request_id="test")


def test_an_identity_is_linked_with_its_nonce_and_token_used_up(store: IdentityStore, ana: Acting) -> None:
    asked = new(ana)
    outcome = link(store, ana, asked)
    assert (outcome.outcome, outcome.session and outcome.session.id) == (Linked.LINKED, ana.id)
    assert outcome.identity is not None
    assert outcome.identity.id == asked.identity_id
    assert outcome.identity.linked_at == ana.now + timedelta(
        microseconds=1
    )  # after the first, which is as old
    used = ana.world.rows("SELECT session_id FROM used_id_tokens WHERE token_hash = %s", asked.token_hash)
    assert used == [(None,)]
    session, listed = store.of_session(ana.id, proof=None, now=ana.now)
    assert session is not None
    assert [each.provider for each in listed] == [GOOGLE.name, APPLE.name]
    assert listed[1] == outcome.identity
    assert audited(ana.world, "identity.linked") == 1


def test_linking_again_is_linking_once(store: IdentityStore, ana: Acting) -> None:
    first = link(store, ana, new(ana))
    before = ana.world.stored()
    for asked in (new(ana), new(ana, subject_indexes=(b"newer", b"subject"))):
        assert link(store, ana, asked).identity == first.identity
    assert ana.world.stored() == before


def refused(store: IdentityStore, ana: Acting, asked: NewIdentity) -> Linked:
    """Return why nothing is linked, having seen that nothing is written."""
    before = ana.world.stored()
    outcome = link(store, ana, asked)
    assert outcome.identity is None
    assert ana.world.stored() == before
    return outcome.outcome


def test_an_identity_of_somebody_else_is_in_use(store: IdentityStore, ana: Acting) -> None:
    eve = Acting(ana.world, "eve@example.com", "device-9")
    link(store, eve, new(eve))
    assert refused(store, ana, new(ana)) is Linked.IN_USE


def test_a_person_has_so_many_identities(store: IdentityStore, ana: Acting) -> None:
    for n in range(IDENTITIES_MAX - 1):
        assert link(store, ana, new(ana, b"%d" % n)).outcome is Linked.LINKED
    assert refused(store, ana, new(ana)) is Linked.FULL


def test_nonce_and_token_serve_once_and_in_time(store: IdentityStore, ana: Acting) -> None:
    first = new(ana, b"first")
    link(store, ana, first)
    assert refused(store, ana, new(ana, challenge=first.challenge)) is Linked.NONCE_USED
    assert refused(store, ana, new(ana, token_hash=first.token_hash)) is Linked.TOKEN_USED
    late = Challenge(nonce_hash=b"late", expires_at=ana.now)
    assert refused(store, ana, new(ana, challenge=late)) is Linked.NONCE_USED


def test_a_token_is_for_the_sessions_platform(store: IdentityStore, ana: Acting) -> None:
    others = frozenset({Platform.android, Platform.web})
    assert refused(store, ana, new(ana, platforms=others)) is Linked.WRONG_PLATFORM


def test_who_does_not_know_every_index_key_links_nothing(store: IdentityStore, ana: Acting) -> None:
    assert refused(store, ana, new(ana, index_version=2, index_versions=(2, 1))) is Linked.INDEX_KEYS_CHANGED
    assert refused(store, ana, new(ana, index_version=1, index_versions=(2,))) is Linked.INDEX_KEYS_CHANGED


@pytest.mark.parametrize("scene", DEAD)
def test_a_session_that_may_not_act_links_and_unlinks_nothing(
    store: IdentityStore, ana: Acting, scene: str
) -> None:
    linked = link(store, ana, new(ana, b"first")).identity
    assert linked is not None
    ana.world.execute(scene)
    assert refused(store, ana, new(ana)) is Linked.REFUSED
    assert unlink(store, ana, linked.id) is Unlinked.REFUSED
    session, listed = store.of_session(ana.id, proof=None, now=ana.now)
    assert session is not None
    assert (session.id, listed) == (ana.id, ())


def test_a_session_of_somebody_else_links_nothing(store: IdentityStore, ana: Acting) -> None:
    assert refused(store, ana, new(ana, user_id=uuid4())) is Linked.REFUSED
    assert refused(store, ana, new(ana, session_id=uuid4())) is Linked.REFUSED
    assert store.of_session(uuid4(), proof=None, now=ana.now) == (None, ())


def test_a_full_bucket_links_nothing(store: IdentityStore, ana: Acting) -> None:
    outcome = store.link(new(ana), proof=None, place=ana.place(), now=ana.now, request_id="test")
    assert outcome.taken is not None
    assert (outcome.outcome, outcome.taken.is_admitted) == (Linked.LINKED, True)
    ana.world.execute("DELETE FROM rate_limits")
    ana.fill_bucket()
    outcome = store.link(new(ana, b"next"), proof=None, place=ana.place(), now=ana.now, request_id="test")
    assert outcome.taken is not None
    assert (outcome.outcome, outcome.session, outcome.taken.is_admitted) == (Linked.LIMITED, None, False)


def unlink(store: IdentityStore, ana: Acting, identity_id: UUID) -> Unlinked:
    return store.unlink(ana.id, identity_id, proof=None, now=ana.now, request_id="test").outcome


def test_one_identity_of_several_is_unlinked_once(store: IdentityStore, ana: Acting) -> None:
    linked = link(store, ana, new(ana)).identity
    assert linked is not None
    eve = Acting(ana.world, "eve@example.com", "device-9")
    assert unlink(store, eve, linked.id) is Unlinked.UNKNOWN
    assert unlink(store, ana, linked.id) is Unlinked.UNLINKED
    assert unlink(store, ana, linked.id) is Unlinked.UNKNOWN
    ((only,),) = ana.world.rows("SELECT id FROM identities WHERE user_id = %s", str(ana.user_id))
    assert unlink(store, ana, only) is Unlinked.LAST
    assert audited(ana.world, "identity.unlinked") == 1
    assert ana.world.rows("SELECT count(*) FROM revocations") == [(0,)]


def test_what_a_provider_granted_is_moved_aside(store: IdentityStore, ana: Acting) -> None:
    asked = new(ana)
    link(store, ana, asked)
    ana.world.execute("UPDATE identities SET refresh_token = 'sealed' WHERE id = %s", str(asked.identity_id))
    outcome = store.unlink(ana.id, asked.identity_id, proof=None, now=ana.now, request_id="test")
    assert (outcome.outcome, outcome.is_revocable) == (Unlinked.UNLINKED, True)
    ((identity_id, user_id, token, ended_at),) = ana.world.rows(
        "SELECT identity_id, user_id, refresh_token, ended_at FROM revocations"
    )
    assert (identity_id, user_id, bytes(token)) == (asked.identity_id, ana.user_id, b"sealed")
    assert ended_at == ana.now


def test_a_proof_is_used_up_by_each_of_them(store: IdentityStore, ana: Acting) -> None:
    now = ana.now
    ana.uses_up(lambda proof: store.of_session(ana.id, proof=proof, now=now))
    ana.uses_up(lambda proof: store.link(new(ana), proof=proof, place=None, now=now, request_id="test"))
    ana.uses_up(lambda proof: store.unlink(ana.id, uuid4(), proof=proof, now=now, request_id="test"))
