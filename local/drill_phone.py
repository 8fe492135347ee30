"""A person's phone in the drill: it calls the real handler the way API Gateway does."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from typing import Any, Final
from uuid import uuid4

from chalice.config import Config

from chalicelib.routes.all import ROUTES
from chalicelib.routes.edge import Api, mount
from chalicelib.routes.services import Services
from local.children import HOST
from local.dev_google import AUDIENCE, DevGoogle, subject_for
from local.gateway import Gateway, Inbound


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    body: Any


class Service:
    """The service on one database."""

    def __init__(self, services: Services) -> None:
        """Mount the routes."""
        api = Api("serenya-auth")
        mount(api, ROUTES, lambda: services)
        self.services: Final = services
        self._gateway = Gateway(api, Config())

    def call(self, method: str, path: str, body: object = None, *, token: str | None = None) -> Reply:
        """Send one request."""
        headers = Message()
        if body is not None:
            headers["Content-Type"] = "application/json"
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        inbound = Inbound(
            method=method,
            target=path,
            headers=headers,
            body=b"" if body is None else json.dumps(body).encode(),
            address=HOST,
            request_id=str(uuid4()),
        )
        outbound = self._gateway.answer(inbound)
        return Reply(outbound.status, json.loads(outbound.body or b"null"))


@dataclass(slots=True)
class Phone:
    """A phone that keeps what it was answered."""

    email: str
    name: str
    google: DevGoogle
    answer: dict[str, Any] = field(default_factory=dict)

    def sign_in(self, service: Service) -> Reply:
        """Sign in, agreeing to every document in force."""
        documents = service.call("GET", "/consents/documents").body["documents"]
        body = {
            "id_token": self._id_token(),
            "device": {"id": f"phone-of-{self.email}", "platform": "ios", "name": f"{self.name}'s phone"},
            "consents": [
                {"document": each["document"], "version": each["version"], "granted": True}
                for each in documents
            ],
        }
        return self._keep(service.call("POST", "/auth/google", body))

    def refresh(self, service: Service, token: str | None = None) -> Reply:
        """Refresh, with the newest token or another one."""
        body = {"refresh_token": token or self.answer["refresh_token"]}
        return self._keep(service.call("POST", "/auth/refresh", body))

    @property
    def user_id(self) -> str:
        """Whom the service takes this for."""
        return str(self.answer["user"]["id"])

    def _id_token(self) -> str:
        return self.google.token(
            subject=subject_for(self.email),
            email=self.email,
            name=self.name,
            audience=AUDIENCE,
            now=datetime.now(UTC),
        )

    def _keep(self, reply: Reply) -> Reply:
        if reply.status == 200:  # noqa: PLR2004 - HTTP's own number
            self.answer = reply.body
        return reply
