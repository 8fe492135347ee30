"""Everything that is held about a person, as it is handed to them (GDPR art. 15 and 20)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from chalicelib.domain.account import Account, StoredPerson
from chalicelib.domain.audit import AuditKind
from chalicelib.domain.biometrics import StoredRegistration
from chalicelib.domain.consents import ConsentEvent
from chalicelib.domain.devices import Device, StoredDevice
from chalicelib.domain.id_tokens import Provider
from chalicelib.domain.sessions import SessionEnd

FORMAT = "serenya-auth/account-export/1"
PART_ITEMS = 1000  # of each list; all lists full stay far below the 6 MB that Lambda may answer

# What of an event's details its person may read. A kind that isn't here shows none: an operator's name and
# words are somebody else's data, and what a later kind records must be let through on purpose.
SHOWN_DETAILS: Mapping[AuditKind, frozenset[str]] = MappingProxyType(
    {
        AuditKind.ACCOUNT_CHANGED: frozenset({"changed"}),
        AuditKind.ACCOUNT_DATA_RENEWED: frozenset({"changed"}),
        AuditKind.ACCOUNT_EXPORTED: frozenset({"part"}),
        AuditKind.BIOMETRIC_KEY_REGISTERED: frozenset({"registration_id"}),
        AuditKind.BIOMETRIC_KEY_REMOVED: frozenset({"registration_id"}),
        AuditKind.CONSENT_GRANTED: frozenset({"document", "version"}),
        AuditKind.CONSENT_REFUSED: frozenset({"document", "version"}),
        AuditKind.CONSENT_SUPERSEDED: frozenset({"document", "version"}),
        AuditKind.CONSENT_WITHDRAWN: frozenset({"document", "version"}),
        AuditKind.IDENTITY_LINKED: frozenset({"provider"}),
        AuditKind.IDENTITY_NOTICED: frozenset({"notice", "provider"}),
        AuditKind.IDENTITY_UNLINKED: frozenset({"provider"}),
        AuditKind.SESSION_ENDED: frozenset({"reason"}),
        AuditKind.SESSION_NEW_DEVICE: frozenset({"device_id"}),
        AuditKind.SESSION_STARTED: frozenset({"device_id"}),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldIdentity:
    """Who a provider says the person is; `subject` is the provider's own id of them."""

    id: UUID
    provider: Provider
    created_at: datetime
    subject: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredIdentity:
    """The same as it is stored."""

    id: UUID
    provider: Provider
    created_at: datetime
    subject: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldDevice:
    """A device that the person signed in on, described as its app did."""

    stored: StoredDevice
    created_at: datetime
    last_seen_at: datetime
    described: Device | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A hardware key; `spki` is its public half, DER."""

    stored: StoredRegistration
    spki: bytes
    name: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSession:
    """One sign-in, live or ended; `refreshes` counts how often it was kept alive."""

    id: UUID
    device_id: UUID
    client_id: str
    acr: str
    amr: tuple[str, ...]
    auth_time: datetime
    created_at: datetime
    last_used_at: datetime
    refreshes: int
    idle_expires_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    end_reason: SessionEnd | None
    jkt: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldEvent:
    """One line of the audit record that is about the person."""

    id: int
    occurred_at: datetime
    kind: str
    session_id: UUID | None
    request_id: str
    details: Mapping[str, object]

    @property
    def shown(self) -> dict[str, str]:
        """Return the details that their person may read."""
        names = SHOWN_DETAILS.get(AuditKind(self.kind)) if self.kind in set(AuditKind) else None
        return {name: str(value) for name, value in self.details.items() if names and name in names}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredExport:
    """What the database holds about a person: one part of each list, and how many parts there are."""

    person: StoredPerson
    status_changed_at: datetime
    parts: int
    identities: tuple[StoredIdentity, ...]
    devices: tuple[HeldDevice, ...]
    biometric_keys: tuple[HeldKey, ...]
    sessions: tuple[HeldSession, ...]
    consents: tuple[ConsentEvent, ...]
    events: tuple[HeldEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """The same, opened with the person's key."""

    exported_at: datetime
    part: int
    stored: StoredExport
    account: Account
    identities: tuple[HeldIdentity, ...]
    devices: tuple[HeldDevice, ...]
    biometric_keys: tuple[HeldKey, ...]
