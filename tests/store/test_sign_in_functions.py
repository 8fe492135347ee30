"""Every outcome of the functions that sign in: PostgreSQL checks a body where it runs, not before."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from chalicelib.domain.account import RenewedData
from chalicelib.domain.challenges import Challenge
from chalicelib.domain.consents import ConsentAnswer
from chalicelib.domain.dpop import Proof
from chalicelib.domain.errors import DependencyUnavailable, InvalidDpopProof
from chalicelib.domain.id_tokens import Platform, Provider
from chalicelib.domain.limits import SIGN_IN_BY_ADDRESS, SIGN_IN_BY_PERSON, Taking
from chalicelib.domain.sign_in import RETRY_WINDOW, Entered, Entry, NewPerson, NewSession
from chalicelib.stores.account import AccountStore
from chalicelib.stores.sign_in import SignInStore
from tests.races import audited, live_sessions
from tests.world import REQUIRED, World

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
KEY, OTHER_KEY = "A" * 43, "B" * 43


def hashed(letter: str) -> bytes:
    return letter.encode() * 32


def granted(*documents: str, version: str = "1.0") -> tuple[ConsentAnswer, ...]:
    return tuple(
        ConsentAnswer(document=each, version=version, granted=True, locale="en", method="onboarding")
        for each in documents
    )


def challenge(letter: str, expires_at: datetime) -> Challenge:
    return Challenge(nonce_hash=hashed(letter), expires_at=expires_at)


class SignIns:
    """The store, with a stranger who agrees to all and brings a nonce, on a database without people."""

    def __init__(self, world: World) -> None:
        self.world, self.store = world, SignInStore(world.database)
        self.start = world.clock.now()
        self.tokens = 0

    def new(self, later: timedelta = timedelta(0), **changes: Any) -> NewSession:  # noqa: ANN401 - any field
        """Return one more sign-in of the person, on the phone that they have."""
        self.tokens += 1
        now = self.start + later
        new = NewSession(
            provider=Provider("google"),
            index_version=1,
            index_versions=(1,),
            subject_indexes=(hashed("s"),),
            token_hash=self.tokens.to_bytes(32, "big"),
            token_expires_at=now + DAY,
            challenge=None,
            session_id=uuid4(),
            device_id=uuid4(),
            device_indexes=(hashed("d"),),
            platform=Platform.ios,
            client_id="client",
            now=now,
            idle_expires_at=now + DAY,
            expires_at=now + 2 * DAY,
            jkt=None,
            profile=b"copy",
            profile_digest=b"digest",
            answers=granted(*REQUIRED),
            locale="en",
            app_version="1.2",
            request_id="test",
            at_address=None,
            place=None,
            proof=None,
        )
        return replace(new, **changes)

    def person(self) -> NewPerson:
        """Return what makes a new person."""
        return NewPerson(
            user_id=uuid4(),
            identity_id=uuid4(),
            key_version=1,
            email_index=None,
            subject=b"subject",
            profile=b"profile",
            device_description=b"device",
            device_digest=b"device digest",
        )

    def created(self, **changes: Any) -> Entry:  # noqa: ANN401 - any field
        """Make the person."""
        entry = self.store.create_account(self.new(**changes), self.person())
        assert entry.outcome is Entered.CREATED
        return entry

    def written(self) -> dict[str, int]:
        """Return how many rows each table has, but for the limits' buckets."""
        return self.world.stored()

    def assert_refused(self, entry: Entry, outcome: Entered, before: dict[str, int]) -> None:
        assert (entry.outcome, entry.own) == (outcome, None)
        assert self.written() == before


@pytest.fixture
def sign_ins(world: World) -> SignIns:
    return SignIns(world)


def test_nobody_is_known_and_the_documents_are_told(sign_ins: SignIns) -> None:
    before = sign_ins.written()
    nonce = challenge("n", sign_ins.start + SECOND)
    entry = sign_ins.store.open_session(sign_ins.new(challenge=nonce))
    sign_ins.assert_refused(entry, Entered.UNKNOWN_PERSON, before)
    assert entry.user_id is None
    assert {state.document for state in entry.states if state.required} == set(REQUIRED)


