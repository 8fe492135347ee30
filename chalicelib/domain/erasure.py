"""What erasing a person means: what goes, what stays, on which legal basis and until when (GDPR art. 17).

The only place that says so: the receipt, the API's answers and the function that erases follow it.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

from chalicelib.domain.dpop import Proof
from chalicelib.domain.personal_data import framed
from chalicelib.domain.sessions import Session

PURPOSE = b"serenya-auth/v1/erasure"
RECEIPT_TYPE = "erasure-receipt+jwt"
ANSWERED_AGAIN = timedelta(minutes=15)  # a lost answer's retry; as long as the token that asked lives
ON_RECORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/#-]{1,127}")
ON_RECORD_IN_WORDS = (
    "has 2 to 128 characters: letters, digits, spaces and . _ : / # -, the first one a letter or a digit;"
    " an e-mail address isn't allowed"
)
RECORDS_KEPT = timedelta(days=7 * 365 + 2)  # 7 years; 45 CFR 164.316(b)(2)(i) asks for 6
BACKUPS_KEPT = timedelta(days=35)  # the longest that RDS keeps its own
ID_TOKENS_KEPT = timedelta(days=2)  # Apple's live for a day, and an hour more is kept of them


class ErasureState(StrEnum):
    """How far an erasure is. Pending, the person is gone from the database; the sweep does the rest."""

    PENDING = "pending"
    COMPLETED = "completed"


class ErasedData(StrEnum):
    """What goes."""

    PROFILE = "profile"
    IDENTITIES = "identities_at_providers"
    INDEXES = "search_indexes"
    DEVICES = "devices"
    BIOMETRIC_KEYS = "biometric_keys"
    SESSIONS = "sessions"
    DATA_KEY = "data_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What stays, without anything that tells who it was."""

    what: str
    legal_basis: str
    period: timedelta


KEPT = (
    Kept(
        what="consent_history",
        legal_basis="GDPR art. 17(3)(e) with art. 7(1): proof of what was agreed to",
        period=RECORDS_KEPT,
    ),
    Kept(
        what="audit_events",
        legal_basis="GDPR art. 17(3)(b) with art. 32; 45 CFR 164.312(b), 164.316(b)(2)(i)",
        period=RECORDS_KEPT,
    ),
    Kept(
        what="erasure_record",
        legal_basis="GDPR art. 17(3)(e) with art. 5(2): proof of the erasure, and its repetition in backups",
        period=RECORDS_KEPT,
    ),
    Kept(
        what="hashes_of_used_id_tokens",
        legal_basis="GDPR art. 6(1)(f): a used token must not open a session again",
        period=ID_TOKENS_KEPT,
    ),
    Kept(
        what="encrypted_backups",
        legal_basis="GDPR art. 17(3)(b) with art. 32(1)(c); the key to the person's data is gone",
        period=BACKUPS_KEPT,
    ),
)


class Origin(StrEnum):
    """Who wanted an erasure."""

    PERSON = "person"
    OPERATOR = "operator"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """How far a database is: its line of descent, which copies share, and a number that only grows.

    Every erasure, sweep and restore takes the next number, and the ledger outside the database learns of it.
    A database whose number is behind the ledger's was restored from a backup.
    """

    lineage: UUID
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureOrder:
    """What the function that erases takes. `session_id` is the asking person's, which must be live.

    The first of `ids` is this order's; the others it has if it was asked for before a rotation.
    """

    ids: tuple[UUID, ...]
    user_id: UUID
    session_id: UUID | None
    secret_hash: bytes | None = field(repr=False)
    requested_at: datetime
    origin: Origin
    details: Mapping[str, str] = field(default_factory=dict)
    proof: Proof | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """An erasure as the database and, until it is completed, as the ledger knows it."""

    id: UUID
    user_id: UUID
    epoch: int
    lineage: UUID
    secret_hash: bytes | None = field(repr=False)
    requested_at: datetime
    completed_at: datetime | None = None

    @property
    def state(self) -> ErasureState:
        """Return how far it is."""
        return ErasureState.PENDING if self.completed_at is None else ErasureState.COMPLETED


class Erased(StrEnum):
    """What came of an order."""

    ERASED = "erased"
    REPEATED = "repeated"  # the same who ask had it done a moment ago, and may have lost the answer
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """What came of an order: the erasure, or of a refusal the session that asked, in any state."""

    outcome: Erased
    erasure: Erasure | None
    own: Session | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureReceipt:
    """What the person keeps: the signed receipt, and the secret that asks for its state later."""

    erasure: Erasure
    receipt: str
    secret: str = field(repr=False)


def on_record(text: object) -> str:
    """Return an operator's name, or reason, as the audit record may keep it: plain words, no address.

    Raises ValueError that says what is allowed.
    """
    if not isinstance(text, str) or ON_RECORD.fullmatch(text) is None:
        raise ValueError(ON_RECORD_IN_WORDS)
    return text


def receipt(erasure_id: UUID, requested_at: datetime) -> dict[str, Any]:
    """Return what a receipt says; times are seconds since the epoch. It names no person, only the erasure."""
    return {
        "erasure_id": str(erasure_id),
        "requested_at": _seconds(requested_at),
        "erased": [str(data) for data in ErasedData],
        "kept": [
            {
                "what": kept.what,
                "legal_basis": kept.legal_basis,
                "until": _seconds(requested_at + kept.period),
            }
            for kept in KEPT
        ],
    }


def identified(service_secret: bytes, origin: Origin, asked_by: UUID) -> tuple[UUID, str]:
    """Return the id of the erasure that a session, or an operator for a person, asks for, and its secret.

    Asked again, they are the same, and nobody else can compute them.
    """
    keyed = [
        hmac.digest(service_secret, framed(PURPOSE, part, origin.encode(), asked_by.bytes), "sha256")
        for part in (b"id", b"secret")
    ]
    return UUID(bytes=keyed[0][:16], version=4), urlsafe_b64encode(keyed[1]).rstrip(b"=").decode()


def hash_of(secret: str) -> bytes:
    """Return what is stored of a secret; plain SHA-256 is enough for 256 random bits."""
    return sha256(secret.encode()).digest()


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
