"""PostgreSQL refuses: no connection left, read-only, closed to us; and we are killed in the middle (F0)."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from chalicelib.domain.sign_in import NewPerson, NewSession
from chalicelib.stores.sign_in import SignInStore
from tests.faults.test_database_away import acts, assert_f0, assert_recovered
from tests.races import audited, live_sessions, times
from tests.world import Phone, World


@pytest.fixture
def phone(world: World) -> Phone:
    phone = world.person()
    assert phone.sign_in().status == 200
    return phone


@contextmanager
def scene(world: World, begin: str, end: str) -> Iterator[None]:
    """Let the owner set a scene and take it away again; the container connects anew to see it."""
    with world.owner() as cursor:
        name = cursor.connection.info.dbname
        cursor.execute(begin.format(name=name))
        try:
            yield
        finally:
            cursor.execute(end.format(name=name))


def contents(world: World) -> list[tuple[int, ...]]:
    return [world.rows(f"SELECT count(*) FROM {table}")[0] for table in TABLES]  # noqa: S608 - constants


TABLES = ("users", "identities", "devices", "sessions", "consent_events", "audit_events", "used_id_tokens")
WRITES = ("refresh", "sign-in", "sign-up", "end", "logout")
READS = ("sessions", "account", "consents", "documents")


def test_no_record_no_act(world: World, phone: Phone) -> None:
    before = contents(world)
    closed = "REVOKE INSERT ON audit_events FROM serenya_functions"
    with scene(world, closed, "GRANT INSERT ON audit_events TO serenya_functions"):  # F-33
        calls = acts(phone)
        for name in WRITES:
            assert_f0(calls[name]())
        for name in READS:
            assert calls[name]().status == 200
    assert contents(world) == before
    assert_recovered(phone)


def test_a_read_only_server_is_503_for_what_writes_and_loses_its_connections(
    world: World, phone: Phone
) -> None:
    before = contents(world)
    begin = "ALTER DATABASE {name} SET default_transaction_read_only = on"
    with scene(world, begin, "ALTER DATABASE {name} RESET default_transaction_read_only"):  # F-37, F-3: 25006
        world.database.close()
        calls = acts(phone)
        for name in WRITES:
            assert_f0(calls[name]())
        for name in READS:
            assert calls[name]().status == 200
    assert_f0(phone.refresh())  # by a connection from before; it is dropped
    assert contents(world) == before
    assert_recovered(phone)


def test_without_a_free_connection_it_is_503_at_once_and_those_who_have_one_go_on(
    world: World, phone: Phone
) -> None:
    phone.get("/sessions")  # this container has one connection
    limit = "ALTER DATABASE {name} CONNECTION LIMIT"
    with scene(world, f"{limit} 1", f"{limit} -1"):
        replies = times(20, lambda: phone.get("/sessions"))  # F-7: 53300
        for reply in replies:
            if reply.status != 200:
                assert_f0(reply)
        assert {reply.status for reply in replies} == {200, 503}
        assert phone.get("/sessions").status == 200
    assert_recovered(phone)


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
@pytest.mark.parametrize("failures", [2, 3])
def test_a_passing_conflict_is_retried_and_a_lasting_one_is_503(
    world: World, phone: Phone, sqlstate: str, failures: int
) -> None:
    with world.owner() as cursor:  # F-6
        cursor.execute("CREATE SEQUENCE tries")
        cursor.execute("GRANT USAGE ON tries TO serenya_functions")
        cursor.execute(f"""
            CREATE FUNCTION conflict() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('public.tries') <= {failures} THEN
                    RAISE EXCEPTION 'no' USING ERRCODE = '{sqlstate}';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER conflict BEFORE UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION conflict()
        """)
    reply = phone.refresh()
    assert reply.status == (200 if failures == 2 else 503)
    assert phone.refresh().status == 200
    assert audited(world, "session.refreshed") == (2 if failures == 2 else 1)


class Killed(BaseException):
    """The process ended here."""


@pytest.mark.parametrize("committed", [False, True])
def test_a_process_that_is_killed_around_the_commit_leaves_all_or_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, *, committed: bool
) -> None:
    create = SignInStore.create_account

    def killed(store: SignInStore, new: NewSession, person: NewPerson) -> None:
        if committed:
            create(store, new, person)
        raise Killed

    phone = world.person()
    token = phone.id_token()
    monkeypatch.setattr(SignInStore, "create_account", killed)
    with pytest.raises(Killed):
        phone.sign_in(token)  # F-20: after KMS and the vault
    assert world.rows("SELECT count(*) FROM users") == [(int(committed),)]
    monkeypatch.undo()
    world.services = world.container()
    assert phone.sign_in(token).status == 200  # F-18: the phone asks again
    assert phone.get("/account").body["email"] == phone.email
    assert live_sessions(world) == 1
    assert audited(world, "account.created") == 1
    assert audited(world, "session.started") == 1
