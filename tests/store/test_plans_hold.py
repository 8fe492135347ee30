"""A plan made on empty tables stays good when they have grown under a connection that lives on.

PL/pgSQL keeps a plan for the connection's life, and nothing but statistics or a change of the schema makes it
anew. So functions plan without sequential scans, and here no ANALYZE comes to help.
"""

import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2's own lower case

from chalicelib.domain.challenges import Challenge
from chalicelib.domain.dpop import Proof
from chalicelib.domain.limits import (
    REFRESH_FAILURES_BY_SESSION,
    SIGN_IN_BY_ADDRESS,
    SIGN_IN_BY_PERSON,
    Taking,
)
from chalicelib.domain.refusals import RefusalCounts
from chalicelib.domain.sign_in import Entered
from chalicelib.domain.tokens import RefreshToken
from chalicelib.postgres import messages
from chalicelib.postgres.roles import APP_ROLE
from chalicelib.postgres.schema_name import schema_name
from chalicelib.stores.account import AccountStore
from chalicelib.stores.audit_refusals import RefusalStore
from chalicelib.stores.database import Database, connect
from chalicelib.stores.keys import KeySource
from chalicelib.stores.limits import LimitStore
from chalicelib.stores.positions import PositionStore
from chalicelib.stores.readiness import is_at_head
from chalicelib.stores.sessions import SessionStore
from chalicelib.stores.sign_in import SignInStore
from tests.sign_in_scenes import SignIns, renewed
from tests.store.erasure_acts import ErasureActs, EventActs
from tests.store.people_acts import PeopleActs
from tests.store.test_functions import CALLS
from tests.world import World

Values = Mapping[str, Any] | None

LIMITS = (SIGN_IN_BY_ADDRESS, SIGN_IN_BY_PERSON)
SMALL = {"consent_documents", "database_position", "service_keys", "signing_keys", "alembic_version"}
PEOPLE = 5000
FEW = 500  # rows that all acts together read by an index: far fewer than there are
READ = "SELECT relname, seq_scan, coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables"
FLUSH = "SELECT pg_stat_force_next_flush()"
CALLED = """
    SELECT oid::regprocedure::text FROM pg_proc WHERE prosecdef AND pronamespace = %s::regnamespace
"""
GROW = """
    SET enable_seqscan = off;
    INSERT INTO users (id, created_at, status_changed_at, profile)
        SELECT md5('person' || n)::uuid, now(), now(), 'x' FROM generate_series(1, %(people)s) AS n;
    INSERT INTO identities (user_id, provider, subject_index, subject, created_at)
        SELECT md5('person' || n)::uuid, 'google', decode(md5('subject' || n), 'hex'), 'x', now()
        FROM generate_series(1, %(people)s) AS n;
    INSERT INTO devices (id, user_id, device_index, platform, created_at, last_seen_at)
        SELECT md5('device' || n)::uuid, md5('person' || n)::uuid, 'x', 'ios', now(), now()
        FROM generate_series(1, %(people)s) AS n;
    INSERT INTO sessions (id, user_id, device_id, client_id, acr, amr, auth_time, created_at, rotated_at,
            idle_expires_at, expires_at)
        SELECT md5('session' || n)::uuid, md5('person' || n)::uuid, md5('device' || n)::uuid,
            'ios', 'aal1', '{fed}', now(), now(), now(), now(), now()
        FROM generate_series(1, %(people)s) AS n;
    INSERT INTO used_id_tokens (token_hash, session_id, used_at, expires_at)
        SELECT decode(md5('token' || n), 'hex'), md5('session' || n)::uuid, now(), now()
        FROM generate_series(1, %(people)s) AS n;
    INSERT INTO challenges (nonce_hash, used_at, expires_at)
        SELECT decode(md5('nonce' || n), 'hex'), now(), now() FROM generate_series(1, %(people)s) AS n;
    INSERT INTO consent_events (user_id, kind, version, locale, sha256, action, method, session_id,
            occurred_at)
        SELECT md5('person' || n)::uuid, kind, version, locale, sha256, 'granted', 'x',
            gen_random_uuid(), now()
        FROM generate_series(1, %(people)s) AS n,
            (SELECT kind, version, locale, sha256 FROM consent_documents LIMIT 1) AS document;
    INSERT INTO rate_limits (bucket_index, arrives_at)
        SELECT decode(md5('bucket' || n), 'hex'), now() FROM generate_series(1, %(people)s) AS n;
    INSERT INTO dpop_proofs (proof_hash, expires_at)
        SELECT decode(md5('proof' || n), 'hex'), now() FROM generate_series(1, %(people)s) AS n;
    INSERT INTO erasures (id, user_id, epoch, lineage, requested_at)
        SELECT md5('erasure' || n)::uuid, md5('person' || n)::uuid, n, gen_random_uuid(), now()
        FROM generate_series(1, %(people)s) AS n;
    INSERT INTO revocations (identity_id, user_id, refresh_token, ended_at)
        SELECT md5('identity' || n)::uuid, md5('person' || n)::uuid, 'x', now()
        FROM generate_series(1, %(people)s) AS n;
    INSERT INTO biometric_keys (id, user_id, device_id, spki, created_at)
        SELECT gen_random_uuid(), md5('person' || n)::uuid, md5('device' || n)::uuid, 'x', now()
        FROM generate_series(1, %(people)s) AS n;
    INSERT INTO audit_events (occurred_at, kind, user_id, request_id, details)
        SELECT now(), 'x', md5('person' || n)::uuid, 'x', '{}' FROM generate_series(1, %(people)s) AS n
"""


