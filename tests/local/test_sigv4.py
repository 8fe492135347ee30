"""The local gateway lets in to a route that IAM guards whoever signed the very request, just now."""

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from chalice.app import Chalice, IAMAuthorizer

from local.aws import ACCESS_KEY, REGION, SECRET_KEY
from local.children import HOST
from local.server import Server, create_server
from tests.patience import HANG_SECONDS

BODY = b"token=abc%20def"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    app = Chalice("trial", configure_logs=False)

    @app.route("/ask", methods=["POST"], content_types=["*/*"], authorizer=IAMAuthorizer())
    def ask() -> dict[str, object]:
        assert app.current_request is not None
        return {"who": app.current_request.context["identity"]["userArn"]}

    made = create_server(app, 0)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.drain()


def signed(
    server: Server,
    *,
    body: bytes = BODY,
    secret: str = SECRET_KEY,
    service: str = "execute-api",
    region: str = REGION,
    hashed: bytes | None = None,
) -> dict[str, str]:
    url = f"http://{HOST}:{server.server_port}/ask"
    told = {} if hashed is None else {"X-Amz-Content-SHA256": sha256(hashed).hexdigest()}
    request = AWSRequest("POST", url, data=body, headers=FORM | told)
    SigV4Auth(Credentials(ACCESS_KEY, secret), service, region).add_auth(request)
    return dict(request.headers.items())


def post(server: Server, headers: Mapping[str, str], body: bytes = BODY) -> tuple[int, dict[str, object]]:
    with closing(http.client.HTTPConnection(HOST, server.server_port, timeout=HANG_SECONDS)) as connection:
        connection.request("POST", "/ask", body, dict(headers))
        answer = connection.getresponse()
        return answer.status, dict(json.loads(answer.read()))


def test_a_signed_request_is_let_in_under_its_callers_name(server: Server) -> None:
    assert post(server, signed(server)) == (200, {"who": "arn:aws:iam::123456789012:user/local"})
    assert post(server, signed(server, hashed=BODY))[0] == 200


def test_what_is_not_signed_or_not_so_is_answered_as_the_gateway_answers(server: Server) -> None:
    right = signed(server)
    status, told = post(server, FORM)
    assert (status, told["code"]) == (404, "not_found")
    assert "SigV4" in str(told["detail"])
    assert "path" in str(told["detail"])
    for headers in (
        right | {"Authorization": "Bearer abc"},
        right | {"Authorization": right["Authorization"][:-1] + "x"},
        right | {"Content-Type": "text/plain"} | {"X-Amz-Date": "20200101T000000Z"},
        right | {"X-Amz-Date": "now"},
        signed(server, secret="another"),
        signed(server, service="s3"),
        signed(server, region="us-east-1"),
        signed(server, body=b"token=another"),
        signed(server, hashed=b"token=another"),
    ):
        status, told = post(server, headers)
        assert (status, told["code"]) == (403, "aws_signature_invalid")


def test_a_signature_of_long_ago_is_worth_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    then = datetime.now(UTC) - timedelta(minutes=6)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: then)
    assert post(server, signed(server))[0] == 403
