"""What of a person is indexed, and digested, under an older version of the index key than writes now."""

from dataclasses import dataclass, field
from uuid import UUID

from chalicelib.domain.account import StoredPerson
from chalicelib.domain.devices import StoredDevice
from chalicelib.domain.id_tokens import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedIdentity:
    """Who a provider says a person is, and the indexes that find them by it."""

    id: UUID
    provider: Provider
    subject: bytes = field(repr=False)
    subject_index: bytes = field(repr=False)
    email_index: bytes | None = field(repr=False)
    index_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedDevice:
    """A device, and the index that finds it."""

    stored: StoredDevice
    device_index: bytes = field(repr=False)
    index_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedPerson:
    """A person, and all of them that is behind."""

    person: StoredPerson
    index_version: int
    identities: tuple[IndexedIdentity, ...]
    devices: tuple[IndexedDevice, ...]

    def is_behind(self, version: int) -> bool:
        """Return whether anything is left to be indexed anew."""
        return self.index_version < version or bool(self.identities) or bool(self.devices)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexCount:
    """How many are indexed under one version of the index key."""

    version: int
    people: int
    identities: int
    devices: int
