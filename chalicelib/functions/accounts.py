"""Erase an account, complete what was interrupted, delete what is old, and start again from a backup."""

from dataclasses import asdict

from chalicelib import wiring
from chalicelib.assembly.database import opened
from chalicelib.clients.clock import SystemClock
from chalicelib.functions.invocation import Answer, Event, recorded, request_id, uuid
from chalicelib.services.ports import Act
from chalicelib.services.purge import Purge
from chalicelib.stores.jobs.purge import PurgeStore


def account_erase(event: Event, context: object) -> Answer:
    """Erase the person `user_id` for the operator `actor`, for a `reason`; all three go on record."""
    done = wiring.services().erasures.erase(
        uuid(event, "user_id"),
        reason=recorded(event, "reason"),
        actor=recorded(event, "actor"),
        act=_act(context),
    )
    return {
        "erasure_id": str(done.erasure.id),
        "state": done.erasure.state.value,
        "receipt": done.receipt,
        "secret": done.secret,
    }


def erasure_sweep(_event: object) -> Answer:
    """Complete interrupted erasures; fails while the database is one that was restored."""
    return asdict(wiring.services().recovery.sweep())


def purge(_event: object) -> Answer:
    """Delete what is kept no longer, by the periods of domain/retention.py; answer how much that was."""
    with opened(wiring.settings()) as database:
        return asdict(Purge(store=PurgeStore(database.transactions), clock=SystemClock()).run())


def restore(_event: Event, context: object) -> Answer:
    """Make a restored database ready: repeat the erasures it forgot, end every session in it."""
    return asdict(wiring.services().recovery.restore(_act(context)))


def _act(context: object) -> Act:
    return Act(request_id=request_id(context), locale="en")
