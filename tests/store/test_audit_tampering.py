"""F-34, H5: whoever owns the database can change the record; verification then names the first bad entry."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib.domain.audit_findings import Fault
from tests.audit_scenes import Bench
from tests.world import World

INSERT = """
    INSERT INTO audit_events (occurred_at, kind, user_id, session_id, request_id, details)
    SELECT now(), 'session.started', gen_random_uuid(), gen_random_uuid(), 'r' || n,
        jsonb_build_object('n', n)
    FROM generate_series(1, %s) n"""


@pytest.fixture
def bench(world: World) -> Bench:
    """Return a chain of three seals over ten events each, beside those of the world's own making."""
    made = Bench(world)
    for _ in range(3):
        world.execute(INSERT, 10)
        made.audit.seal()
    return made


EDITS = {
    "its kind": "kind = 'session.ended'",
    "its time, by a microsecond": "occurred_at = occurred_at + interval '1 microsecond'",
    "its time, to none": "occurred_at = 'infinity'",
    "its person": "user_id = gen_random_uuid()",
    "its person, to nobody": "user_id = NULL",
    "its session": "session_id = user_id",
    "its request": "request_id = 'other'",
    "its details": "details = details || '{\"n\": 0}'",
    "its details, by an added member": "details = details || '{\"x\": null}'",
    "its details, beyond a float's reach": "details = '{\"n\": 0.1000000000000000055}'",
    "its details, to what nests without end": "details = (repeat('[', 5000) || repeat(']', 5000))::jsonb",
}


@pytest.mark.parametrize("change", EDITS.values(), ids=EDITS)
def test_an_edited_event_is_found_and_named(bench: Bench, change: str) -> None:  # F-34
    target = bench.events()[-15]
    with bench.tampering() as owner:
        owner.execute(f"UPDATE audit_events SET {change} WHERE id IN (%s, %s)", (target, target + 3))  # noqa: S608 - our own text
    assert_finds(bench, Fault.EDITED, target)


def test_a_deleted_event_is_found_and_named(bench: Bench) -> None:  # F-34
    target = bench.events()[-15]
    with bench.tampering() as owner:
        owner.execute("DELETE FROM audit_events WHERE id = %s", (target,))
    assert_finds(bench, Fault.MISSING, target)


def test_of_a_deleted_and_an_edited_event_the_first_is_named(bench: Bench) -> None:  # F-34
    first, second = bench.events()[-15], bench.events()[-13]
    with bench.tampering() as owner:
        owner.execute("UPDATE audit_events SET kind = 'x' WHERE id = %s", (first,))
        owner.execute("DELETE FROM audit_events WHERE id = %s", (second,))
    assert_finds(bench, Fault.EDITED, first)


@pytest.mark.parametrize("place", ["below all", "in a rolled-back id"])
def test_an_inserted_event_is_found_and_named(bench: Bench, place: str) -> None:  # F-34
    target = -5 if place == "below all" else void_id(bench)
    with bench.tampering() as owner:
        owner.execute(
            "INSERT INTO audit_events (id, occurred_at, kind, request_id) OVERRIDING SYSTEM VALUE "
            "VALUES (%s, now(), 'consent.granted', 'r')",
            (target,),
        )
    assert_finds(bench, Fault.INSERTED, target)
    bench.world.execute(INSERT, 1)
    bench.audit.seal()  # sealing doesn't launder it
    assert_finds(bench, Fault.INSERTED, target)


def test_two_events_that_changed_places_are_found_and_named(bench: Bench) -> None:  # F-34
    first, second = bench.events()[-15], bench.events()[-12]
    swap(bench, first, second)
    finding = assert_finds(bench, Fault.REORDERED, first)
    assert finding.details == f"holds what was sealed as event {second}"


def test_events_that_changed_places_across_seals_are_found_and_named(bench: Bench) -> None:  # F-34
    first, second = bench.events()[-25], bench.events()[-5]
    swap(bench, first, second)
    assert_finds(bench, Fault.EDITED, first)


def test_sealed_events_that_were_cut_off_are_found_and_named(bench: Bench) -> None:  # F-34
    kept = bench.events()[:-4]
    with bench.tampering() as owner:
        owner.execute("DELETE FROM audit_events WHERE id > %s", (kept[-1],))
    assert_finds(bench, Fault.MISSING, kept[-1] + 1)


CUTS: dict[str, Callable[[Bench], int]] = {
    "the last seal and its events": lambda bench: cut(bench, 3),
    "all but the first seal": lambda bench: cut(bench, 2),
    "everything": lambda bench: cut(bench, 1),
}


@pytest.mark.parametrize("act", CUTS.values(), ids=CUTS)
def test_a_tail_that_was_cut_off_with_its_seals_is_found_by_the_anchors(
    bench: Bench, act: Callable[[Bench], int]
) -> None:
    assert_finds(bench, Fault.CUT, act(bench))


