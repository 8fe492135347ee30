"""Put together what the functions do that are invoked or scheduled, never reached by HTTP: the audit's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from chalicelib import wiring
from chalicelib.clients.aws import aws_client
from chalicelib.clients.clock import SystemClock
from chalicelib.clients.seal_anchor import SealAnchors
from chalicelib.clients.seal_signatures import check_seal
from chalicelib.services.audit import Audit
from chalicelib.services.ports import Clock
from chalicelib.settings import Settings
from chalicelib.stores.audit_seals import AuditSealStore
from chalicelib.stores.database import Database


def audit_of(settings: Settings, database: Database, clock: Clock) -> Audit:
    """Return the chain of seals of one database and one bucket."""
    return Audit(
        store=AuditSealStore(database),
        anchors=SealAnchors(
            aws_client("s3", settings.aws_region, settings.aws_endpoint_url), settings.evidence_bucket
        ),
        tokens=wiring.assemble(settings, clock=clock, database=database).access,
        check_signature=check_seal,
        clock=clock,
    )


def seal_audit() -> dict[str, Any]:
    """Seal what is unsealed, anchor what isn't; answer how much that was."""
    with _audit() as audit:
        return asdict(audit.seal())


def verify_audit(event: dict[str, Any]) -> dict[str, Any]:
    """Verify the seals `first` to `last`, or all, and answer the report."""
    with _audit() as audit:
        return asdict(audit.verify(first=int(event.get("first") or 1), last=event.get("last")))


def export_audit(event: dict[str, Any]) -> dict[str, Any]:
    """Answer the JSON lines of one seal and its events; none beyond the last seal."""
    with _audit() as audit:
        lines = audit.export(int(event["seal"]), is_before=bool(event.get("before")))
    return {"lines": list(lines), "issuer": wiring.settings().issuer_url}


@contextmanager
def _audit() -> Iterator[Audit]:
    settings = wiring.settings()
    database = wiring.connect_app(settings)
    try:
        yield audit_of(settings, database, SystemClock())
    finally:
        database.engine.dispose()
