"""Seal what is personal of a person, and notice without opening it that something changed.

A change is noticed by keyed digests, so a warm sign-in of a known person needs neither KMS nor the vault.
Renewing needs the person's key; when KMS or the vault is away it waits for the next sign-in, which notices
it again.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from uuid import UUID

from chalicelib.domain.account import (
    Account,
    ChosenData,
    PersonName,
    RenewedData,
    StoredPerson,
    copy_digest,
    merged,
)
from chalicelib.domain.biometrics import StoredRegistration
from chalicelib.domain.chosen import NOTHING, Chosen
from chalicelib.domain.devices import Device, StoredDevice
from chalicelib.domain.errors import DependencyUnavailable, IdTokenUsed, IntegrityFailure, SessionRevoked
from chalicelib.domain.id_tokens import VerifiedIdentity
from chalicelib.domain.personal_data import Field
from chalicelib.domain.sessions import OwnSession
from chalicelib.domain.sign_in import NewPerson, NewSession
from chalicelib.observation.log import warn
from chalicelib.services.opening import open_chosen, open_device, open_key_name, open_profile
from chalicelib.services.ports import DataKey, DataKeys, Ids
from chalicelib.services.secrets import Indexing
from chalicelib.services.session_copy import SessionCopies, SessionCopy
from chalicelib.services.store_ports import AccountStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Who signs in, on what, with the seeds that their session may have and the keys that index them.

    `name` is what only the app was told; `is_first_identity` whether this identity
    speaks for the profile (decision 0091).
    """

    identity: VerifiedIdentity
    device: Device
    seeds: tuple[bytes, ...]
    indexing: Indexing
    name: PersonName | None = None
    is_first_identity: bool = True

    @property
    def seed(self) -> bytes:
        """The seed of a session that is opened now."""
        return self.seeds[0]

    @property
    def copy(self) -> SessionCopy:
        """What the session would keep of it."""
        return SessionCopy(profile=self.identity.profile, device=self.device, chosen=NOTHING)


