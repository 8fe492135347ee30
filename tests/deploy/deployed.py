"""The deployed service as its callers see it: phones through the gateway's events."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from local import deployed
from local.dev_google import subject_for
from local.published import agreements
from local.runtime_api import Answer, Container

EMAIL = "ana@example.com"


class Deployed(deployed.Deployed):
    """One deployment, with Ana among its people."""

    def sign_in(self, api: Container, **changes: object) -> Answer:
        """Sign Ana in."""
        token = self.google.token(
            subject=subject_for(EMAIL), email=EMAIL, name="Ana Diaz", now=datetime.now(UTC)
        )
        body: dict[str, object] = {
            "id_token": token,
            "device": {"id": "device-1", "platform": "ios"},
            "consents": agreements(datetime.now(UTC)),
        }
        return api.invoke(request("POST", "/auth/google", body | changes))


def request(method: str, path: str, body: object = None) -> dict[str, Any]:
    """Return the event of a request, as API Gateway's REST proxy words it."""
    headers = {"Host": "auth.test", "Content-Type": "application/json"}
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "httpMethod": method,
            "resourcePath": path,
            "path": f"/v1{path}",
            "requestId": str(uuid4()),
            "identity": {"sourceIp": "192.0.2.1"},
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def told(answer: Answer) -> Any:  # noqa: ANN401 - JSON
    """Return the body that the phone reads."""
    return json.loads(answer.body["body"])
