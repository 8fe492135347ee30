"""Every outcome of a new person's sign-in: PostgreSQL checks a body where it runs, not before."""

from dataclasses import replace

import pytest

from chalicelib.domain.consents import ConsentAnswer
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.sign_in import Entered
from chalicelib.postgres.schema_name import schema_name
from tests.golden.subject_locks import subject_locks
from tests.sign_in_scenes import SECOND, SignIns, challenge, granted, hashed
from tests.world import REQUIRED, World

LOCKED = """
    SELECT (classid::bigint << 32 | objid::bigint) AS key FROM pg_locks
    WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND mode = 'ExclusiveLock' ORDER BY key
"""


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


def test_a_stranger_is_made_only_by_whom_all_index_keys_are_known_to(sign_ins: SignIns) -> None:
    before = sign_ins.written()
    for index_version, index_versions in ((2, (2,)), (2, (2, 1)), (1, ())):
        new = sign_ins.new(index_version=index_version, index_versions=index_versions)
        for entry in (
            sign_ins.store.open_session(new),
            sign_ins.store.create_account(new, sign_ins.person()),
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


def test_a_sign_up_locks_what_that_of_any_release_locks(world: World) -> None:  # 0053
    indexes = (hashed("a"), hashed("b"))
    locking = f"BEGIN; SELECT {schema_name()}.lock_subject(%s::bytea[]); {LOCKED}"
    with world.owner() as cursor:
        cursor.execute(locking, (list(indexes),))
        assert [key for (key,) in cursor.fetchall()] == subject_locks(indexes)
        cursor.execute("COMMIT")
