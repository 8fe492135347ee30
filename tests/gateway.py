"""Word a request as API Gateway does for a custom domain."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from chalice.local import MatchResult


def proxy_event(
    match: MatchResult,
    method: str,
    path: str,
    body: object,
    headers: Mapping[str, str],
    *,
    address: str,
    principal: str | None = None,
) -> dict[str, Any]:
    """Return the REST proxy event of a request to one of the routes."""
    text = body if body is None or isinstance(body, str | bytes) else json.dumps(body)
    return {
        "requestContext": {
            "httpMethod": method,
            "resourcePath": match.route,
            "domainName": "auth.test",
            "path": path.partition("?")[0],
            "requestId": str(uuid4()),
            "identity": {"sourceIp": address, "userArn": principal},
        },
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "pathParameters": match.captured,
        "multiValueQueryStringParameters": match.query_params or None,
        "stageVariables": {},
        "body": text,
        "isBase64Encoded": False,
    }
