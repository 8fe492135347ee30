"""Turn a service error into the one shape that every failure has on the wire (RFC 9457).

The table is the only place where an error meets an HTTP status.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from chalicelib.domain import errors
from chalicelib.domain.dpop import ALGORITHMS
from chalicelib.domain.errors import ServiceError
from chalicelib.domain.limits import Limit
from chalicelib.routes.language import Locale
from chalicelib.routes.messages import user_message
from chalicelib.routes.rfc3339 import rfc3339

PROBLEM_MEDIA_TYPE = "application/problem+json"
# No locators: the same in every stage, and nothing to fetch (RFC 9457 s3.1.1); docs/errors.md explains them.
TYPE_PREFIX = "urn:serenya-auth:error:"
INSTANCE_PREFIX = "urn:serenya-auth:request:"
RETRY_AFTER_MIN = timedelta(seconds=1)  # whole seconds are all that phones obey; zero would be a storm

STATUSES: Mapping[type[ServiceError], HTTPStatus] = MappingProxyType(
    {
        errors.InvalidInput: HTTPStatus.BAD_REQUEST,
        errors.MalformedBody: HTTPStatus.BAD_REQUEST,
        errors.NonceRequired: HTTPStatus.BAD_REQUEST,
        errors.ConsentOutdated: HTTPStatus.BAD_REQUEST,
        errors.MissingToken: HTTPStatus.UNAUTHORIZED,
        errors.InvalidAccessToken: HTTPStatus.UNAUTHORIZED,
        errors.AccessTokenExpired: HTTPStatus.UNAUTHORIZED,
        errors.InvalidDpopProof: HTTPStatus.UNAUTHORIZED,
        errors.UseDpopNonce: HTTPStatus.UNAUTHORIZED,
        errors.SessionRevoked: HTTPStatus.UNAUTHORIZED,
        errors.InsufficientUserAuthentication: HTTPStatus.UNAUTHORIZED,
        errors.InvalidIdToken: HTTPStatus.UNAUTHORIZED,
        errors.IdTokenExpired: HTTPStatus.UNAUTHORIZED,
        errors.IdTokenUsed: HTTPStatus.UNAUTHORIZED,
        errors.InvalidNonce: HTTPStatus.UNAUTHORIZED,
        errors.RefreshTokenInvalid: HTTPStatus.UNAUTHORIZED,
        # 403: the token is good, the proof isn't; a 401 would make phones refresh
        errors.ChallengeInvalid: HTTPStatus.FORBIDDEN,
        errors.ChallengeMismatch: HTTPStatus.FORBIDDEN,
        errors.ChallengeExpired: HTTPStatus.FORBIDDEN,
        errors.ChallengeUsed: HTTPStatus.FORBIDDEN,
        errors.SignatureInvalid: HTTPStatus.FORBIDDEN,
        errors.PublicKeyInvalid: HTTPStatus.BAD_REQUEST,
        errors.PublicKeyUnsupported: HTTPStatus.BAD_REQUEST,
        errors.BiometricKeysFull: HTTPStatus.CONFLICT,
        errors.RefreshTokenExpired: HTTPStatus.UNAUTHORIZED,
        errors.RefreshTokenReused: HTTPStatus.UNAUTHORIZED,
        errors.InsufficientScope: HTTPStatus.FORBIDDEN,
        errors.ConsentRequired: HTTPStatus.FORBIDDEN,
        errors.AccountSuspended: HTTPStatus.FORBIDDEN,
        errors.NotFound: HTTPStatus.NOT_FOUND,
        errors.MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
        errors.IdentityNotProved: HTTPStatus.BAD_REQUEST,
        errors.SecurityEventRefused: HTTPStatus.BAD_REQUEST,
        errors.AwsSignatureInvalid: HTTPStatus.FORBIDDEN,
        errors.CallerNotAuthorized: HTTPStatus.FORBIDDEN,
        errors.IdentityInUse: HTTPStatus.CONFLICT,
        errors.LastIdentity: HTTPStatus.CONFLICT,
        errors.IdentityLimitReached: HTTPStatus.CONFLICT,
        errors.BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        errors.UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        errors.RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
        errors.IntegrityFailure: HTTPStatus.INTERNAL_SERVER_ERROR,
        errors.InternalError: HTTPStatus.INTERNAL_SERVER_ERROR,
        errors.DependencyUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    }
)
_RETRYABLE = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
NONCE_HEADER = "DPoP-Nonce"  # RFC 9449 s8
CHALLENGE = "WWW-Authenticate"
# What clients receive: API Gateway renames a function's header, not its own (decision 0132).
FORWARDED_CHALLENGE = f"x-amzn-Remapped-{CHALLENGE}"
BEARER = "Bearer"
_ALGS = f'algs="{" ".join(ALGORITHMS)}"'
_PROOF_REFUSED = (errors.InvalidDpopProof, errors.UseDpopNonce)
_BEARER_REFUSED = (errors.InvalidAccessToken, errors.AccessTokenExpired, errors.SessionRevoked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error as it goes out."""

    status: HTTPStatus
    headers: Mapping[str, str]
    body: Mapping[str, Any]


