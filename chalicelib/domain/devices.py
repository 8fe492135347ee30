"""A phone as its app describes it."""

import json
from dataclasses import dataclass, field, fields
from datetime import datetime
from uuid import UUID

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
        values = {name: getattr(self, name) for name in _DEVICE_FIELDS}
        return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Device":
        """Return the device that `to_bytes` wrote, in this release or the next one."""
        values = json.loads(raw)
        known = {name: values[name] for name in _DEVICE_FIELDS}
        return cls(**{**known, "platform": Platform(values["platform"])})


_DEVICE_FIELDS = tuple(each.name for each in fields(Device))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDevice:
    """A device as it is stored: described only under the person's key."""

    id: UUID
    platform: Platform
    description: bytes | None = field(repr=False)
    description_digest: bytes | None = field(repr=False)
    first_seen_at: datetime
