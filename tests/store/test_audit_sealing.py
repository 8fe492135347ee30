"""Sealing: every event once, in order, chained, signed and anchored, while writers never wait (H5)."""

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import psycopg2
import pytest

from chalicelib.clients.seal_anchor import SealAnchors
from chalicelib.domain.audit_seals import SealRecord, claimed_seal
from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from chalicelib.functions import audit, release
from local.database import connected
from tests.audit_scenes import Bench
from tests.races import at_once, times
from tests.world import World

INSERT = "INSERT INTO audit_events (occurred_at, kind, request_id) VALUES (now(), 'session.started', 'test')"


@pytest.fixture
def bench(world: World) -> Bench:
    return Bench(world)


def test_sealing_covers_every_event_once_and_anchors_the_seal(bench: Bench) -> None:
    bench.world.person().sign_in()
    run = bench.audit.seal()
    assert (run.seals, run.events, run.anchored, run.head) == (1, len(bench.events()), 1, 1)
    assert bench.covered() == bench.events()
    assert bench.anchored() == ["audit/seals/000000000001.json"]
    report = bench.audit.verify()
    assert (report.finding, report.seals, report.events, report.unanchored) == (None, 1, run.events, 0)


def test_nothing_new_makes_no_seal(bench: Bench) -> None:
    bench.audit.seal()
    run = bench.audit.seal()
    assert (run.seals, run.events, run.anchored, run.head) == (0, 0, 0, 1)


def test_a_database_without_events_has_nothing_to_seal(bench: Bench) -> None:
    with bench.tampering() as owner:
        owner.execute("TRUNCATE audit_events")
    assert (bench.audit.seal().head, bench.audit.verify().finding) == (None, None)


def test_each_seal_names_the_one_before_it(bench: Bench) -> None:
    for _ in range(3):
        bench.world.person().sign_in()
        bench.audit.seal()
    report = bench.audit.verify()
    assert (report.finding, report.seals, report.last_seal) == (None, 3, 3)
    assert bench.audit.verify(first=2, last=2).finding is None
    assert bench.audit.verify(first=3).seals == 1


def test_an_event_that_commits_late_is_in_a_later_seal(bench: Bench) -> None:
    with connected(bench.world.owner_url) as late, late.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(INSERT)
        bench.world.person().sign_in()
        bench.audit.seal()
        assert set(bench.events()) == set(bench.covered())
        cursor.execute("COMMIT")
    late_id = (set(bench.events()) - set(bench.covered())).pop()
    assert late_id < max(bench.covered())
    assert bench.audit.verify().finding is None  # not sealed yet, and known to be coming
    assert bench.audit.seal().events == 1
    assert bench.covered() == bench.events()
    assert bench.audit.verify().finding is None


def test_an_id_that_was_rolled_back_is_declared_void_once_nobody_can_bring_it(bench: Bench) -> None:
    with bench.world.owner() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(INSERT + " RETURNING id")
        lost = cursor.fetchone()[0]  # type: ignore[index] # it returns a row
        cursor.execute("ROLLBACK")
    heads = []
    for pause in (timedelta(0), timedelta(minutes=59), timedelta(minutes=2)):
        bench.world.clock.advance(pause)
        bench.world.execute(INSERT)
        bench.audit.seal()
        heads.append(newest(bench))
    assert [[(gap.first, gap.last) for gap in head.pending] for head in heads] == [
        [(lost, lost)],
        [(lost, lost)],
        [],
    ]
    assert [head.void for head in heads] == [(), (), ((lost, lost),)]
    assert bench.audit.verify().finding is None


def test_an_id_whose_transaction_still_runs_is_never_declared_void(bench: Bench) -> None:
    with connected(bench.world.owner_url) as late, late.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(INSERT)
        for _ in range(3):
            bench.world.execute(INSERT)
            bench.audit.seal()
            bench.world.clock.advance(timedelta(hours=2))
        assert (len(newest(bench).pending), newest(bench).void) == (1, ())
        cursor.execute("COMMIT")
    bench.audit.seal()
    assert bench.covered() == bench.events()


