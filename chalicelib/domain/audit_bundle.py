"""Write seals and events for auditors as JSON lines, and verify such a bundle without database or network.

Lines: `bundle` first; `before` (the seal that a range is chained to, unless it begins with the first); then
each `seal` with its `event`s, every one with the hashes that lead from it to the seal's root; `end` last.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from chalicelib.domain.audit_events import AuditEvent, read_json, spelled
from chalicelib.domain.audit_findings import Fault, Faulty, split
from chalicelib.domain.audit_seals import EPOCH, Seal, SealRecord, microseconds
from chalicelib.domain.audit_verification import Report, Verifier
from chalicelib.domain.formats import Format, integer, optional, required, text, text_or_none
from chalicelib.domain.id_ranges import ids_in
from chalicelib.domain.merkle import inclusion_proofs, root_by_proof

VERSION = 1


class NotABundle(ValueError):
    """The lines aren't a bundle of ours; the message says where."""


def first_line(issuer: str) -> str:
    """Return the line that opens a bundle."""
    return json.dumps(FIRST.write({"record": "bundle", "version": VERSION, "issuer": issuer}))


def last_line(*, seals: int, events: int, head: str | None) -> str:
    """Return the line that closes a bundle: what it holds, and the hash of its last seal."""
    return json.dumps(END.write({"record": "end", "seals": seals, "events": events, "head": head}))


def seal_line(record: SealRecord, *, is_before: bool = False) -> str:
    """Return a seal."""
    kind = "before" if is_before else "seal"
    line = {"record": kind, "number": record.number, "seal": record.seal, "leaves": record.leaves.hex()}
    return json.dumps(SEAL.write(line))


def event_lines(seal: Seal, events: Sequence[AuditEvent], leaves: bytes) -> Iterator[str]:
    """Yield a seal's events, each with its inclusion proof (RFC 9162 s2.1.3.1)."""
    proofs = inclusion_proofs(split(leaves))
    positions = {each: position for position, each in enumerate(ids_in(seal.covered))}
    for event in events:
        position = positions[event.id]
        proof = proofs[position] if position < len(proofs) else ()
        fields = {
            "record": "event",
            "seal": seal.number,
            "position": position,
            "id": event.id,
            "occurred_at": _rfc3339(event.occurred_us),
            "kind": event.kind,
            "user_id": event.user_id,
            "session_id": event.session_id,
            "request_id": event.request_id,
            "proof": [each.hex() for each in proof],
        }
        yield f'{json.dumps(fields)[:-1]}, "details": {event.details}}}'


@dataclass(slots=True)
class _Part:
    """A seal and the lines that followed it."""

    record: SealRecord
    events: list[tuple[AuditEvent, int, tuple[bytes, ...]]] = field(default_factory=list)


def verify_bundle(lines: Iterable[str], verifier: Verifier) -> Report:
    """Return what is true of a bundle. Raises NotABundle."""
    with verifier.walking():
        _walk(lines, verifier)
    return verifier.report


def _walk(lines: Iterable[str], verifier: Verifier) -> None:
    part: _Part | None = None
    end: Mapping[str, Any] | None = None
    for number, line in enumerate(lines, 1):
        fields = _fields(line, number)
        match (number, fields["record"]):
            case (1, "bundle") if _version(fields) == VERSION:
                continue
            case (2, "before"):
                verifier.begin_after(_record(fields, number))
            case (other, "seal") if other > 1 and end is None:
                _check(part, verifier)
                part = _Part(_record(fields, number))
            case (_, "event") if part is not None and end is None:
                part.events.append(_event(fields, number))
            case (other, "end") if other > 1 and end is None:
                end = fields
            case _:
                raise NotABundle(f"line {number}: not expected here")
    _check(part, verifier)
    _check_end(end, verifier.report)


def _check(part: _Part | None, verifier: Verifier) -> None:
    if part is None:
        return
    seal = verifier.seal(part.record)
    ids = [event.id for event, _, _ in part.events]
    wrong = next((after for before, after in pairwise(ids) if after <= before), None)
    if wrong is not None:
        raise Faulty(Fault.REORDERED, seal.number, wrong, "its line isn't in the order of ids")
    held = verifier.events(seal, [event for event, _, _ in part.events], [part.record.leaves])
    for event, position, proof in part.events:
        root = root_by_proof(event.leaf(), position, seal.count, proof)
        if event.id in held and root != bytes.fromhex(seal.root):
            raise Faulty(Fault.EDITED, seal.number, event.id, "its proof doesn't lead to the root")


def _check_end(end: Mapping[str, Any] | None, report: Report) -> None:
    try:
        told = None if end is None else END.read(end)
    except ValueError:
        told = None
    if told != {"record": "end", "seals": report.seals, "events": report.events, "head": report.head}:
        raise Faulty(
            Fault.CUT, report.last_seal, details="the bundle's last line is missing or says otherwise"
        )


def _fields(line: str, number: int) -> dict[str, Any]:
    try:
        fields = read_json(line)
    except (ValueError, RecursionError) as error:
        raise NotABundle(f"line {number}: not JSON") from error
    if not isinstance(fields, dict) or "record" not in fields:
        raise NotABundle(f"line {number}: no record")
    return fields


def _version(fields: Mapping[str, Any]) -> int | None:
    try:
        version: int | None = FIRST.read(fields)["version"]
    except ValueError:
        return None
    return version


def _record(fields: Mapping[str, Any], number: int) -> SealRecord:
    try:
        told = SEAL.read(fields)
    except ValueError as error:
        raise NotABundle(f"line {number}: not a seal") from error
    return SealRecord(number=told["number"], seal=told["seal"], leaves=told["leaves"])


def _event(fields: Mapping[str, Any], number: int) -> tuple[AuditEvent, int, tuple[bytes, ...]]:
    try:
        told = EVENT.read(fields)
    except ValueError as error:
        raise NotABundle(f"line {number}: not an event") from error
    event = AuditEvent(
        id=told["id"],
        occurred_us=told["occurred_at"],
        kind=told["kind"],
        user_id=told["user_id"],
        session_id=told["session_id"],
        request_id=told["request_id"],
        details=told["details"],
    )
    return event, told["position"], told["proof"]


def _rfc3339(occurred_us: int | None) -> str | None:
    try:
        return None if occurred_us is None else (EPOCH + timedelta(microseconds=occurred_us)).isoformat()
    except OverflowError:
        return None


def _microseconds(told: str | None) -> int | None:
    return None if told is None else microseconds(datetime.fromisoformat(told))


FIRST = Format(
    "audit_bundle_first_line",
    {"record": required(text), "version": optional(integer), "issuer": optional(text)},
    fault=ValueError,
)
SEAL = Format(
    "audit_bundle_seal",
    {
        "record": required(text),
        "number": required(integer),
        "seal": required(text),
        "leaves": required(bytes.fromhex),
    },
    fault=ValueError,
)
EVENT = Format(
    "audit_bundle_event",
    {
        "record": required(text),
        "seal": optional(integer),
        "position": required(integer),
        "id": required(integer),
        "occurred_at": required(_microseconds),
        "kind": required(text),
        "user_id": required(text_or_none),
        "session_id": required(text_or_none),
        "request_id": required(text),
        "proof": required(lambda told: tuple(map(bytes.fromhex, told))),
        "details": required(spelled),
    },
    fault=ValueError,
)
END = Format(
    "audit_bundle_last_line",
    {
        "record": required(text),
        "seals": optional(integer),
        "events": optional(integer),
        "head": optional(text_or_none),
    },
    fault=ValueError,
)
