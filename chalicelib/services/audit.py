"""Seal what was audited, anchor the seals, verify them, and hand them to auditors."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from chalicelib.domain.audit_bundle import event_lines, seal_line
from chalicelib.domain.audit_events import AuditEvent
from chalicelib.domain.audit_seals import (
    SEAL_EVENTS_MAX,
    SEAL_TYPE,
    Batch,
    Seal,
    SealRecord,
    claimed_seal,
    next_seal,
    seal_hash,
)
from chalicelib.domain.audit_verification import Report, SignatureCheck, Verifier, cut_off
from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.id_ranges import Ranges, without
from chalicelib.observation import log
from chalicelib.services.ports import Clock
from chalicelib.services.tokens import AccessTokens

SEALS_A_RUN_MAX = 50  # some 200,000 events; the next run goes on
ANCHORS_LOOKED_AT = 1000  # as many as S3 lists in one answer
SEALS_A_PAGE = 50
ID_MIN = -(2**63)


class SealStore(Protocol):
    """The chain, as rows."""

    def head(self) -> SealRecord | None:
        """Return the newest seal."""

    def seals(self, first: int, limit: int) -> tuple[SealRecord, ...]:
        """Return seals from a number on."""

    def unsealed(self, head: Seal | None, limit: int) -> Batch:
        """Return the events that are in no seal up to this one."""

    def events_in(self, ranges: Ranges) -> tuple[AuditEvent, ...]:
        """Return the events of these ids, in order."""

    def add(self, seal: Seal, signed: str, leaves: bytes) -> bool:
        """Append a seal; of two at once, one does."""


class Anchors(Protocol):
    """Copies of the seals where nobody can change them."""

    def put(self, record: SealRecord) -> None:
        """Anchor a seal, or raise IntegrityFailure when another one is anchored."""

    def get(self, number: int) -> SealRecord | None:
        """Return an anchored seal."""

    def numbers_after(self, number: int) -> tuple[int, ...]:
        """Return which seals above this one are anchored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealRun:
    """What one run did."""

    seals: int
    events: int
    anchored: int
    head: int | None