def problem(error: ServiceError, *, request_id: str, now: datetime, locale: Locale) -> Problem:
    """Return the answer that tells an error, and nothing of its cause."""
    status = STATUSES[type(error)]
    retry_after = _retry_seconds(error) if status in _RETRYABLE else None
    return Problem(
        status=status,
        headers=_headers(error, status, retry_after, locale),
        body={
            "type": TYPE_PREFIX + error.code,
            "title": error.title,
            "status": int(status),
            "instance": INSTANCE_PREFIX + request_id,
            "code": error.code,
            "user_message": user_message(error.code, locale),
            "action": error.action,
            "request_id": request_id,
            "timestamp": rfc3339(now),
            **_details(error, retry_after),
        },
    )


def _details(error: ServiceError, retry_after: int | None) -> dict[str, Any]:
    """Return the members that only some errors have."""
    details: dict[str, Any] = {}
    if error.detail is not None:
        details["detail"] = error.detail
    if error.faults:
        details["errors"] = [{"pointer": fault.pointer, "code": fault.code} for fault in error.faults]
    if retry_after is not None:
        details["retry_after"] = retry_after
    if error.consents_missing:
        details["consents_missing"] = [
            {"document": missing.document, "version": missing.version, "sha256": missing.sha256}
            for missing in error.consents_missing
        ]
    return details


def _headers(
    error: ServiceError, status: HTTPStatus, retry_after: int | None, locale: Locale
) -> dict[str, str]:
    headers = {"Content-Type": PROBLEM_MEDIA_TYPE, "Content-Language": str(locale)}
    challenge = _challenge(error, status)
    if challenge is not None:
        headers[CHALLENGE] = challenge
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if error.limit is not None and retry_after is not None:
        headers |= _rate_limit(error.limit, retry_after)
    if error.dpop_nonce is not None:
        headers[NONCE_HEADER] = error.dpop_nonce
    return headers


def _rate_limit(limit: Limit, retry_after: int) -> dict[str, str]:
    """Return the fields of draft-ietf-httpapi-ratelimit-headers-11: the policy, and what is left of it."""
    window = int(limit.window.total_seconds())
    return {
        "RateLimit-Policy": f'"{limit.name}";q={limit.quota};w={window}',
        "RateLimit": f'"{limit.name}";r=0;t={retry_after}',
    }


def as_dpop(challenge: str) -> str:
    """Return a challenge for bearers as one for holders of a key (RFC 9449 s7.1)."""
    parameters = challenge.removeprefix(BEARER).strip()
    return f"DPoP {parameters}, {_ALGS}" if parameters else f"DPoP {_ALGS}"


def _challenge(error: ServiceError, status: HTTPStatus) -> str | None:
    if isinstance(error, _PROOF_REFUSED):
        return f'DPoP error="{error.code}", {_ALGS}'
    challenge = _bearer_challenge(error, status)
    return as_dpop(challenge) if challenge is not None and error.is_bound else challenge


def _bearer_challenge(error: ServiceError, status: HTTPStatus) -> str | None:
    """Return the challenge of RFC 6750 s3; a bare one when no access token was at fault (s3.1)."""
    if isinstance(error, errors.InsufficientScope):
        scope = f', scope="{error.scope}"' if error.scope else ""
        return f'Bearer error="insufficient_scope"{scope}'
    if isinstance(error, errors.InsufficientUserAuthentication):
        age = f', max_age="{int(error.max_age.total_seconds())}"' if error.max_age else ""
        return f'Bearer error="{error.code}", error_description="{error.title}"{age}'  # RFC 9470 s3
    if isinstance(error, _BEARER_REFUSED):
        return 'Bearer error="invalid_token"'
    return BEARER if status == HTTPStatus.UNAUTHORIZED else None


def _retry_seconds(error: ServiceError) -> int:
    """Return when to come back, in whole seconds (RFC 9110 s10.2.3), rounded up."""
    return math.ceil(max(error.retry_after or RETRY_AFTER_MIN, RETRY_AFTER_MIN).total_seconds())
