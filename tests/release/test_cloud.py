"""The master's password is changed in any case, and a failed function is no answer (0079)."""

import io
import json
from typing import Any

import boto3.session
import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from tools.release.cloud import Cloud
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
    for service in ("lambda", "secretsmanager"):
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


def test_the_proxys_password_is_made_once_and_only_its_verifier_leaves(cloud: Cloud) -> None:
    secrets = Stubber(CLIENTS["secretsmanager"])
    secrets.add_client_error("get_secret_value", "ResourceNotFoundException")
    secrets.add_response("put_secret_value", {}, {"SecretId": ARN, "SecretString": ANY})
    secrets.add_response("get_secret_value", {"SecretString": json.dumps(LOGIN)}, {"SecretId": ARN})
    with secrets:
        assert cloud.proxy_verifier(ARN, "serenya_app").startswith("SCRAM-SHA-256$4096:")
        assert "made by AWS" not in cloud.proxy_verifier(ARN, "serenya_app")
        secrets.assert_no_pending_responses()
