"""The master's password is changed in any case, and a failed function is no answer (0079)."""

import io
import json
import time
from typing import Any

import boto3.session
import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from tools.release import preflight
from tools.release.cloud import READY_ATTEMPTS, TLS_POLICY, Cloud
from tools.release.fault import ReleaseFault

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds-master-abcdef"
LOGIN = {"username": "serenya_master", "password": "made by AWS", "dbname": "not handed on"}


class Scripted(Cloud):
    """A cloud whose answers are scripted; the requests are checked by botocore."""

    def client(self, service: str) -> Any:  # noqa: ANN401 - as its parent
        return CLIENTS[service]


CLIENTS: dict[str, Any] = {}


@pytest.fixture
def cloud() -> Cloud:
    session = boto3.session.Session("local", "local", region_name="eu-west-1")
    for service in ("apigateway", "budgets", "cloudtrail", "lambda", "secretsmanager", "sts"):
        CLIENTS[service] = session.client(service)
    return Scripted(session=session, stage="dev")


def answered(told: object, **failed: str) -> dict[str, Any]:
    body = json.dumps(told).encode()
    return {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(body), len(body)), **failed}


@pytest.mark.parametrize("fails", [False, True])
def test_the_password_is_changed_at_once_also_when_the_function_failed(cloud: Cloud, *, fails: bool) -> None:
    secrets, functions = Stubber(CLIENTS["secretsmanager"]), Stubber(CLIENTS["lambda"])
    secrets.add_response("get_secret_value", {"SecretString": json.dumps(LOGIN)}, {"SecretId": ARN})
    secrets.add_response("rotate_secret", {}, {"SecretId": ARN, "RotateImmediately": True})
    told = (
        answered({"errorType": "E", "errorMessage": "m"}, FunctionError="Unhandled")
        if fails
        else answered({})
    )
    event = json.dumps({"username": "serenya_master", "password": "made by AWS"}).encode()
    functions.add_response(
        "invoke", told, {"FunctionName": "serenya-auth-dev-prepare-database", "Payload": event}
    )
    with secrets, functions:
        if fails:
            with pytest.raises(ReleaseFault, match="prepare-database failed: E: m"):
                cloud.prepare_database(ARN)
        else:
            cloud.prepare_database(ARN)
        secrets.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["ResourceNotReadyException", "ResourceConflictException"])
def test_a_function_that_slept_is_invoked_again_until_it_is_ready(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    functions = Stubber(CLIENTS["lambda"])
    for _ in range(READY_ATTEMPTS - 1):
        functions.add_client_error("invoke", code, http_status_code=502)
    functions.add_response("invoke", answered({"to": "0014"}))
    with functions:
        assert cloud.invoke("migrate", {}) == {"to": "0014"}
    assert sum(waited) == 180


def test_a_function_that_never_gets_ready_and_any_other_refusal_end_the_release(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    functions = Stubber(CLIENTS["lambda"])
    for _ in range(READY_ATTEMPTS):
        functions.add_client_error("invoke", "ResourceNotReadyException", http_status_code=502)
    functions.add_client_error("invoke", "AccessDeniedException", http_status_code=403)
    with functions:
        for code in ("ResourceNotReady", "AccessDenied"):
            with pytest.raises(ClientError, match=code):
                cloud.invoke("migrate", {})
        functions.assert_no_pending_responses()


def test_the_api_gets_a_policy_for_tls_once(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    gateway = Stubber(CLIENTS["apigateway"])
    operations = [
        {"op": "replace", "path": "/securityPolicy", "value": TLS_POLICY},
        {"op": "replace", "path": "/endpointAccessMode", "value": "STRICT"},
    ]
    gateway.add_response("get_rest_api", {"id": "abc"}, {"restApiId": "abc"})
    gateway.add_response("update_rest_api", {}, {"restApiId": "abc", "patchOperations": operations})
    gateway.add_response("get_rest_api", {"id": "abc", "securityPolicy": TLS_POLICY}, {"restApiId": "abc"})
    gateway.add_response("get_rest_api", {"id": "abc"}, {"restApiId": "abc"})
    gateway.add_client_error("update_rest_api", "BadRequestException", "no such policy here")
    with gateway:
        for _ in range(3):
            cloud.secure("abc")
        gateway.assert_no_pending_responses()
    assert "LOOK" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("stage", "containers", "words"), [("prod", 499, "prod needs 500"), ("dev", 9, "10")]
)
def test_an_account_that_is_too_small_is_refused_before_anything_is_made(
    cloud: Cloud, stage: str, containers: int, words: str
) -> None:
    functions, budgets, trails = (Stubber(CLIENTS[name]) for name in ("lambda", "budgets", "cloudtrail"))
    sts = Stubber(CLIENTS["sts"])
    for _ in range(2):
        functions.add_response("get_account_settings", {"AccountLimit": {"ConcurrentExecutions": containers}})
    sts.add_response("get_caller_identity", {"Account": "123456789012"})
    budgets.add_client_error("describe_budgets", "AccessDeniedException")
    trails.add_response("describe_trails", {"trailList": [{"Name": "org"}, {"Name": "serenya-auth-dev"}]})
    with functions, budgets, trails, sts:
        too_few, closed = preflight._account(stage, cloud)
    assert words in too_few
    assert "Billing is closed" in closed


def test_the_proxys_password_is_made_once_and_only_its_verifier_leaves(cloud: Cloud) -> None:
    secrets = Stubber(CLIENTS["secretsmanager"])
    secrets.add_client_error("get_secret_value", "ResourceNotFoundException")
    secrets.add_response("put_secret_value", {}, {"SecretId": ARN, "SecretString": ANY})
    secrets.add_response("get_secret_value", {"SecretString": json.dumps(LOGIN)}, {"SecretId": ARN})
    with secrets:
        assert cloud.proxy_verifier(ARN, "serenya_app").startswith("SCRAM-SHA-256$4096:")
        assert "made by AWS" not in cloud.proxy_verifier(ARN, "serenya_app")
        secrets.assert_no_pending_responses()
