"""Hold every answer to what its route declares, so that the service and its description can't drift apart."""

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.errors import InsufficientScope, MethodNotAllowed, leaves
from chalicelib.routes.all import ROUTES
from chalicelib.routes.openapi import possible_errors
from chalicelib.routes.problem_records import PROBLEM
from chalicelib.routes.problems import FORWARDED_CHALLENGE, PROBLEM_MEDIA_TYPE, STATUSES
from chalicelib.routes.route import Route
from chalicelib.routes.schema import conforms

ERRORS = {error.code: error for error in leaves()}
Headers = Mapping[str, str]


def check(method: str, path: str, status: int, headers: Headers, body: object, request_id: str) -> None:
    """Fail unless the answer is one that the route declares; `path` is as in the route's declaration."""
    route = next((route for route in ROUTES if (route.method, route.path) == (method, path)), None)
    assert headers["X-Request-Id"] == request_id
    assert headers["X-Content-Type-Options"] == "nosniff"
    if status == 400 and route is not None and route.wording is not None:
        assert (headers["Content-Type"], headers["Cache-Control"]) == ("application/json", "no-store")
        assert conforms(route.wording.record, body)
        return
    if status >= 400:
        _check_problem(route, status, headers, body, request_id)
        return
    assert route is not None, f"{method} {path} is not declared, but answered {status}"
    _check_caching(route, headers)
    if status == 304:
        assert (route.cache is not None, body) == (True, None)
        return
    assert status == route.status
    _check_success(route, headers, body)


def _check_success(route: Route[Any], headers: Headers, body: object) -> None:
    if route.answer is None:
        assert (body, "Content-Type" in headers) == (None, False)
        return
    assert headers["Content-Type"] == route.content_type
    assert conforms(route.answer, body), f"{route.operation_id} does not answer a {route.answer.name}"


def _check_caching(route: Route[Any], headers: Headers) -> None:
    if route.cache is None:
        assert headers["Cache-Control"] == "no-store"
        return
    assert headers["Cache-Control"] == f"public, max-age={int(route.cache.total_seconds())}"
    assert (headers["Vary"], bool(headers["ETag"])) == ("Accept-Language", True)


def _check_problem(
    route: Route[Any] | None, status: int, headers: Headers, body: object, request_id: str
) -> None:
    assert conforms(PROBLEM, body), f"not a Problem: {body}"
    assert isinstance(body, dict)
    error = ERRORS[body["code"]]
    possible = (MethodNotAllowed,) if route is None else possible_errors(route)
    assert error in possible, f"{error.code} is not declared by {route and route.operation_id}"
    assert status == body["status"] == STATUSES[error]
    assert (headers["Content-Type"], headers["Cache-Control"]) == (PROBLEM_MEDIA_TYPE, "no-store")
    assert (body["request_id"], body["instance"].rpartition(":")[2]) == (request_id, request_id)
    assert (FORWARDED_CHALLENGE in headers) == (status == 401 or error is InsufficientScope)
    assert ("Retry-After" in headers) == ("retry_after" in body) == (status in {429, 503})
    assert ("RateLimit" in headers) == ("RateLimit-Policy" in headers) == (status == 429)
    if status in {429, 503}:
        assert headers["Retry-After"] == str(body["retry_after"])
