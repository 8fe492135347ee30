"""What the life of keys needs of the world; clients and stores fit these by their shape alone."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.key_life import VaultItem, VaultPage
from chalicelib.domain.keys import ServiceKeyRecord, SigningKeyRecord
from chalicelib.domain.operators import Order


class VaultWalk(Protocol):
    """The vault, from one end to the other."""

    def page(self, after: str | None, limit: int) -> VaultPage:
        """Return the items behind one, in the vault's own order."""

    def replace(self, item: VaultItem, wrapped: bytes, kms_key_id: str) -> bool:
        """Wrap an item anew, unless it changed or went."""

    def delete(self, user_id: UUID) -> None:
        """Delete a key for good."""


class Rewrapping(Protocol):
    """KMS, from the key that wrapped to the one that wraps now."""

    @property
    def key_id(self) -> str:
        """The key that wraps now."""

    def rewrap(self, wrapped: bytes, context: Mapping[str, str], wrapped_by: str | None) -> bytes:
        """Return the same key under the KMS key that wraps now; it is never plain here."""


class KeyChanges(Protocol):
    """The service's own keys, as far as they change."""

    def retire_secret(
        self,
        key: ServiceKeyRecord,
        successor: ServiceKeyRecord | None,
        order: Order,
        *,
        now: datetime,
        request_id: str,
    ) -> bool:
        """Retire a secret."""

    def retire_signing_key(
        self, kid: str, successor: str | None, order: Order, *, now: datetime, request_id: str
    ) -> bool:
        """Retire a signing key."""

    def rewrap(
        self,
        key: ServiceKeyRecord | SigningKeyRecord,
        wrapped: bytes,
        kms_key_id: str,
        *,
        now: datetime,
        request_id: str,
    ) -> bool:
        """Replace what wraps a key."""


class KeyActs(Protocol):
    """The database, as far as people's keys concern it."""

    def record(self, kind: AuditKind, details: Mapping[str, Any], *, now: datetime, request_id: str) -> None:
        """Record what is about to be done to keys."""

    def known(self, user_ids: Collection[UUID]) -> frozenset[UUID]:
        """Return which of these people have a row."""
