"""A function calls nothing in AWS that its policy doesn't allow (L5)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import app
from chalicelib import wiring
from chalicelib.assembly.egress import EgressParts
from chalicelib.clients import aws
from chalicelib.domain.egress import EgressKind
from local.dev_apple import BUNDLE
from tests.audit_scenes import own_bucket
from tests.world import Phone, World
from tools.policies import needs

ACTIONS = {
    "kms.ReEncrypt": {"kms:ReEncryptFrom", "kms:ReEncryptTo"},
    "s3.ListObjectsV2": {"s3:ListBucket"},
}
CONTEXT = SimpleNamespace(aws_request_id="invocation-1")
Event = Callable[[Phone], Mapping[str, Any]]
OPERATOR = {"actor": "ops-maria", "reason": "ticket 4711"}


def _behind(phone: Phone) -> Mapping[str, Any]:
    """Let another version of the index key write, so that somebody is to be indexed anew."""
    app.rotate_secret({"use": "blind_index"}, CONTEXT)
    phone.world.execute("UPDATE service_keys SET (created_at, activates_at) = ('2026-01-01', '2026-01-01')")
    return {}


def an_errand(phone: Phone) -> dict[str, Any]:
    """Write an errand, and return the event that the stream makes of it."""
    settings, clock = phone.world.settings, phone.world.clock
    document = {"client_id": BUNDLE, "refresh_token": "r"}
    name = f"{EgressKind.APPLE_REVOKE}.{phone.user_id}"
    EgressParts(settings=settings, clock=clock).errands.send(EgressKind.APPLE_REVOKE, name, document)
    item = {"Keys": {"id": {"S": name}}, "NewImage": {"kind": {"S": "-"}}, "SequenceNumber": "1"}
    return {"Records": [{"eventName": "INSERT", "dynamodb": item}]}


def an_outbox(phone: Phone) -> dict[str, Any]:
    """Have something to be carried."""
    phone.world.execute(
        "INSERT INTO webhook_endpoints VALUES (gen_random_uuid(), 'http://127.0.0.1:1', now())"
    )
    phone.logout()
    return {}


def a_client_key() -> str:
    """Return a key as Apple gives it."""
    private = generate_private_key(SECP256R1())
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


FUNCTIONS: Mapping[str, Event] = {
    "apple-client-key": lambda _: {"team_id": "TEAM", "key_id": "KEY", "private_key": a_client_key()},
    "egress-collect": lambda _: {},
    "egress-deliver": an_errand,
    "egress-sweep": lambda _: {},
    "outbox-carry": an_outbox,
    "webhook-endpoints": lambda phone: OPERATOR | {"act": "add", "address": "https://b.example/hook"},
    "account-erase": lambda phone: OPERATOR | {"user_id": phone.user_id},
    "audit-export": lambda _: {"seal": 1},
    "audit-seal": lambda _: {},
    "audit-verify": lambda _: {},
    "consent-coverage": lambda _: {},
    "erasure-sweep": lambda _: {},
    "keys-status": lambda _: {},
    "operator-change": lambda phone: OPERATOR | {"act": "suspend", "user_id": phone.user_id},
    "operator-look": lambda phone: OPERATOR | {"act": "find", "email": phone.email},
    "operator-reveal": lambda phone: OPERATOR | {"act": "reveal", "user_id": phone.user_id},
    "purge": lambda _: {},
    "reindex": _behind,
    "restore": lambda _: {},
    "retire-key": lambda _: OPERATOR | {"use": "challenge", "version": 1},
    "rewrap": lambda _: {},
    "rotate-keys": lambda _: {},
    "rotate-secret": lambda _: {"use": "challenge"},
    "vault-sweep": lambda _: {},
}
SCHEDULED = {
    "outbox-carry",
    "audit-seal",
    "egress-collect",
    "egress-sweep",
    "erasure-sweep",
    "purge",
    "rotate-keys",
}


@pytest.fixture
def phone(world: World, monkeypatch: pytest.MonkeyPatch) -> Phone:
    """A person, and functions that find this world in a container of their own."""
    settings = replace(world.settings, evidence_bucket=own_bucket())  # the shared one has others' seals
    monkeypatch.setattr(wiring, "settings", lambda: settings)
    monkeypatch.setattr(wiring, "services", cache(lambda: wiring.assemble(settings, clock=world.clock)))
    made = world.person()
    made.sign_in()
    return made


@contextmanager
def heard() -> Iterator[set[str]]:
    """Collect the IAM actions of every AWS call of clients made meanwhile."""
    actions: set[str] = set()

    def listen(model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's OperationModel has no types
        service = model.service_model.service_name
        actions.update(ACTIONS.get(f"{service}.{model.name}", {f"{service}:{model.name}"}))

    events = aws.aws_session().get_component("event_emitter")
    events.register("before-call", listen)
    try:
        yield actions
    finally:
        events.unregister("before-call", listen)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_allowed_what_it_calls(phone: Phone, name: str) -> None:
    function = getattr(app, name.replace("-", "_")) if name not in SCHEDULED else scheduled(name)
    event = dict(FUNCTIONS[name](phone))
    with heard() as actions:
        function(event, CONTEXT)
    allowed = {action for granted in needs[name].values() for action in granted}
    assert actions <= allowed, actions - allowed


def scheduled(name: str) -> Callable[[Any, Any], Any]:
    """Return the handler that Lambda calls for a schedule."""
    handler: Callable[[Any, Any], Any] = getattr(app, name.replace("-", "_"))
    event = {
        "version": "0",
        "account": "1",
        "region": "eu-west-1",
        "detail": {},
        "detail-type": "Scheduled Event",
    }
    told = event | {"source": "aws.events", "time": "2026-11-23T12:00:00Z", "id": "1", "resources": []}
    return lambda _event, context: handler(told, context)


def test_all_functions_but_the_releases_are_seen() -> None:
    unseen = {"api", "fetch-provider-keys", "migrate", "prepare-database", "publish-documents"}
    assert FUNCTIONS.keys() == needs.keys() - unseen