def test_truncated_tables_are_found(bench: Bench) -> None:  # F-34
    first = bench.events()[0]
    with bench.tampering() as owner:
        owner.execute("TRUNCATE audit_events, audit_seals")
    assert_finds(bench, Fault.CUT, first)


def test_a_seal_taken_out_of_the_middle_is_found_and_named(bench: Bench) -> None:  # F-34
    with bench.tampering() as owner:
        owner.execute("DELETE FROM audit_seals WHERE number = 2")
    finding = bench.audit.verify().finding
    assert finding is not None
    assert (finding.fault, finding.seal) == (Fault.SEAL_MISSING, 2)


SEAL_EDITS = {
    "its time": "sealed_at = sealed_at - interval '8 years'",
    "its ids": "covered = '[[1, 1]]'",
    "its root": "root = repeat('0', 64)",
    "its document": "seal = (SELECT seal FROM audit_seals WHERE number = 1)",
    "its document, to nonsense": "seal = 'a.b.c'",
}


@pytest.mark.parametrize("change", SEAL_EDITS.values(), ids=SEAL_EDITS)
def test_an_edited_seal_is_found_and_named(bench: Bench, change: str) -> None:  # F-34
    with bench.tampering() as owner:
        owner.execute(f"UPDATE audit_seals SET {change} WHERE number = 2")  # noqa: S608 - our own text
    for is_anchored in (True, False):
        if not is_anchored:
            bench.forget_anchor(2)
        finding = bench.audit.verify().finding
        assert finding is not None
        assert finding.seal == 2
        assert finding.fault in {Fault.SEAL_EDITED, Fault.FORGED}


def test_an_edited_event_is_named_by_the_anchor_when_the_leaf_hashes_were_edited_too(bench: Bench) -> None:
    target = bench.events()[-15]
    with bench.tampering() as owner:
        owner.execute("UPDATE audit_events SET kind = 'x' WHERE id = %s", (target,))
        owner.execute("UPDATE audit_seals SET leaf_hashes = sha256('x')")
    assert_finds(bench, Fault.EDITED, target)


def test_without_any_leaf_hash_an_edit_is_still_found(bench: Bench) -> None:  # F-34
    with bench.tampering() as owner:
        owner.execute("UPDATE audit_events SET kind = 'x' WHERE id = %s", (bench.events()[-15],))
        owner.execute("UPDATE audit_seals SET leaf_hashes = sha256('x')")
    for number in (1, 2, 3):
        bench.forget_anchor(number)
    finding = bench.audit.verify().finding
    assert finding is not None
    assert (finding.fault, finding.seal, finding.event_id) == (Fault.EDITED, 2, None)


def test_a_history_that_was_changed_and_sealed_anew_is_found_by_the_anchors(bench: Bench) -> None:  # F-34
    impostor = Bench(bench.world)  # whoever holds database and signing key, but not the bucket
    with bench.tampering() as owner:
        owner.execute("DELETE FROM audit_seals")
        owner.execute("UPDATE audit_events SET kind = 'x' WHERE id = 5")
    impostor.audit.seal()
    assert impostor.audit.verify().finding is None
    finding = bench.audit.verify().finding
    assert finding is not None
    assert (finding.fault, finding.seal) == (Fault.SEAL_EDITED, 1)


def assert_finds(bench: Bench, fault: Fault, event_id: int):  # type: ignore[no-untyped-def] # noqa: ANN201 - a finding
    finding = bench.audit.verify().finding
    assert finding is not None
    assert (finding.fault, finding.event_id) == (fault, event_id)
    json.dumps(finding.fault)
    return finding


def swap(bench: Bench, first: int, second: int) -> None:
    with bench.tampering() as owner:
        owner.execute(
            """UPDATE audit_events a SET (occurred_at, kind, user_id, session_id, request_id, details) =
            (SELECT b.occurred_at, b.kind, b.user_id, b.session_id, b.request_id, b.details
             FROM audit_events b
             WHERE b.id = CASE a.id WHEN %(first)s THEN %(second)s ELSE %(first)s END)
            WHERE id IN (%(first)s, %(second)s)""",
            {"first": first, "second": second},
        )


def cut(bench: Bench, number: int) -> int:
    """Cut off the seals from a number on, with their events; return the first of these."""
    ((first,),) = bench.world.rows("SELECT (covered->0->>0)::int FROM audit_seals WHERE number = %s", number)
    with bench.tampering() as owner:
        owner.execute("DELETE FROM audit_seals WHERE number >= %s", (number,))
        owner.execute("DELETE FROM audit_events WHERE id >= %s", (first,))
    return int(first)


def void_id(bench: Bench) -> int:
    """Roll an insertion back, and wait until its id is void."""
    with bench.world.owner() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(INSERT + " RETURNING id", (1,))
        (lost,) = cursor.fetchone() or (0,)
        cursor.execute("ROLLBACK")
    for _ in range(2):
        bench.world.execute(INSERT, 1)
        bench.audit.seal()
        bench.world.clock.advance(timedelta(hours=2))
    return int(lost)
