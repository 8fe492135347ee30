"""What a token alone isn't enough for: every route is walked, none forgets to ask (S4, ASVS 7.5.3)."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.domain.step_up import NEEDS, SensitiveAct
from chalicelib.routes.all import ROUTES
from chalicelib.routes.problems import FORWARDED_CHALLENGE
from chalicelib.routes.route import Admission, Route
from tests.http.test_bearer import BEARER_ROUTES
from tests.world import Phone, Reply, World

CODE = "insufficient_user_authentication"
SENSITIVE = [route for route in ROUTES if route.step_up is not None]
OTHERS = [route for route in BEARER_ROUTES if route.step_up is None]
NOT_BUILT_YET = {
    SensitiveAct.CHANGE_KEYS,
    SensitiveAct.CHANGE_DEVICES,
}  # biometric keys come with their issue
every_sensitive_route = pytest.mark.parametrize("route", SENSITIVE, ids=lambda route: route.operation_id)
every_other_route = pytest.mark.parametrize("route", OTHERS, ids=lambda route: route.operation_id)


@pytest.fixture
def ana(world: World) -> Phone:
    phone = world.person()
    phone.sign_in()
    return phone


def later(phone: Phone, **duration: int) -> Phone:
    """Return the phone with a fresh token, some time after its person signed in."""
    phone.world.clock.advance(timedelta(**duration))
    phone.refresh()
    return phone


def asked(world: World, route: Route[Any], phone: Phone | None) -> Reply:
    """Ask without a body: who calls is checked before it is read."""
    path = "/".join(str(uuid4()) if part.startswith("{") else part for part in route.path.split("/"))
    return world.call(route.method, path, token=phone.access_token if phone else None)


def test_these_are_the_routes_that_ask() -> None:
    asking = {f"{route.method} {route.path}": route.step_up for route in SENSITIVE}
    assert asking == {
        "GET /account/export": SensitiveAct.EXPORT,
        "DELETE /account": SensitiveAct.ERASE,
        "POST /account/identities": SensitiveAct.CHANGE_IDENTITIES,
        "DELETE /account/identities/{identity_id}": SensitiveAct.CHANGE_IDENTITIES,
        "POST /auth/biometric/register": SensitiveAct.CHANGE_KEYS,
        "DELETE /auth/biometric/registrations/{registration_id}": SensitiveAct.CHANGE_KEYS,
    }


def test_every_act_says_what_it_needs_and_is_some_route() -> None:
    assert NEEDS.keys() == set(SensitiveAct)
    assert {route.step_up for route in SENSITIVE} | NOT_BUILT_YET == set(SensitiveAct)


@every_sensitive_route
def test_only_who_is_known_can_be_asked_for_presence(route: Route[Any]) -> None:
    assert route.access.admission is Admission.bearer


@every_sensitive_route
def test_a_sign_in_of_long_ago_is_refused_whatever_the_token_is_fresh(
    world: World, ana: Phone, route: Route[Any]
) -> None:
    later(ana, minutes=6)
    before = world.stored()
    refused = asked(world, route, ana)
    assert (refused.status, refused.code, refused.body["action"]) == (401, CODE, "step_up")
    assert world.stored() == before


@every_sensitive_route
def test_the_refusal_says_how_old_a_sign_in_may_be(world: World, ana: Phone, route: Route[Any]) -> None:
    refused = asked(world, route, later(ana, minutes=6))
    assert refused.headers[FORWARDED_CHALLENGE] == (  # RFC 9470 s3
        f'Bearer error="{CODE}", error_description="A more recent sign-in is needed", max_age="300"'
    )


@every_sensitive_route
def test_a_sign_in_of_five_minutes_ago_is_enough_and_of_five_and_the_leeway_not(
    world: World, ana: Phone, route: Route[Any]
) -> None:
    world.clock.advance(timedelta(minutes=5, seconds=5))
    assert asked(world, route, ana).code != CODE
    ana.sign_in()
    world.clock.advance(timedelta(minutes=5, seconds=6))
    assert asked(world, route, ana).code == CODE


@every_sensitive_route
def test_signing_in_again_is_the_step_up(world: World, ana: Phone, route: Route[Any]) -> None:
    later(ana, minutes=6)
    ana.sign_in()
    assert asked(world, route, ana).code != CODE


@every_sensitive_route
def test_without_a_token_it_is_the_token_that_is_missing(world: World, route: Route[Any]) -> None:
    assert asked(world, route, None).code == "missing_token"


@every_other_route
def test_no_other_route_asks(world: World, ana: Phone, route: Route[Any]) -> None:
    assert asked(world, route, later(ana, days=3)).code != CODE


def test_the_description_says_which_routes_ask_for_what(world: World) -> None:
    paths = world.call("GET", "/openapi.json").body["paths"]
    for route in ROUTES:
        operation = paths[route.path][route.method.lower()]
        codes = operation["responses"].get("401", {}).get("x-error-codes", [])
        asks = {"act": str(route.step_up), "max_age": 300} if route.step_up else None
        assert (operation.get("x-step-up"), CODE in codes) == (asks, route.step_up is not None)
