"""Carry events to other backends, and keep the list of who is told."""

import time
from datetime import timedelta
from typing import Any

from chalicelib import wiring
from chalicelib.assembly.database import opened
from chalicelib.assembly.errands import ErrandParts
from chalicelib.clients.clock import SystemClock
from chalicelib.domain.webhooks import OVERLAP, Endpoint
from chalicelib.functions.invocation import Answer, Event, InvalidEvent, choice, recorded, request_id, uuid
from chalicelib.services.webhooks import EndpointOrder, WebhookEndpoints

CARRIER = "outbox-carry"  # the request id of what it settles
BUDGET = timedelta(seconds=45)  # below the function's 60 s, with a slow turn's 10
PAUSE = timedelta(seconds=1)
QUIET_TURNS = 5  # a receiver takes 5 s at most; longer, and the next minute's run goes on
OVERLAP_HOURS_MAX = 14 * 24
ACTS = ("list", "add", "remove", "rotate")


def outbox_carry(_event: object) -> Answer:
    """Hand events over until none is left, each person's next one as soon as the one before it has ended."""
    settings, clock = wiring.settings(), SystemClock()
    parts = ErrandParts(settings=settings, clock=clock)
    until, total, quiet = clock.monotonic() + BUDGET.total_seconds(), 0, 0
    with opened(settings) as database:
        carrier, results = parts.carrier(database), parts.collection(database, None, CARRIER)
        while clock.monotonic() < until and quiet <= (QUIET_TURNS if total else 0):
            moved = results.run().applied + carrier.carry()
            total, quiet = total + moved, 0 if moved else quiet + 1
            time.sleep(PAUSE.total_seconds() if total else 0)
    return {"moved": total}


def webhook_endpoints(event: Event, context: object) -> Answer:
    """List who is told, or let the operator `actor`, for a `reason`, change that: see docs/webhooks.md.

    Raises: ValueError, NotFound.
    """
    settings = wiring.settings()
    with opened(settings) as database:
        endpoints = ErrandParts(settings=settings, clock=SystemClock()).endpoints(database)
        if choice(event, "act", ACTS) == "list":
            return {"endpoints": [_shown(each) for each in endpoints.list()]}
        order = EndpointOrder(actor=recorded(event, "actor"), reason=recorded(event, "reason"))
        return _changed(endpoints, event, order, request_id(context))


def _changed(endpoints: WebhookEndpoints, event: Event, order: EndpointOrder, invocation: str) -> Answer:
    match event["act"]:
        case "add":
            endpoint_id, secret = endpoints.add(str(event["address"]), order, invocation)
            return {"id": str(endpoint_id), "secret": secret}
        case "remove":
            endpoints.remove(uuid(event, "id"), order, invocation)
            return {"id": event["id"]}
        case _:
            overlap = _overlap(event.get("overlap_hours"))
            return {
                "id": event["id"],
                "secret": endpoints.rotate(uuid(event, "id"), order, overlap, invocation),
            }


def _overlap(hours: object) -> timedelta:
    if hours is None:
        return OVERLAP
    if not isinstance(hours, int) or not 0 <= hours <= OVERLAP_HOURS_MAX:
        raise InvalidEvent("overlap_hours", f"is a whole number from 0 to {OVERLAP_HOURS_MAX}")
    return timedelta(hours=hours)


def _shown(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": str(endpoint.id),
        "address": endpoint.address,
        "created_at": endpoint.created_at.isoformat(),
        "secrets": [
            {
                "version": secret.version,
                "expires_at": secret.expires_at.isoformat() if secret.expires_at else None,
            }
            for secret in endpoint.secrets
        ],
    }
