"""Every outcome of a known person's sign-in: PostgreSQL checks a body where it runs, not before."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.dpop import Proof
from chalicelib.domain.errors import InvalidDpopProof
from chalicelib.domain.id_tokens import Platform, Provider
from chalicelib.domain.limits import SIGN_IN_BY_ADDRESS, SIGN_IN_BY_PERSON, Taken, Taking
from chalicelib.domain.sign_in import RETRY_WINDOW, Entered, Entry
from tests.races import audited, live_sessions
from tests.sign_in_scenes import DAY, KEY, OTHER_KEY, SECOND, SignIns, challenge, granted, hashed
from tests.world import REQUIRED, World


@pytest.fixture
def sign_ins(world: World) -> SignIns:
    return SignIns(world)


def test_a_known_person_opens_a_session_in_place_of_the_one_on_the_device(sign_ins: SignIns) -> None:
    first = sign_ins.created()
    new = sign_ins.new(SECOND, challenge=challenge("n", sign_ins.start + DAY))
    entry = sign_ins.store.open_session(new)
    assert (entry.outcome, entry.user_id, entry.is_new_user) == (Entered.OPENED, first.user_id, False)
    assert entry.is_first_identity
    assert entry.own is not None
    assert first.own is not None
    assert entry.own.session.id == new.session_id
    assert entry.own.session.device.id == first.own.session.device.id
    assert live_sessions(sign_ins.world) == 1
    assert sign_ins.world.rows(
        "SELECT id, end_reason::text, profile FROM sessions WHERE ended_at IS NOT NULL"
    ) == [(first.own.session.id, "replaced", None)]
    kinds = sign_ins.world.rows("SELECT kind FROM audit_events WHERE occurred_at = %s ORDER BY id", new.now)
    assert kinds == [("session.started",), ("session.ended",)]  # what was agreed to before stands
    assert sign_ins.world.rows("SELECT count(*) FROM devices WHERE last_seen_at = %s", new.now) == [(1,)]


def test_another_device_is_a_new_one_and_ends_nothing(sign_ins: SignIns) -> None:
    sign_ins.created()
    entry = sign_ins.store.open_session(sign_ins.new(device_indexes=(hashed("e"),), platform=Platform.web))
    assert entry.own is not None
    assert (entry.own.session.device.platform, entry.own.session.device.description) == (Platform.web, None)
    assert live_sessions(sign_ins.world) == 2
    assert audited(sign_ins.world, "session.new_device") == 1


def test_a_later_identity_is_not_the_first(sign_ins: SignIns) -> None:
    sign_ins.created()
    sign_ins.world.execute(
        "INSERT INTO identities (user_id, provider, subject_index, subject, created_at)"
        " SELECT user_id, 'apple', %s, subject, created_at + interval '1 s' FROM identities",
        hashed("t"),
    )
    later = sign_ins.new(provider=Provider("apple"), subject_indexes=(hashed("t"),))
    assert not sign_ins.store.open_session(later).is_first_identity
    assert sign_ins.store.open_session(sign_ins.new()).is_first_identity


def test_answers_are_recorded_where_they_change_what_stands(sign_ins: SignIns) -> None:
    sign_ins.created()
    entry = sign_ins.store.open_session(sign_ins.new(answers=granted("ai_processing", *REQUIRED)))
    assert {each.document for each in entry.states if each.granted_version == "1.0"} == {
        "ai_processing",
        *REQUIRED,
    }
    no = replace(granted("ai_processing")[0], granted=False)
    for answer in (no, no, replace(no, document="everything"), replace(no, version="0.9")):
        entry = sign_ins.store.open_session(sign_ins.new(answers=(answer,)))
        assert entry.outcome is Entered.OPENED
    assert {each.document for each in entry.states if each.granted_version == "1.0"} == set(REQUIRED)
    query = "SELECT action::text FROM consent_events WHERE kind = 'ai_processing' ORDER BY id"
    assert sign_ins.world.rows(query) == [("granted",), ("refused",)]
    assert audited(sign_ins.world, "consent.refused") == 1


@pytest.mark.parametrize("later", [timedelta(0), RETRY_WINDOW])
def test_the_exact_retry_finds_its_session(sign_ins: SignIns, later: timedelta) -> None:
    token = hashed("t")
    first = sign_ins.created(token_hash=token, jkt=KEY)
    before = sign_ins.written()
    entry = sign_ins.store.open_session(sign_ins.new(later, token_hash=token, jkt=KEY))
    assert (entry.outcome, entry.own) == (Entered.REPEATED, replace_states(first, entry))
    assert entry.is_new_user
    again = sign_ins.store.create_account(sign_ins.new(later, token_hash=token, jkt=KEY), sign_ins.person())
    assert (again.outcome, again.own) == (Entered.REPEATED, entry.own)
    assert sign_ins.written() == before


def replace_states(first: Entry, entry: Entry) -> object:
    assert first.own is not None
    return replace(first.own, states=entry.states)


@pytest.mark.parametrize(
    ("scene", "changes"),
    [
        ("SELECT 1", {"later": RETRY_WINDOW + SECOND}),
        ("SELECT 1", {"device_indexes": (hashed("e"),)}),
        ("SELECT 1", {"jkt": OTHER_KEY}),
        ("SELECT 1", {"jkt": None}),
        ("UPDATE sessions SET generation = 1", {}),
        ("UPDATE sessions SET ended_at = created_at, end_reason = 'logout', profile = NULL", {}),
        ("UPDATE used_id_tokens SET session_id = NULL", {}),
    ],
)
def test_any_other_use_of_the_token_is_refused(
    sign_ins: SignIns, scene: str, changes: dict[str, Any]
) -> None:
    sign_ins.created(token_hash=hashed("t"), jkt=KEY)
    sign_ins.world.execute(scene)
    before = sign_ins.written()
    nonce = challenge("n", sign_ins.start + DAY)
    again = sign_ins.new(**{"token_hash": hashed("t"), "jkt": KEY, "challenge": nonce, **changes})
    sign_ins.assert_refused(sign_ins.store.open_session(again), Entered.TOKEN_USED, before)


def test_a_used_or_expired_nonce_opens_nothing(sign_ins: SignIns) -> None:
    nonce, late = challenge("n", sign_ins.start + DAY), challenge("l", sign_ins.start)
    for refusing in ("stranger", "known"):
        before = sign_ins.written()
        for used in (late, nonce) if refusing == "known" else (late,):
            for entry in (
                sign_ins.store.open_session(sign_ins.new(challenge=used)),
                sign_ins.store.create_account(sign_ins.new(challenge=used), sign_ins.person()),
            ):
                sign_ins.assert_refused(entry, Entered.NONCE_USED, before)
        if refusing == "stranger":
            sign_ins.created(challenge=nonce)
    stranger = sign_ins.new(subject_indexes=(hashed("z"),), challenge=nonce)
    before = sign_ins.written()
    for entry in (
        sign_ins.store.open_session(stranger),
        sign_ins.store.create_account(stranger, sign_ins.person()),
    ):
        sign_ins.assert_refused(entry, Entered.NONCE_USED, before)
        assert entry.user_id is None


def test_the_used_token_of_an_erased_person_is_refused(sign_ins: SignIns) -> None:
    sign_ins.created(token_hash=hashed("t"))
    sign_ins.world.execute("UPDATE users SET status = 'erased', profile = NULL, chosen = NULL")
    before = sign_ins.written()
    again = sign_ins.new(token_hash=hashed("t"))
    sign_ins.assert_refused(sign_ins.store.open_session(again), Entered.TOKEN_USED, before)
    entry = sign_ins.store.create_account(again, sign_ins.person())
    sign_ins.assert_refused(entry, Entered.TOKEN_USED, before)


def test_a_suspended_person_is_told(sign_ins: SignIns) -> None:
    first = sign_ins.created(token_hash=hashed("t"))
    sign_ins.world.execute("UPDATE users SET status = 'suspended'")
    before = sign_ins.written()
    for token in (hashed("t"), hashed("u")):
        entry = sign_ins.store.open_session(sign_ins.new(token_hash=token))
        sign_ins.assert_refused(entry, Entered.SUSPENDED, before)
        assert entry.user_id == first.user_id


@pytest.mark.parametrize("is_known", [True, False])
def test_an_address_that_asks_too_often_waits(sign_ins: SignIns, *, is_known: bool) -> None:
    if is_known:
        sign_ins.created()
    limit = replace(SIGN_IN_BY_ADDRESS, quota=1)
    taking = Taking(limit=limit, subject="", index=hashed("a"), now=sign_ins.start)
    first = sign_ins.store.open_session(sign_ins.new(at_address=taking))
    assert first.outcome is (Entered.OPENED if is_known else Entered.UNKNOWN_PERSON)
    before = sign_ins.written()
    entry = sign_ins.store.open_session(sign_ins.new(at_address=taking))
    sign_ins.assert_refused(entry, Entered.LIMITED, before)
    assert first.at_address == Taken(is_admitted=True, arrives_at=sign_ins.start + limit.window)
    assert entry.at_address == Taken(is_admitted=False, arrives_at=sign_ins.start + limit.window)
    assert entry.taken is None


def test_a_person_who_signs_in_too_often_waits(sign_ins: SignIns) -> None:
    limit = replace(SIGN_IN_BY_PERSON, quota=1)
    taking = Taking(limit=limit, subject="", index=hashed("p"), now=sign_ins.start)
    stranger = sign_ins.store.open_session(sign_ins.new(place=taking))
    assert (stranger.outcome, stranger.taken) == (Entered.UNKNOWN_PERSON, None)
    sign_ins.created()
    first = sign_ins.store.open_session(sign_ins.new(place=taking))
    assert first.outcome is Entered.OPENED
    before = sign_ins.written()
    for entry in (
        sign_ins.store.open_session(sign_ins.new(place=taking)),
        sign_ins.store.create_account(sign_ins.new(place=taking), sign_ins.person()),
    ):
        sign_ins.assert_refused(entry, Entered.LIMITED, before)
        assert entry.taken == Taken(is_admitted=False, arrives_at=sign_ins.start + limit.window)
    assert first.taken == Taken(is_admitted=True, arrives_at=sign_ins.start + limit.window)


def test_a_proof_that_came_before_undoes_all_of_it(sign_ins: SignIns) -> None:
    sign_ins.created()
    expires_at = sign_ins.start + DAY
    proof = Proof(jkt=KEY, ath=None, replay_key=hashed("r"), expires_at=expires_at, has_nonce=False)
    assert sign_ins.store.open_session(sign_ins.new(proof=proof)).outcome is Entered.OPENED
    before = sign_ins.written()
    place = Taking(limit=SIGN_IN_BY_ADDRESS, subject="", index=hashed("a"), now=sign_ins.start)
    with pytest.raises(InvalidDpopProof):
        sign_ins.store.open_session(sign_ins.new(proof=proof, at_address=place))
    assert sign_ins.written() == before
    assert sign_ins.world.rows("SELECT * FROM rate_limits") == []


@pytest.mark.parametrize("versions", [(1, 2), (2, 1)])
def test_a_person_is_found_under_any_version_and_their_device_moves_to_a_newer(
    sign_ins: SignIns, versions: tuple[int, int]
) -> None:
    first = sign_ins.created()
    assert first.own is not None
    names = {1: ("s", "d"), 2: ("s2", "d2")}
    entry = sign_ins.store.open_session(
        sign_ins.new(
            index_version=versions[0],
            index_versions=versions,
            subject_indexes=tuple(names[each][0].encode() * 32 for each in versions),
            device_indexes=tuple(names[each][1].encode() * 32 for each in versions),
        )
    )
    assert entry.own is not None
    assert (entry.outcome, entry.own.session.device.id) == (Entered.OPENED, first.own.session.device.id)
    ((index, version),) = sign_ins.world.rows("SELECT device_index, index_version FROM devices")
    newest = versions[0]
    assert (bytes(index), version) == (names[newest][1].encode() * 32, newest)
