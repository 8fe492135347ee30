"""The audit record, webhooks, outbound jobs, and the contexts in which KMS wraps."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chalicelib.clients.s3_keys import open_envelope, seal_envelope
from chalicelib.clients.seal_signatures import check_seal
from chalicelib.domain.audit_bundle import event_lines, first_line, last_line, seal_line, verify_bundle
from chalicelib.domain.audit_events import AuditEvent, canonical_json
from chalicelib.domain.audit_seals import SealRecord, claimed_seal, read_seal, seal_hash
from chalicelib.domain.audit_verification import Verifier
from chalicelib.domain.egress import EgressKind, client_key_context, egress_context, errand_id, exchange_id
from chalicelib.domain.key_life import ReindexProgress, RewrapProgress, SweepProgress, data_key_context
from chalicelib.domain.keys import ServiceKeyUse, SigningAlgorithm
from chalicelib.domain.merkle import inclusion_proofs, leaf_hash, root_hash
from chalicelib.domain.refusals import RefusalCounts
from chalicelib.domain.webhooks import (
    Endpoint,
    EventKind,
    OutboxRow,
    WebhookSecret,
    body_of,
    shown,
    signature,
    webhook_secret_context,
)
from chalicelib.services.keyring import service_key_context, signing_key_context
from tests.golden.formats_tokens import moment
from tests.golden.records import Format, Given

PROGRESS: Mapping[str, Callable[[Given], object]] = {
    "rewrap": RewrapProgress.resumed,
    "reindex": ReindexProgress.resumed,
    "vault-sweep": SweepProgress.resumed,
}


def _events(told: list[dict[str, Any]]) -> list[AuditEvent]:
    return [AuditEvent(**each) for each in told]


def _merkle(_: Given, says: list[str]) -> dict[str, Any]:
    leaves = [leaf_hash(each.encode()) for each in says]
    proofs = [[each.hex() for each in proof] for proof in inclusion_proofs(leaves)]
    return {"leaves": [each.hex() for each in leaves], "root": root_hash(leaves).hex(), "proofs": proofs}


def _read_seal(given: Given, stored: str) -> Mapping[str, Any]:
    document = check_seal(stored, {key["kid"]: key for key in given["jwks"]})
    assert document is not None, "no longer verifies"
    own = {name: value for name, value in document.items() if name not in {"iss", "iat"}}
    assert read_seal(document).document() == own
    return document


def _bundle(given: Given, _: object) -> list[str]:
    lines = [first_line(given["issuer"])]
    head = None
    for part in given["seals"]:
        leaves = b"".join(map(bytes.fromhex, part["leaves"]))
        seal = claimed_seal(part["seal"])
        assert seal is not None
        head = seal_hash(part["seal"])
        lines.append(seal_line(SealRecord(number=seal.number, seal=part["seal"], leaves=leaves)))
        lines += event_lines(seal, _events(part["events"]), leaves)
    events = sum(len(part["events"]) for part in given["seals"])
    return [*lines, last_line(seals=len(given["seals"]), events=events, head=head)]


def _read_bundle(given: Given, stored: list[str]) -> dict[str, Any]:
    report = verify_bundle(stored, Verifier(check_signature=check_seal, now=moment(given["now"]), trusted={}))
    finding = None if report.finding is None else report.finding.fault.value
    return {"seals": report.seals, "events": report.events, "head": report.head, "finding": finding}


def _row(says: Given) -> OutboxRow:
    secrets = tuple(
        WebhookSecret(
            version=each["version"], wrapped=bytes.fromhex(each["wrapped"]), kms_key_id=each["kms_key_id"]
        )
        for each in says["secrets"]
    )
    endpoint = Endpoint(
        id=UUID(says["endpoint_id"]),
        address=says["address"],
        created_at=moment(says["occurred_at"]),
        secrets=secrets,
    )
    return OutboxRow(
        id=UUID(says["id"]),
        endpoint=endpoint,
        user_id=UUID(says["user_id"]),
        sequence=says["sequence"],
        kind=EventKind(says["kind"]),
        occurred_at=moment(says["occurred_at"]),
        data=says["data"],
    )


def _signature(given: Given, says: Given) -> str:
    secrets = [bytes.fromhex(each) for each in given["secrets"]]
    return signature(secrets, says["id"], moment(says["timestamp"]), says["body"].encode())


def _context(_: Given, says: Given) -> dict[str, str]:
    match says["of"]:
        case "data_key":
            return data_key_context(UUID(says["user_id"]), says["version"])
        case "signing_key":
            return signing_key_context(says["kid"])
        case "service_key":
            return service_key_context(ServiceKeyUse(says["use"]), says["version"])
        case "webhook_secret":
            return webhook_secret_context(UUID(says["endpoint_id"]), says["version"])
        case "outbound_job":
            return egress_context(says["id"], EgressKind(says["kind"]))
        case "apple_client_key":
            return client_key_context(says["team_id"], says["key_id"])
        case other:
            raise AssertionError(other)


def _job_id(_: Given, says: Given) -> str:
    kind = EgressKind(says["kind"])
    return exchange_id(says["code"]) if "code" in says else errand_id(kind, says["cause"])


def _rewritten(given: Given, says: object) -> str:
    return seal_envelope(open_envelope(json.dumps(says).encode(), _algorithms(given))).decode()


def _read_envelope(given: Given, stored: str) -> dict[str, Any]:
    read = open_envelope(stored.encode(), _algorithms(given))
    return {
        "version": 1,
        "fetched_at": read.fetched_at.isoformat(),
        "fresh_until": read.fresh_until.isoformat(),
        "keys": [dict(key.jwk) for key in read.keys.values()],
    }


def _algorithms(given: Given) -> list[SigningAlgorithm]:
    return [SigningAlgorithm(each) for each in given["algorithms"]]


def _resumed(given: Given, stored: Given) -> dict[str, Any]:
    read = PROGRESS[given["function"]](stored)
    return {name: getattr(read, name) for name in stored if not name.startswith("is_")}


def _refusals(_: Given, says: Given) -> dict[str, object]:
    counts = {(each["route"], each["code"]): each["count"] for each in says["refused"]}
    return RefusalCounts(since=datetime.fromisoformat(says["since"]), counts=counts).details()


FORMATS = {
    "audit_entry": Format(write=lambda _, says: _events([says])[0].leaf().hex()),
    "audit_details": Format(write=lambda _, says: canonical_json(says)),
    "merkle_tree": Format(write=_merkle),
    "audit_seal": Format(read=_read_seal),
    "audit_seal_hash": Format(write=lambda _, says: seal_hash(says)),
    "audit_bundle": Format(write=_bundle, read=_read_bundle),
    "audit_refusals": Format(write=_refusals),
    "webhook_body": Format(write=lambda _, says: body_of(_row(says).message()).decode()),
    "webhook_job": Format(write=lambda _, says: _row(says).errand(moment(says["occurred_at"]))),
    "webhook_signature": Format(write=_signature),
    "webhook_secret": Format(write=lambda _, says: shown(bytes.fromhex(says))),
    "kms_context": Format(write=_context),
    "outbound_job_id": Format(write=_job_id),
    "provider_keys": Format(write=_rewritten, read=_read_envelope),
    "progress_of_a_function": Format(read=_resumed),
}
