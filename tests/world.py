"""The whole service on real parts, as a phone meets it: PostgreSQL, Chalice, botocore; only time is made up.

Every answer is held to its route's declaration.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chalice.local import LocalChalice, RouteMatcher
from psycopg2.extensions import cursor

from chalicelib import wiring
from chalicelib.clients.aws import aws_client
from chalicelib.domain.providers import GOOGLE, OidcProvider
from chalicelib.postgres.roles import JOBS_ROLE
from chalicelib.routes.all import ROUTES
from chalicelib.routes.edge import Api, mount
from chalicelib.routes.route import Route
from chalicelib.routes.services import Services
from chalicelib.settings import Settings
from chalicelib.stores.database import Database, connect
from local.database import as_another
from local.dev_providers import DevProviders
from local.gateway import forwarded
from tests import declared
from tests.fakes import FakeClock
from tests.first_texts import yes
from tests.gateway import proxy_event
from tests.operating import Operated
from tests.owners import Owners
from tests.proofs import PhoneKey

REQUIRED = (
    "terms_of_service",
    "privacy_policy",
    "medical_disclaimer",
    "healthcare_consultation",
    "emergency_care_limitation",
)
CONNECTIONS_MAX = 40


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> str | None:
        """Return the stable code of an error."""
        return self.body.get("code") if isinstance(self.body, dict) else None


class ThreadLocalApi(LocalChalice, Api):
    """The app, whose current request is each thread's own: a container of Lambda has one at a time."""


class World(Operated):
    """One service with its own database, its own clock, and people who sign in to it."""

    def __init__(self, settings: Settings, owner_url: str, dev: DevProviders, *more: Route[Services]) -> None:
        self.settings = settings
        self.owner_url = owner_url
        self._owners = Owners(owner_url)
        self.people, self.google, self.apple = dev, dev.google, dev.apple
        self.address = "127.0.0.1"  # of whoever calls, as the gateway sees it
        self.principal: str | None = None  # whom it let in by AWS IAM
        self.clock = FakeClock(datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1))
        self.database: Database = connect(settings.database_url, CONNECTIONS_MAX, now=self.clock.now)
        self.services: Services = self.container()
        self.app = ThreadLocalApi("serenya-auth")
        mount(self.app, (*ROUTES, *more), lambda: self.services)
        self._matcher = RouteMatcher(list(self.app.routes))

    def container(self) -> Services:
        """Return the services of one more container: cold caches, the same database."""
        return wiring.assemble(self.settings, clock=self.clock, database=self.database)

    @property
    def jobs(self) -> Database:
        """The database as jobs see it."""
        return self.database.acting_as(JOBS_ROLE)

    def url_of(self, role: str) -> str:
        """Return the database's URL for another role that logs in."""
        return as_another(self.settings.database_url, role)

    def close(self) -> None:
        """Give the connections back."""
        self.database.close()
        self._owners.close()

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request through the real Chalice handler, as API Gateway would."""
        told = {"host": "test", **(headers or {})}
        if body is not None:
            told.setdefault("content-type", "application/json")
        if token is not None:
            told.setdefault("authorization", f"Bearer {token}")
        event = self._event(method, path, body, told)
        answer = self.app(event, None)
        reply = Reply(
            answer["statusCode"], forwarded(answer["headers"]), json.loads(answer["body"] or "null")
        )
        gateway = event["requestContext"]
        declared.check(
            method, gateway["resourcePath"], reply.status, reply.headers, reply.body, gateway["requestId"]
        )
        return reply

    def _event(self, method: str, path: str, body: object, headers: Mapping[str, str]) -> dict[str, Any]:
        match = self._matcher.match_route(path)
        return proxy_event(match, method, path, body, headers, address=self.address, principal=self.principal)

    def person(
        self,
        email: str = "ana@example.com",
        name: str = "Ana Diaz",
        device: str = "device-1",
        key: PhoneKey | None = None,
        provider: OidcProvider = GOOGLE,
    ) -> "Phone":
        """Return a phone of a person at this provider; with a key, it proves that it has it."""
        return Phone(world=self, email=email, name=name, device=device, key=key, provider=provider)

    @contextmanager
    def owner(self) -> Iterator[cursor]:
        """Yield a cursor of the database's owner, to look at rows and to set scenes."""
        with self._owners.cursor() as opened:
            yield opened

    def rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Return rows as the owner sees them."""
        with self.owner() as opened:
            opened.execute(query, parameters)
            return list(opened.fetchall())

    def execute(self, statement: str, *parameters: object) -> None:
        """Change rows as the owner, to set a scene."""
        with self.owner() as opened:
            opened.execute(statement, parameters)

    def stored(self) -> dict[str, int]:
        """Return how many rows each table holds but the limits' buckets, and how many keys the vault."""
        tables = self.rows("SELECT relname FROM pg_stat_user_tables WHERE relname <> 'rate_limits'")
        each = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for (name,) in tables)  # noqa: S608 - names PostgreSQL told us
        refusals = self.rows("SELECT count(*) FROM audit_events WHERE kind = 'request.refused'")[0][0]
        counts = dict(self.rows(each)) | {"key vault": len(self.vault_keys())}
        return counts | {"audit_events": counts["audit_events"] - refusals}  # those are no acts

    def vault_keys(self) -> set[str]:
        """Return whose data keys the vault holds."""
        client = aws_client("dynamodb", self.settings.aws_region, self.settings.aws_endpoint_url)
        pages = client.get_paginator("scan").paginate(TableName=self.settings.vault_table)
        return {item["user_id"]["S"] for page in pages for item in page["Items"]}

    def kinds_of_acts(self, user_id: str) -> list[str]:
        """Return what the audit record says of a person, in order."""
        found = self.rows("SELECT kind FROM audit_events WHERE user_id = %s ORDER BY id", user_id)
        return [kind for (kind,) in found]


