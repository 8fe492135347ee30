"""What the golden records of the audit record, of webhooks and of outbound jobs say."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain.audit_events import AuditEvent
from chalicelib.domain.audit_seals import Batch, Seal, claimed, next_seal, seal_hash
from tests.golden.examples import ISSUER, LATER, NOW, Example, example, secret, uuid
from tests.golden.formats_tokens import FORMATS

EVENTS: list[dict[str, Any]] = [
    {
        "id": number,
        "occurred_us": 1795435200000000 + number,
        "kind": kind,
        "user_id": user_id,
        "session_id": session_id,
        "request_id": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        "details": details,
    }
    for number, kind, user_id, session_id, details in (
        (1, "document.published", None, None, '{"document":"términos","version":"1.0"}'),
        (2, "account.created", uuid("person"), uuid("session"), "{}"),
        (3, "session.started", uuid("person"), uuid("session"), '{"device_id":"x","n":1.50}'),
        (7, "service.restored", None, None, '{"epoch":3}'),
        (9, "session.ended", uuid("person"), uuid("session"), '{"reason":"logout"}'),
    )
]
ROW = {
    "id": uuid("outbox row"),
    "endpoint_id": uuid("endpoint"),
    "address": "https://backend.example.com/hooks",
    "user_id": uuid("person"),
    "sequence": 4,
    "kind": "consent.changed",
    "occurred_at": "2026-11-23T12:00:00.123456+00:00",
    "data": {"document": "ai_processing", "version": "1.0", "action": "granted"},
    "secrets": [
        {"version": 2, "wrapped": secret("wrapped 2", 60), "kms_key_id": "key-1"},
        {"version": 1, "wrapped": secret("wrapped 1", 60), "kms_key_id": "key-1"},
    ],
}
CONTEXTS: list[dict[str, Any]] = [
    {"of": "data_key", "user_id": uuid("person"), "version": 1},
    {"of": "signing_key", "kid": "AbC"},
    *(
        {"of": "service_key", "use": use, "version": 2}
        for use in ("blind_index", "challenge", "refresh_token")
    ),
    {"of": "webhook_secret", "endpoint_id": uuid("endpoint"), "version": 2},
    {"of": "outbound_job", "id": "apple_revoke.x", "kind": "apple_revoke"},
    {"of": "outbound_job", "id": "apple_exchange.x", "kind": "apple_exchange"},
    {"of": "apple_client_key", "team_id": "TEAM123456", "key_id": "KEY1234567"},
]
PROGRESS = {
    "rewrap": {"after": "u", "seen": 9, "own": 4, "rewrapped": 3, "current": 2, "overtaken": 1, "damaged": 0},
    "reindex": {"after": "u", "seen": 9, "moved": 7, "damaged": 0},
    "vault-sweep": {"after": "u", "seen": 9, "known": 7, "young": 1, "deleted": 1},
}


def of_records() -> list[Example]:
    """Return what doesn't depend on a signing key."""
    body = json.dumps({"type": "account.erased"})
    details = ('{"b": 1.50, "a": ["é", null, true, 1e3, "\\u007f\\n"]}', "no JSON", "{}")
    return [
        *(example("audit_entry", str(each["kind"]), each) for each in EVENTS),
        *(example("audit_details", each[:8], each) for each in details),
        example("merkle_tree", "of five", ["a", "b", "c", "d", "e"]),
        example(
            "audit_refusals",
            "of a minute",
            {"since": NOW, "refused": [{"route": "/auth/refresh", "code": "rate_limited", "count": 3}]},
        ),
        example("webhook_body", "of a consent", ROW),
        example("webhook_job", "of a consent", ROW),
        example(
            "webhook_signature",
            "of two secrets",
            {"id": uuid("outbox row"), "timestamp": NOW, "body": body},
            secrets=[secret("webhook 2"), secret("webhook 1")],
        ),
        example("webhook_secret", "as it is shown", secret("webhook 1")),
        *(example("kms_context", " ".join(map(str, each.values())), each) for each in CONTEXTS),
        example("outbound_job_id", "exchange", {"kind": "apple_exchange", "code": "c.0.apple"}),
        *(
            example("outbound_job_id", kind, {"kind": kind, "cause": uuid("cause")})
            for kind in ("apple_revoke", "webhook", "event_bridge")
        ),
        *(
            example(
                "progress_of_a_function",
                function,
                told,
                stored=told | {"is_done": False, "is_interrupted": False},
                function=function,
            )
            for function, told in PROGRESS.items()
        ),
    ]


def of_seals(key: Mapping[str, Any]) -> list[Example]:
    """Return a chain of seals, and the bundle that auditors get of it."""
    jwks, algorithm = [key["public_jwk"]], key["algorithm"]
    parts: list[dict[str, Any]] = []
    head: Seal | None = None
    for told, now in ((EVENTS[:3], NOW), (EVENTS[3:4], LATER), (EVENTS[4:], LATER)):
        events = tuple(AuditEvent(**each) for each in told)
        batch = Batch(events=events, oldest_xid=100, next_xid=200, is_whole=True)
        before = seal_hash(parts[-1]["seal"]) if parts else None
        head = next_seal(head, before, batch, keys=jwks, now=datetime.fromisoformat(now))
        parts.append(_part(head, told, [each.leaf().hex() for each in events], now, key))
    assert head is not None
    after_a_restore = _part(replace(head, number=4, lost=((2, 3), (8, 8))), [], [], LATER, key)
    says = {"seals": 3, "events": len(EVENTS), "head": seal_hash(parts[-1]["seal"]), "finding": None}
    return [
        *(
            example(
                "audit_seal",
                f"number {number}, {algorithm}",
                claimed(part["seal"]),
                stored=part["seal"],
                jwks=jwks,
            )
            for number, part in enumerate([*parts, after_a_restore], 1)
        ),
        example("audit_seal_hash", algorithm, parts[0]["seal"]),
        example("audit_bundle", algorithm, says, issuer=ISSUER, now="2026-12-01T00:00:00+00:00", seals=parts),
        example(
            "provider_keys",
            algorithm,
            {"version": 1, "fetched_at": NOW, "fresh_until": LATER, "keys": jwks},
            algorithms=["ES256", "RS256"],
        ),
    ]


def _part(seal: Seal, told: list[Any], leaves: list[str], now: str, key: Mapping[str, Any]) -> dict[str, Any]:
    """Return a signed seal beside its events."""
    write = FORMATS["signed_document"].write
    assert write is not None
    given = {**key, "issuer": ISSUER, "audience": "", "typ": "audit-seal+jwt", "now": now}
    return {"seal": write(given, seal.document()), "leaves": leaves, "events": told}
