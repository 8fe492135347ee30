"""Put together what the functions do that are invoked or scheduled, never reached by HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any
from uuid import UUID

from chalicelib import wiring
from chalicelib.assembly.key_life import key_life
from chalicelib.clients.aws import aws_client
from chalicelib.clients.clock import SystemClock
from chalicelib.clients.google_tokens import GOOGLE_ISSUER
from chalicelib.clients.seal_anchor import SealAnchors
from chalicelib.clients.seal_signatures import check_seal
from chalicelib.domain.erasure import on_record
from chalicelib.domain.key_life import RewrapProgress, SweepProgress
from chalicelib.domain.keys import ServiceKeyUse
from chalicelib.domain.operators import OperatorAct, Order
from chalicelib.domain.sign_in import Provider
from chalicelib.routes.export_shapes import export
from chalicelib.routes.operator_shapes import changed, found, plain, shown
from chalicelib.services.audit import Audit
from chalicelib.services.ports import Act, Clock
from chalicelib.services.purge import Purge
from chalicelib.settings import Settings
from chalicelib.stores.audit_seals import AuditSealStore
from chalicelib.stores.database import Database
from chalicelib.stores.purge import PurgeStore


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


def erase_account(event: dict[str, Any], request_id: str) -> dict[str, Any]:
    """Erase a person for an operator, and answer the receipt; `actor` and `reason` go on record."""
    done = wiring.services().erasures.erase(
        UUID(event["user_id"]),
        reason=on_record(event["reason"]),
        actor=on_record(event["actor"]),
        act=Act(request_id=request_id, locale="en"),
    )
    return {
        "erasure_id": str(done.erasure.id),
        "state": done.erasure.state.value,
        "receipt": done.receipt,
        "secret": done.secret,
    }


def sweep_erasures() -> dict[str, Any]:
    """Complete interrupted erasures, and write down how far the database is."""
    return asdict(wiring.services().recovery.sweep())


def purge() -> dict[str, Any]:
    """Delete what is older than its declared period; answer how much, and whether that was all."""
    database = wiring.connect_app(wiring.settings())
    try:
        return asdict(Purge(store=PurgeStore(database), clock=SystemClock()).run())
    finally:
        database.engine.dispose()


def restore_database(request_id: str) -> dict[str, Any]:
    """Bring a database that came from a backup up to what must not be forgotten."""
    return asdict(wiring.services().recovery.restore(Act(request_id=request_id, locale="en")))


def operator_look(event: dict[str, Any], request_id: str) -> dict[str, Any]:
    """Find people by `email` or `subject`, or show the account `user_id`; nothing personal is answered."""
    operators, order = wiring.services().operators, _order(event)
    if event["act"] == OperatorAct.SHOW:
        return shown(operators.show(UUID(event["user_id"]), order, request_id))
    if event["act"] != OperatorAct.FIND or bool(event.get("email")) == bool(event.get("subject")):
        raise ValueError("act is find, with either email or subject, or show, with user_id")
    if event.get("email"):
        return found(operators.find_by_email(str(event["email"]), order, request_id))
    subject = str(event["subject"])
    return found(operators.find_by_subject(Provider.GOOGLE, GOOGLE_ISSUER, subject, order, request_id))


def operator_reveal(event: dict[str, Any], request_id: str) -> dict[str, Any]:
    """Show the account `user_id` with its profile, or answer one `part` of its export."""
    services, order, user_id = wiring.services(), _order(event), UUID(event["user_id"])
    if event["act"] == OperatorAct.REVEAL:
        return shown(services.operators.reveal(user_id, order, request_id))
    if event["act"] != OperatorAct.EXPORT:
        raise ValueError("act is reveal or export")
    part = int(event.get("part") or 1)
    return plain(export(services.operators.export(user_id, part, order, request_id), services.controller))


def operator_change(event: dict[str, Any], request_id: str) -> dict[str, Any]:
    """Suspend or reinstate the person `user_id`, or end all their sessions."""
    act = OperatorAct(event["act"])
    if act not in {OperatorAct.SUSPEND, OperatorAct.REINSTATE, OperatorAct.END_SESSIONS}:
        raise ValueError("act is suspend, reinstate or end-sessions")
    operators = wiring.services().operators
    return changed(operators.change(UUID(event["user_id"]), act, _order(event), request_id))


def _order(event: dict[str, Any]) -> Order:
    emergency = event.get("emergency", False)
    if not isinstance(emergency, bool):
        raise TypeError("emergency is true or false")
    return Order(actor=event["actor"], reason=event["reason"], emergency=emergency)


def keys_status() -> dict[str, Any]:
    """Answer where every key stands, and none of them."""
    with key_life(wiring.settings()) as parts:
        return asdict(parts.status.report())


def rewrap(event: dict[str, Any], request_id: str) -> dict[str, Any]:
    """Wrap some of people's keys anew; the answer, sent as the next event, goes on until `is_done`."""
    with key_life(wiring.settings()) as parts:
        return asdict(parts.rewrap.run(RewrapProgress.resumed(event), request_id))


def sweep_vault(event: dict[str, Any], request_id: str) -> dict[str, Any]:
    """Delete some keys of nobody; the answer, sent as the next event, goes on until `is_done`."""
    with key_life(wiring.settings()) as parts:
        return asdict(parts.sweep.run(SweepProgress.resumed(event), request_id))


def rotate_secret(event: dict[str, Any], request_id: str) -> dict[str, Any]:
    """Give the use `use` its next secret; answer its version, and from when on it writes."""
    with key_life(wiring.settings()) as parts:
        key = parts.rotation.rotate(ServiceKeyUse(event["use"]), request_id)
    return {"use": key.use.value, "version": key.version, "activates_at": key.activates_at.isoformat()}