def test_an_account_is_made_with_all_that_belongs_to_it(sign_ins: SignIns) -> None:
    new, person = sign_ins.new(challenge=challenge("n", sign_ins.start + SECOND)), sign_ins.person()
    entry = sign_ins.store.create_account(new, person)
    assert (entry.outcome, entry.user_id, entry.is_new_user) == (Entered.CREATED, person.user_id, True)
    assert entry.own is not None
    session, stored = entry.own.session, entry.own.person
    assert (session.id, session.user_id, session.generation) == (new.session_id, person.user_id, 0)
    assert (session.acr, session.amr, session.auth_time) == ("aal1", ("fed",), new.now)
    assert (session.profile, session.profile_digest) == (b"copy", b"digest")
    assert (stored.profile, stored.profile_digest, stored.key_version) == (b"profile", b"digest", 1)
    assert (session.device.id, session.device.description) == (new.device_id, b"device")
    world = sign_ins.world
    assert world.rows("SELECT kind, app_version FROM consent_events ORDER BY id") == [
        (kind, "1.2") for kind in sorted(REQUIRED)
    ]
    assert world.rows(
        "SELECT kind FROM audit_events WHERE user_id = %s ORDER BY id", str(person.user_id)
    ) == [
        ("account.created",),
        ("session.started",),
        *[("consent.granted",)] * len(REQUIRED),
    ]
    assert world.rows("SELECT session_id FROM used_id_tokens") == [(new.session_id,)]
    assert world.rows("SELECT count(*) FROM challenges") == [(1,)]


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
    stranger = {"subject_indexes": (hashed("z"),), "challenge": nonce}
    before = sign_ins.written()
    for entry in (
        sign_ins.store.open_session(sign_ins.new(**stranger)),
        sign_ins.store.create_account(sign_ins.new(**stranger), sign_ins.person()),
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
def test_who_asks_too_often_is_told_when_the_place_is_free(sign_ins: SignIns, *, is_known: bool) -> None:
    if is_known:
        sign_ins.created()
    limit = replace(SIGN_IN_BY_ADDRESS, quota=1)
    at_address = Taking(limit=limit, subject="", index=hashed("a"), now=sign_ins.start)
    place = Taking(
        limit=replace(SIGN_IN_BY_PERSON, quota=1), subject="", index=hashed("p"), now=sign_ins.start
    )
    for taking in ({"at_address": at_address}, {"place": place}):
        first = sign_ins.store.open_session(sign_ins.new(**taking))
        assert first.outcome is (Entered.OPENED if is_known else Entered.UNKNOWN_PERSON)
        before = sign_ins.written()
        entry = sign_ins.store.open_session(sign_ins.new(**taking))
        got, was = (
            (entry.at_address, first.at_address) if "at_address" in taking else (entry.taken, first.taken)
        )
        if got is None or was is None:
            assert not is_known  # a stranger takes no place of a person's
            assert "place" in taking
            continue
        assert (was.is_admitted, got.is_admitted) == (True, False)
        assert got.arrives_at == was.arrives_at == sign_ins.start + limit.window
        sign_ins.assert_refused(entry, Entered.LIMITED, before)


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


def test_a_stranger_is_made_only_by_whom_all_index_keys_are_known_to(sign_ins: SignIns) -> None:
    before = sign_ins.written()
    for index_version, index_versions in ((2, (2,)), (2, (2, 1)), (1, ())):
        changes = {"index_version": index_version, "index_versions": index_versions}
        for entry in (
            sign_ins.store.open_session(sign_ins.new(**changes)),
            sign_ins.store.create_account(sign_ins.new(**changes), sign_ins.person()),
        ):
            sign_ins.assert_refused(entry, Entered.INDEX_KEYS_CHANGED, before)


@pytest.mark.parametrize(
    "answers",
    [
        (),
        granted(*REQUIRED[1:]),
        granted(*REQUIRED[1:], *REQUIRED[1:2]),
        granted(*REQUIRED, "everything"),
        (*granted(*REQUIRED[1:]), *granted(REQUIRED[0], version="0.9")),
        (*granted(*REQUIRED[1:]), replace(granted(REQUIRED[0])[0], granted=False)),
    ],
)
def test_nobody_is_made_who_does_not_agree_to_all_that_is_required(
    sign_ins: SignIns, answers: tuple[ConsentAnswer, ...]
) -> None:
    before = sign_ins.written()
    entry = sign_ins.store.create_account(sign_ins.new(answers=answers), sign_ins.person())
    sign_ins.assert_refused(entry, Entered.CONSENTS_CHANGED, before)
    assert {state.document for state in entry.states if state.required} == set(REQUIRED)


def test_who_was_made_by_a_faster_sign_in_gets_a_session(sign_ins: SignIns) -> None:
    first = sign_ins.created()
    candidate = sign_ins.person()
    entry = sign_ins.store.create_account(sign_ins.new(SECOND, device_indexes=(hashed("e"),)), candidate)
    assert (entry.outcome, entry.user_id, entry.is_new_user) == (Entered.OPENED, first.user_id, False)
    assert sign_ins.world.rows("SELECT count(*) FROM users") == [(1,)]


def test_an_identity_that_a_release_without_locks_adds_meanwhile_undoes_all(sign_ins: SignIns) -> None:
    sign_ins.world.execute(
        "CREATE FUNCTION add() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
        "  INSERT INTO public.users (id, created_at, status_changed_at, profile)"
        "    SELECT gen_random_uuid(), NEW.created_at, NEW.created_at, 'x' WHERE pg_trigger_depth() = 1;"
        "  INSERT INTO public.identities (user_id, provider, subject_index, subject, created_at)"
        "    SELECT id, NEW.provider, NEW.subject_index, 'x', NEW.created_at FROM public.users"
        "    WHERE id <> NEW.user_id AND pg_trigger_depth() = 1;"
        "  RETURN NEW;"
        " END $$; CREATE TRIGGER add BEFORE INSERT ON identities FOR EACH ROW EXECUTE FUNCTION add()"
    )
    before = sign_ins.written()
    with pytest.raises(DependencyUnavailable):  # each of three attempts; in truth the other's row stays
        sign_ins.store.create_account(sign_ins.new(), sign_ins.person())
    assert sign_ins.written() == before


def test_what_is_sealed_of_a_person_is_renewed_unless_a_newer_key_has_indexed_them(sign_ins: SignIns) -> None:
    first = sign_ins.created()
    assert first.own is not None
    data = RenewedData(
        user_id=first.own.person.id,
        index_version=1,
        subject_indexes=(hashed("S"), hashed("s")),
        device_id=first.own.session.device.id,
        session_id=first.own.session.id,
        email_index=hashed("m"),
        profile_digest=b"1",
        copy_digest=b"2",
        device_digest=b"3",
        changed="profile device",
        profile=b"4",
        device_description=b"5",
        session_profile=b"6",
    )
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
