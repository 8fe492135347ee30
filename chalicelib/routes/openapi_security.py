"""Describe who may call a route, and with what; a part of the API description."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, assert_never

from chalicelib.routes.fields import JsonSchema
from chalicelib.routes.route import Admission, Route

SCHEMES: Mapping[str, JsonSchema] = MappingProxyType(
    {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The access token of sign-in or refresh, in Authorization only (RFC 6750).",
        },
        "dpop": {
            "type": "http",
            "scheme": "dpop",
            "description": "An access token of type DPoP, with the proof in the DPoP header (RFC 9449 s7.1).",
        },
        "receipt": {
            "type": "http",
            "scheme": "bearer",
            "description": "The secret that came with the receipt, in the Authorization header only.",
        },
        "sigv4": {  # as API Gateway writes it
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            "x-amazon-apigateway-authtype": "awsSigv4",
            "description": "AWS Signature Version 4 of the service execute-api, by whom IAM lets invoke it.",
        },
    }
)


def security(route: Route[Any]) -> list[dict[str, list[str]]]:
    """Return the ways in, any one of which will do."""
    scopes = [] if route.access.scope is None else [str(route.access.scope)]
    match route.access.admission:
        case Admission.anyone:
            return []
        case Admission.bearer:
            return [{"bearer": scopes}, {"dpop": scopes}]
        case Admission.bearer_or_body:
            return [{}, {"bearer": scopes}, {"dpop": scopes}]
        case Admission.receipt:
            return [{"receipt": []}]
        case Admission.aws_iam:
            return [{"sigv4": []}]
        case _:
            assert_never(route.access.admission)
