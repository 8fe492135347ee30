"""What can go wrong at routes whose errors an RFC words; a part of the one tree that `errors` is."""

from enum import StrEnum

from chalicelib.domain.failures import Action, ServiceError


class EventError(StrEnum):
    """Why a security event token was refused, in the words of RFC 8935 s2.4."""

    INVALID_REQUEST = "invalid_request"
    INVALID_KEY = "invalid_key"
    INVALID_ISSUER = "invalid_issuer"
    INVALID_AUDIENCE = "invalid_audience"


class SecurityEventRefused(ServiceError):
    """A security event token fails a check; its one fault's code is an `EventError`."""

    code = "security_event_refused"
    title = "The security event token is not accepted"
    action = Action.contact_support


class AwsSignatureInvalid(ServiceError):
    """The route is for backends, and the AWS signature of the request is wrong."""

    code = "aws_signature_invalid"
    title = "The AWS signature is not valid"
    action = Action.update_app


def bad_signature() -> AwsSignatureInvalid:
    """Return the answer to a wrong signature, which a bearer at an unknown path is to API Gateway, too."""
    return AwsSignatureInvalid().saying(
        "The AWS signature (SigV4) is wrong, or this path doesn't exist and another Authorization came."
    )


class CallerNotAuthorized(ServiceError):
    """The route is for backends that AWS IAM lets in, and this caller isn't one."""

    code = "caller_not_authorized"
    title = "AWS IAM did not let the caller in"
    action = Action.contact_support
