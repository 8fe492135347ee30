"""Write the API description from the declarations that serve the API, so that the two can't drift.

OpenAPI 3.1; the same routes give the same document, byte for byte.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from chalicelib.domain import errors
from chalicelib.domain.errors import ServiceError
from chalicelib.domain.step_up import NEEDS
from chalicelib.routes.body_formats import TOKEN_FIELD, BodyFormat
from chalicelib.routes.fields import JsonSchema, Uuid
from chalicelib.routes.language import DEFAULT_LOCALE
from chalicelib.routes.openapi_links import links
from chalicelib.routes.openapi_security import SCHEMES, security
from chalicelib.routes.problem_records import PROBLEM
from chalicelib.routes.problems import (
    CHALLENGE,
    FORWARDED_CHALLENGE,
    PROBLEM_MEDIA_TYPE,
    STATUSES,
    problem,
)
from chalicelib.routes.route import Admission, Route
from chalicelib.routes.schema import Record

_OF_A_BODY = (errors.MalformedBody, errors.InvalidInput, errors.BodyTooLarge, errors.UnsupportedMediaType)
_OF_A_BEARER = (
    errors.MissingToken,
    errors.InvalidAccessToken,
    errors.AccessTokenExpired,
    errors.SessionRevoked,
    errors.InsufficientScope,
    errors.AccountSuspended,
    errors.DependencyUnavailable,
)
_OF_A_PROOF = (errors.InvalidDpopProof, errors.UseDpopNonce)
_CHALLENGED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_LATER = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_EXAMPLE_REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
_EXAMPLE_TIME = datetime(2025, 1, 31, 12, tzinfo=UTC)
_RATE_LIMIT = "What is left: none, for `t` seconds (draft-ietf-httpapi-ratelimit-headers-11)."
_RATE_LIMIT_POLICY = "The limit that was reached: its name, quota and window in seconds."
_PROOF_PARAMETER = {
    "name": "DPoP",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},  # no bound here: with a token that is no DPoP token, nobody reads it
    "description": "The proof of the phone's key, at most 2048 characters, where the session is bound.",
}
_HINTS = tuple(
    {
        "name": name,
        "in": "header",
        "required": False,
        "schema": {"type": "string"},
        "description": description,
    }
    for name, description in (
        ("X-Device-ID", "`device.id`, where the body has none."),
        ("X-Device-Platform", "`device.platform`, where the body has none, in any case."),
        ("X-App-Version", "`device.app_version`, where the body has none."),
    )
)
_HEADERS: dict[str, JsonSchema] = {
    "X-Request-Id": {"description": "Names this request to support.", "schema": {"type": "string"}},
    CHALLENGE: {
        "description": "The challenge of RFC 6750 s3, RFC 9449 s7.1, in errors of the gateway itself.",
        "schema": {"type": "string"},
    },
    FORWARDED_CHALLENGE: {
        "description": "The same challenge in the service's own errors: API Gateway renames the header. "
        "Read `code` of the body and `DPoP-Nonce` instead, which are never renamed.",
        "schema": {"type": "string"},
    },
    "DPoP-Nonce": {"description": "For the next proof (RFC 9449 s8).", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}},
    "RateLimit": {"description": _RATE_LIMIT, "schema": {"type": "string"}},
    "RateLimit-Policy": {"description": _RATE_LIMIT_POLICY, "schema": {"type": "string"}},
    "ETag": {"description": "Send it back in If-None-Match.", "schema": {"type": "string"}},
    "Cache-Control": {"description": "How long the answer may be kept.", "schema": {"type": "string"}},
}


def document(routes: Iterable[Route[Any]], *, title: str, version: str, server: str) -> dict[str, Any]:
    """Return the OpenAPI document of the routes."""
    routes = tuple(routes)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    codes = sorted(
        {error for route in routes for error in possible_errors(route)}, key=lambda error: error.code
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": version,
            "summary": "Sign-in, sessions and consent for health apps.",
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "paths": paths,
        "components": {
            "schemas": _schemas(routes),
            "securitySchemes": dict(SCHEMES),
            "headers": _HEADERS,
            "examples": {error.code: _example(error) for error in codes},
        },
    }


def possible_errors(route: Route[Any]) -> tuple[type[ServiceError], ...]:
    """Return every error a route can answer: its service's, and those the edge adds."""
    found = [*route.errors, errors.InternalError]
    if route.body is not None:
        found += _OF_A_BODY
    if route.query:
        found.append(errors.InvalidInput)
    if route.parameter_names:
        found.append(errors.NotFound)
    if route.access.admission is Admission.bearer:
        found += _OF_A_BEARER
    if route.access.admission is Admission.aws_iam:
        found += [errors.AwsSignatureInvalid, errors.CallerNotAuthorized]
    if route.limits:
        found.append(errors.RateLimited)
    if route.is_provable:
        found += _OF_A_PROOF
    if route.step_up is not None:
        found.append(errors.InsufficientUserAuthentication)
    return tuple(sorted(set(found), key=lambda error: (STATUSES[error], error.code)))


