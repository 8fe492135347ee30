"""Name everything that can go wrong, once, for the code that raises and the app that reads.

One tree, no HTTP in it: `routes/problems.py` maps each leaf to a status, `routes/messages.py` to the words
that people read. A `code` is API and never changes its meaning; a cause travels by `raise ... from` and stays
in the log.
"""

from collections.abc import Iterator

from chalicelib.domain.dpop_errors import InvalidDpopProof, UseDpopNonce
from chalicelib.domain.failures import Action, Fault, MissingConsent, ServiceError
from chalicelib.domain.identity_errors import (
    IdentityInUse,
    IdentityLimitReached,
    IdentityNotProved,
    LastIdentity,
)
from chalicelib.domain.presence_errors import (
    BiometricKeysFull,
    ChallengeExpired,
    ChallengeInvalid,
    ChallengeMismatch,
    ChallengeUsed,
    PublicKeyInvalid,
    PublicKeyUnsupported,
    SignatureInvalid,
)
from chalicelib.domain.protocol_errors import (
    AwsSignatureInvalid,
    CallerNotAuthorized,
    EventError,
    SecurityEventRefused,
    bad_signature,
)
from chalicelib.domain.request_errors import (
    BodyTooLarge,
    InvalidInput,
    MalformedBody,
    MethodNotAllowed,
    NotFound,
    UnsupportedMediaType,
    no_route,
)

__all__ = [
    "Action",
    "AwsSignatureInvalid",
    "BiometricKeysFull",
    "BodyTooLarge",
    "CallerNotAuthorized",
    "ChallengeExpired",
    "ChallengeInvalid",
    "ChallengeMismatch",
    "ChallengeUsed",
    "EventError",
    "Fault",
    "IdentityInUse",
    "IdentityLimitReached",
    "IdentityNotProved",
    "InvalidDpopProof",
    "InvalidInput",
    "LastIdentity",
    "MalformedBody",
    "MethodNotAllowed",
    "MissingConsent",
    "NotFound",
    "PublicKeyInvalid",
    "PublicKeyUnsupported",
    "SecurityEventRefused",
    "ServiceError",
    "SignatureInvalid",
    "UnsupportedMediaType",
    "UseDpopNonce",
    "bad_signature",
    "no_route",
]


class MissingToken(ServiceError):
    """No credentials came."""

    code = "missing_token"
    title = "An access token is needed"
    action = Action.sign_in


class InvalidAccessToken(ServiceError):
    """The access token isn't one of ours, or isn't one for this."""

    code = "invalid_token"
    title = "The access token is not valid"
    action = Action.refresh


class AccessTokenExpired(ServiceError):
    """The access token was ours; a refresh brings the next one."""

    code = "token_expired"
    title = "The access token has expired"
    action = Action.refresh


class SessionRevoked(ServiceError):
    """The session was ended: by its person, by an operator, or because a token was reused."""

    code = "session_revoked"
    title = "The session has ended"
    action = Action.sign_in


class InsufficientScope(ServiceError):
    """The access token is good, but not for this."""

    code = "insufficient_scope"
    title = "The access token does not reach this"
    action = Action.accept_consents


class InsufficientUserAuthentication(ServiceError):
    """The access token is good, but its person's presence was proved too long ago (RFC 9470 s3)."""

    code = "insufficient_user_authentication"
    title = "A more recent sign-in is needed"
    action = Action.step_up


class InvalidIdToken(ServiceError):
    """The provider's ID token fails a check; which one stays in the log."""

    code = "invalid_id_token"
    title = "The ID token is not valid"
    action = Action.restart


class IdTokenExpired(ServiceError):
    """The provider's ID token is past its lifetime."""

    code = "id_token_expired"
    title = "The ID token has expired"
    action = Action.restart


class IdTokenUsed(ServiceError):
    """The ID token already opened a session, and this isn't the exact retry of that call."""

    code = "id_token_used"
    title = "The ID token was already used"
    action = Action.restart


class InvalidNonce(ServiceError):
    """The nonce is unknown, used, expired, or not the one in the ID token."""

    code = "invalid_nonce"
    title = "The nonce does not match"
    action = Action.restart


class NonceRequired(ServiceError):
    """The client id's policy demands a nonce, and none came."""

    code = "nonce_required"
    title = "A nonce is required"
    action = Action.update_app


class ConsentRequired(ServiceError):
    """A required document is missing or refused; `consents_missing` lists them."""

    code = "consent_required"
    title = "Required consents are missing"
    action = Action.accept_consents


class ConsentOutdated(ServiceError):
    """A consent names a version that isn't the current one."""

    code = "consent_version_not_current"
    title = "A consent names a version that is not current"
    action = Action.accept_consents


class AccountSuspended(ServiceError):
    """The account is suspended: no token anywhere."""

    code = "account_suspended"
    title = "The account is suspended"
    action = Action.contact_support


class RefreshTokenInvalid(ServiceError):
    """The refresh token was never issued here."""

    code = "refresh_token_invalid"
    title = "The refresh token is not valid"
    action = Action.sign_in


class RefreshTokenExpired(ServiceError):
    """The session was idle, or lasted, longer than it may."""

    code = "refresh_token_expired"
    title = "The refresh token has expired"
    action = Action.sign_in


class RefreshTokenReused(ServiceError):
    """A rotated refresh token came again outside its grace: the session has ended (RFC 9700 s4.14.2)."""

    code = "refresh_token_reused"
    title = "The refresh token was already used"
    action = Action.sign_in


class RateLimited(ServiceError):
    """More came than may, from one address, of one person or with one session; later it works again."""

    code = "rate_limited"
    title = "Too many requests"
    action = Action.retry


class DependencyUnavailable(ServiceError):
    """Something the service stands on didn't answer in time; the same request works later."""

    code = "service_unavailable"
    title = "The service is briefly unavailable"
    action = Action.retry


class IntegrityFailure(ServiceError):
    """A record failed to decrypt or isn't what it should be. Other records are unaffected."""

    code = "integrity"
    title = "A record could not be opened safely"
    action = Action.contact_support


class InternalError(ServiceError):
    """Something happened that nobody foresaw."""

    code = "internal_error"
    title = "Something unexpected happened"
    action = Action.retry


def leaves(root: type[ServiceError] = ServiceError) -> Iterator[type[ServiceError]]:
    """Yield every error that can be raised, in the order of this page."""
    for child in root.__subclasses__():
        if child.__subclasses__():
            yield from leaves(child)
        else:
            yield child
