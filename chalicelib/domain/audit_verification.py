"""Verify sealed audit events, and name the first record that isn't as it was sealed.

Pure: it reads what it is handed, from a database or from an exported bundle. A seal holds because a key
signed it that an earlier seal vouched for (decision 0041), because the next one names its hash, and because
its copy in S3, which nobody can overwrite, is the same.

A restored database lacks events that were sealed after its backup. A later seal says which: until it comes,
what isn't as it was sealed is a doubt, and one that no seal takes away is the fault.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from chalicelib.domain.audit_events import AuditEvent
from chalicelib.domain.audit_findings import Doubt, Fault, Faulty, Finding, doubt_about
from chalicelib.domain.audit_seals import RETENTION, Seal, SealRecord, claimed_seal, read_seal, seal_hash
from chalicelib.domain.id_ranges import Ranges, holds, ids_in, ranges_of, without

Keys = Mapping[str, Mapping[str, Any]]  # JWKs by their kid


class SignatureCheck(Protocol):
    """Opens a signed document; the only thing here that isn't the standard library's."""

    def __call__(self, signed: str, keys: Keys) -> Mapping[str, Any] | None:
        """Return the document, or None when none of the keys signed it."""


@dataclass(slots=True, kw_only=True)
class Report:
    """What was verified. `expired` counts seals whose events were deleted when their 7 years were over.

    `lost` are ids of events that went with a restore, as a seal says: known by their hashes only.
    """

    seals: int = 0
    events: int = 0
    expired: int = 0
    unanchored: int = 0
    lost: Ranges = ()
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
    _doubts: list[Doubt] = field(default_factory=list)

    @contextmanager
    def walking(self) -> Iterator[None]:
        """Put the first fault of the walk inside into the report."""
        fault: Finding | None = None
        try:
            yield
        except Faulty as faulty:
            fault = faulty.finding
        self.report.finding = self._doubts[0].finding() if self._doubts else fault

    @property
    def is_in_doubt(self) -> bool:
        """Tell whether only a later seal could explain what was found."""
        return bool(self._doubts)

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
        self._explain(seal)
        self._before = seal
        self.report.head, self.report.last_seal = seal_hash(record.seal), seal.number
        self.report.first_seal = self.report.first_seal or seal.number
        self.report.seals += 1
        return seal

    def events(self, seal: Seal, found: Iterable[AuditEvent], leaf_sources: Iterable[bytes]) -> set[int]:
        """Hold the rows of a seal's ids, and those found between them, to it; return which are as sealed.

        Raises Faulty, where no later seal could explain it.
        """
        rows = sorted(found, key=lambda event: event.id)
        own = [event for event in rows if holds(seal.covered, event.id)]
        self._unclaimed |= {event.id for event in rows} - {event.id for event in own}
        pending = tuple((gap.first, gap.last) for gap in seal.pending)
        self._doubt_strangers(seal, {each for each in self._unclaimed if not holds(pending, each)})
        if not own and seal.sealed_at + RETENTION <= self.now:
            self.report.expired += 1
            return set()
        doubt = doubt_about(seal, own, leaf_sources)
        self._doubts += [doubt] if doubt else []
        self.report.events += len(own)
        return {event.id for event in own} - (doubt.standing if doubt else set())

    def _doubt_strangers(self, seal: Seal, strangers: set[int]) -> None:
        known = {each for doubt in self._doubts for each in doubt.standing}
        if strangers - known:
            doubt = Doubt(fault=Fault.INSERTED, seal=seal.number, absent=set(), standing=strangers - known)
            self._doubts.append(doubt)

    def _explain(self, seal: Seal) -> None:
        if not seal.lost:
            return
        explained = [(doubt.fault, doubt.explain(seal)) for doubt in self._doubts]
        self._doubts = [doubt for doubt in self._doubts if doubt.absent or doubt.standing]
        lost = {each for fault, ids in explained if fault is not Fault.INSERTED for each in ids}
        self.report.lost = ranges_of((*ids_in(self.report.lost), *lost))

    def _opened(self, record: SealRecord) -> Seal:
        document = self.check_signature(record.seal, {**self._keys, **self.trusted})
        if document is None and not self._keys:
            document = self.check_signature(record.seal, self._vouched_by_itself(record.seal))
        if document is None:
            raise Faulty(Fault.FORGED, record.number)
        try:
            seal = read_seal(document)
        except ValueError as error:
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
        alien = without((*seal.covered, *seal.void), (*open_before, *fresh, *seal.lost))
        if alien or sorted(left) != sorted(pending) or not seal.covered:
            raise Faulty(Fault.SEAL_EDITED, seal.number, details="covers ids that aren't its own")
        self._doubt_strangers(seal, {each for each in self._unclaimed if holds(seal.void, each)})
        self._unclaimed = {each for each in self._unclaimed if not holds(seal.covered, each)}


def cut_off(anchor: SealRecord) -> Faulty:
    """Return the fault of a database that ends before a seal which its anchor knows."""
    seal = claimed_seal(anchor.seal)
    return Faulty(Fault.CUT, anchor.number, _first_event(seal), "the anchors know more seals")


def _first_event(seal: Seal | None) -> int | None:
    return seal.covered[0][0] if seal and seal.covered else None


def _columns(seal: Seal) -> tuple[int, int, str, Ranges]:
    return seal.sealed_us, seal.through, seal.root, seal.covered


def _by_kid(keys: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {str(key["kid"]): key for key in keys if "kid" in key}
