"""Verify sealed audit events, and name the first record that isn't as it was sealed.

Pure: it reads what it is handed, from a database or from an exported bundle. A seal holds because a key
signed it that an earlier seal vouched for, because the next one names its hash, and because its copy in S3,
which nobody can overwrite, is the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from chalicelib.domain.audit_events import AuditEvent
from chalicelib.domain.audit_seals import RETENTION, Seal, SealRecord, claimed_seal, read_seal, seal_hash
from chalicelib.domain.id_ranges import Ranges, holds, ids_in, without
from chalicelib.domain.merkle import HASH_BYTES, root_hash

Keys = Mapping[str, Mapping[str, Any]]  # JWKs by their kid


class Fault(StrEnum):
    """What is wrong with a record."""

    EDITED = "edited"
    MISSING = "missing"
    INSERTED = "inserted"
    REORDERED = "reordered"
    CUT = "cut_off"
    FORGED = "seal_not_signed_by_a_known_key"
    SEAL_EDITED = "seal_edited"
    SEAL_MISSING = "seal_missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The first record that is wrong; `event_id` is None when it is the seal itself, or can't be told."""

    fault: Fault
    seal: int | None
    event_id: int | None = None
    details: str = ""


class Faulty(Exception):
    """Something is not as it was sealed."""

    def __init__(
        self, fault: Fault, seal: int | None, event_id: int | None = None, details: str = ""
    ) -> None:
        self.finding = Finding(fault=fault, seal=seal, event_id=event_id, details=details)
        super().__init__(fault)


class SignatureCheck(Protocol):
    """Opens a signed document; the only thing here that isn't the standard library's."""

    def __call__(self, signed: str, keys: Keys) -> Mapping[str, Any] | None:
        """Return the document, or None when none of the keys signed it."""


@dataclass(slots=True, kw_only=True)
class Report:
    """What was verified. `expired` counts seals whose events were deleted when their 7 years were over."""

    seals: int = 0
    events: int = 0
    expired: int = 0
    unanchored: int = 0
    first_seal: int | None = None
    last_seal: int | None = None
    head: str | None = None
    trusted_first: tuple[str, ...] = ()
    finding: Finding | None = None


@dataclass(slots=True, kw_only=True)
class Verifier:
    """Walks along the chain. `trusted` are keys known from elsewhere; without them the first seal's count."""

    check_signature: SignatureCheck
    now: datetime
    trusted: Keys = field(default_factory=dict)
    report: Report = field(default_factory=Report)
    _keys: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _before: Seal | None = None
    _unclaimed: set[int] = field(default_factory=set)

    @property
    def expected(self) -> int:
        """The number of the next seal."""
        return self._before.number + 1 if self._before else 1

    def begin_after(self, record: SealRecord) -> Seal:
        """Take a seal as given, to verify those that follow it. Raises Faulty."""
        self._before = self._opened(record)
        self.report.head = seal_hash(record.seal)
        return self._before

    def seal(self, record: SealRecord, anchor: SealRecord | None = None) -> Seal:
        """Return the next seal of the chain, once it holds. Raises Faulty."""
        expected = self.expected
        if record.number != expected:
            lost = claimed_seal(anchor.seal) if anchor else None
            raise Faulty(Fault.SEAL_MISSING, expected, _first_event(lost))
        if anchor is not None and anchor.seal != record.seal:
            raise Faulty(Fault.SEAL_EDITED, expected, details="differs from its anchor")
        seal = self._opened(record)
        if seal.previous != self.report.head:
            raise Faulty(Fault.SEAL_EDITED, expected, details="doesn't follow the one before it")
        self._check_ids(seal)
        self._before = seal
        self.report.head, self.report.last_seal = seal_hash(record.seal), seal.number
        self.report.first_seal = self.report.first_seal or seal.number
        self.report.seals += 1
        return seal

    def events(self, seal: Seal, found: Iterable[AuditEvent], leaf_sources: Iterable[bytes]) -> None:
        """Hold the rows of a seal's ids, and those found between them, to it. Raises Faulty."""
        rows = sorted(found, key=lambda event: event.id)
        own = [event for event in rows if holds(seal.covered, event.id)]
        self._unclaimed |= {event.id for event in rows} - {event.id for event in own}
        pending = tuple((gap.first, gap.last) for gap in seal.pending)
        strangers = sorted(each for each in self._unclaimed if not holds(pending, each))
        if strangers:
            raise Faulty(Fault.INSERTED, seal.number, strangers[0])
        if not own and seal.sealed_at + RETENTION <= self.now:
            self.report.expired += 1
            return
        _check_rows(seal, own, leaf_sources)
        self.report.events += len(own)

    def _opened(self, record: SealRecord) -> Seal:
        document = self.check_signature(record.seal, {**self._keys, **self.trusted})
        if document is None and not self._keys:
            document = self.check_signature(record.seal, self._vouched_by_itself(record.seal))
        if document is None:
            raise Faulty(Fault.FORGED, record.number)
        try:
            seal = read_seal(document)
        except (ValueError, TypeError, KeyError) as error:
            raise Faulty(Fault.FORGED, record.number, details="not a seal") from error
        if seal.number != record.number or record.columns not in {None, _columns(seal)}:
            raise Faulty(Fault.SEAL_EDITED, record.number, details="the row says something else")
        self._keys |= _by_kid(seal.keys)
        return seal

    def _vouched_by_itself(self, signed: str) -> Keys:
        """Return the first seal's own keys; the report says that they were taken on its word."""
        first = claimed_seal(signed)
        keys = _by_kid(first.keys if first else ())
        self.report.trusted_first = tuple(sorted(keys))
        return keys

    def _check_ids(self, seal: Seal) -> None:
        """See that every id is covered once, by this seal or by one before, or was declared void."""
        through = self._before.through if self._before else 0
        open_before = tuple((gap.first, gap.last) for gap in (self._before.pending if self._before else ()))
        fresh = ((through + 1, seal.through),) if seal.through > through else ()
        pending = tuple((gap.first, gap.last) for gap in seal.pending)
        left = without((*open_before, *fresh), (*seal.covered, *seal.void))
        allowed = without((*seal.covered, *seal.void), (*open_before, *fresh))
        if allowed or sorted(left) != sorted(pending) or not seal.covered:
            raise Faulty(Fault.SEAL_EDITED, seal.number, details="covers ids that aren't its own")
        voided = sorted(each for each in self._unclaimed if holds(seal.void, each))
        if voided:
            raise Faulty(Fault.INSERTED, seal.number, voided[0])
        self._unclaimed = {each for each in self._unclaimed if not holds(seal.covered, each)}


