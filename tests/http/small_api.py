"""A small API that has one route of each kind, for tests of the edge alone."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from chalicelib.domain.errors import ConsentRequired, DependencyUnavailable, NotFound
from chalicelib.domain.tokens import Scope
from chalicelib.routes.edge import Api, mount
from chalicelib.routes.fields import Choice, Flag, Integer, Text, Timestamp, Uuid
from chalicelib.routes.problem_records import MISSING_CONSENT, PROBLEM
from chalicelib.routes.route import Answer, Call, Route, bearer, bearer_or_body
from chalicelib.routes.schema import Items, Record, conforms, nullable, optional, required
from tests.fakes import OpenGate
from tests.http.small_doubles import SmallLimits, SmallRefusals
from tests.http.small_parts import NOW, SmallAccess, SmallProofs

REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
PET_ID = UUID("0f8fad5b-d9cb-469f-a165-70867728950e")


class Kind(StrEnum):
    cat = "cat"
    dog = "dog"


PET = Record(
    "Pet",
    {
        "id": required(Uuid()),
        "name": required(nullable(Text(max_chars=20))),
        "kind": required(Choice(Kind)),
        "born_at": required(Timestamp()),
        "consents_missing": optional(Items(of=MISSING_CONSENT, max_items=16)),
    },
    open=True,
)
NEW_PET = Record(
    "NewPet",
    {
        "name": required(Text(max_chars=20, description="What it listens to.")),
        "kind": required(Choice(Kind)),
        "tame": optional(nullable(Flag())),
        "age": optional(Integer(maximum=40)),
        "friends": optional(Items(of=Record("Friend", {"id": required(Uuid())}), max_items=2)),
    },
)
PETS = Record("Pets", {"pets": required(Items(of=PET, max_items=10))}, open=True)


@dataclass
class SmallClock:
    time: datetime = NOW
    ticks: float = 0.0

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        self.ticks += 0.0125
        return self.ticks


@dataclass
class SmallServices:
    clock: SmallClock = field(default_factory=SmallClock)
    access: SmallAccess = field(default_factory=SmallAccess)
    proofs: SmallProofs = field(default_factory=SmallProofs)
    error: Exception | None = None
    calls: list[Call] = field(default_factory=list)
    limits: SmallLimits = field(default_factory=SmallLimits)
    refusals: SmallRefusals = field(default_factory=SmallRefusals)
    gate: OpenGate = field(default_factory=OpenGate)
    cors_origins: tuple[str, ...] = ()

    def note(self, call: Call) -> None:
        self.calls.append(call)
        if self.error is not None:
            raise self.error


def _one_pet(services: SmallServices, call: Call) -> Answer:
    services.note(call)
    return Answer(body={"id": PET_ID, "name": None, "kind": Kind.cat, "born_at": NOW})


def _all_pets(services: SmallServices, call: Call) -> Answer:
    services.note(call)
    return Answer(body={"pets": []})


def _nothing(services: SmallServices, call: Call) -> Answer:
    services.note(call)
    return Answer()


ROUTES: tuple[Route[SmallServices], ...] = (
    Route(
        method="GET",
        path="/pets",
        handler=_all_pets,
        operation_id="list_pets",
        summary="List the pets",
        tags=("pets",),
        answer=PETS,
        cache=timedelta(minutes=5),
        query={"kind": Choice(Kind)},
    ),
    Route(
        method="POST",
        path="/pets",
        handler=_one_pet,
        operation_id="adopt_pet",
        summary="Adopt a pet",
        description="The pet is asked first.",
        tags=("pets",),
        body=NEW_PET,
        answer=PET,
        errors=(ConsentRequired, DependencyUnavailable),
    ),
    Route(
        method="GET",
        path="/pets/{pet_id}",
        handler=_one_pet,
        operation_id="get_pet",
        summary="See a pet",
        tags=("pets",),
        answer=PET,
        access=bearer(Scope.ACCOUNT),
        errors=(NotFound,),
    ),
    Route(
        method="DELETE",
        path="/kinds/{kind}",
        handler=_nothing,
        operation_id="release_kind",
        summary="Set them free",
        tags=("pets",),
        status=204,
        access=bearer_or_body(Scope.LOGOUT),
        body=Record("Release", {"all_of_them": optional(nullable(Flag()))}),
        body_optional=True,
        parameters={"kind": Choice(Kind)},
    ),
)


@dataclass
class SmallApi:
    """The application on its own, called as the gateway calls it."""

    services: SmallServices = field(default_factory=SmallServices)
    provide: Callable[[], SmallServices] | None = None

    def __post_init__(self) -> None:
        self.app = Api("small")
        mount(self.app, ROUTES, self.provide or (lambda: self.services))

    def call(
        self,
        method: str,
        resource: str,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        **changes: object,
    ) -> "Got":
        event = gateway_event(method, resource, body=body, headers=headers or {}) | changes
        return Got.of(self.app(event, None))


@dataclass
class Got:
    """An answer as the gateway gets it."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever was answered
        return json.loads(self.text)

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "Got":
        return cls(answer["statusCode"], answer["headers"], answer["body"])


def gateway_event(
    method: str, resource: str, *, body: object = None, headers: Mapping[str, str]
) -> dict[str, object]:
    typed = {"Content-Type": "application/json"} if body is not None else {}
    return {
        "requestContext": {
            "httpMethod": method,
            "resourcePath": resource,
            "requestId": REQUEST_ID,
            "requestTimeEpoch": 1740832215123,
            "identity": {"sourceIp": "192.0.2.7"},
        },
        "headers": {**typed, **headers},
        "multiValueHeaders": {name: [value] for name, value in {**typed, **headers}.items()},
        "pathParameters": None,
        "multiValueQueryStringParameters": None,
        "stageVariables": None,
        "body": json.dumps(body) if isinstance(body, dict | list) else body,
        "isBase64Encoded": False,
    }


def refused(got: Got, status: int, code: str) -> None:
    """Check that an answer is this error, in the one shape that errors have."""
    assert (got.status, got.json["code"]) == (status, code)
    assert conforms(PROBLEM, got.json)
    assert got.headers["Content-Type"] == "application/problem+json"
    assert got.headers["Cache-Control"] == "no-store"
    assert got.headers["X-Request-Id"] == got.json["request_id"]
