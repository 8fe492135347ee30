"""Every outcome of the functions that renew what is sealed of people."""

from dataclasses import replace
from uuid import UUID

import pytest

from chalicelib.stores.account import AccountStore
from tests.races import audited
from tests.sign_in_scenes import SignIns, hashed, renewed
from tests.world import World


@pytest.fixture
def sign_ins(world: World) -> SignIns:
    return SignIns(world)


def test_what_is_sealed_of_a_person_is_renewed_unless_a_newer_key_has_indexed_them(sign_ins: SignIns) -> None:
    first = sign_ins.created()
    assert first.own is not None
    data = renewed(first.own, (hashed("S"), hashed("s")))
    store, world = AccountStore(sign_ins.world.database), sign_ins.world
    sealed = (
        "SELECT u.profile, u.profile_digest, i.subject_index, i.email_index, d.description,"
        " d.description_digest, s.profile, s.profile_digest FROM users u, identities i, devices d, sessions s"
    )
    store.renew(data, now=sign_ins.start, request_id="test")
    ((*found,),) = world.rows(sealed)
    assert [bytes(each) for each in found] == [b"4", b"1", hashed("S"), hashed("m"), b"5", b"3", b"6", b"2"]
    assert world.rows("SELECT details FROM audit_events WHERE kind = 'account.data_renewed'") == [
        ({"changed": "profile device"},)
    ]
    for scene in (
        "UPDATE users SET index_version = 2",
        "UPDATE users SET status = 'suspended', index_version = 1",
    ):
        world.execute(scene)
        store.renew(replace(data, profile=b"7", session_profile=b"8"), now=sign_ins.start, request_id="test")
        ((*unchanged,),) = world.rows(sealed)
        assert unchanged == found
    assert audited(world, "account.data_renewed") == 1


def test_a_sessions_copy_is_renewed_until_it_ends(sign_ins: SignIns) -> None:
    first = sign_ins.created()
    assert first.own is not None
    session_id: UUID = first.own.session.id
    store, world = AccountStore(sign_ins.world.database), sign_ins.world
    store.renew_session_copy(session_id, b"1", b"2")
    ((*found,),) = world.rows("SELECT profile, profile_digest FROM sessions")
    assert [bytes(each) for each in found] == [b"1", b"2"]
    world.execute("UPDATE sessions SET ended_at = created_at, end_reason = 'logout', profile = NULL")
    store.renew_session_copy(session_id, b"3", b"4")
    assert world.rows("SELECT profile FROM sessions") == [(None,)]