class PersonalData:
    """What is sealed of people."""

    def __init__(self, *, keys: DataKeys, copies: SessionCopies, store: AccountStore, ids: Ids) -> None:
        """Take the keys of all people, and the sessions' copies."""
        self._keys = keys
        self._copies = copies
        self._store = store
        self._ids = ids

    def introduce(self, arrival: Arrival, new: NewSession) -> tuple[Arrival, NewSession]:
        """Return a stranger's arrival and session with the name that only the app was told, if it was."""
        if arrival.name is None:
            return arrival, new
        profile = arrival.name.completes(arrival.identity.profile)
        named = replace(arrival, identity=replace(arrival.identity, profile=profile))
        sealed = self.seal_copy(named.copy, seed=named.seed, session_id=new.session_id)
        digest = named.indexing.writes.digest("profile", profile.to_bytes())
        return named, replace(new, profile=sealed, profile_digest=digest)

    def seal_new(self, arrival: Arrival, new: NewSession) -> NewPerson:
        """Make a new person's key, and seal with it all that is kept of them. Calls KMS and the vault."""
        user_id, identity_id = self._ids.new_uuid(), self._ids.new_uuid()
        key, identity, index = self._keys.create(user_id), arrival.identity, arrival.indexing.writes
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

    def seal_subject(self, user_id: UUID, identity_id: UUID, subject: str) -> bytes:
        """Return a provider's id of a person who is known, sealed. May call KMS and the vault."""
        return _seal(self._key_of(user_id), Field.IDENTITY_SUBJECT, identity_id, subject.encode())

    def discard(self, person: NewPerson) -> None:
        """Forget the key of a person who was not made after all; what fails here, the sweep finds."""
        try:
            self._keys.discard(person.user_id)
        except DependencyUnavailable:
            warn("orphaned_vault_key")

    def renew(self, arrival: Arrival, new: NewSession, own: OwnSession) -> SessionCopy:
        """Return what the session shows, having sealed anew what changed since the last sign-in."""
        device_digest = arrival.indexing.writes.digest("device", arrival.device.to_bytes())
        is_same_device = own.session.device.description_digest == device_digest
        if own.person.copy_digest == new.profile_digest and is_same_device:
            return arrival.copy
        try:
            return self._renewed(arrival, new, own)
        except DependencyUnavailable:
            warn("personal_data_renewal_deferred")
            return arrival.copy

    def _renewed(self, arrival: Arrival, new: NewSession, own: OwnSession) -> SessionCopy:
        key, indexing = self._key_of(own.person.id), arrival.indexing
        stored = open_profile(key, own.person)
        brought = arrival.identity.profile
        profile = merged(stored, brought) if arrival.is_first_identity else stored
        copy = replace(arrival.copy, profile=profile, chosen=open_chosen(key, own.person))
        digests = indexing.digests("profile", copy.profile.to_bytes())
        device_digests = indexing.digests("device", copy.device.to_bytes())
        before = (own.person.profile_digest, own.session.device.description_digest)
        shown = copy_digest(digests[0], own.person.chosen)
        if before == (digests[0], device_digests[0]):  # the provider doesn't know, or say, what is known here
            self._renew_copy(copy, seed=arrival.seed, session_id=own.session.id, digest=shown)
            return copy
        changed = _changed(profile=before[0] not in digests, device=before[1] not in device_digests)
        email = (profile if arrival.is_first_identity else brought).verified_email
        device_id = own.session.device.id
        data = RenewedData(
            user_id=own.person.id,
            index_version=new.index_version,
            subject_index=new.subject_index,
            subject_indexes=new.subject_indexes,
            device_id=device_id,
            session_id=own.session.id,
            email_index=indexing.writes.email(email) if email else None,
            profile_digest=digests[0],
            copy_digest=shown,
            device_digest=device_digests[0],
            changed=changed,
            profile=_seal(key, Field.USER_PROFILE, own.person.id, copy.profile.to_bytes()),
            device_description=_seal(key, Field.DEVICE_DESCRIPTION, device_id, copy.device.to_bytes()),
            session_profile=self.seal_copy(copy, seed=arrival.seed, session_id=own.session.id),
        )
        self._store.renew(data, now=new.now, request_id=new.request_id)
        return copy

    def seal_copy(self, copy: SessionCopy, *, seed: bytes, session_id: UUID) -> bytes:
        """Return a session's copy, sealed for its phone."""
        return self._copies.seal(copy, seed=seed, session_id=session_id)

    def seed_of(self, own: OwnSession, seeds: tuple[bytes, ...]) -> bytes:
        """Return with which of these seeds a session was opened.

        Raises:
            IdTokenUsed: with none: the secret that made it was retired since.
        """
        for seed in seeds:
            with suppress(IntegrityFailure):
                self._copies.open(own.session, seed=seed)
                return seed
        raise IdTokenUsed

    def copy_of(self, own: OwnSession, *, seed: bytes) -> SessionCopy:
        """Return what a refresh shows: the session's copy, renewed if the profile changed meanwhile."""
        copy = self._copies.open(own.session, seed=seed)
        digest = own.person.copy_digest
        if own.session.profile_digest == digest or digest is None:
            return copy
        try:
            account = self.account(own.person)
            renewed = replace(copy, profile=account.profile, chosen=account.chosen)
            self._renew_copy(renewed, seed=seed, session_id=own.session.id, digest=digest)
        except DependencyUnavailable:
            warn("session_copy_renewal_deferred")
            return copy
        return renewed

    def account(self, person: StoredPerson) -> Account:
        """Return a person as they see themselves."""
        key = self._key_of(person.id)
        profile, chosen = open_profile(key, person), open_chosen(key, person)
        return Account(id=person.id, created_at=person.created_at, profile=profile, chosen=chosen)

    def seal_chosen(self, person: StoredPerson, before: Chosen, after: Chosen) -> ChosenData:
        """Return what a person chooses now, sealed; nothing chosen is nothing stored."""
        key = self._key_of(person.id)
        sealed = _seal(key, Field.USER_CHOSEN, person.id, after.to_bytes()) if after else None
        return ChosenData(before=person.chosen, sealed=sealed, changed=" ".join(before.differences(after)))

    def seal_key_name(self, user_id: UUID, registration_id: UUID, name: str | None) -> bytes | None:
        """Return what a person calls a hardware key, sealed; no name is nothing stored."""
        if name is None:
            return None
        return _seal(self._key_of(user_id), Field.BIOMETRIC_KEY_NAME, registration_id, name.encode())

    def key_name(self, user_id: UUID, stored: StoredRegistration) -> str | None:
        """Return what its person calls a hardware key."""
        return open_key_name(self._key_of(user_id), stored) if stored.name else None

    def describe(self, user_id: UUID, devices: tuple[StoredDevice, ...]) -> tuple[Device | None, ...]:
        """Return what their person says of devices; None for all while the keys are away."""
        try:
            key = self._key_of(user_id)
        except DependencyUnavailable:
            warn("devices_not_described")
            return tuple(None for _ in devices)
        return tuple(open_device(key, device) for device in devices)

    def _renew_copy(self, copy: SessionCopy, *, seed: bytes, session_id: UUID, digest: bytes) -> None:
        sealed = self.seal_copy(copy, seed=seed, session_id=session_id)
        self._store.renew_session_copy(session_id, sealed, digest)

    def _key_of(self, user_id: UUID) -> DataKey:
        key = self._keys.get(user_id)
        if key is None:
            # whoever was erased is refused before, but for a person who was erased since they were read
            raise SessionRevoked if self._store.is_erased(user_id) else IntegrityFailure
        return key


def _changed(**changes: bool) -> str:
    return " ".join(name for name, is_changed in changes.items() if is_changed) or "index"


def _seal(key: DataKey, field: Field, row_id: UUID, plaintext: bytes) -> bytes:
    return key.seal(field.at(row_id, key.version), plaintext)
