"""The deployed service as its callers see it: phones through the gateway's events, a release by invoking."""

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from local.dev_google import DevGoogle, subject_for
from local.rds import RdsFront
from local.runtime_api import Answer, Container, container
from tests.world import REQUIRED

EMAIL = "ana@example.com"


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """One deployment: a package, an environment, and the database that both belong to."""

    task: Path
    front: RdsFront
    google: DevGoogle
    environment: Mapping[str, str]
    folder: Path

    def function(self, name: str, **environment: str) -> AbstractContextManager[Container]:
        """Run a container of a function of app.py; `app` is the API."""
        return container(self.task, f"app.{name}", {**self.environment, **environment}, self.folder)

    def invoke(self, name: str, event: Mapping[str, Any], **environment: str) -> Any:  # noqa: ANN401 - JSON
        """Invoke a function once, in a container of its own."""
        with self.function(name, **environment) as started:
            return started.invoke(event).body

    def as_owner(self) -> dict[str, str]:
        """Return what the release's own functions have in place of the app's role."""
        return {"DATABASE_URL": self.front.url("release_owner", "serenya")}

    def release(self) -> None:
        """Do what a release does behind the deployment."""
        self.invoke("migrate", {}, **self.as_owner())
        self.invoke("publish_documents", {}, **self.as_owner())
        self.invoke("rotate_keys", SCHEDULED)

    def sign_in(self, api: Container, **changes: object) -> Answer:
        """Sign Ana in."""
        token = self.google.token(
            subject=subject_for(EMAIL), email=EMAIL, name="Ana Diaz", now=datetime.now(UTC)
        )
        body: dict[str, object] = {
            "id_token": token,
            "device": {"id": "device-1", "platform": "ios"},
            "consents": [{"document": kind, "version": "1.0", "granted": True} for kind in REQUIRED],
        }
        return api.invoke(request("POST", "/auth/google", body | changes))


SCHEDULED: Mapping[str, Any] = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2026-11-23T12:00:00Z",
    "region": "eu-west-1",
    "resources": ["arn:aws:events:eu-west-1:123456789012:rule/serenya-auth-dev"],
    "detail": {},
}


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
