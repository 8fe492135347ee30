"""How the keys of people and of the service are renewed, counted and swept; the rules alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID

from chalicelib.domain.failures import NotPossible
from chalicelib.domain.formats import Format, integer, optional, text_or_none
from chalicelib.domain.keys import PUBLISHED_BEFORE_USE, ServiceKeyRecord

ORPHAN_AGE = timedelta(days=1)  # a sign-up takes seconds from its key to its row
ACCEPTED_BEFORE_USE = PUBLISHED_BEFORE_USE  # containers look every 5 min; a day outlasts an outage of theirs
S = TypeVar("S")


class SecretState(StrEnum):
    """What a version of a service key does; all but the retired are accepted."""

    NEXT = "next"
    CURRENT = "current"
    EARLIER = "earlier"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultItem:
    """A person's data key in the vault, wrapped; `kms_key_id` None: by the first KMS key of all."""

    user_id: UUID
    wrapped: bytes = field(repr=False)
    version: int
    kms_key_id: str | None
    created_at: datetime | None

    def is_old(self, now: datetime) -> bool:
        """Return whether its sign-up must have ended; an item without a time is never old."""
        return self.created_at is not None and now - self.created_at >= ORPHAN_AGE


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultPage:
    """Some items, how many more were unreadable, and after which one the next page begins; None: the last."""

    items: tuple[VaultItem, ...]
    damaged: int
    after: str | None


def _progress(label: str, *counts: str) -> Format:
    """Return the format of a walk: where it is, and what it counts."""
    names = {
        "after": optional(text_or_none),
        **{name: optional(integer, default=0) for name in ("seen", *counts)},
    }
    return Format(label, names, fault=ValueError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a walk through the vault is. Its answer, sent again as the event, goes on from there."""

    FORMAT: ClassVar[Format]
    after: str | None = None
    seen: int = 0
    is_done: bool = False
    is_interrupted: bool = False

    @classmethod
    def resumed(cls, event: Mapping[str, Any]) -> Self:
        """Return the progress that an earlier answer tells; without one, begin. Raises NotPossible."""
        try:
            return cls(**cls.FORMAT.read(event))
        except ValueError as error:
            raise NotPossible("the event is empty, or an earlier answer of this function") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class RewrapProgress(Progress):
    """`own`: keys of the service itself. `overtaken`: erased, or re-wrapped by another run, meanwhile."""

    FORMAT = _progress("rewrap_progress", "own", "rewrapped", "current", "overtaken", "damaged")
    own: int = 0
    rewrapped: int = 0
    current: int = 0
    overtaken: int = 0
    damaged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReindexProgress(Progress):
    """`moved`: people of whom something was indexed anew. `damaged`: whose data doesn't open."""

    FORMAT = _progress("reindex_progress", "moved", "damaged")
    moved: int = 0
    damaged: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepProgress(Progress):
    """`is_refused`: so many keys without a person look like the wrong database, and none was deleted."""

    FORMAT = _progress("vault_sweep_progress", "known", "young", "deleted")
    known: int = 0
    young: int = 0
    deleted: int = 0
    is_refused: bool = False


def is_plausible(*, known: int, orphans: int) -> bool:
    """Return whether so many keys may be orphans: a crash leaves few, a wrong database makes all of them."""
    return orphans <= known


def data_key_context(user_id: UUID, version: int) -> dict[str, str]:
    """Return the KMS encryption context of a person's data key: ids only (K1)."""
    return {"purpose": "personal_data", "user_id": str(user_id), "version": str(version)}


def successor_of(key: ServiceKeyRecord, keys: Iterable[ServiceKeyRecord]) -> ServiceKeyRecord | None:
    """Return the version that waits to take over from the one that writes, if any does."""
    live = (each for each in keys if each.use is key.use and each.retired_at is None)
    return next((each for each in live if each.version > key.version), None)


def writing(secrets: Iterable[tuple[datetime, S]], now: datetime) -> S:
    """Return which of one use's secrets, the newest first, writes: the newest active one.

    A clock that is behind the oldest one's beginning writes with that one: it has no other (F-16).
    """
    listed = list(secrets)
    return next((secret for activates_at, secret in listed if activates_at <= now), listed[-1][1])


def state_of_secret(key: ServiceKeyRecord, keys: Iterable[ServiceKeyRecord], now: datetime) -> SecretState:
    """Return what a version does among all service keys, the oldest first."""
    if key.retired_at is not None:
        return SecretState.RETIRED
    live = [each for each in keys if each.use is key.use and each.retired_at is None]
    of_use = [(each.activates_at, each.version) for each in live]
    if writing(reversed(of_use), now) == key.version:
        return SecretState.CURRENT
    return SecretState.NEXT if key.activates_at > now else SecretState.EARLIER
