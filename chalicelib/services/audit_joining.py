"""Join a restored database's record with what the anchors know: one chain, and an honest gap in it.

The seals that the backup lacks are appended from their anchors, so that no number and no id is given twice.
Their events are gone, but for those that were written and not yet sealed when the backup was made. The next
seal says which: `lost`. It comes together with the last of the anchored ones, before which nothing is
sealed: interrupted at any point, the joining is repeated (decision 0045).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from chalicelib.domain.audit_events import AuditEvent
from chalicelib.domain.audit_findings import Faulty, split
from chalicelib.domain.audit_seals import (
    RETENTION,
    SEAL_EVENTS_MAX,
    SEAL_TYPE,
    Batch,
    Seal,
    SealRecord,
    claimed_seal,
    next_seal,
    seal_hash,
)
from chalicelib.domain.audit_verification import SignatureCheck, Verifier
from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.id_ranges import Ranges, ids_in, ranges_of, size
from chalicelib.domain.merkle import root_hash
from chalicelib.services.audit import Anchors
from chalicelib.services.ports import Clock
from chalicelib.services.tokens import AccessTokens


class JoiningStore(Protocol):
    """The chain, as rows."""

    def head(self) -> SealRecord | None:
        """Return the newest seal."""

    def events_in(self, ranges: Ranges) -> tuple[AuditEvent, ...]:
        """Return the events of these ids, in order."""

    def unsealed(self, head: Seal | None, limit: int, also: Ranges = ()) -> Batch:
        """Return the events that are in no seal up to this one, and others."""

    def add(self, seal: Seal, signed: str, leaves: bytes) -> bool:
        """Append a seal."""

    def add_together(self, seals: Iterable[tuple[Seal, str, bytes]]) -> None:
        """Append seals, all or none."""

    def skip_ids(self, through: int) -> None:
        """Give no event an id up to this one any more."""

    def record_joining(self, details: Mapping[str, int], *, now: datetime, request_id: str) -> None:
        """Record the joining."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What a joining did: up to which seal; none, when the anchors knew no more than the database."""

    last_seal: int | None = None
    events_lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """What anchored seals speak of: events that are gone, and ids that others have now."""

    gone: Ranges
    taken: Ranges


class AuditJoining:
    """Lets the record of a restored database go on."""

    def __init__(
        self,
        *,
        store: JoiningStore,
        anchors: Anchors,
        tokens: AccessTokens[Any],
        check_signature: SignatureCheck,
        clock: Clock,
    ) -> None:
        """Sign the seal that joins with the key of our tokens."""
        self._store = store
        self._anchors = anchors
        self._tokens = tokens
        self._check_signature = check_signature
        self._clock = clock

    def join(self, request_id: str) -> Joined:
        """Bring back what only the anchors know, and seal what is lost; a second time does nothing.

        Raises:
            IntegrityFailure: the anchors don't continue this database's chain: it isn't one that they sealed.
            DependencyUnavailable: S3 or PostgreSQL is away; to be repeated.
        """
        head = self._store.head()
        numbers = self._anchors.numbers_after(head.number if head else 0)
        if not numbers:
            return Joined()
        last = self._anchored(numbers[-1])
        last_seal = _readable(last)
        self._store.skip_ids(last_seal.through)  # first: whatever is recorded from now on keeps its id
        self._bring_back(head, numbers)
        gap = self._gap(last)
        told = {"last_seal": last.number, "events_lost": size(gap.gone)}
        self._store.record_joining(told, now=self._clock.now(), request_id=request_id)
        self._store.add_together([(last_seal, last.seal, last.leaves), self._joining(last, last_seal, gap)])
        return Joined(last_seal=last.number, events_lost=size(gap.gone))

    def _joining(self, last: SealRecord, head: Seal, gap: _Gap) -> tuple[Seal, str, bytes]:
        batch = self._store.unsealed(head, SEAL_EVENTS_MAX, gap.taken)
        seal = next_seal(
            head,
            seal_hash(last.seal),
            batch,
            keys=self._tokens.public_keys(),
            now=self._clock.now(),
            lost=ranges_of((*ids_in(gap.gone), *ids_in(gap.taken))),
        )
        leaves = b"".join(event.leaf() for event in batch.events)
        return seal, self._tokens.sign(seal.document(), SEAL_TYPE), leaves

    def _bring_back(self, head: SealRecord | None, numbers: tuple[int, ...]) -> None:
        """Append the anchored seals but for the last, each once it is seen to continue the chain."""
        published = {key["kid"]: key for key in self._tokens.public_keys()}
        verifier = Verifier(check_signature=self._check_signature, now=self._clock.now(), trusted=published)
        try:
            if head is not None:
                verifier.begin_after(head)
            for number in numbers:
                record = self._anchored(number)
                seal = verifier.seal(record)
                if number != numbers[-1]:
                    self._store.add(seal, record.seal, record.leaves)
        except Faulty as error:
            raise IntegrityFailure from error

    def _gap(self, last: SealRecord) -> _Gap:
        """Look from the last seal back to one whose events are all here: it was made before the backup.

        Only the first seal after the backup can have them all, too: it then lost nothing.
        """
        gone: list[int] = []
        taken: list[int] = []
        for record in self._backwards(last):
            seal = _readable(record)
            if seal.sealed_at + RETENTION <= self._clock.now():
                break
            lost, others = self._missing(seal, record.leaves)
            if not lost:
                break
            gone += lost
            taken += others
        return _Gap(gone=ranges_of(gone), taken=ranges_of(taken))

    def _missing(self, seal: Seal, leaves: bytes) -> tuple[list[int], list[int]]:
        """Return the events of a seal that are gone, and the ids it speaks of under which others stand."""
        sealed = split(leaves)
        if root_hash(sealed).hex() != seal.root:
            raise IntegrityFailure
        found = {event.id: event.leaf() for event in self._store.events_in((*seal.covered, *seal.void))}
        expected = dict(zip(ids_in(seal.covered), sealed, strict=True))
        gone = [each for each, leaf in expected.items() if found.get(each) != leaf]
        return gone, [each for each, leaf in found.items() if expected.get(each) != leaf]

    def _backwards(self, last: SealRecord) -> Iterator[SealRecord]:
        yield last
        for number in range(last.number - 1, 0, -1):
            yield self._anchored(number)

    def _anchored(self, number: int) -> SealRecord:
        record = self._anchors.get(number)
        if record is None:
            raise IntegrityFailure
        return record


def _readable(record: SealRecord) -> Seal:
    seal = claimed_seal(record.seal)
    if seal is None:
        raise IntegrityFailure
    return seal
