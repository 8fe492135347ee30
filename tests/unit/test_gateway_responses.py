"""What API Gateway answers by itself can't be told from what the service answers."""

import json

import botocore.session
import pytest

from chalicelib.routes.messages import MESSAGES
from chalicelib.routes.problem_records import PROBLEM
from chalicelib.routes.schema import conforms
from tools.gateway_responses_page import ERRORS, PAGE

RESPONSES = json.loads(PAGE.read_text(encoding="utf-8"))
SIGNED = {"EXPIRED_TOKEN", "UNAUTHORIZED"}  # only requests signed for AWS meet them


def test_every_answer_that_the_gateway_has_is_ours() -> None:
    model = botocore.session.get_session().get_service_model("apigateway")
    assert set(ERRORS) == set(model.shape_for("GatewayResponseType").enum)  # type: ignore[attr-defined] # a StringShape has one


@pytest.mark.parametrize("name", RESPONSES)
def test_an_answer_has_the_shape_and_the_words_of_our_errors(name: str) -> None:
    told = RESPONSES[name]
    body = json.loads(told["body"].replace("$context.requestId", "0a1b-2c"))
    assert conforms(PROBLEM, body)
    assert body["request_id"] == "0a1b-2c"
    assert body["instance"].endswith(":0a1b-2c")
    assert str(body["status"]) == told["status"]
    assert body["user_message"] == MESSAGES[body["code"]].en
    assert "$" not in json.dumps(body)


@pytest.mark.parametrize("name", RESPONSES)
def test_an_answer_has_the_headers_of_our_errors(name: str) -> None:
    headers = RESPONSES[name]["headers"]
    assert headers["X-Request-Id"] == "context.requestId"
    assert headers["Content-Type"] == "'application/problem+json'"
    assert headers["Cache-Control"] == "'no-store'"
    later = RESPONSES[name]["status"] in {"429", "503"}
    assert ("Retry-After" in headers) == later == ("retry_after" in json.loads(RESPONSES[name]["body"]))


def test_a_phone_isn_t_told_that_its_token_is_refused_by_who_can_t_know() -> None:
    assert {name for name, told in RESPONSES.items() if told["status"] == "401"} == SIGNED


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("MISSING_AUTHENTICATION_TOKEN", "404", "not_found"),
        ("INVALID_SIGNATURE", "403", "aws_signature_invalid"),
    ],
)
def test_what_the_gateway_can_t_tell_apart_has_one_answer_that_names_both_causes(
    name: str, status: str, code: str
) -> None:
    body = json.loads(RESPONSES[name]["body"])
    assert (RESPONSES[name]["status"], body["code"]) == (status, code)
    assert ("path doesn't exist" in body["detail"], "AWS signature" in body["detail"]) == (True, True)
