"""Say what a provider's ID token is before and after it is verified, and which client may send it how.

`UnverifiedIdToken` is text from the internet; `VerifiedIdentity` is what the verifier, and nothing else,
makes of it.
"""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType, assert_never

from chalicelib.domain.account import Profile
from chalicelib.domain.errors import InvalidIdToken, InvalidNonce, NonceRequired

UnverifiedIdToken = NewType("UnverifiedIdToken", str)
Provider = NewType("Provider", str)  # who vouches, by the name of its declaration in domain/providers.py


class Platform(StrEnum):
    """Where an app runs."""

    ios = "ios"
    android = "android"
    web = "web"


class NonceForm(StrEnum):
    """What a client id's sign-in library puts in the token's `nonce`, and whether it must (GG7)."""

    optional = "optional"
    raw = "raw"
    sha256 = "sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientPolicy:
    """One of our client ids at a provider, and what a sign-in through it must look like."""

    client_id: str
    platforms: frozenset[Platform]
    nonce: NonceForm


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedIdentity:
    """A person as a provider vouched for them, once; `token_hash` tells two uses of one token (GG8).

    `token` is the ID token in its one spelling, whichever of those that verify was sent.
    """

    provider: Provider
    issuer: str
    subject: str = field(repr=False)
    client_id: str
    nonce: str | None = field(repr=False)
    profile: Profile
    issued_at: datetime
    expires_at: datetime
    token: UnverifiedIdToken = field(repr=False)
    token_hash: bytes = field(repr=False)


def check_platform(policy: ClientPolicy, platform: Platform) -> None:
    """Refuse a token whose client id isn't one of this platform's.

    Raises:
        InvalidIdToken: the platform isn't in the client's policy.
    """
    if platform not in policy.platforms:
        raise InvalidIdToken(check="platform")


def check_nonce(policy: ClientPolicy, claim: str | None, presented: str | None) -> None:
    """Refuse a sign-in whose nonce isn't the token's, or is missing where the policy demands one (GG7).

    `claim` is the token's, `presented` the raw one that the app sends beside it. A nonce that is presented is
    always compared; a token's nonce that nobody presents is ignored only where the policy is optional.

    Raises:
        NonceRequired: the policy demands one, and none was presented.
        InvalidNonce: the token has none, or another.
    """
    if presented is None:
        if policy.nonce is not NonceForm.optional:
            raise NonceRequired
        return
    if claim is None:
        raise InvalidNonce(check="nonce_absent")
    if not _matches(policy.nonce, claim, presented):
        raise InvalidNonce(check=f"nonce_{policy.nonce}")


def _matches(form: NonceForm, claim: str, presented: str) -> bool:
    match form:
        case NonceForm.raw:
            return _equal(claim, presented)
        case NonceForm.sha256:
            return _equal(claim, _sha256_hex(presented))
        case NonceForm.optional:
            return _equal(claim, presented) or _equal(claim, _sha256_hex(presented))
        case _:
            assert_never(form)


def _equal(left: str, right: str) -> bool:
    return hmac.compare_digest(_bytes(left), _bytes(right))


def _sha256_hex(text: str) -> str:
    return hashlib.sha256(_bytes(text)).hexdigest()


def _bytes(text: str) -> bytes:
    # surrogatepass: a caller's stray surrogate is a nonce that doesn't match, never an exception
    return text.encode("utf-8", "surrogatepass")