def cut_off(anchor: SealRecord) -> Faulty:
    """Return the fault of a database that ends before a seal which its anchor knows."""
    seal = claimed_seal(anchor.seal)
    return Faulty(Fault.CUT, anchor.number, _first_event(seal), "the anchors know more seals")


def _first_event(seal: Seal | None) -> int | None:
    return seal.covered[0][0] if seal and seal.covered else None


def _check_rows(seal: Seal, rows: list[AuditEvent], leaf_sources: Iterable[bytes]) -> None:
    found = {event.id: event for event in rows}
    missing = next((each for each in ids_in(seal.covered) if each not in found), None)
    leaves = next((known for known in map(_split, leaf_sources) if root_hash(known).hex() == seal.root), None)
    actual = [event.leaf() for event in rows]
    if missing is None and root_hash(actual).hex() == seal.root:
        return
    expected = dict(zip(ids_in(seal.covered), leaves or (), strict=False))
    wrong = [event for event in rows if expected and expected.get(event.id) != event.leaf()]
    first = min([event.id for event in wrong] + ([missing] if missing is not None else []), default=None)
    if first is not None and first == missing:
        raise Faulty(Fault.MISSING, seal.number, missing)
    if first is None:
        raise Faulty(Fault.EDITED, seal.number, details="which event can't be told: no leaf hashes are left")
    origin = _origin(found[first], wrong, expected)
    if origin is not None:
        raise Faulty(Fault.REORDERED, seal.number, first, f"holds what was sealed as event {origin}")
    raise Faulty(Fault.EDITED, seal.number, first)


def _origin(event: AuditEvent, wrong: list[AuditEvent], expected: Mapping[int, bytes]) -> int | None:
    """Return as which other event these words were sealed, if they were."""
    others = (other.id for other in wrong if other.id != event.id)
    return next((other for other in others if event.at(other).leaf() == expected[other]), None)


def _split(leaves: bytes) -> list[bytes]:
    return [leaves[at : at + HASH_BYTES] for at in range(0, len(leaves), HASH_BYTES)]


def _columns(seal: Seal) -> tuple[int, int, str, Ranges]:
    return seal.sealed_us, seal.through, seal.root, seal.covered


def _by_kid(keys: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {str(key["kid"]): key for key in keys if "kid" in key}
