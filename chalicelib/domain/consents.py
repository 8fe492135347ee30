"""What people are asked to agree to, identified by the hash of the exact words they saw."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentDocument:
    """One published text: one kind, in one version and one language.

    `sha256` is the lower-case hex digest of `text`'s UTF-8 bytes; `effective_at` is aware UTC; `grace` is how long
    consent to the version before it still counts.
    """

    kind: str
    version: str
    locale: str
    title: str
    sha256: str
    legal_basis: str
    required: bool
    purpose: str
    effective_at: datetime
    grace: timedelta
    changes: str
    text: str
