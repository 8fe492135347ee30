"""Hand a person everything that is held about them (GDPR art. 15 and 20), and record it (decision 0022)."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from chalicelib.domain.account import Account, StoredPerson
from chalicelib.domain.errors import InvalidAccessToken, SessionRevoked
from chalicelib.domain.export import Export, HeldDevice, HeldIdentity, StoredExport, StoredIdentity
from chalicelib.domain.limits import EXPORTS
from chalicelib.domain.tokens import AccessClaims
from chalicelib.services.limits import Limits
from chalicelib.services.opening import open_chosen, open_device, open_key_name, open_profile, open_subject
from chalicelib.services.ports import Act, Clock, DataKey, DataKeys
from chalicelib.services.store_ports import ExportStore


class ExportService:
    """Exports."""

    def __init__(self, *, store: ExportStore, keys: DataKeys, limits: Limits, clock: Clock) -> None:
        """Take what reads a person's rows, and the keys that open them."""
        self._limits = limits
        self._store = store
        self._keys = keys
        self._clock = clock

    def export(self, claims: AccessClaims, part: int, act: Act) -> Export:
        """Return one part of what is held about a person; that their presence is proved, the edge saw to.

        The key comes first: an export that can't be read must not be on record.

        Raises:
            RateLimited: with this session too often.
            SessionRevoked, AccountSuspended: the person may not act.
            DependencyUnavailable: their key can't be had now.
            IntegrityFailure: something doesn't open as what it should be.
        """
        place = self._limits.taking(EXPORTS, str(claims.session_id))
        key = self._key_of(claims.user_id)
        now = self._clock.now()
        stored = self._store.export(
            claims.session_id, part=part, locale=act.locale, now=now, request_id=act.request_id, place=place
        )
        if stored is None or stored.session is None:
            raise SessionRevoked
        stored.session.ensure_live(now)
        if stored.person.id != claims.user_id:
            raise InvalidAccessToken
        self._limits.settle(place, stored.taken)
        return opened(key, stored, part=part, now=now)

    def _key_of(self, user_id: UUID) -> DataKey:
        key = self._keys.get(user_id)
        if key is None:  # erased a moment ago
            raise SessionRevoked
        return key


def opened(key: DataKey, stored: StoredExport, *, part: int, now: datetime) -> Export:
    """Return what was read, opened with the person's key. Raises IntegrityFailure."""
    return Export(
        exported_at=now,
        part=part,
        stored=stored,
        account=open_account(key, stored.person),
        identities=tuple(_identity(key, identity) for identity in stored.identities),
        devices=tuple(_device(key, device) for device in stored.devices),
        biometric_keys=tuple(
            replace(held, name=open_key_name(key, held.stored)) for held in stored.biometric_keys
        ),
    )


def open_account(key: DataKey, person: StoredPerson) -> Account:
    """Return an account as its person sees it. Raises IntegrityFailure."""
    profile, chosen = open_profile(key, person), open_chosen(key, person)
    return Account(id=person.id, created_at=person.created_at, profile=profile, chosen=chosen)


def _identity(key: DataKey, identity: StoredIdentity) -> HeldIdentity:
    return HeldIdentity(
        id=identity.id,
        provider=identity.provider,
        created_at=identity.created_at,
        subject=open_subject(key, identity),
    )


def _device(key: DataKey, device: HeldDevice) -> HeldDevice:
    return replace(device, described=open_device(key, device.stored))