def test_sixteen_writers_and_two_sealers_at_once_seal_every_event_once(bench: Bench) -> None:
    done = threading.Event()

    def write() -> None:
        with psycopg2.connect(bench.world.owner_url) as connection, connection.cursor() as cursor:
            for number in range(60):
                cursor.execute(INSERT)
                connection.rollback() if number % 7 == 3 else connection.commit()
        connection.close()

    def seal() -> None:
        audit = bench.another()
        while not done.is_set():
            audit.seal()

    sealers = [threading.Thread(target=seal) for _ in range(2)]
    for sealer in sealers:
        sealer.start()
    times(16, write)
    done.set()
    for sealer in sealers:
        sealer.join()
    bench.audit.seal()
    assert bench.covered() == bench.events()
    assert len(bench.events()) >= 16 * 51
    report = bench.audit.verify()
    assert (report.finding, report.events, report.unanchored) == (None, len(bench.events()), 0)


def test_of_many_sealers_at_once_one_makes_the_seal(bench: Bench) -> None:
    audits = [bench.another() for _ in range(6)]
    runs = at_once([audit.seal for audit in audits])
    assert sum(run.seals for run in runs) == 1
    assert bench.covered() == bench.events()


def test_sealing_makes_no_writer_wait_and_waits_for_none(bench: Bench) -> None:
    with bench.world.owner() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(INSERT)  # holds every lock that an act holds
        assert bench.audit.seal().seals == 1
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        assert cursor.fetchone() == (0,)
        cursor.execute("ROLLBACK")


def test_a_backlog_is_sealed_in_seals_of_bounded_size(bench: Bench) -> None:
    insert = INSERT.replace(
        "VALUES (now(), 'session.started', 'test')", "SELECT now(), 'a', 'b' FROM generate_series(1, 9000)"
    )
    bench.world.execute(insert)
    run = bench.audit.seal()
    assert (run.seals, run.events) == (3, len(bench.events()))
    assert bench.audit.verify().finding is None


def test_a_missing_anchor_is_put_by_the_next_run(bench: Bench) -> None:
    for _ in range(2):
        bench.world.execute(INSERT)
        bench.audit.seal()
    bench.forget_anchor(1)
    assert bench.audit.verify().unanchored == 1
    assert bench.audit.seal().anchored == 1
    assert (bench.audit.verify().unanchored, len(bench.anchored())) == (0, 2)


def test_a_database_that_is_behind_its_anchors_is_not_sealed_again(bench: Bench) -> None:
    bench.audit.seal()
    with bench.tampering() as owner:
        owner.execute("DELETE FROM audit_seals")
    with pytest.raises(IntegrityFailure):
        bench.audit.seal()
    assert bench.covered() == []


def test_without_s3_nothing_is_sealed_and_nothing_is_lost(bench: Bench) -> None:
    bench.world.person().sign_in()
    away = audit.audit_of(
        replace(bench.settings, evidence_bucket="not-there"), bench.world.jobs, bench.world.clock
    )
    with pytest.raises(DependencyUnavailable):
        away.seal()
    assert bench.covered() == []
    assert bench.audit.seal().events == len(bench.events())


def test_an_anchor_is_never_replaced(bench: Bench) -> None:
    anchors = SealAnchors(bench.s3, bench.bucket)
    record = SealRecord(number=7, seal="a.b.c", leaves=b"\x00" * 32)
    anchors.put(record)
    anchors.put(record)  # a retry
    with pytest.raises(IntegrityFailure):
        anchors.put(replace(record, seal="a.b.d"))
    assert (anchors.get(7), anchors.get(8)) == (record, None)
    assert (anchors.numbers_after(6), anchors.numbers_after(7)) == ((7,), ())


def test_a_seal_is_signed_by_a_key_that_an_earlier_seal_named(bench: Bench) -> None:
    bench.audit.seal()
    for _ in range(3):  # two rotations and what follows: the first keys leave the JWKS
        bench.world.clock.advance(timedelta(days=89, hours=1))
        release.rotate_keys(bench.settings, clock=bench.world.clock)
        bench.another().seal()  # signed by the old key, and names the next
        bench.world.clock.advance(timedelta(days=1, hours=3))
        bench.world.execute(INSERT)
        bench.another().seal()
    published = {key["kid"] for key in bench.world.container().access.public_keys()}
    kids = [jwt.get_unverified_header(seal)["kid"] for (seal,) in seals(bench)]
    assert (len(set(kids)), kids[0] in published) == (4, False)
    assert bench.another().verify().finding is None
    report = bench.another().verify()
    assert report.trusted_first == (kids[0],)


def seals(bench: Bench) -> list[tuple[str]]:
    return bench.world.rows("SELECT seal FROM audit_seals ORDER BY number")


def newest(bench: Bench) -> Any:  # noqa: ANN401 - a seal
    ((signed,),) = bench.world.rows("SELECT seal FROM audit_seals ORDER BY number DESC LIMIT 1")
    return claimed_seal(signed)
