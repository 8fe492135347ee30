"""A phone as its app describes it."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from chalicelib.domain.formats import Format, optional, required, text, text_or_none
from chalicelib.domain.id_tokens import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What an app says of its device; personal, since people name phones after themselves.

    ``id`` is an identifier that others can guess, never a secret.
    """

    id: str = field(repr=False)
    platform: Platform
    name: str | None = field(default=None, repr=False)
    model: str | None = field(default=None, repr=False)
    os_version: str | None = field(default=None, repr=False)
    app_version: str | None = None

    def to_bytes(self) -> bytes:
        """Return the one spelling that is encrypted and digested."""
        return DEVICE.write_record(self)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Device":
        """Return the device that `to_bytes` wrote, in any release. Raises IntegrityFailure."""
        return cls(**DEVICE.read_json(raw))


DEVICE = Format(
    "device",
    {
        "id": required(text),
        "platform": required(Platform),
        "name": optional(text_or_none),
        "model": optional(text_or_none),
        "os_version": optional(text_or_none),
        "app_version": optional(text_or_none),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDevice:
    """A device as it is stored: described only under the person's key."""

    id: UUID
    platform: Platform
    description: bytes | None = field(repr=False)
    description_digest: bytes | None = field(repr=False)
    first_seen_at: datetime
