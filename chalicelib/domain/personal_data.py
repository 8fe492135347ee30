"""Name every encrypted column, once, and say where a ciphertext belongs.

A ciphertext opens only at the address it was sealed for. The address is always rebuilt from the row that is
being read and never taken from the ciphertext, so that one moved to another row, column or key version stays
shut.
"""

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

ADDRESS_DOMAIN = b"serenya-auth/v1/address"
VERSION_BYTES = 4


class Field(Enum):
    """The columns that hold personal data, as (table, column); nothing personal is stored anywhere else."""

    USER_PROFILE = ("users", "profile")
    USER_CHOSEN = ("users", "chosen")
    IDENTITY_SUBJECT = ("identities", "subject")
    IDENTITY_REFRESH_TOKEN = ("identities", "refresh_token")
    DEVICE_DESCRIPTION = ("devices", "description")
    BIOMETRIC_KEY_NAME = ("biometric_keys", "name")
    SESSION_PROFILE = ("sessions", "profile")

    def at(self, row_id: UUID, key_version: int) -> "RecordAddress":
        """Return the address of this column in one row."""
        return RecordAddress(field=self, row_id=row_id, key_version=key_version)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAddress:
    """Where one ciphertext belongs."""

    field: Field
    row_id: UUID
    key_version: int

    def aad(self) -> bytes:
        """Return what AES-GCM authenticates beside the ciphertext (its associated data)."""
        table, column = self.field.value
        version = self.key_version.to_bytes(VERSION_BYTES, "big")
        return framed(ADDRESS_DOMAIN, table.encode(), column.encode(), self.row_id.bytes, version)


def framed(*parts: bytes) -> bytes:
    """Join parts so that no two lists of parts give the same bytes: each behind its 4-byte length."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
