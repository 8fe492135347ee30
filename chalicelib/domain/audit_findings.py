"""What verification says of a record: a fault, by its first event, or a doubt that a later seal may end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.audit_events import AuditEvent
from chalicelib.domain.audit_seals import Seal
from chalicelib.domain.id_ranges import holds, ids_in
from chalicelib.domain.merkle import HASH_BYTES, root_hash


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


@dataclass(slots=True, kw_only=True)
class Doubt:
    """Ids that aren't as a seal says: nothing stands there, or something else does."""

    fault: Fault
    seal: int
    absent: set[int]
    standing: set[int]
    details: str = ""
    is_whole: bool = True

    def explain(self, seal: Seal) -> set[int]:
        """Take away what a later seal says was lost, and return it; what stands there, it must cover."""
        absent = {each for each in self.absent if holds(seal.lost, each)}
        standing = {each for each in self.standing if holds(seal.lost, each) and holds(seal.covered, each)}
        self.is_whole = self.is_whole and not (absent or standing)
        self.absent -= absent
        self.standing -= standing
        return absent | standing

    def finding(self) -> Finding:
        """Return the first that is left."""
        first = min(self.absent | self.standing)
        fault = Fault.MISSING if first in self.absent else self.fault
        details = self.details if self.is_whole and first in self.standing else ""
        return Finding(fault=fault, seal=self.seal, event_id=first, details=details)


def doubt_about(seal: Seal, rows: list[AuditEvent], leaf_sources: Iterable[bytes]) -> Doubt | None:
    """Return how rows differ from what a seal says; `leaf_sources`, if they lead to its root, tell which.

    Raises Faulty where they don't.
    """
    found = {event.id: event for event in rows}
    absent = {each for each in ids_in(seal.covered) if each not in found}
    leaves = next((known for known in map(split, leaf_sources) if root_hash(known).hex() == seal.root), None)
    if not absent and root_hash([event.leaf() for event in rows]).hex() == seal.root:
        return None
    if leaves is None:
        told = "which event can't be told: no leaf hashes are left"
        raise Faulty(Fault.MISSING if absent else Fault.EDITED, seal.number, min(absent, default=None), told)
    expected = dict(zip(ids_in(seal.covered), leaves, strict=False))
    wrong = [event for event in rows if expected.get(event.id) != event.leaf()]
    origin = _origin(wrong[0], wrong, expected) if wrong else None
    return Doubt(
        fault=Fault.EDITED if origin is None else Fault.REORDERED,
        seal=seal.number,
        absent=absent,
        standing={event.id for event in wrong},
        details="" if origin is None else f"holds what was sealed as event {origin}",
    )


def _origin(event: AuditEvent, wrong: list[AuditEvent], expected: Mapping[int, bytes]) -> int | None:
    """Return as which other event these words were sealed, if they were."""
    others = (other.id for other in wrong if other.id != event.id)
    return next((other for other in others if event.at(other).leaf() == expected[other]), None)


def split(leaves: bytes) -> list[bytes]:
    """Return leaf hashes that stand one behind the other."""
    return [leaves[at : at + HASH_BYTES] for at in range(0, len(leaves), HASH_BYTES)]
