"""Tell operators which keys there are and where each stands; no secret, not even a wrapped one."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chalicelib.domain.key_life import state_of_secret
from chalicelib.domain.keys import KeyState, state_of
from chalicelib.domain.reindexing import IndexCount
from chalicelib.services.key_life_ports import VaultWalk
from chalicelib.services.ports import Clock
from chalicelib.services.store_ports import KeyStore

PAGE_ITEMS = 1000
PAGES_MAX = 1000  # a million people; a page takes some 30 ms


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKeyStatus:
    """A key of the JWKS; times are RFC 3339, `kms_key_id` None: wrapped by the first KMS key of all."""

    kid: str
    algorithm: str
    state: str
    activates_at: str
    expires_at: str | None
    kms_key_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceKeyStatus:
    """A version of a secret; `kms_key_id` as above."""

    use: str
    version: int
    state: str
    activates_at: str
    kms_key_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultKeyCount:
    """How many people's keys one KMS key wraps, of one version; `kms_key_id` as above."""

    kms_key_id: str | None
    version: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReport:
    """All keys; `is_complete` says whether the vault was counted to its end, `damaged` what isn't a key."""

    signing: tuple[SigningKeyStatus, ...]
    service: tuple[ServiceKeyStatus, ...]
    index: tuple[IndexCount, ...]
    vault: tuple[VaultKeyCount, ...]
    damaged: int
    is_complete: bool


class Indexed(Protocol):
    """People, as far as they are indexed."""

    def counts(self) -> tuple[IndexCount, ...]:
        """Count by version of the index key."""


class KeyStatus:
    """Looks at all keys."""

    def __init__(
        self,
        *,
        store: KeyStore,
        indexed: Indexed,
        vault: VaultWalk,
        clock: Clock,
        page_items: int = PAGE_ITEMS,
    ) -> None:
        """Take where keys are kept."""
        self._store = store
        self._indexed = indexed
        self._vault = vault
        self._clock = clock
        self._page_items = page_items

    def report(self) -> KeyReport:
        """Return where every key stands. Reads the whole vault. Raises DependencyUnavailable."""
        now = self._clock.now()
        counts, damaged, is_complete = self._counted()
        return KeyReport(
            signing=self._signing(now),
            service=self._service(now),
            index=self._indexed.counts(),
            vault=tuple(
                VaultKeyCount(kms_key_id=key_id or None, version=version, count=count)
                for (key_id, version), count in sorted(counts.items())
            ),
            damaged=damaged,
            is_complete=is_complete,
        )

    def _signing(self, now: datetime) -> tuple[SigningKeyStatus, ...]:
        keys = self._store.signing_keys()
        return tuple(
            SigningKeyStatus(
                kid=key.kid,
                algorithm=key.algorithm.value,
                state=state_of(key, keys, now).value,
                activates_at=key.activates_at.isoformat(),
                expires_at=key.expires_at.isoformat() if key.expires_at else None,
                kms_key_id=key.kms_key_id,
            )
            for key in keys
            if state_of(key, keys, now) is not KeyState.GONE
        )

    def _service(self, now: datetime) -> tuple[ServiceKeyStatus, ...]:
        keys = self._store.service_keys()
        return tuple(
            ServiceKeyStatus(
                use=key.use.value,
                version=key.version,
                state=state_of_secret(key, keys, now).value,
                activates_at=key.activates_at.isoformat(),
                kms_key_id=key.kms_key_id,
            )
            for key in keys
        )

    def _counted(self) -> tuple[Counter[tuple[str, int]], int, bool]:
        counts: Counter[tuple[str, int]] = Counter()
        damaged, after = 0, None
        for _ in range(PAGES_MAX):
            page = self._vault.page(after, self._page_items)
            counts.update((item.kms_key_id or "", item.version) for item in page.items)
            damaged, after = damaged + page.damaged, page.after
            if after is None:
                return counts, damaged, True
        return counts, damaged, False
