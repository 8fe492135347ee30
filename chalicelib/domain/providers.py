"""Declare who may vouch for a person: one declaration a provider, from which all else follows.

Its route `POST /auth/NAME`, its settings `NAME_CLIENTS`, `NAME_KEYS_URL`, the checks of its keys and of its
ID tokens are made of what stands here; `docs/providers.md` shows how to add another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

from chalicelib.domain.id_tokens import ClientPolicy, NonceForm, Provider
from chalicelib.domain.keys import SigningAlgorithm
from chalicelib.domain.notices import NoticeForm


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcProvider:
    """An OpenID Connect provider, and how its ID tokens differ from those of others.

    `name` and `issuer` identify people together with `sub`: they never change. `other_issuers` are spellings
    of the same issuer (GG3). `lifetime_max` bounds the time between `iat` and `exp`: a longer life is no
    sign-in's. `has_hosted_domains`: `hd` names an organisation, so `NAME_HOSTED_DOMAIN` is a setting
    (GG6). `names_in_body`: the app, not the ID token, is told the person's name, once.
    `notices`: how it tells what becomes of accounts at its side, if it does.
    """

    name: Provider
    title: str
    issuer: str
    other_issuers: frozenset[str] = frozenset()
    keys_url: str
    algorithms: frozenset[SigningAlgorithm]
    lifetime_max: timedelta
    nonces: frozenset[NonceForm]
    has_hosted_domains: bool = False
    names_in_body: bool = False
    has_codes: bool = False
    notices: NoticeForm | None = None

    @property
    def issuers(self) -> frozenset[str]:
        """Every spelling of the issuer."""
        return self.other_issuers | {self.issuer}


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedProvider:
    """A provider that this deployment lets people sign in with, by its settings."""

    declared: OidcProvider
    clients: Mapping[str, ClientPolicy]
    keys_url: str
    hosted_domain: str | None


GOOGLE = OidcProvider(
    name=Provider("google"),
    title="Google",
    issuer="https://accounts.google.com",
    other_issuers=frozenset({"accounts.google.com"}),  # Google documents both spellings
    keys_url="https://www.googleapis.com/oauth2/v3/certs",  # jwks_uri of its discovery document
    algorithms=frozenset({SigningAlgorithm.RS256}),
    lifetime_max=timedelta(hours=24),  # its tokens live 1 h
    nonces=frozenset(NonceForm),
    has_hosted_domains=True,
    notices=NoticeForm.SECURITY_EVENT,
)
APPLE_URL = "https://appleid.apple.com/auth"  # its tokens are exchanged and revoked below it
APPLE = OidcProvider(
    name=Provider("apple"),
    title="Apple",
    issuer="https://appleid.apple.com",
    keys_url="https://appleid.apple.com/auth/keys",  # jwks_uri of its discovery document
    algorithms=frozenset({SigningAlgorithm.ES256, SigningAlgorithm.RS256}),  # RS256 so far
    lifetime_max=timedelta(hours=24),  # what its tokens live
    nonces=frozenset({NonceForm.sha256, NonceForm.optional}),
    names_in_body=True,
    has_codes=True,
    notices=NoticeForm.APPLE,
)
PROVIDERS: Mapping[Provider, OidcProvider] = MappingProxyType(
    {declared.name: declared for declared in (GOOGLE, APPLE)}
)
