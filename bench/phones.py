"""Phones that call a container: they word API Gateway's events and keep what they are answered."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from local.dev_google import AUDIENCE, DevGoogle, subject_for
from local.published import agreements

AGREED: Final = tuple(agreements(datetime.now(UTC)))  # what is in force: a bench publishes what ships
REQUIRED: Final = tuple(str(each["document"]) for each in AGREED)
OPTIONAL: Final = "ai_processing"
BACKEND: Final = "arn:aws:iam::123456789012:role/backend"  # as whom API Gateway would know a signed request
HEADERS: Final = {  # what a real app sends along, so that reading it is paid for
    "Accept": "application/json",
    "Accept-Language": "en-GB,en;q=0.9",
    "Content-Type": "application/json",
    "Host": "auth.bench",
    "User-Agent": "Serenya/4.2 (iPhone; iOS 19.1)",
    "X-App-Version": "4.2.0",
    "X-Device-Platform": "ios",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Proto": "https",
}


def event(
    method: str,
    route: str,
    body: object = None,
    token: str | None = None,
    *,
    address: str,
    **parameters: str,
) -> dict[str, Any]:
    """Return a request as API Gateway's REST proxy event; a body that is a string is a form's."""
    headers = HEADERS | {"X-Forwarded-For": address}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    headers |= {"Content-Type": "application/x-www-form-urlencoded"} if isinstance(body, str) else {}
    path = route.format(**parameters)
    return {
        "resource": route,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "bench",
            "domainName": "auth.bench",
            "httpMethod": method,
            "identity": {"sourceIp": address, "userAgent": HEADERS["User-Agent"], "userArn": BACKEND},
            "path": f"/v1{path}",
            "protocol": "HTTP/1.1",
            "requestId": str(uuid4()),
            "requestTimeEpoch": 1_790_000_000_000,
            "resourcePath": route,
            "stage": "v1",
        },
        "body": body if body is None or isinstance(body, str) else json.dumps(body),
        "isBase64Encoded": False,
    }


def _address() -> str:
    """Return some address that is routed nowhere."""
    return ".".join(["10", *(str(part) for part in uuid4().bytes[:3])])


@dataclass(slots=True)
class Phone:
    """One person's phone. `id_tokens` are made before anything is measured, the last one first.

    `refreshes` says how often each of its sessions was answered a refresh, `ended` which it logged out of.
    """

    email: str
    address: str = field(default_factory=_address)  # of its own: limits of addresses are on
    device: str = "device-0"
    id_tokens: list[str] = field(default_factory=list)
    answer: Mapping[str, Any] = field(default_factory=dict)
    refreshes: Counter[str] = field(default_factory=Counter)
    ended: set[str] = field(default_factory=set)

    @property
    def session_id(self) -> str:
        """The session of the newest answer."""
        return str(self.answer["session"]["id"])

    def prepare(self, google: DevGoogle, count: int) -> None:
        """Let Google vouch for the person so many times."""
        now = datetime.now(UTC)
        self.id_tokens += [
            google.token(
                subject=subject_for(self.email),
                email=self.email,
                name="Ana Diaz",
                audience=AUDIENCE,
                now=now - timedelta(seconds=number),
            )
            for number in range(count)
        ]

    def sign_in(self) -> dict[str, Any]:
        """Return a sign-in with the next ID token, agreeing to what is required."""
        body = {
            "id_token": self.id_tokens.pop(),
            "device": {
                "id": f"{self.email}/{self.device}",
                "platform": "ios",
                "name": "Ana's phone",
                "model": "iPhone17,1",
            },
            "consents": list(AGREED),
        }
        return self.ask("POST", "/auth/google", body)

    def refresh(self) -> dict[str, Any]:
        """Return a refresh with the newest token."""
        return self.ask("POST", "/auth/refresh", {"refresh_token": self.answer["refresh_token"]})

    def sessions(self) -> dict[str, Any]:
        """Return the request that does little more than check the bearer."""
        return self.ask("GET", "/sessions", token=self.answer["access_token"])

    def account(self) -> dict[str, Any]:
        """Return the request for the profile."""
        return self.ask("GET", "/account", token=self.answer["access_token"])

    def logout(self) -> dict[str, Any]:
        """Return the logout of this device."""
        return self.ask("POST", "/auth/logout", {"refresh_token": self.answer["refresh_token"]})

    def keep(self, answer: Mapping[str, Any]) -> None:
        """Keep what an answer says, as an app does. Raises RuntimeError for anything but success."""
        if answer["statusCode"] not in {200, 204}:
            raise RuntimeError(answer["body"])
        body = json.loads(answer["body"] or "null")
        if body is None:
            self.ended.add(self.session_id)
        elif "access_token" in body:
            is_known = bool(self.answer) and body["session"]["id"] == self.session_id
            self.answer = body
            self.refreshes[self.session_id] += is_known

    def ask(
        self, method: str, route: str, body: object = None, token: str | None = None, **parameters: str
    ) -> dict[str, Any]:
        """Return a request from the phone's address."""
        return event(method, route, body, token, address=self.address, **parameters)

    def ask_as_itself(
        self, method: str, route: str, body: object = None, **parameters: str
    ) -> dict[str, Any]:
        """Return a request with the newest access token."""
        return self.ask(method, route, body, self.answer["access_token"], **parameters)
