"""What can be wrong with a request before anybody looks at what it asks for."""

from chalicelib.domain.failures import Action, ServiceError


class InvalidInput(ServiceError):
    """The body is a JSON object, but fields in it don't fit their declaration."""

    code = "invalid_input"
    title = "Some fields are not as declared"
    action = Action.update_app


class MalformedBody(ServiceError):
    """The body isn't one strict JSON object in UTF-8."""

    code = "malformed_body"
    title = "The body is not a JSON object"
    action = Action.update_app


class BodyTooLarge(ServiceError):
    """The body is larger than the limit."""

    code = "body_too_large"
    title = "The body is too large"
    action = Action.update_app


class UnsupportedMediaType(ServiceError):
    """The body isn't declared as JSON."""

    code = "unsupported_media_type"
    title = "The body must be application/json"
    action = Action.update_app


class NotFound(ServiceError):
    """Nothing is here, or nothing that is this caller's: the two look the same."""

    code = "not_found"
    title = "Nothing is found here"
    action = Action.none


def no_route() -> NotFound:
    """Return the answer to an unknown path, which API Gateway can't tell from a missing signature."""
    return NotFound().saying(
        "This path doesn't exist, or it is for backends and the request has no AWS signature (SigV4)."
    )


class MethodNotAllowed(ServiceError):
    """The path exists, not with this method."""

    code = "method_not_allowed"
    title = "This path does not take that method"
    action = Action.update_app
