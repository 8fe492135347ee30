"""Events go after 7 years, by whole seals, and verification knows it from a loss."""

from datetime import timedelta

import pytest
from psycopg2 import errors

from chalicelib.domain.audit_findings import Fault
from chalicelib.services.purge import Purge
from chalicelib.stores.jobs.purge import PurgeStore
from tests.audit_scenes import Bench
from tests.world import World

INSERT = """
    INSERT INTO audit_events (occurred_at, kind, request_id)
    SELECT now(), 'session.started', 'r' || n FROM generate_series(1, %s) n"""


def test_events_of_a_seal_older_than_seven_years_may_go_and_verification_says_so(world: World) -> None:
    world.clock.jump(-timedelta(days=2600))
    bench = aged(world)
    bench.audit.seal()
    world.clock.jump(timedelta(days=2600))
    world.execute(INSERT, 5)
    bench.audit.seal()
    old = bench.events()[0]
    with world.owner() as owner, pytest.raises(errors.InsufficientPrivilege, match="never changed"):
        owner.execute("DELETE FROM audit_events WHERE id = %s", (bench.events()[-1],))
    gone = purged(world)
    assert (gone["audit_events"] > 0, purged(world)["audit_events"]) == (True, 0)
    assert old not in bench.events()
    assert len(bench.events()) == 5
    report = bench.audit.verify()
    assert (report.finding, report.seals, report.expired, report.events) == (None, 2, 1, 5)
    with bench.tampering() as owner:
        owner.execute("DELETE FROM audit_events WHERE id IN (SELECT max(id) FROM audit_events)")
    assert bench.audit.verify().finding is not None  # those of young seals are missed


def test_one_missing_event_of_an_old_seal_is_not_taken_for_retention(world: World) -> None:
    world.clock.jump(-timedelta(days=2600))
    bench = aged(world)
    bench.audit.seal()
    world.clock.jump(timedelta(days=2600))
    target = bench.events()[3]
    with world.owner() as owner:
        owner.execute("DELETE FROM audit_events WHERE id = %s", (target,))
    finding = bench.audit.verify().finding
    assert finding is not None
    assert (finding.fault, finding.event_id) == (Fault.MISSING, target)


def test_a_seal_that_claims_to_be_old_lets_no_young_event_go(world: World) -> None:
    bench = Bench(world)
    bench.audit.seal()
    events = bench.events()
    with bench.as_app() as app:
        app.execute(
            "INSERT INTO audit_seals (number, sealed_at, through_id, root, covered, seal, leaf_hashes)"
            " SELECT 2, now() - interval '9 years', through_id, root, covered, seal, leaf_hashes"
            " FROM audit_seals"
        )
        app.execute("SELECT expire_audit_events()")
        assert app.fetchone() == (0,)
    assert purged(world)["audit_events"] == 0
    with world.owner() as owner, pytest.raises(errors.InsufficientPrivilege, match="never changed"):
        owner.execute("DELETE FROM audit_events WHERE id = %s", (events[0],))
    assert bench.events() == events


def test_the_app_cannot_touch_an_event_or_a_seal(world: World) -> None:
    bench = Bench(world)
    bench.audit.seal()
    for act in (
        "DELETE FROM audit_events",
        "UPDATE audit_seals SET root = root",
        "DELETE FROM audit_seals",
        "TRUNCATE audit_seals",
    ):
        with bench.as_app() as app, pytest.raises(errors.InsufficientPrivilege):
            app.execute(act)
        if "events" not in act:
            with bench.world.owner() as owner, pytest.raises(errors.InsufficientPrivilege, match="never"):
                owner.execute(act)


def test_a_backlog_of_old_seals_goes_in_batches(world: World) -> None:
    world.clock.jump(-timedelta(days=2600))
    bench = aged(world)
    for _ in range(13):
        world.execute(INSERT, 2)
        with bench.tampering() as owner:
            owner.execute(
                "UPDATE audit_events SET occurred_at = occurred_at - interval '2600 days' WHERE id > %s",
                (max(bench.covered(), default=0),),
            )
        bench.audit.seal()
    world.clock.jump(timedelta(days=2600))
    purged(world)
    assert bench.events() == []
    report = bench.audit.verify()
    assert (report.finding, report.expired) == (None, 13)


def aged(world: World) -> Bench:
    """Return a bench whose events so far were recorded long ago."""
    bench = Bench(world)
    with bench.tampering() as owner:
        owner.execute("UPDATE audit_events SET occurred_at = occurred_at - interval '2600 days'")
    return bench


def purged(world: World) -> dict[str, int]:
    """Return what the purge deleted."""
    return Purge(store=PurgeStore(world.database.transactions), clock=world.clock).run().deleted