class SessionActs:
    """What requests do with sessions."""

    def __init__(self, world: World) -> None:
        phone = world.person()
        assert phone.sign_in().status == 200
        self.id, self.now, self.generation = UUID(phone.session_id), world.clock.now(), 0

    def all(self, database: Database) -> None:
        """Do it all once, each branch of a refresh among it."""
        store = SessionStore(database)
        for generation in (self.generation, self.generation, self.generation + 7):
            self.refresh(store, generation)
        store.find(self.id, locale="en", now=self.now)
        store.live_beside(self.id, proof=self.proof("list"), now=self.now)
        store.end_one(self.id, self.id, proof=None, now=self.now, request_id="test")
        store.end_others(self.id, proof=None, now=self.now, request_id="test")
        store.end_all(self.id, proof=None, now=self.now, request_id="test")
        store.end(self.id, now=self.now, request_id="test")
        self.refresh(store, self.generation + 1)  # refused: it takes a place among failures
        self.generation += 1

    def refresh(self, store: SessionStore, generation: int) -> None:
        """Present a token of a generation."""
        limit = REFRESH_FAILURES_BY_SESSION
        store.rotate(
            RefreshToken(session_id=self.id, seed=bytes(16), generation=generation, jkt=None),
            proof=self.proof(f"refresh {generation}"),
            idle_expires_at=self.now,
            grace=limit.window,
            locale="en",
            place=Taking(limit=limit, subject="", index=bytes(32), now=self.now),
            now=self.now,
            request_id="test",
        )

    def proof(self, name: str) -> Proof:
        """Return a proof that comes for the first time."""
        key = f"{name} {self.generation} {time.monotonic_ns()}".encode()
        return Proof(jkt="", ath=None, replay_key=key, expires_at=self.now, has_nonce=False)


class SignInActs:
    """What requests do to sign in."""

    def __init__(self, world: World) -> None:
        self.sign_ins = SignIns(world)

    def all(self, database: Database) -> None:
        """Sign a stranger up and in: known, repeated, answering otherwise; then seal their data anew."""
        store, person = SignInStore(database), self.sign_ins.person()
        index = person.user_id.bytes * 2
        new = self.sign_ins.new(subject_indexes=(index,), device_indexes=(index,))
        address, place = [Taking(limit=limit, subject="", index=index, now=new.now) for limit in LIMITS]
        asked = replace(new, at_address=address, place=place, token_hash=index)
        assert store.open_session(asked).outcome is Entered.UNKNOWN_PERSON
        assert store.create_account(asked, person).outcome is Entered.CREATED
        assert store.open_session(asked).outcome is Entered.REPEATED
        answers = tuple(replace(answer, granted=False) for answer in new.answers)
        nonce = Challenge(nonce_hash=index, expires_at=new.expires_at)
        entry = store.open_session(replace(new, session_id=uuid4(), answers=answers, challenge=nonce))
        assert entry.outcome is Entered.OPENED
        assert entry.own is not None
        accounts = AccountStore(database)
        accounts.renew(renewed(entry.own, (index,)), now=new.now, request_id="test")
        accounts.renew_session_copy(entry.own.session.id, b"copy", b"digest")


