"""The audit part of the drill: seals from after the backup, and a record that goes on without them."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.assembly.database import opened
from chalicelib.clients.clock import SystemClock
from chalicelib.domain.audit_verification import Report
from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.id_ranges import size
from chalicelib.functions.audit import audit_of
from chalicelib.services.audit import Audit
from chalicelib.settings import Settings


@contextmanager
def chain(settings: Settings) -> Iterator[Audit]:
    """Yield the chain of seals of a database, on a connection of its own."""
    with opened(settings) as database:
        yield audit_of(settings, database, SystemClock())


def seal(settings: Settings) -> int:
    """Seal as the schedule does, and return how many seals that made."""
    with chain(settings) as audit:
        return audit.seal().seals


def can_seal(settings: Settings) -> bool:
    """Return whether the record may go on: a restored one may not, before it is joined with its anchors."""
    try:
        seal(settings)
    except IntegrityFailure:
        return False
    return True


def verified(settings: Settings) -> Report:
    """Return what is true of the record."""
    with chain(settings) as audit:
        return audit.verify()


def lost(report: Report) -> str:
    """Return which events went with the backup, in words."""
    ranges = ", ".join(f"{first}-{last}" for first, last in report.lost)
    return f"{size(report.lost)} ({ranges})"
