import base64
import json
from datetime import timedelta

import pytest

from chalicelib.domain.errors import DependencyUnavailable, RateLimited
from chalicelib.domain.id_tokens import Platform
from chalicelib.domain.limits import LIMITS
from chalicelib.routes.body import BODY_MAX_BYTES
from chalicelib.routes.language import Locale
from chalicelib.routes.route import Call, DeviceHints
from tests.http.small_api import (
    SmallApi,
    refused,
)

PET_BODY = {"name": "Rex", "kind": "dog"}
TOKEN = "e30.e30.c2ln"


@pytest.fixture
def api() -> SmallApi:
    return SmallApi()


def call_of(api: SmallApi) -> Call:
    return api.services.calls[-1]


def test_an_id_that_can_be_nothings_is_not_found(api: SmallApi) -> None:  # A1
    headers = {"Authorization": f"Bearer {TOKEN}"}
    got = api.call("GET", "/pets/{pet_id}", headers=headers, pathParameters={"pet_id": "1 OR 1=1"})
    refused(got, 404, "not_found")


def test_a_declared_path_parameter_outside_its_set_is_not_found(api: SmallApi) -> None:
    refused(api.call("DELETE", "/kinds/{kind}", pathParameters={"kind": "fox"}), 404, "not_found")


def test_only_declared_query_parameters_are_read(api: SmallApi) -> None:
    api.call("GET", "/pets", multiValueQueryStringParameters={"kind": ["cat"], "other": ["1"]})
    assert call_of(api).query == {"kind": "cat"}
    got = api.call("GET", "/pets", multiValueQueryStringParameters={"kind": ["fox"]})
    refused(got, 400, "invalid_input")
    assert got.json["errors"] == [{"pointer": "/query/kind", "code": "not_allowed"}]


def test_the_faults_of_a_body_are_told(api: SmallApi) -> None:
    got = api.call("POST", "/pets", body={"name": "Rex", "admin": True})
    refused(got, 400, "invalid_input")
    assert got.json["errors"] == [
        {"pointer": "/admin", "code": "unknown_field"},
        {"pointer": "/kind", "code": "required"},
    ]


@pytest.mark.parametrize("body", [None, "", "[]", "nonsense", '{"name": NaN}'])
def test_a_body_that_is_no_object_is_malformed(api: SmallApi, body: str | None) -> None:  # F-28
    headers = {"Content-Type": "application/json"}
    refused(api.call("POST", "/pets", body=body, headers=headers), 400, "malformed_body")


def test_a_body_over_the_limit_is_too_large(api: SmallApi) -> None:  # L4
    refused(api.call("POST", "/pets", body=" " * (BODY_MAX_BYTES + 1)), 413, "body_too_large")


def test_a_body_of_another_type_is_refused(api: SmallApi) -> None:
    got = api.call("POST", "/pets", body=PET_BODY, headers={"Content-Type": "text/plain"})
    refused(got, 415, "unsupported_media_type")


@pytest.mark.parametrize("as_bytes", [True, False])
def test_a_body_comes_as_text_bytes_or_base64(api: SmallApi, *, as_bytes: bool) -> None:
    raw = json.dumps(PET_BODY).encode()
    headers = {"Content-Type": "application/json"}
    body: object = raw if as_bytes else base64.b64encode(raw).decode()
    got = api.call("POST", "/pets", body=body, headers=headers, isBase64Encoded=not as_bytes)
    assert got.status == 200
    assert call_of(api).body["name"] == "Rex"


def test_an_optional_body_may_be_absent(api: SmallApi) -> None:
    assert api.call("DELETE", "/kinds/{kind}", pathParameters={"kind": "cat"}).status == 204
    assert call_of(api).body == {"all_of_them": None}


def test_the_address_is_the_gateways_and_never_a_headers(api: SmallApi) -> None:  # A4
    api.call("GET", "/pets", headers={"X-Forwarded-For": "203.0.113.9"})
    assert call_of(api).address == "192.0.2.7"


def test_hints_about_the_phone_are_taken_when_sane(api: SmallApi) -> None:
    sane = {"X-Device-ID": "18f3a2b4c5d6e7f8", "X-Device-Platform": "iOS", "X-App-Version": "2.1.0+7"}
    api.call("GET", "/pets", headers=sane)
    hints = DeviceHints(id="18f3a2b4c5d6e7f8", platform=Platform.ios, app_version="2.1.0+7")
    assert call_of(api).device == hints
    api.call(
        "GET", "/pets", headers={"X-Device-ID": "a" * 999, "X-Device-Platform": "vax", "X-App-Version": "\n"}
    )
    assert call_of(api).device == DeviceHints()


def test_the_language_is_that_of_the_phone(api: SmallApi) -> None:
    api.call("GET", "/pets", headers={"Accept-Language": "es-MX"})
    assert call_of(api).locale is Locale.es


def test_a_public_document_is_sent_once(api: SmallApi) -> None:
    first = api.call("GET", "/pets")
    assert first.headers["Cache-Control"] == "public, max-age=300"
    again = api.call("GET", "/pets", headers={"If-None-Match": f'"x", W/{first.headers["ETag"]}'})
    assert (again.status, again.text) == (304, "")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "Content-Type" not in again.headers
    assert api.call("GET", "/pets", headers={"If-None-Match": '"x"'}).status == 200


def test_an_error_about_a_public_document_is_not_kept(api: SmallApi) -> None:
    api.services.error = DependencyUnavailable()
    got = api.call("GET", "/pets")
    assert got.headers["Cache-Control"] == "no-store"
    assert "ETag" not in got.headers


def test_a_request_is_held_to_the_limits_of_its_route_before_anything_of_it_is_read(api: SmallApi) -> None:
    (limit, *_) = LIMITS
    api.services.limits.error = RateLimited(limit=limit, retry_after=timedelta(seconds=7))
    got = api.call("POST", "/pets", body="nonsense")
    refused(got, 429, "rate_limited")
    assert got.headers["Retry-After"] == "7"
    assert api.services.limits.entered == [((), "192.0.2.7")]  # the gateway's own word (A4)
    assert api.services.calls == []
