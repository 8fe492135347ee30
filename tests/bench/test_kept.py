"""After a run, the bench knows whether all that phones were told is in the database, exactly once (F0)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from psycopg2.extensions import cursor

from bench.fleet import Run
from bench.kept import Told, lost
from bench.parts import Parts
from local.database import connected
from tests.bench.conftest import CONTAINERS, PEOPLE


@contextmanager
def as_owner(parts: Parts) -> Iterator[cursor]:
    """Yield a cursor that no trigger stops."""
    with connected(parts.owner_url) as connection, connection.cursor() as opened:
        opened.execute("SET session_replication_role = replica")
        yield opened


@pytest.fixture
def victim(small_run: Run) -> tuple[Told, str]:
    """A phone, and one of its sessions that was refreshed."""
    told = small_run.told[0]
    (session,) = (name for name, count in told.refreshes.items() if count)
    return told, session


def test_a_run_knows_what_its_phones_were_told(small_run: Run, victim: tuple[Told, str]) -> None:
    assert len({one.user_id for one in small_run.told}) == len(small_run.told) == CONTAINERS * PEOPLE
    told, session = victim
    assert sum(told.refreshes.values()) == told.refreshes[session] == 5
    assert told.ended == {session}
    assert len(told.refreshes) == 4  # one new sign-in, three known


def test_nothing_of_a_calm_run_is_lost(small_run: Run, bench_parts: Parts) -> None:
    assert list(lost(bench_parts.owner_url, small_run.told)) == []


def rotation(opened: cursor, told: Told, session: str) -> str:
    opened.execute("UPDATE sessions SET generation = generation - 1 WHERE id = %s", [session])
    return session


def logout(opened: cursor, told: Told, session: str) -> str:
    opened.execute("UPDATE sessions SET ended_at = NULL, end_reason = NULL WHERE id = %s", [session])
    return session


def sign_in(opened: cursor, told: Told, session: str) -> str:
    opened.execute("DELETE FROM sessions WHERE id = %s", [session])
    return session


def record(opened: cursor, told: Told, session: str) -> str:
    opened.execute(
        "DELETE FROM audit_events WHERE id = (SELECT max(id) FROM audit_events"
        " WHERE session_id = %s AND kind = 'session.refreshed')",
        [session],
    )
    return session


def second_record(opened: cursor, told: Told, session: str) -> str:
    opened.execute(
        "INSERT INTO audit_events (occurred_at, kind, user_id, session_id, request_id, details)"
        " SELECT occurred_at, kind, user_id, session_id, request_id, details FROM audit_events"
        " WHERE session_id = %s AND kind = 'session.started'",
        [session],
    )
    return session


def consent(opened: cursor, told: Told, session: str) -> str:
    opened.execute(
        "DELETE FROM consent_events WHERE user_id = %s AND kind = 'privacy_policy'", [told.user_id]
    )
    return told.user_id


@pytest.mark.parametrize("lose", [rotation, logout, sign_in, record, second_record, consent])
def test_what_is_missing_or_there_twice_is_named(
    lose: Callable[[cursor, Told, str], str], small_run: Run, bench_parts: Parts, victim: tuple[Told, str]
) -> None:
    twin = bench_parts.twin()
    with as_owner(twin) as opened:
        named = lose(opened, *victim)
    faults = list(lost(twin.owner_url, small_run.told))
    twin.postgres.drop_database(twin.owner_url.rpartition("/")[2])
    assert faults
    assert all(named in fault for fault in faults), faults
