"""What a phone brings to sign in, once it was read and verified."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from chalicelib.domain.consents import ConsentAnswer
from chalicelib.domain.devices import Device
from chalicelib.domain.id_tokens import UnverifiedIdToken

RETRY_WINDOW = timedelta(
    seconds=60
)  # how long an exact retry of a sign-in answers the same session; contract 2


class Provider(StrEnum):
    """Who vouches for a person."""

    APPLE = "apple"
    GOOGLE = "google"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A request to sign in with a provider's ID token."""

    id_token: UnverifiedIdToken = field(repr=False)
    nonce: str | None = field(repr=False)
    device: Device
    consents: tuple[ConsentAnswer, ...]
    locale: str
