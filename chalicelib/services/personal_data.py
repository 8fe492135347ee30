"""Seal what is personal of a person, and notice without opening it that something changed.

 A change is noticed by keyed digests, so a warm sign-in of a known person needs neither KMS nor the vault.
Renewing needs the person's key; when KMS or the vault is away it waits for the next sign-in, which notices
it again.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from chalicelib.domain.account import Account, Profile, RenewedData, StoredPerson, merged
from chalicelib.domain.devices import Device, StoredDevice
from chalicelib.domain.errors import DependencyUnavailable, IntegrityFailure, SessionRevoked
from chalicelib.domain.id_tokens import GoogleIdentity
from chalicelib.domain.personal_data import Field
from chalicelib.domain.sessions import OwnSession, Session
from chalicelib.domain.sign_in import NewPerson, NewSession
from chalicelib.services.events import warn
from chalicelib.services.ports import AccountStore, Act, BlindIndex, Clock, DataKey, DataKeys, Ids
from chalicelib.services.session_copy import SessionCopies, SessionCopy


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Who signs in, on what, with the seed of their session."""

    identity: GoogleIdentity
    device: Device
    seed: bytes

    @property
    def copy(self) -> SessionCopy:
        """What the session would keep of it."""
        return SessionCopy(profile=self.identity.profile, device=self.device)


class PersonalData:
    """What is sealed of people."""

    def __init__(
        self, *, keys: DataKeys, copies: SessionCopies, store: AccountStore, clock: Clock, ids: Ids
    ) -> None:
        """Take the keys of all people, and the sessions' copies."""
        self._keys = keys
        self._copies = copies
        self._store = store
        self._clock = clock
        self._ids = ids

    def seal_new(self, arrival: Arrival, index: BlindIndex, new: NewSession) -> NewPerson:
        """Make a new person's key, and seal with it all that is kept of them. Calls KMS and the vault."""
        user_id, identity_id = self._ids.new_uuid(), self._ids.new_uuid()
        key, identity = self._keys.create(user_id), arrival.identity
        email = identity.profile.verified_email
        return NewPerson(
            user_id=user_id,
            identity_id=identity_id,
            key_version=key.version,
            email_index=index.email(email) if email else None,
            subject=_seal(key, Field.IDENTITY_SUBJECT, identity_id, identity.subject.encode()),
            profile=_seal(key, Field.USER_PROFILE, user_id, identity.profile.to_bytes()),
            device_description=_seal(key, Field.DEVICE_DESCRIPTION, new.device_id, arrival.device.to_bytes()),
            device_digest=index.digest("device", arrival.device.to_bytes()),
        )

    def discard(self, person: NewPerson) -> None:
        """Forget the key of a person who was not made after all; what fails here, the sweep finds."""
        try:
            self._keys.discard(person.user_id)
        except DependencyUnavailable:
            warn("orphaned_vault_key")

    def renew(
        self,
        arrival: Arrival,
        index: BlindIndex,
        new: NewSession,
        person: StoredPerson,
        session: Session,
        act: Act,
    ) -> SessionCopy:
        """Return what the session shows, having sealed anew what changed since the last sign-in."""
        device_digest = index.digest("device", arrival.device.to_bytes())
        same_device = session.device.description_digest == device_digest
        if person.profile_digest == new.profile_digest and same_device:
            return arrival.copy
        try:
            return self._renewed(arrival, index, new, person, session, act)
        except DependencyUnavailable:
            warn("personal_data_renewal_deferred")
            return arrival.copy

    def _renewed(
        self,
        arrival: Arrival,
        index: BlindIndex,
        new: NewSession,
        person: StoredPerson,
        session: Session,
        act: Act,
    ) -> SessionCopy:
        key = self._key_of(person.id)
        profile = merged(self._open_profile(key, person), arrival.identity.profile)
        copy = replace(arrival.copy, profile=profile)
        profile_digest = index.digest("profile", profile.to_bytes())
        device_digest = index.digest("device", arrival.device.to_bytes())
        changes = {
            "profile": profile_digest != person.profile_digest,
            "device": device_digest != session.device.description_digest,
        }
        if not any(changes.values()):
            self._renew_copy(copy, seed=arrival.seed, session_id=session.id, profile_digest=profile_digest)
            return copy
        email = profile.verified_email
        data = RenewedData(
            user_id=person.id,
            subject_index=new.subject_index,
            device_id=session.device.id,
            session_id=session.id,
            email_index=index.email(email) if email else None,
            profile_digest=profile_digest,
            device_digest=device_digest,
            changed=" ".join(name for name, changed in changes.items() if changed),
            profile=_seal(key, Field.USER_PROFILE, person.id, profile.to_bytes()),
            device_description=_seal(
                key, Field.DEVICE_DESCRIPTION, session.device.id, arrival.device.to_bytes()
            ),
            session_profile=self._copies.seal(copy, seed=arrival.seed, session_id=session.id),
        )
        self._store.renew(data, now=self._clock.now(), request_id=act.request_id)
        return copy

    def copy_of(self, own: OwnSession, *, seed: bytes) -> SessionCopy:
        """Return what a refresh shows: the session's copy, renewed if the person's profile changed meanwhile."""
        copy = self._copies.open(own.session, seed=seed)
        if own.session.profile_digest == own.person.profile_digest or own.person.profile_digest is None:
            return copy
        try:
            key = self._key_of(own.person.id)
            renewed = replace(copy, profile=self._open_profile(key, own.person))
            digest = own.person.profile_digest
            self._renew_copy(renewed, seed=seed, session_id=own.session.id, profile_digest=digest)
        except DependencyUnavailable:
            warn("session_copy_renewal_deferred")
            return copy
        return renewed

    def account(self, person: StoredPerson) -> Account:
        """Return a person as they see themselves."""
        profile = self._open_profile(self._key_of(person.id), person)
        return Account(id=person.id, created_at=person.created_at, profile=profile)

    def describe(self, user_id: UUID, devices: tuple[StoredDevice, ...]) -> tuple[Device | None, ...]:
        """Return what their person says of devices; None for all while the keys are away."""
        try:
            key = self._key_of(user_id)
        except DependencyUnavailable:
            warn("devices_not_described")
            return tuple(None for _ in devices)
        return tuple(_open_device(key, device) for device in devices)

    def _renew_copy(self, copy: SessionCopy, *, seed: bytes, session_id: UUID, profile_digest: bytes) -> None:
        sealed = self._copies.seal(copy, seed=seed, session_id=session_id)
        self._store.renew_session_copy(session_id, sealed, profile_digest)

    def _key_of(self, user_id: UUID) -> DataKey:
        key = self._keys.get(user_id)
        if key is None:  # erased in another container a moment ago
            raise SessionRevoked
        return key

    def _open_profile(self, key: DataKey, person: StoredPerson) -> Profile:
        if person.profile is None:
            raise IntegrityFailure
        return Profile.from_bytes(
            key.open_sealed(Field.USER_PROFILE.at(person.id, person.key_version), person.profile)
        )


def _open_device(key: DataKey, device: StoredDevice) -> Device | None:
    if device.description is None:
        return None
    return Device.from_bytes(
        key.open_sealed(Field.DEVICE_DESCRIPTION.at(device.id, key.version), device.description)
    )


def _seal(key: DataKey, field: Field, row_id: UUID, plaintext: bytes) -> bytes:
    return key.seal(field.at(row_id, key.version), plaintext)
