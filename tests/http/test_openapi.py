"""The served description of the API: valid, and complete to the last error.

`tests/declared.py` holds every answer of every test to the declarations that it is made of.
"""

import json
import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from chalicelib.domain.errors import MethodNotAllowed, leaves
from chalicelib.routes.all import ROUTES
from chalicelib.routes.body_formats import BodyFormat
from chalicelib.routes.openapi import possible_errors
from chalicelib.routes.problems import STATUSES
from chalicelib.routes.route import Admission, Route
from chalicelib.routes.schema import Record
from tests.world import World

CONTRACT = {  # every route that apps and backends may rely on
    "POST /auth/challenge",
    "POST /auth/google",
    "POST /auth/apple",
    "POST /oauth/revoke",
    "POST /oauth/introspect",
    "POST /events/google",
    "POST /events/apple",
    "GET /account/identities",
    "POST /account/identities",
    "DELETE /account/identities/{identity_id}",
    "POST /auth/refresh",
    "POST /auth/logout",
    "GET /sessions",
    "DELETE /sessions",
    "DELETE /sessions/{session_id}",
    "GET /account",
    "PATCH /account",
    "GET /account/export",
    "GET /consents",
    "POST /consents",
    "DELETE /consents/{document}",
    "GET /consents/documents",
    "GET /consents/receipt",
    "GET /.well-known/jwks.json",
    "GET /.well-known/openid-configuration",
    "GET /.well-known/oauth-authorization-server",
    "GET /openapi.json",
    "GET /health",
    "GET /health/ready",
}
every_route = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation_id)


@pytest.fixture
def served(world: World) -> dict[str, Any]:
    document: dict[str, Any] = world.call("GET", "/openapi.json").body
    return document


def operations(document: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_it_is_valid_openapi_3_1(served: dict[str, Any]) -> None:
    validate(served)
    assert served["openapi"].startswith("3.1.")


def test_its_paths_are_the_routes_and_the_routes_the_contracts(served: dict[str, Any]) -> None:
    assert set(operations(served)) == {f"{route.method} {route.path}" for route in ROUTES}
    assert set(operations(served)) >= CONTRACT


def test_it_names_where_it_is_served(world: World, served: dict[str, Any]) -> None:
    assert [server["url"] for server in served["servers"]] == [world.settings.issuer_url]


def test_two_containers_serve_the_same_bytes(world: World, served: dict[str, Any]) -> None:
    world.services = world.container()
    assert world.call("GET", "/openapi.json").body == served


@every_route
def test_every_error_of_a_route_is_documented_under_its_status(
    served: dict[str, Any], route: Route[Any]
) -> None:
    responses = operations(served)[f"{route.method} {route.path}"]["responses"]
    documented = {
        (int(status), code) for status, told in responses.items() for code in told.get("x-error-codes", [])
    }
    assert documented == {(int(STATUSES[error]), error.code) for error in possible_errors(route)}


def test_every_code_is_possible_somewhere_and_has_an_example() -> None:
    possible = {error for route in ROUTES for error in possible_errors(route)}
    assert set(leaves()) - possible == {MethodNotAllowed}  # of no route: the path has another


def test_every_documented_code_has_an_example_of_its_problem(served: dict[str, Any]) -> None:
    examples = served["components"]["examples"]
    for operation in operations(served).values():
        for told in operation["responses"].values():
            for code in told.get("x-error-codes", []):
                assert examples[code]["value"]["code"] == code


@every_route
def test_a_route_that_wants_a_bearer_says_so(served: dict[str, Any], route: Route[Any]) -> None:
    security = operations(served)[f"{route.method} {route.path}"]["security"]
    schemes = [name for option in security for name in option]
    assert bool(schemes) == (route.access.admission is not Admission.anyone)


def test_an_app_accepts_what_is_added_to_answers_and_we_refuse_what_is_added_to_bodies(
    served: dict[str, Any],
) -> None:
    schemas = served["components"]["schemas"]
    for route in ROUTES:
        is_token = route.body_format is BodyFormat.SECURITY_EVENT  # has no members that could be added to
        for record in [] if is_token else _records(route.body):
            is_closed = schemas[record.name].get("additionalProperties") is False
            assert is_closed is (route.body_format is not BodyFormat.FORM)  # A2; RFC 6749 s3.2 for forms
        for record in _records(route.answer):
            assert "additionalProperties" not in schemas[record.name]


def _records(record: Record | None) -> list[Record]:
    return [] if record is None else list(record.records())


def test_it_says_nothing_of_how_it_is_built(served: dict[str, Any]) -> None:
    text = json.dumps(served)
    assert re.findall(r"arn:aws|postgres|moto|Traceback|chalicelib", text) == []
