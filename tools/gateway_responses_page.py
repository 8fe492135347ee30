"""Write infra/edge/gateway_responses.json: `python -m tools.gateway_responses_page`.

What API Gateway returns by itself, without our function, in the words and the shape of our own errors. It
can only fill names into a text, and none of its names is the time in RFC 3339. So `timestamp` is
1970-01-01T00:00:00Z, and the words are English: apps take the time from the `Date` header.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final

from chalicelib.domain import errors
from chalicelib.domain.errors import ServiceError
from chalicelib.routes.edge import NO_CLOCK
from chalicelib.routes.reply import refused
from chalicelib.routes.request import Request

PAGE = Path(__file__).parent.parent / "infra" / "edge" / "gateway_responses.json"
REQUEST_ID: Final = "context.requestId"  # API Gateway fills it in, in a header; after a $ in a body
REQUEST_ID_HEADER: Final = "X-Request-Id"
_AGAIN: Final = timedelta(seconds=5)

# API Gateway's own names (GatewayResponseType). A bearer token on an unknown path reads to it like a broken
# signature: that may not look like a refusal of the token, or phones would sign people out. 401 is for what
# only a server that signs its requests can meet.
ERRORS: Mapping[str, ServiceError] = MappingProxyType(
    {
        "ACCESS_DENIED": errors.CallerNotAuthorized(),
        "API_CONFIGURATION_ERROR": errors.InternalError(),
        "AUTHORIZER_CONFIGURATION_ERROR": errors.InternalError(),
        "AUTHORIZER_FAILURE": errors.InternalError(),
        "BAD_REQUEST_BODY": errors.MalformedBody(),
        "BAD_REQUEST_PARAMETERS": errors.InvalidInput(),
        "DEFAULT_4XX": errors.NotFound(),
        "DEFAULT_5XX": errors.DependencyUnavailable(retry_after=_AGAIN),
        "EXPIRED_TOKEN": errors.InvalidAccessToken(),
        "INTEGRATION_FAILURE": errors.DependencyUnavailable(retry_after=_AGAIN),
        "INTEGRATION_TIMEOUT": errors.DependencyUnavailable(retry_after=_AGAIN),
        "INVALID_API_KEY": errors.NotFound(),
        "INVALID_SIGNATURE": errors.NotFound(),
        "MISSING_AUTHENTICATION_TOKEN": errors.NotFound(),
        "QUOTA_EXCEEDED": errors.RateLimited(retry_after=_AGAIN),
        "REQUEST_TOO_LARGE": errors.BodyTooLarge(),
        "RESOURCE_NOT_FOUND": errors.NotFound(),
        "THROTTLED": errors.RateLimited(retry_after=_AGAIN),
        "UNAUTHORIZED": errors.InvalidAccessToken(),
        "UNSUPPORTED_MEDIA_TYPE": errors.UnsupportedMediaType(),
        "WAF_FILTERED": errors.RateLimited(retry_after=_AGAIN),
    }
)


def page() -> str:
    """Return the whole file."""
    return json.dumps({name: _response(error) for name, error in ERRORS.items()}, indent=2) + "\n"


def _response(error: ServiceError) -> dict[str, object]:
    """Return a response as Terraform takes it: a body to fill in, headers as API Gateway's expressions."""
    told = refused(error, Request(request_id=f"${REQUEST_ID}"), NO_CLOCK)
    headers = {name: f"'{value}'" for name, value in told.headers.items()} | {REQUEST_ID_HEADER: REQUEST_ID}
    return {"status": str(told.status), "headers": headers, "body": told.body}


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
