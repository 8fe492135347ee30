"""Do errands outside the VPC, and take into it what they brought back."""

from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from chalicelib import wiring
from chalicelib.assembly.database import opened
from chalicelib.assembly.errands import ErrandParts
from chalicelib.assembly.keys import people_keys, service_keyring
from chalicelib.clients.blind_index import BlindIndex
from chalicelib.clients.clock import SystemClock
from chalicelib.domain.audit import AuditKind
from chalicelib.functions.invocation import Answer, Event, recorded, request_id
from chalicelib.observation import log
from chalicelib.services.grant_keeping import GrantKeeping
from chalicelib.services.ports import Clock
from chalicelib.services.secrets import Secrets
from chalicelib.settings import Settings
from chalicelib.stores.database import Database
from chalicelib.stores.jobs.key_acts import KeyActsStore

COLLECTOR = "egress-collect"  # the request id of what schedules apply: they have no other


def egress_deliver(event: Event, _context: object) -> Answer:
    """Do the errands that the stream brings; answer the records that must come again (Lambda's own words)."""
    numbers = dict(_written(event))
    failed = _outside().delivery.deliver(numbers).failed
    return {"batchItemFailures": [{"itemIdentifier": numbers[one]} for one in failed]}


def egress_sweep(_event: object) -> Answer:
    """Do the jobs that are due again or that the stream lost. Return the count of each outcome."""
    return asdict(_outside().delivery.sweep())


def egress_collect(_event: object) -> Answer:
    """Apply what errands brought back, and hand over what interrupted erasures and unlinks left."""
    settings, clock = wiring.settings(), SystemClock()
    with opened(settings) as database:
        parts = ErrandParts(settings=settings, clock=clock)
        grants = grants_of(settings, database, clock)
        left = grants.end_left_behind()
        return {
            "left_behind": left,
            **asdict(parts.collection(database, grants, COLLECTOR).run()),
        }


def apple_client_key(event: Event, context: object) -> Answer:
    """Let the key `key_id` of the team `team_id` sign for us at Apple; `private_key` is Apple's .p8 file.

    Raises: ValueError unless it is a P-256 key, and both ids are words.
    """
    settings, clock = wiring.settings(), SystemClock()
    team_id, key_id = recorded(event, "team_id"), recorded(event, "key_id")
    _outside().client_keys.put(team_id=team_id, key_id=key_id, private_pem=event["private_key"])
    with opened(settings) as database:
        KeyActsStore(database.transactions).record(
            AuditKind.KEY_CREATED,
            {"key": f"apple_client_key:{key_id}"},
            now=clock.now(),
            request_id=request_id(context),
        )
    return {"key_id": key_id}


def grants_of(settings: Settings, database: Database, clock: Clock) -> GrantKeeping:
    """Return what keeps grants, and hands over those that were left behind."""
    secrets = Secrets(keyring=service_keyring(settings, clock, database), make_index=lru_cache(BlindIndex))
    parts = ErrandParts(settings=settings, clock=clock)
    return parts.grant_keeping(database, people_keys(settings, clock), secrets)


def _outside() -> ErrandParts:
    return ErrandParts(settings=wiring.settings(), clock=SystemClock())


def _written(event: Event) -> Iterator[tuple[str, str]]:
    """Yield the id and the sequence number of each errand that was written; the rest is no errand."""
    for record in event.get("Records", ()):
        try:
            item: dict[str, Any] = record["dynamodb"]
            if record["eventName"] == "INSERT" and "kind" in item.get("NewImage", {}):
                yield _text(item["Keys"]["id"]["S"]), _text(item["SequenceNumber"])
        except (AttributeError, KeyError, TypeError):  # poison; failing for it would hold up all the others
            log.warn("egress_no_errand")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
