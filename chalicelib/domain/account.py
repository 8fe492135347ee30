"""Say what is known about a person, without ever printing it.

A profile is decoration that the person sees again: the key of a person is (issuer, subject), never a field
of this.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from chalicelib.domain.chosen import Chosen
from chalicelib.domain.decoration import PERSON_NAME
from chalicelib.domain.formats import Format, optional, text_or_none, truth


class UserStatus(StrEnum):
    """Whether a person may act; an erased one keeps a row that says nothing about them."""

    ACTIVE = "active"
    ERASED = "erased"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Profile:
    """The personal fields that a provider vouched for; unknown ones are None."""

    email: str | None
    email_verified: bool
    name: str | None
    given_name: str | None
    family_name: str | None
    picture: str | None

    @property
    def verified_email(self) -> str | None:
        """Return the address if it is verified: the only one that may be indexed (decision 0007)."""
        return self.email if self.email_verified else None

    def __repr__(self) -> str:
        """Show that there is a profile, not what is in it: a repr ends up in logs and test reports."""
        return "Profile(***)"

    def to_bytes(self) -> bytes:
        """Return the one spelling that is encrypted and digested."""
        return PROFILE.write_record(self)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Profile":
        """Return the profile that `to_bytes` wrote, in any release. Raises IntegrityFailure."""
        return cls(**PROFILE.read_json(raw))


PROFILE = Format(
    "profile",
    {
        "email": optional(text_or_none),
        "email_verified": optional(truth, default=False),
        "name": optional(text_or_none),
        "given_name": optional(text_or_none),
        "family_name": optional(text_or_none),
        "picture": optional(text_or_none),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PersonName:
    """A name that a provider told the app and nobody else; decoration, as all of a profile is."""

    given_name: str | None
    family_name: str | None

    def __repr__(self) -> str:
        """Show nothing of it."""
        return "PersonName(***)"

    def completes(self, profile: Profile) -> Profile:
        """Return the profile with this name, where the provider's token tells none."""
        if profile.name or profile.given_name or profile.family_name:
            return profile
        full = PERSON_NAME.keep(" ".join(part for part in (self.given_name, self.family_name) if part))
        return replace(profile, name=full, given_name=self.given_name, family_name=self.family_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPerson:
    """A person as they are stored: their profile only under their own key."""

    id: UUID
    status: UserStatus
    created_at: datetime
    key_version: int
    profile: bytes | None = field(repr=False)
    profile_digest: bytes | None = field(repr=False)
    chosen: bytes | None = field(repr=False)

    @property
    def copy_digest(self) -> bytes | None:
        """Return what the digest of a session's copy is while the copy is up to date; None for nobody."""
        return None if self.profile_digest is None else copy_digest(self.profile_digest, self.chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person as they see themselves."""

    id: UUID
    created_at: datetime
    profile: Profile
    chosen: Chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenData:
    """What a person chose, sealed, in place of what was sealed before; None when they chose nothing.

    ``changed`` names the fields, with a space between, for the audit record.
    """

    before: bytes | None = field(repr=False)
    sealed: bytes | None = field(repr=False)
    changed: str


def copy_digest(profile_digest: bytes, chosen: bytes | None) -> bytes:
    """Return what tells that a session's copy shows this profile and these choices.

    `chosen` is the ciphertext: no two seals are alike, so its hash names this one and tells nothing of it.
    """
    return profile_digest if chosen is None else profile_digest + sha256(chosen).digest()


def merged(stored: Profile, brought: Profile) -> Profile:
    """Return the profile after a sign-in: what the provider says now, or said before where it is silent."""
    if brought.email is None:
        email, email_verified = stored.email, stored.email_verified
    else:
        email, email_verified = brought.email, brought.email_verified
    return Profile(
        email=email,
        email_verified=email_verified,
        name=brought.name or stored.name,
        given_name=brought.given_name or stored.given_name,
        family_name=brought.family_name or stored.family_name,
        picture=brought.picture or stored.picture,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewedData:
    """What is sealed anew when a provider, or the phone, says something else than before.

    ``changed`` tells the audit record which of it: "profile", "device", with a space between; or "index",
    when they say the same and only the index key is another.
    """

    user_id: UUID
    index_version: int
    subject_indexes: tuple[bytes, ...]
    device_id: UUID
    session_id: UUID
    email_index: bytes | None
    profile_digest: bytes
    copy_digest: bytes
    device_digest: bytes
    changed: str
    profile: bytes = field(repr=False)
    device_description: bytes = field(repr=False)
    session_profile: bytes = field(repr=False)
