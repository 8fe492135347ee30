"""Say what is known about a person, without ever printing it.

A profile is decoration that the person sees again: the key of a person is (issuer, subject), never a field of this.
"""

from dataclasses import dataclass


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
        """Return the address for every use but showing it to its person: only one the provider verified."""
        return self.email if self.email_verified else None

    def __repr__(self) -> str:
        """Show that there is a profile, not what is in it: a repr ends up in logs and test reports."""
        return "Profile(***)"
