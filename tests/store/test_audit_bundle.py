"""What auditors take away verifies without us: no database, no network, and every change in it is found."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from chalicelib.clients.seal_signatures import check_seal
from chalicelib.domain.audit_bundle import NotABundle, first_line, last_line, verify_bundle
from chalicelib.domain.audit_findings import Fault
from chalicelib.domain.audit_verification import Report, Verifier
from tests.audit_scenes import Bench
from tests.world import World

INSERT = """
    INSERT INTO audit_events (occurred_at, kind, user_id, session_id, request_id, details)
    SELECT now() + n * interval '1 microsecond', 'session.started', gen_random_uuid(), NULL, 'r' || n,
    jsonb_build_object('n', n, 'x', 'é', 'f', 0.10)
    FROM generate_series(1, 5) n"""


def forged(lines: list[str]) -> list[str]:
    at = next(at for at, line in enumerate(lines) if json.loads(line).get("number") == 2)
    line = json.loads(lines[at])
    header, payload, signature = line["seal"].split(".")
    line["seal"] = ".".join((header, payload, signature[::-1]))
    return [*lines[:at], json.dumps(line), *lines[at + 1 :]]


EDITS: dict[str, tuple[Callable[[list[str]], list[str]], Fault]] = {
    "an edited event": (lambda lines: edited(lines, kind="session.ended"), Fault.EDITED),
    "an edited time": (lambda lines: edited(lines, occurred_at="2020-01-01T00:00:00+00:00"), Fault.EDITED),
    "edited details": (lambda lines: edited(lines, details={"n": 9}), Fault.EDITED),
    "an edited proof": (lambda lines: edited(lines, proof=["00" * 32]), Fault.EDITED),
    "an event at another place": (lambda lines: edited(lines, position=0), Fault.EDITED),
    "a missing event": (lambda lines: lines[:8] + lines[9:], Fault.MISSING),
    "an inserted event": (
        lambda lines: [*lines[:13], lines[8].replace('"id": ', '"id": 9'), *lines[13:]],
        Fault.INSERTED,
    ),
    "two events in the other order": (
        lambda lines: [*lines[:8], lines[9], lines[8], *lines[10:]],
        Fault.REORDERED,
    ),
    "a missing seal": (lambda lines: without_seal(lines, 2), Fault.SEAL_MISSING),
    "a cut tail": (lambda lines: lines[:-3], Fault.MISSING),
    "a cut tail, and the last line put back": (lambda lines: [*without_seal(lines, 3)], Fault.CUT),
    "a missing last line": (lambda lines: lines[:-1], Fault.CUT),
    "a seal that nobody signed": (forged, Fault.FORGED),
}


@pytest.fixture
def bench(world: World) -> Bench:
    made = Bench(world)
    with made.tampering() as owner:
        owner.execute("TRUNCATE audit_events RESTART IDENTITY")
    for _ in range(3):
        world.execute(INSERT)
        made.audit.seal()
    return made


def test_a_bundle_of_all_verifies_offline(bench: Bench) -> None:
    report = verified(bundle(bench, 1))
    assert (report.finding, report.seals, report.events) == (None, 3, len(bench.events()))
    assert report.head == bench.audit.verify().head


def test_a_bundle_of_a_range_verifies_by_the_seal_before_it(bench: Bench) -> None:
    lines = bundle(bench, 2)
    assert json.loads(lines[1])["record"] == "before"
    report = verified(lines)
    assert (report.finding, report.first_seal, report.seals) == (None, 2, 2)


def test_an_event_can_be_shown_with_its_seal_alone(bench: Bench) -> None:
    """An auditor who may see one event gets that line and the seal's: its proof leads to the signed root."""
    lines = bundle(bench, 1)
    proof = json.loads(lines[4])["proof"]
    assert len(proof) == 3
    assert all(len(each) == 64 for each in proof)


@pytest.mark.parametrize(("edit", "fault"), EDITS.values(), ids=EDITS)
def test_a_changed_bundle_is_found(
    bench: Bench, edit: Callable[[list[str]], list[str]], fault: Fault
) -> None:
    finding = verified(edit(bundle(bench, 1))).finding
    assert finding is not None
    assert finding.fault is fault


@pytest.mark.parametrize("lines", [["{"], ["[]"], ['{"record": "seal"}'], ['{"record": "x"}'], ["{}"]])
def test_what_is_no_bundle_is_refused(lines: list[str]) -> None:
    with pytest.raises(NotABundle, match="line 1"):
        verified(lines)


def bundle(bench: Bench, first: int) -> list[str]:
    """Return the lines as the command writes them."""
    lines = [first_line("https://auth.test")]
    if first > 1:
        lines += bench.audit.export(first - 1, is_before=True)
    number, events = first, 0
    while found := bench.audit.export(number):
        lines += found
        events, number = events + len(found) - 1, number + 1
    report = bench.audit.verify(first=first)
    return [*lines, last_line(seals=number - first, events=events, head=report.head)]


def verified(lines: list[str]) -> Report:
    return verify_bundle(lines, Verifier(check_signature=check_seal, now=datetime.now(UTC)))


def edited(lines: list[str], **changes: object) -> list[str]:
    line = json.loads(lines[8])
    assert line["record"] == "event"
    return [*lines[:8], json.dumps(line | changes), *lines[9:]]


def without_seal(lines: list[str], number: int) -> list[str]:
    def is_of(line: str) -> bool:
        fields = json.loads(line)
        return number in {fields.get("seal"), fields.get("number")}

    return [line for line in lines if not is_of(line)]
