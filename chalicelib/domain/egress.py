"""Errands to the internet, which the VPC has no way to: what there is to do, how often it is tried, when not.

The rules alone. An errand is an item of the egress table; a function outside the VPC does it and writes into
the item what came of it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

LEASE = timedelta(seconds=90)  # of who tries it now; longer than a function lives, so none tries beside it
FIRST_LOOK = timedelta(seconds=90)  # the stream takes a second; what it lost is due for the sweep then
DONE_KEPT = timedelta(days=1)  # a put that was repeated late still finds its errand done
DEAD_KEPT = timedelta(days=14)  # as long as the dead letters of the stream
CARRIED_AGAIN = timedelta(hours=1)  # an errand that the table lost is written again from the outbox
PAYLOAD_BYTES_MAX = 4096  # what KMS encrypts in one call (AWS KMS API reference, Encrypt)


class EgressKind(StrEnum):
    """What is to be done."""

    APPLE_EXCHANGE = "apple_exchange"
    APPLE_REVOKE = "apple_revoke"
    WEBHOOK = "webhook"
    EVENT_BRIDGE = "event_bridge"


SEALED = frozenset({EgressKind.APPLE_EXCHANGE, EgressKind.APPLE_REVOKE})  # theirs is somebody's secret


class EgressState(StrEnum):
    """How far an errand is; the last two are for good."""

    PENDING = "pending"
    DONE = "done"
    DEAD = "dead"


class Verdict(StrEnum):
    """What came of one try."""

    DONE = "done"
    FAILED = "failed"  # may succeed later
    REFUSED = "refused"  # never will, by the fault of who asked for it
    POISONED = "poisoned"  # never will: it isn't what this service wrote


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A verdict, its cause as a code for the log, and what was learned."""

    verdict: Verdict
    cause: str | None = None
    learned: Mapping[str, Any] | None = field(default=None, repr=False)


DONE = Outcome(verdict=Verdict.DONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """An item of the egress table; payload and result are sealed where the kind says so."""

    id: str
    kind: EgressKind
    payload: bytes = field(repr=False)
    created_at: datetime
    state: EgressState = EgressState.PENDING
    attempts: int = 0
    result: bytes | None = field(default=None, repr=False)

    def after(self, outcome: Outcome) -> EgressState:
        """Return the state that an attempt's outcome leads to; `attempts` counts that one."""
        match outcome.verdict:
            case Verdict.DONE:
                return EgressState.DONE
            case Verdict.REFUSED | Verdict.POISONED:
                return EgressState.DEAD
            case Verdict.FAILED:
                is_over = self.attempts > len(PAUSES[self.kind])
                return EgressState.DEAD if is_over else EgressState.PENDING

    def pause(self, chance: float) -> timedelta:
        """Return how long to wait after an attempt that failed: between its pause and half as much again."""
        longest = len(PAUSES[self.kind])
        return PAUSES[self.kind][min(self.attempts, longest) - 1] * (1 + chance / 2)


_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
_PATIENT = (timedelta(seconds=5), 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR)
PAUSES: Mapping[EgressKind, tuple[timedelta, ...]] = MappingProxyType(
    {
        EgressKind.APPLE_EXCHANGE: (_MINUTE / 2, _MINUTE, _MINUTE),  # Apple's codes live for 5 minutes
        EgressKind.APPLE_REVOKE: (*_PATIENT, 20 * _HOUR, 24 * _HOUR, 24 * _HOUR),  # 4 days: nobody asks again
        EgressKind.WEBHOOK: _PATIENT,  # a good day; the schedule is that of Standard Webhooks' specification
        EgressKind.EVENT_BRIDGE: _PATIENT,
    }
)


def egress_context(errand_id: str, kind: EgressKind) -> dict[str, str]:
    """Return the KMS encryption context of a sealed errand: ids only (K1)."""
    return {"purpose": "egress", "egress_id": errand_id, "kind": kind.value}


def exchange_id(code: str) -> str:
    """Return the errand that exchanges a code: a phone's retry finds it, and nobody reads the code."""
    return f"{EgressKind.APPLE_EXCHANGE}.{hashlib.sha256(code.encode()).hexdigest()[:32]}"


def errand_id(kind: EgressKind, cause: object) -> str:
    """Return the errand that something caused; the same one, however often it is asked for."""
    return f"{kind}.{cause}"


def client_key_context(team_id: str, key_id: str) -> dict[str, str]:
    """Return the KMS encryption context of the key that signs client secrets for Apple."""
    return {"purpose": "apple_client_key", "key_id": key_id, "team_id": team_id}
