import pytest

from chalicelib.domain.errors import AccountSuspended, InsufficientScope
from chalicelib.domain.tokens import Scope
from chalicelib.routes.route import Call
from tests.http.small_api import PET_ID, Got, SmallApi, gateway_event, refused
from tests.http.small_parts import CALLER

ONE_PET = {"pathParameters": {"pet_id": str(PET_ID)}}
TOKEN = "e30.e30.c2ln"


@pytest.fixture
def api() -> SmallApi:
    return SmallApi()


def call_of(api: SmallApi) -> Call:
    return api.services.calls[-1]


def test_the_bearer_is_taken_from_the_header_whatever_the_case_of_its_scheme(api: SmallApi) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        headers = {"authorization": f"{scheme} {TOKEN}"}
        assert api.call("GET", "/pets/{pet_id}", headers=headers, **ONE_PET).status == 200
    assert api.services.access.seen == [(TOKEN, Scope.ACCOUNT)] * 3
    assert call_of(api).caller == CALLER
    assert call_of(api).path_uuid("pet_id") == PET_ID


@pytest.mark.parametrize("value", [None, "", "Basic YTpi", "Digest abc", "Bearerabc"])
def test_without_a_bearer_the_challenge_names_no_error(api: SmallApi, value: str | None) -> None:
    headers = {} if value is None else {"Authorization": value}
    got = api.call("GET", "/pets/{pet_id}", headers=headers, **ONE_PET)
    refused(got, 401, "missing_token")
    assert got.headers["WWW-Authenticate"] == "Bearer"  # RFC 6750 s3.1


@pytest.mark.parametrize(
    "value",
    ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer é", "Bearer a=b", "Bearer " + "a" * 8192],
)
def test_a_malformed_bearer_is_an_invalid_token(api: SmallApi, value: str) -> None:
    got = api.call("GET", "/pets/{pet_id}", headers={"Authorization": value}, **ONE_PET)
    refused(got, 401, "invalid_token")
    assert got.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert api.services.access.seen == []


def test_an_unbound_token_under_the_dpop_scheme_is_refused_in_that_scheme(api: SmallApi) -> None:
    for value in (f"DPoP {TOKEN}", "DPoP", "DPoP a b", f"dpop {TOKEN}"):  # RFC 9449 s7.1
        got = api.call("GET", "/pets/{pet_id}", headers={"Authorization": value}, **ONE_PET)
        refused(got, 401, "invalid_token")
        assert got.headers["WWW-Authenticate"] == 'DPoP error="invalid_token", algs="ES256 EdDSA"'


def test_two_bearers_are_an_invalid_token(api: SmallApi) -> None:
    event = gateway_event("GET", "/pets/{pet_id}", headers={"Authorization": "Bearer a"}) | ONE_PET
    event["multiValueHeaders"] = {"authorization": ["Bearer a", "Bearer b"]}
    refused(Got.of(api.app(event, None)), 401, "invalid_token")


def test_a_token_in_the_url_is_never_taken_for_one(api: SmallApi) -> None:
    query = {"access_token": [TOKEN], "Authorization": [f"Bearer {TOKEN}"]}
    got = api.call("GET", "/pets/{pet_id}", multiValueQueryStringParameters=query, **ONE_PET)
    refused(got, 401, "missing_token")


def test_a_bearer_that_may_not_is_told_why(api: SmallApi) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    api.services.access.error = InsufficientScope(scope="account")
    got = api.call("GET", "/pets/{pet_id}", headers=headers, **ONE_PET)
    refused(got, 403, "insufficient_scope")
    assert got.headers["WWW-Authenticate"] == 'Bearer error="insufficient_scope", scope="account"'
    api.services.access.error = AccountSuspended()
    refused(api.call("GET", "/pets/{pet_id}", headers=headers, **ONE_PET), 403, "account_suspended")
    assert api.services.calls == []


def test_a_route_that_takes_either_leaves_the_bearer_to_its_handler(api: SmallApi) -> None:
    api.call(
        "DELETE",
        "/kinds/{kind}",
        headers={"Authorization": f"Bearer {TOKEN}"},
        pathParameters={"kind": "cat"},
    )
    assert call_of(api).bearer == TOKEN
    assert api.services.access.seen == []