class OtherActs:
    """What containers read, and what belongs to no noun."""

    def __init__(self, world: World) -> None:
        self.now = world.clock.now()

    def all(self, database: Database) -> None:
        """Count a request, read the keys and how far the database is, record what was refused."""
        taking = Taking(limit=REFRESH_FAILURES_BY_SESSION, subject="", index=bytes(31), now=self.now)
        LimitStore(database).take(taking)
        assert KeySource(database).stored().signing
        assert is_at_head(database)
        assert PositionStore(database).position()
        counts = RefusalCounts(since=self.now, counts={("POST /auth/refresh", "session_revoked"): 1})
        RefusalStore(database).record(counts, now=self.now, request_id="test")


class Acts:
    """Everything that requests do, by one connection. Who adds a function adds an act that calls it."""

    def __init__(self, world: World) -> None:
        nouns = (SessionActs, SignInActs, PeopleActs, EventActs, ErasureActs, OtherActs)
        self.nouns = tuple(noun(world) for noun in nouns)
        world.close()
        self.database = connect(world.url_of(APP_ROLE), 1, now=world.clock.now)

    def all(self) -> None:
        """Do it all once, and let PostgreSQL count what this connection read."""
        for noun in self.nouns:
            noun.all(self.database)
        self.database._repeated(lambda cursor: messages.send(cursor, FLUSH))


def reads(world: World) -> tuple[Counter[str], int]:
    """Return how often each table that grows was read from end to end, and how many rows by an index."""
    found = world.rows(READ)
    scans = Counter({name: scans for name, scans, _ in found if name not in SMALL})
    return scans, sum(fetched for name, _, fetched in found if name not in SMALL)


def grow(world: World) -> None:
    with world.owner() as cursor:
        cursor.execute(GROW, {"people": PEOPLE})
        cursor.execute(FLUSH)


@pytest.fixture
def acts(world: World) -> Acts:
    """Acts on tables that PostgreSQL knows to be all but empty, and will not look at again by itself."""
    found = Acts(world)
    for (table,) in world.rows("SELECT relname FROM pg_stat_user_tables"):
        world.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    world.execute("ANALYZE")
    return found


def test_the_acts_call_every_function(acts: Acts, monkeypatch: pytest.MonkeyPatch) -> None:
    called, send = set[str](), messages.send

    def noted(cursor: Cursor, statement: str | bytes, values: Values = None) -> list[messages.Line]:
        called.update(re.findall(rf"{schema_name()}\.(\w+)", str(statement)))
        return send(cursor, statement, values)

    monkeypatch.setattr(messages, "send", noted)
    acts.all()
    assert called == {call.function for call in CALLS}


def test_no_function_reads_a_table_that_grew_from_end_to_end(world: World, acts: Acts) -> None:
    acts.all()
    grow(world)
    before, fetched = reads(world)
    acts.all()
    scans, after = reads(world)
    assert scans - before == Counter()
    assert 0 < after - fetched < FEW


def test_a_function_without_its_header_is_found(world: World, acts: Acts) -> None:
    with world.owner() as cursor:
        cursor.execute(CALLED, (schema_name(),))
        for (function,) in cursor.fetchall():
            cursor.execute(f"ALTER FUNCTION {function} RESET enable_seqscan")
    acts.all()
    grow(world)
    before, _ = reads(world)
    acts.all()
    scans, _ = reads(world)
    assert (scans - before)["sessions"] > 0