def _operation(route: Route[Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.operation_id,
        "summary": route.summary,
        "tags": list(route.tags),
        "security": security(route),
    }
    if route.description is not None:
        operation["description"] = route.description
    if route.step_up is not None:
        max_age_seconds = int(NEEDS[route.step_up].max_age.total_seconds())
        operation["x-step-up"] = {"act": str(route.step_up), "max_age": max_age_seconds}
    if route.limits:
        operation["x-rate-limits"] = [
            {
                "policy": limit.name,
                "by": str(limit.by),
                "counts": str(limit.counts),
                "quota": limit.quota,
                "window": int(limit.window.total_seconds()),
            }
            for limit in route.limits
        ]
    if parameters := list(_parameters(route)):
        operation["parameters"] = parameters
    if route.body is not None:
        schema = route.body.schema()
        if route.body_format is BodyFormat.SECURITY_EVENT:  # nothing but the token
            schema = route.body.members[TOKEN_FIELD].field.schema()
        content = {str(route.body_format): {"schema": schema}}
        operation["requestBody"] = {"required": not route.body_optional, "content": content}
    operation["responses"] = {**_successes(route), **_refusals(route)}
    return operation


def _parameters(route: Route[Any]) -> Iterator[JsonSchema]:
    for name in route.parameter_names:
        schema = route.parameters.get(name, Uuid()).schema()
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    for name, declared in route.query.items():
        yield {"name": name, "in": "query", "required": False, "schema": declared.schema()}
    if route.is_provable:
        yield _PROOF_PARAMETER
    if route.complete is not None:
        yield from _HINTS


def _successes(route: Route[Any]) -> dict[str, Any]:
    """Describe the answer, and the 304 of a document that may be kept."""
    names = ("X-Request-Id",) if route.cache is None else ("X-Request-Id", "Cache-Control", "ETag")
    answer: dict[str, Any] = {"description": HTTPStatus(route.status).phrase, "headers": _headers(names)}
    answer |= links(route.answer)
    if route.answer is not None:
        answer["content"] = {route.content_type: {"schema": route.answer.schema()}}
    if route.cache is None:
        return {str(route.status): answer}
    unchanged = {"description": HTTPStatus.NOT_MODIFIED.phrase, "headers": _headers(names)}
    return {str(route.status): answer, str(int(HTTPStatus.NOT_MODIFIED)): unchanged}


def _refusals(route: Route[Any]) -> dict[str, Any]:
    """Describe the errors, grouped by status, each code with an example."""
    grouped: dict[HTTPStatus, list[type[ServiceError]]] = {}
    for error in possible_errors(route):
        grouped.setdefault(STATUSES[error], []).append(error)
    return {str(int(status)): _refusal(route, status, group) for status, group in grouped.items()}


def _refusal(route: Route[Any], status: HTTPStatus, group: list[type[ServiceError]]) -> dict[str, Any]:
    names = ["X-Request-Id"]
    if status in _CHALLENGED:
        names += [CHALLENGE, FORWARDED_CHALLENGE]
    if status in _LATER:
        names.append("Retry-After")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        names += ["RateLimit", "RateLimit-Policy"]
    if errors.UseDpopNonce in group:
        names.append("DPoP-Nonce")
    codes = [error.code for error in group]
    content: dict[str, Any] = {
        PROBLEM_MEDIA_TYPE: {
            "schema": PROBLEM.schema(),
            "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
        }
    }
    if route.wording is not None and status == HTTPStatus.BAD_REQUEST:
        # what isn't HTTP is refused before anybody knows the route, and told as everywhere
        content = {"application/json": {"schema": route.wording.record.schema()}, **content}
    return {
        "description": f"{status.phrase}: {', '.join(codes)}",
        "headers": _headers(names),
        "content": content,
        "x-error-codes": codes,
    }


def _headers(names: Iterable[str]) -> dict[str, JsonSchema]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _schemas(routes: Iterable[Route[Any]]) -> dict[str, JsonSchema]:
    """Return the definitions of all records, by name.

    Raises:
        ValueError: two different records share a name.
    """
    found: dict[str, Record] = {}
    declared = (each for route in routes for each in (_described_body(route), route.answer, _worded(route)))
    roots = [root for root in declared if root is not None]
    for root in (*roots, PROBLEM):
        for record in root.records():
            if found.setdefault(record.name, record) != record:
                raise ValueError(record.name)
    return {name: found[name].definition() for name in sorted(found)}


def _described_body(route: Route[Any]) -> Record | None:
    return None if route.body_format is BodyFormat.SECURITY_EVENT else route.body


def _worded(route: Route[Any]) -> Record | None:
    return None if route.wording is None else route.wording.record


def _example(error: type[ServiceError]) -> Mapping[str, Any]:
    told = problem(error(), request_id=_EXAMPLE_REQUEST_ID, now=_EXAMPLE_TIME, locale=DEFAULT_LOCALE)
    return {"summary": error.title, "value": told.body}
