"""Open what is sealed of a person, each field at its own address."""

from chalicelib.domain.account import Profile, StoredPerson
from chalicelib.domain.biometrics import StoredRegistration
from chalicelib.domain.chosen import NOTHING, Chosen
from chalicelib.domain.devices import Device, StoredDevice
from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.export import StoredIdentity
from chalicelib.domain.personal_data import Field
from chalicelib.services.ports import DataKey


def open_profile(key: DataKey, person: StoredPerson) -> Profile:
    """Return what providers said of a person. Raises IntegrityFailure."""
    if person.profile is None:
        raise IntegrityFailure
    sealed = key.open_sealed(Field.USER_PROFILE.at(person.id, person.key_version), person.profile)
    return Profile.from_bytes(sealed)


def open_chosen(key: DataKey, person: StoredPerson) -> Chosen:
    """Return what a person chose. Raises IntegrityFailure."""
    if person.chosen is None:
        return NOTHING
    address = Field.USER_CHOSEN.at(person.id, person.key_version)
    return Chosen.from_bytes(key.open_sealed(address, person.chosen))


def open_subject(key: DataKey, identity: StoredIdentity) -> str:
    """Return a provider's own id of a person. Raises IntegrityFailure."""
    return key.open_sealed(Field.IDENTITY_SUBJECT.at(identity.id, key.version), identity.subject).decode()


def open_key_name(key: DataKey, registration: StoredRegistration) -> str | None:
    """Return what a person calls a hardware key, if anything. Raises IntegrityFailure."""
    if registration.name is None:
        return None
    address = Field.BIOMETRIC_KEY_NAME.at(registration.id, key.version)
    return key.open_sealed(address, registration.name).decode()


def open_device(key: DataKey, device: StoredDevice) -> Device | None:
    """Return what an app said of its device, if it was ever told. Raises IntegrityFailure."""
    if device.description is None:
        return None
    address = Field.DEVICE_DESCRIPTION.at(device.id, key.version)
    return Device.from_bytes(key.open_sealed(address, device.description))
