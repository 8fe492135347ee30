import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest
from chalice.config import Config
from chalice.local import CustomLocalChalice, LocalChalice, LocalGateway
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import DependencyUnavailable, NotFound
from chalicelib.routes.problem_records import PROBLEM
from chalicelib.routes.schema import conforms
from tests.http.small_api import PET, REQUEST_ID, Got, SmallApi, SmallServices, gateway_event, refused
from tests.http.small_parts import NOW

PET_BODY = {"name": "Rex", "kind": "dog"}


@pytest.fixture
def api() -> SmallApi:
    return SmallApi()


def test_an_answer_has_the_declared_shape_and_the_headers_of_all_answers(api: SmallApi) -> None:
    got = api.call("POST", "/pets", body=PET_BODY)
    assert got.status == 200
    assert conforms(PET, got.json)
    assert got.json["born_at"] == "2025-03-01T12:30:15Z"
    assert got.headers == {
        "X-Request-Id": REQUEST_ID,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Type": "application/json",
    }


def test_an_empty_answer_has_no_body(api: SmallApi) -> None:
    got = api.call("DELETE", "/kinds/{kind}", pathParameters={"kind": "cat"})
    assert (got.status, got.text) == (204, "")
    assert "Content-Type" not in got.headers


def test_a_method_that_a_path_does_not_take_is_a_problem_that_lists_those_it_takes(api: SmallApi) -> None:
    got = api.call("PUT", "/pets")
    refused(got, 405, "method_not_allowed")
    assert got.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_an_unknown_path_is_a_problem(api: SmallApi) -> None:
    got = api.call("GET", "/nowhere")
    refused(got, 404, "not_found")
    assert ("path" in got.json["detail"], "SigV4" in got.json["detail"]) == (True, True)


def test_a_gateway_can_ask_for_the_answer_to_an_unknown_path(api: SmallApi) -> None:
    told = api.app.refuse(NotFound(), gateway_event("GET", "/nowhere", headers={}), None)
    refused(Got.of(told), 404, "not_found")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)


@given(st.sampled_from(sorted(gateway_event("POST", "/pets", headers={}))), JSON)
def test_an_event_with_one_odd_part_never_becomes_a_trace(part: str, value: object) -> None:
    event = gateway_event("POST", "/pets", body=PET_BODY, headers={}) | {part: value}
    got = Got.of(SmallApi().app(event, None))
    assert got.status in {200, 400, 404, 405, 413, 415, 500}
    assert got.status == 200 or conforms(PROBLEM, got.json)


@pytest.mark.parametrize("event", [None, {}, [], "event", {"requestContext": {}}, {"requestContext": None}])
def test_what_is_no_event_never_becomes_a_trace(api: SmallApi, event: object) -> None:
    refused(Got.of(api.app(event, None)), 500, "internal_error")


def test_a_path_parameter_that_the_gateway_forgot_is_nobodys(api: SmallApi) -> None:
    refused(api.call("GET", "/pets/{pet_id}"), 404, "not_found")


def test_the_request_id_falls_back_to_that_of_the_invocation(api: SmallApi) -> None:
    event = gateway_event("GET", "/pets", headers={}) | {
        "requestContext": {"httpMethod": "GET", "resourcePath": "/pets"}
    }
    assert Got.of(api.app(event, SimpleNamespace(aws_request_id="abc"))).headers["X-Request-Id"] == "abc"


def test_chalices_local_server_takes_the_application(api: SmallApi) -> None:
    CustomLocalChalice.__bases__ = (LocalChalice, api.app.__class__)
    api.app.__class__ = CustomLocalChalice  # type: ignore[assignment]  # as create_local_server does
    gateway = LocalGateway(api.app, Config())
    headers = {"content-type": "application/json"}

    def adopt(number: int) -> str:
        body = json.dumps({**PET_BODY, "name": str(number)}).encode()
        answer = gateway.handle_request("POST", "/pets", headers, body)
        return str(answer["headers"]["X-Request-Id"])

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(adopt, range(40)))) == 40
    assert sorted(int(call.body["name"]) for call in api.services.calls) == list(range(40))
    told = Got.of(gateway.handle_request("PUT", "/pets", {}, None))
    refused(told, 405, "method_not_allowed")


def test_an_expected_error_is_told_as_what_it_is(api: SmallApi) -> None:
    api.services.error = DependencyUnavailable(retry_after=timedelta(seconds=2))
    got = api.call("POST", "/pets", body=PET_BODY)
    refused(got, 503, "service_unavailable")  # F0
    assert got.headers["Retry-After"] == "2"


def test_a_container_that_cannot_be_wired_still_answers() -> None:
    def provide() -> SmallServices:
        raise OSError("postgresql://app:secret@db")

    got = SmallApi(provide=provide).call("GET", "/pets")
    refused(got, 500, "internal_error")
    assert got.json["timestamp"] == NOW.strftime("%Y-%m-%dT%H:%M:%SZ")  # the gateway's clock
