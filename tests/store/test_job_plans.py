"""For which tables of a job no index fits: those that it reads as a whole anyway, and no others."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2's own lower case
from sqlalchemy import Engine, event

from chalicelib.domain.keys import ServiceKeyRecord, ServiceKeyUse
from chalicelib.domain.operators import OperatorAct, Order
from chalicelib.domain.providers import GOOGLE
from chalicelib.domain.retention import Purged
from chalicelib.postgres.roles import OPERATORS_ROLE
from chalicelib.stores.jobs.audit_seals import AuditSealStore
from chalicelib.stores.jobs.consent_coverage import CoverageStore
from chalicelib.stores.jobs.key_acts import KeyActsStore
from chalicelib.stores.jobs.keys import KeyChanges
from chalicelib.stores.jobs.operators import OperatorStore
from chalicelib.stores.jobs.outbox import OutboxStore
from chalicelib.stores.jobs.provider_grants import GrantKeepingStore
from chalicelib.stores.jobs.purge import PurgeStore
from chalicelib.stores.jobs.recovery import RecoveryStore
from chalicelib.stores.jobs.reindex import ReindexStore
from tests.store.test_plans_hold import SMALL
from tests.world import Phone, World

SCANNED = re.compile(r"Seq Scan on (\w+)")
EXPLAINED = re.compile(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)\b")
TINY = SMALL | {"webhook_endpoints", "webhook_secrets"}
ORDER = Order(actor="ops-maria", reason="request 4711")
WHOLE = {
    "consent coverage": {"users"},  # counts every active person
    "counts of indexes": {"users", "identities", "devices"},
    "ended grants": {"revocations"},  # few wait, and not for long
    "purge of rate_limits": {"rate_limits"},  # an index would cost every request
    "retirement of an index key": {"users", "identities"},
}
Act = Callable[[], object]


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


@contextmanager
def sent() -> Iterator[list[bytes]]:
    """Collect what jobs send, with its values, while the context lasts."""
    statements: list[bytes] = []

    @event.listens_for(Engine, "before_cursor_execute")
    def noted(_connection: object, cursor: Cursor, statement: str, given: Any, *_more: object) -> None:  # noqa: ANN401 - SQLAlchemy's
        statements.append(cursor.mogrify(statement, given))

    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", noted)


def read_whole(world: World, statements: list[bytes]) -> set[str]:
    """Return the tables for which no index fits; those that are empty now may grow."""
    found = set[str]()
    with world.owner() as cursor:
        for statement in statements:
            if EXPLAINED.match(statement.decode()):
                cursor.execute(b"BEGIN; SET LOCAL enable_seqscan = off; EXPLAIN " + statement)
                found.update(SCANNED.findall("\n".join(line for (line,) in cursor.fetchall())))
                cursor.execute("ROLLBACK")
    return found - TINY


def acts(world: World, ana: Phone) -> Mapping[str, Act]:
    """Return an act of each kind that jobs and operators do on tables that grow."""
    way, now = world.jobs.transactions, world.clock.now()
    as_operators = world.database.acting_as(OPERATORS_ROLE).transactions
    recorded: dict[str, Any] = {"now": now, "request_id": "test"}
    operators, recovery, outbox = OperatorStore(as_operators), RecoveryStore(way), OutboxStore(way)
    grants, seals = GrantKeepingStore(way), AuditSealStore(way)
    reindex, purge = ReindexStore(way), PurgeStore(way)
    user_id, nobody = world.rows("SELECT id FROM users")[0][0], uuid4()
    key = ServiceKeyRecord(
        use=ServiceKeyUse.BLIND_INDEX, version=9, wrapped=b"", created_at=now, activates_at=now
    )
    purges = {
        f"purge of {table.value}": lambda table=table: purge.delete(table, before=now - timedelta(days=900))
        for table in Purged
    }
    return purges | {
        "consent coverage": lambda: CoverageStore(way).coverage(document=None, version=None, now=now),
        "counts of indexes": reindex.counts,
        "ended grants": lambda: grants.ended_before(now),
        "ended sessions": lambda: operators.change(user_id, OperatorAct.END_SESSIONS, ORDER, **recorded),
        "events to hand over": lambda: outbox.ready(now),
        "events that ended": lambda: outbox.settled([nobody], is_delivered=True, **recorded),
        "export": lambda: operators.export(user_id, 1, ORDER, **recorded),
        "found by address": lambda: operators.with_email([b"index"], ORDER, **recorded),
        "identity of a grant": lambda: grants.identity(user_id, GOOGLE.name, [b"index"]),
        "kept grant": lambda: grants.keep(nobody, b"sealed"),
        "known people": lambda: KeyActsStore(way).known([user_id, nobody]),
        "page of people": lambda: reindex.page(uuid4(), 10, 9),
        "pending erasures": recovery.pending,
        "retirement of an index key": lambda: KeyChanges(way).retire_secret(key, None, ORDER, **recorded),
        "seals": lambda: (seals.head(), seals.seals(1, 10), seals.unsealed(None, 10)),
        "sessions after a restore": lambda: recovery.end_sessions(**recorded),
        "shown": lambda: operators.show(user_id, OperatorAct.SHOW, ORDER, **recorded),
        "suspension": lambda: operators.change(user_id, OperatorAct.SUSPEND, ORDER, **recorded),
    }


def test_an_index_fits_what_jobs_look_for_but_where_they_read_all(world: World, ana: Phone) -> None:
    found = {}
    for name, act in acts(world, ana).items():
        with sent() as statements:
            act()
        assert statements, name
        found[name] = read_whole(world, statements)
    assert {name: tables for name, tables in found.items() if tables} == WHOLE