@dataclass
class Phone:
    """A person's phone: keeps what it is answered, as an app does."""

    world: World
    email: str
    name: str
    device: str
    key: PhoneKey | None = None
    answer: dict[str, Any] = field(default_factory=dict)
    provider: OidcProvider = GOOGLE

    def id_token(self, **changes: Any) -> str:  # noqa: ANN401 - claims of any kind
        """Return a fresh token of the development provider."""
        people = self.world.people
        claims: dict[str, Any] = {"email": self.email, "name": self.name, "now": self.world.clock.now()}
        claims["subject"] = people.subject(self.provider.name, self.email)
        return people.token(self.provider.name, **(claims | changes))

    def sign_in_body(self, id_token: str | None = None, **changes: object) -> dict[str, Any]:
        """Return the body of a sign-in that agrees to all that is required."""
        body: dict[str, object] = {
            "id_token": id_token or self.id_token(),
            "device": {"id": self.device, "platform": "ios", "name": f"{self.name}'s phone"},
            "consents": [yes(kind) for kind in REQUIRED],
        }
        return body | changes

    def sign_in(self, id_token: str | None = None, **changes: object) -> Reply:
        """Sign in and keep the answer."""
        return self._keep(self.call("POST", self.sign_in_path, self.sign_in_body(id_token, **changes)))

    def refresh(self, token: str | None = None) -> Reply:
        """Refresh with the newest token, or another one, and keep the answer."""
        body = {"refresh_token": token or self.refresh_token}
        return self._keep(self.call("POST", "/auth/refresh", body))

    def get(self, path: str) -> Reply:
        """Read something as this person."""
        return self.call("GET", path, token=self.access_token)

    def delete(self, path: str) -> Reply:
        """Delete something as this person."""
        return self.call("DELETE", path, token=self.access_token)

    def logout(self, **body: object) -> Reply:
        """Log out with the access token."""
        return self.call("POST", "/auth/logout", body or None, token=self.access_token)

    def call(self, method: str, path: str, body: object = None, *, token: str | None = None) -> Reply:
        """Send one request as this phone does: with a fresh proof if it has a key."""
        now = self.world.clock.now()
        headers = {} if self.key is None else self.key.headers(method, path, now, token)
        return self.world.call(method, path, body, token=token, headers=headers)

    @property
    def sign_in_path(self) -> str:
        """Where the person signs in."""
        return f"/auth/{self.provider.name}"

    @property
    def access_token(self) -> str:
        """The newest access token."""
        return str(self.answer["access_token"])

    @property
    def refresh_token(self) -> str:
        """The newest refresh token."""
        return str(self.answer["refresh_token"])

    @property
    def session_id(self) -> str:
        """The session."""
        return str(self.answer["session"]["id"])

    @property
    def user_id(self) -> str:
        """The person."""
        return str(self.answer["user"]["id"])

    def _keep(self, reply: Reply) -> Reply:
        if reply.status == 200:
            self.answer = reply.body
        return reply