class Audit:
    """The chain of seals."""

    def __init__(
        self,
        *,
        store: SealStore,
        anchors: Anchors,
        tokens: AccessTokens[Any],
        check_signature: SignatureCheck,
        clock: Clock,
    ) -> None:
        """Sign seals with the key of our tokens."""
        self._store = store
        self._anchors = anchors
        self._tokens = tokens
        self._check_signature = check_signature
        self._clock = clock

    def seal(self) -> SealRun:
        """Seal what is unsealed and anchor what isn't anchored; twice, or twice at once, does it once.

        Raises:
            IntegrityFailure: the anchors know seals that the database doesn't, or know others: it was cut,
                changed, or restored. Nothing is sealed then, so that no second history begins.
        """
        _, repaired = self._anchor_missing()
        counts: list[int] = []
        for _ in range(SEALS_A_RUN_MAX):
            count = self._seal_next()
            if count == 0:
                break
            counts += [] if count is None else [count]
        head, anchored = self._anchor_missing()
        return SealRun(seals=len(counts), events=sum(counts), anchored=repaired + anchored, head=head)

    def verify(self, *, first: int = 1, last: int | None = None) -> Report:
        """Return what is true of the seals from `first` to `last`, or of all, and of their events.

        A key that no earlier seal vouched for must be one that is published now.
        """
        published = {key["kid"]: key for key in self._tokens.public_keys()}
        verifier = Verifier(check_signature=self._check_signature, now=self._clock.now(), trusted=published)
        with verifier.walking():
            self._walk(verifier, first, last)
            if last is None:
                self._ensure_not_cut()
            else:
                self._look_for_explanation(verifier, last + 1)
        finding = verifier.report.finding
        if finding is not None:
            log.event("audit_not_as_sealed", logging.ERROR, code=finding.fault.value)
        return verifier.report

    def export(self, number: int, *, is_before: bool = False) -> tuple[str, ...]:
        """Return a seal and its events with their inclusion proofs as JSON lines; none beyond the last.

        `is_before` gives the seal alone: what the first of a range is chained to.
        """
        record = next((found for found in self._store.seals(number, 1) if found.number == number), None)
        seal = claimed_seal(record.seal) if record else None
        if record is None or seal is None:
            return ()
        if is_before:
            return (seal_line(record, is_before=True),)
        return (seal_line(record), *event_lines(seal, self._store.events_in(seal.covered), record.leaves))

    def _seal_next(self) -> int | None:
        """Return how many events were sealed, or None when another sealer was faster."""
        record = self._store.head()
        head = claimed_seal(record.seal) if record else None
        if record is not None and head is None:
            raise IntegrityFailure
        batch = self._store.unsealed(head, SEAL_EVENTS_MAX)
        if not batch.events:
            return 0
        seal = next_seal(
            head,
            seal_hash(record.seal) if record else None,
            batch,
            keys=self._tokens.public_keys(),
            now=self._clock.now(),
        )
        signed = self._tokens.sign(seal.document(), SEAL_TYPE)
        leaves = b"".join(event.leaf() for event in batch.events)
        return seal.count if self._store.add(seal, signed, leaves) else None

    def _anchor_missing(self) -> tuple[int | None, int]:
        """Anchor what isn't; return the newest seal, and how many were anchored."""
        before = self._newest() or 0
        looked_from = max(0, before - ANCHORS_LOOKED_AT)
        anchored = self._anchors.numbers_after(looked_from)
        head = self._newest()  # read after the anchors, which never come before their seal
        if anchored and anchored[-1] > (head or 0):
            log.event("audit_cut_off", logging.ERROR)
            raise IntegrityFailure
        missing = sorted(set(range(looked_from + 1, (head or 0) + 1)) - set(anchored))
        for number in missing:
            for record in self._store.seals(number, 1):
                self._anchors.put(record)
        return head, len(missing)

    def _newest(self) -> int | None:
        record = self._store.head()
        return record.number if record else None

    def _records(self, first: int, last: int | None) -> Iterator[SealRecord]:
        while last is None or first <= last:
            page = self._store.seals(first, SEALS_A_PAGE)
            for record in page:
                if last is None or record.number <= last:
                    yield record
            if len(page) < SEALS_A_PAGE:
                return
            first = page[-1].number + 1

    def _walk(self, verifier: Verifier, first: int, last: int | None) -> None:
        below = ID_MIN  # the lowest id that no seal so far speaks of
        for record in self._records(max(first - 1, 1), last):
            if record.number < first:
                below = verifier.begin_after(record).through + 1
                continue
            anchor = self._anchors.get(verifier.expected)
            seal = verifier.seal(record, anchor)
            verifier.report.unanchored += anchor is None
            span = ((below, seal.through),) if seal.through >= below else ()
            found = self._store.events_in((*without(seal.covered, span), *span))
            verifier.events(seal, found, [record.leaves, *([anchor.leaves] if anchor else [])])
            below = max(below, seal.through + 1)

    def _look_for_explanation(self, verifier: Verifier, first: int) -> None:
        """Follow the chain beyond a range while only a later seal can say what became of its events."""
        told = replace(verifier.report)
        for record in self._records(first, None):
            if not verifier.is_in_doubt:
                break
            verifier.seal(record, self._anchors.get(record.number))
        report = verifier.report
        report.seals, report.last_seal, report.head = told.seals, told.last_seal, told.head

    def _ensure_not_cut(self) -> None:
        for number in self._anchors.numbers_after(self._newest() or 0)[:1]:
            anchor = self._anchors.get(number)
            if anchor is not None and not self._store.seals(number, 1):
                raise cut_off(anchor)
