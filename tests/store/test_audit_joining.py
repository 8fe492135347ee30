"""A restored database's record goes on: one chain, and what was lost with the backup is told, not hidden."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.domain.audit_findings import Fault
from chalicelib.domain.audit_seals import claimed_seal
from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure
from chalicelib.services.audit_joining import Joined
from tests.audit_scenes import Bench, Restored, parts
from tests.store.test_audit_bundle import bundle, verified
from tests.world import World

INSERT = """
    INSERT INTO audit_events (occurred_at, kind, request_id)
    SELECT now(), 'session.started', 'r' || n FROM generate_series(1, %s) n"""


@pytest.fixture
def bench(world: World) -> Bench:
    """Return a chain of two seals, with five events after it."""
    made = Bench(world)
    for _ in range(2):
        world.execute(INSERT, 5)
        made.audit.seal()
    world.execute(INSERT, 5)
    return made


@pytest.fixture
def restored(bench: Bench) -> Restored:
    """Return a database from before two of its seals; of the first it has five of eight events."""
    one = Restored(bench)
    one.backup()
    bench.world.execute(INSERT, 3)
    bench.audit.seal()
    bench.world.execute(INSERT, 4)
    bench.audit.seal()
    one.restore()
    return one


def ids(restored: Restored, *steps: int) -> list[int]:
    return [restored.newest + step for step in steps]


def test_after_a_restore_sealing_goes_on_and_the_gap_is_told(bench: Bench, restored: Restored) -> None:
    with pytest.raises(IntegrityFailure):
        bench.audit.seal()
    assert restored.join() == Joined(last_seal=4, events_lost=7)
    report = bench.audit.verify()
    assert (report.finding, report.seals) == (None, 5)
    assert report.lost == (tuple(ids(restored, 1, 7)),)
    bench.world.execute(INSERT, 2)
    assert (bench.audit.seal().head, bench.audit.verify().finding) == (6, None)
    assert bench.audit.verify().unanchored == 0
    assert min(set(bench.events()) - set(range(restored.newest + 1))) > restored.newest + 7


def test_the_joining_is_recorded_and_sealed(bench: Bench, restored: Restored) -> None:
    restored.join()
    ((at, request, details),) = bench.world.rows(
        "SELECT id, request_id, details FROM audit_events WHERE kind = 'audit.joined'"
    )
    assert (request, details) == ("operator", {"last_seal": 4, "events_lost": 7})
    ((signed,),) = bench.world.rows("SELECT seal FROM audit_seals WHERE number = 5")
    seal = claimed_seal(signed)
    assert seal is not None
    assert (seal.covered, seal.lost) == (((at, at),), (tuple(ids(restored, 1, 7)),))


def test_events_under_the_ids_of_lost_ones_are_sealed_for_what_they_are(
    bench: Bench, restored: Restored
) -> None:
    bench.world.execute(INSERT, 2)  # somebody acted before the restore was noticed
    restored.join()
    report = bench.audit.verify()
    assert (report.finding, report.lost) == (None, (tuple(ids(restored, 1, 7)),))
    target = restored.newest + 1
    with bench.tampering() as owner:
        owner.execute("UPDATE audit_events SET kind = 'x' WHERE id = %s", (target,))
    finding = bench.audit.verify().finding
    assert finding is not None
    assert (finding.fault, finding.seal, finding.event_id) == (Fault.EDITED, 5, target)


def test_what_was_not_lost_is_missed_as_ever(bench: Bench, restored: Restored) -> None:
    restored.join()
    with bench.tampering() as owner:
        owner.execute("DELETE FROM audit_events WHERE id = %s", (restored.newest,))
    finding = bench.audit.verify().finding
    assert finding is not None
    assert (finding.fault, finding.seal, finding.event_id) == (Fault.MISSING, 3, restored.newest)


def test_an_event_put_where_one_was_lost_is_found(bench: Bench, restored: Restored) -> None:
    restored.join()
    target = restored.newest + 2
    with bench.tampering() as owner:
        owner.execute(
            "INSERT INTO audit_events (id, occurred_at, kind, request_id) OVERRIDING SYSTEM VALUE"
            " VALUES (%s, now(), 'consent.granted', 'r')",
            (target,),
        )
    finding = bench.audit.verify().finding
    assert finding is not None
    assert (finding.fault, finding.event_id) == (Fault.EDITED, target)


def test_a_range_that_ends_before_the_joining_seal_knows_of_it(bench: Bench, restored: Restored) -> None:
    restored.join()
    report = bench.audit.verify(first=2, last=3)
    assert (report.finding, report.first_seal, report.last_seal, report.seals) == (None, 2, 3, 2)
    assert bench.audit.verify(first=5).finding is None


def test_a_bundle_tells_the_gap_offline(bench: Bench, restored: Restored) -> None:
    bench.world.execute(INSERT, 2)
    restored.join()
    bench.world.execute(INSERT, 2)
    bench.audit.seal()
    report = verified(bundle(bench, 1))
    assert (report.finding, report.lost) == (None, (tuple(ids(restored, 1, 7)),))
    lines = bundle(bench, 1)
    at = next(n for n, line in enumerate(lines) if json.loads(line).get("id") == restored.newest)
    finding = verified(lines[:at] + lines[at + 1 :]).finding
    assert finding is not None
    assert (finding.fault, finding.event_id) == (Fault.MISSING, restored.newest)


def test_a_backup_after_the_events_of_a_seal_loses_none_of_them(bench: Bench) -> None:
    one = Restored(bench)
    one.backup()
    bench.audit.seal()
    one.restore()
    assert one.join() == Joined(last_seal=3)
    report = bench.audit.verify()
    assert (report.finding, report.seals, report.lost) == (None, 4, ())


def test_an_id_that_was_rolled_back_then_and_is_somebodys_now_is_sealed(bench: Bench) -> None:
    one = Restored(bench)
    one.backup()
    with bench.world.owner() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(INSERT, (2,))
        cursor.execute("ROLLBACK")
    for _ in range(2):
        bench.world.execute(INSERT, 2)
        bench.audit.seal()
        bench.world.clock.advance(timedelta(hours=2))
    one.restore()
    bench.world.execute(INSERT, 1)
    one.join()
    assert bench.audit.verify().finding is None
    assert set(bench.events()) <= set(bench.covered())


def test_a_joining_that_was_cut_off_is_repeated(bench: Bench, restored: Restored) -> None:
    away = replace(parts(bench), settings=replace(bench.settings, evidence_bucket="not-there"))
    with pytest.raises(DependencyUnavailable):
        away.joining.join("operator")
    assert bench.world.rows("SELECT count(*) FROM audit_seals") == [(2,)]
    joining = parts(bench).joining
    numbers = joining._anchors.numbers_after(2)
    joining._bring_back(joining._store.head(), numbers)
    assert bench.world.rows("SELECT count(*) FROM audit_seals") == [(3,)]
    with pytest.raises(IntegrityFailure):
        bench.audit.seal()
    assert restored.join() == Joined(last_seal=4, events_lost=7)
    assert restored.join() == Joined()
    report = bench.audit.verify()
    assert (report.finding, report.lost) == (None, (tuple(ids(restored, 1, 7)),))


def test_a_second_restore_is_joined_too(bench: Bench, restored: Restored) -> None:
    restored.join()
    bench.world.execute(INSERT, 3)
    bench.audit.seal()
    restored.restore()  # the same backup once more: the first joining is lost with it
    restored.join()
    report = bench.audit.verify()
    assert (report.finding, report.seals) == (None, 7)
    assert bench.audit.seal().head in {7, 8}


def test_a_database_that_lost_everything_is_joined(bench: Bench) -> None:
    bench.audit.seal()
    with bench.tampering() as owner:
        owner.execute("TRUNCATE audit_events, audit_seals RESTART IDENTITY")
    Restored(bench).join()
    assert bench.audit.verify().finding is None
