"""Seal, verify and hand out the audit record."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from chalicelib import wiring
from chalicelib.assembly.audit import AuditParts
from chalicelib.assembly.database import opened
from chalicelib.clients.clock import SystemClock
from chalicelib.functions.invocation import Answer, Event, number
from chalicelib.services.audit import Audit
from chalicelib.services.ports import Clock
from chalicelib.settings import Settings
from chalicelib.stores.database import Database


def audit_seal(_event: object) -> Answer:
    """Seal what is unsealed, anchor what isn't; answer how much that was."""
    with _audit() as audit:
        return asdict(audit.seal())


def audit_verify(event: Event, _context: object) -> Answer:
    """Tell whether the record is as it was sealed, and else what isn't; `first` and `last` are seals."""
    first = number(event, "first", default=1)
    last = None if event.get("last") is None else number(event, "last")
    with _audit() as audit:
        return asdict(audit.verify(first=first, last=last))


def audit_export(event: Event, _context: object) -> Answer:
    """Answer the JSON lines of one `seal` and its events with their proofs; none beyond the last seal."""
    with _audit() as audit:
        lines = audit.export(int(event["seal"]), is_before=bool(event.get("before")))
    return {"lines": list(lines), "issuer": wiring.settings().issuer_url}


def audit_of(settings: Settings, database: Database, clock: Clock) -> Audit:
    """Return the chain of seals of one database and one bucket."""
    tokens = wiring.assemble(settings, clock=clock, database=database).access
    return AuditParts(settings=settings, database=database, tokens=tokens, clock=clock).chain


@contextmanager
def _audit() -> Iterator[Audit]:
    settings = wiring.settings()
    with opened(settings) as database:
        yield audit_of(settings, database, SystemClock())
