"""Seal audit events: which ids a seal covers, which may still come, which never will; each event once.

An id is drawn before its transaction commits. So ids become visible out of order, and those of a rollback
never do. A seal covers exactly the rows that its snapshot saw, notes the ids below them as pending, and a
later seal covers a pending id or declares it void, once no transaction is left that could bring it
(decision 0040).
"""

from base64 import urlsafe_b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from chalicelib.domain.audit_events import AuditEvent
from chalicelib.domain.formats import Format, added, integer, json_object, required, text, text_or_none
from chalicelib.domain.id_ranges import Ranges, ranges_of, size, without
from chalicelib.domain.merkle import root_hash

SEAL_TYPE = "audit-seal+jwt"  # keeps a seal from passing for a token
SEAL_EVENTS_MAX = 4096  # with proofs some 3.5 MB as lines: below the 6 MB that a Lambda may answer
# A transaction draws an id and takes its xid in one step of one statement; this bridges even a frozen server.
GAP_KEPT_MIN = timedelta(hours=1)
RETENTION = timedelta(days=7 * 365 + 2)  # 7 years, the leap days included (docs/audit.md)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Ids that a seal passed by. Whoever drew them has an xid below `horizon`."""

    first: int
    last: int
    horizon: int
    noted_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one snapshot saw: events of no seal, in order of id, and its xmin and xmax.

    `is_whole` is false when the limit cut it off.
    """

    events: tuple[AuditEvent, ...]
    oldest_xid: int
    next_xid: int
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What a seal says. `through` is the highest id that any seal so far covers; `keys` vouches for JWKs.

    `lost` are ids that earlier seals speak of and that a restored database doesn't have, or gave to others:
    an event that stands there now is covered by this seal.
    """

    number: int
    previous: str | None
    sealed_us: int
    root: str
    covered: Ranges
    void: Ranges
    pending: tuple[Gap, ...]
    through: int
    keys: tuple[Mapping[str, Any], ...]
    lost: Ranges = ()

    @property
    def count(self) -> int:
        """How many events it covers."""
        return size(self.covered)

    @property
    def sealed_at(self) -> datetime:
        """When it was made."""
        return EPOCH + self.sealed_us * _MICROSECOND

    def document(self) -> dict[str, Any]:
        """Return it as it is signed."""
        lost = {"lost": [list(each) for each in self.lost]} if self.lost else {}
        return SEAL.write(
            {
                "number": self.number,
                "previous": self.previous,
                "sealed_us": self.sealed_us,
                "count": self.count,
                "root": self.root,
                "covered": [list(each) for each in self.covered],
                "void": [list(each) for each in self.void],
                "pending": [[gap.first, gap.last, gap.horizon, gap.noted_us] for gap in self.pending],
                "through": self.through,
                "keys": [dict(key) for key in self.keys],
                **lost,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SealRecord:
    """A seal as it is stored: the signed document (JWS), and the leaf hashes that lead to its root.

    `columns` is what a database row says beside them: sealed_us, through, root, covered.
    """

    number: int
    seal: str
    leaves: bytes
    columns: tuple[int, int, str, Ranges] | None = None


def claimed(signed: str) -> dict[str, Any] | None:
    """Return what a JWS claims, its signature unchecked; None when it isn't one."""
    try:
        payload = signed.split(".")[1]
        return json_object(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), fault=ValueError)
    except (ValueError, IndexError):
        return None


def claimed_seal(signed: str) -> Seal | None:
    """Return the seal that a JWS claims to be; None when it isn't one."""
    document = claimed(signed)
    try:
        return read_seal(document) if document else None
    except ValueError:
        return None


def read_seal(document: Mapping[str, Any]) -> Seal:
    """Return the seal in a document whose signature was checked. Raises ValueError."""
    told = SEAL.read(document)
    count = told.pop("count")
    seal = Seal(**told)
    if count != seal.count:
        raise ValueError("count")
    return seal


def seal_hash(signed: str) -> str:
    """Return what the next seal calls `previous`: SHA-256 of the JWS, in hex."""
    return sha256(signed.encode()).hexdigest()


def next_seal(
    head: Seal | None,
    head_hash: str | None,
    batch: Batch,
    *,
    keys: Iterable[Mapping[str, Any]],
    now: datetime,
    lost: Ranges = (),
) -> Seal:
    """Return the seal over a batch that isn't empty; `lost` is what a restored database doesn't have."""
    through = head.through if head else 0
    now_us = microseconds(now)
    ids = [event.id for event in batch.events]
    covered, reached = ranges_of(ids), max(through, ids[-1])
    gaps = [left for gap in (head.pending if head else ()) for left in _left_of(gap, covered)]
    settled = [gap for gap in gaps if _is_settled(gap, batch, now_us)]
    fresh = (
        Gap(first=first, last=last, horizon=batch.next_xid, noted_us=now_us)
        for first, last in without([(through + 1, reached)] if reached > through else [], covered)
    )
    return Seal(
        number=head.number + 1 if head else 1,
        previous=head_hash,
        sealed_us=now_us,
        root=root_hash([event.leaf() for event in batch.events]).hex(),
        covered=covered,
        void=tuple((gap.first, gap.last) for gap in settled),
        pending=(*(gap for gap in gaps if gap not in settled), *fresh),
        through=reached,
        keys=tuple(keys),
        lost=lost,
    )


def microseconds(moment: datetime) -> int:
    """Return a time as microseconds since 1970."""
    return (moment - EPOCH) // _MICROSECOND


def _left_of(gap: Gap, covered: Ranges) -> list[Gap]:
    return [
        Gap(first=first, last=last, horizon=gap.horizon, noted_us=gap.noted_us)
        for first, last in without([(gap.first, gap.last)], covered)
    ]


def _is_settled(gap: Gap, batch: Batch, now_us: int) -> bool:
    """Tell whether nobody is left who could bring these ids.

    Everybody with an xid below the horizon has finished, and this batch saw what they left. A next xid below
    the horizon is another cluster's, into which a dump was restored: whoever drew them stayed behind.
    """
    is_old = now_us - gap.noted_us >= GAP_KEPT_MIN // _MICROSECOND
    is_elsewhere = batch.next_xid < gap.horizon
    return batch.is_whole and is_old and (batch.oldest_xid >= gap.horizon or is_elsewhere)


def _ranges(pairs: Iterable[Iterable[int]]) -> Ranges:
    ranges = tuple((int(first), int(last)) for first, last in pairs)
    ends = [end for each in ranges for end in each]
    if ends != sorted(ends) or len(set(ranges)) != len(ranges):
        raise ValueError("ranges")
    return ranges


def _gaps(told: Iterable[Iterable[int]]) -> tuple[Gap, ...]:
    return tuple(
        Gap(first=int(first), last=int(last), horizon=int(horizon), noted_us=int(noted_us))
        for first, last, horizon, noted_us in told
    )


SEAL = Format(
    "audit_seal",
    {
        "number": required(integer),
        "previous": required(text_or_none),
        "sealed_us": required(integer),
        "count": required(integer),
        "root": required(text),
        "covered": required(_ranges),
        "void": required(_ranges),
        "pending": required(_gaps),
        "through": required(integer),
        "keys": required(lambda told: tuple(dict(key) for key in told)),
        "lost": added(_ranges, default=(), is_written=True),
    },
    fault=ValueError,
)
