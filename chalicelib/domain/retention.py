"""How long each table keeps its rows, and why: the one place that says so (GDPR art. 5(1)(e)).

`docs/retention.md` is written from it, the purge deletes by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from chalicelib.domain.erasure import RECORDS_KEPT

PURGE_EVERY = timedelta(hours=1)  # the schedule of app.py
PURGE_BUDGET = timedelta(seconds=40)  # no batch begins later; below the function's 60 s
BATCH_MAX = 2000  # rows a statement deletes: its locks are held for a moment only


class Purged(StrEnum):
    """Tables that the purge deletes from, in its order: what refers to others goes before them."""

    CHALLENGES = "challenges"
    DPOP_PROOFS = "dpop_proofs"
    USED_ID_TOKENS = "used_id_tokens"
    SESSIONS = "sessions"
    DEVICES = "devices"
    PROVIDER_EVENTS = "provider_events"
    RATE_LIMITS = "rate_limits"
    OUTBOX = "outbox"


class Expired(StrEnum):
    """History that ends `RECORDS_KEPT` later, by functions of the database that decide what is old enough."""

    AUDIT_EVENTS = "audit_events"
    PEOPLE = "people"
    ERASURES = "erasures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long rows stay after `since`; `period` is None where no age alone ends it."""

    period: timedelta | None
    since: str
    reason: str
    ended_by: str


_PURGE = "`purge`"
_ERASURE = "the person's erasure"
_OPEN_ENDED = "nothing: it tells nothing of anybody"

PERIODS: Mapping[Purged, timedelta] = MappingProxyType(
    {
        Purged.RATE_LIMITS: timedelta(hours=1),
        Purged.PROVIDER_EVENTS: timedelta(hours=1),
        Purged.CHALLENGES: timedelta(hours=1),
        Purged.DPOP_PROOFS: timedelta(hours=1),
        Purged.USED_ID_TOKENS: timedelta(hours=1),
        Purged.SESSIONS: timedelta(days=90),
        Purged.DEVICES: timedelta(days=90),
        Purged.OUTBOX: timedelta(days=14),
    }
)

RETENTION: Mapping[str, Retention] = MappingProxyType(
    {
        "rate_limits": Retention(
            period=PERIODS[Purged.RATE_LIMITS],
            since="its bucket was empty again",
            reason="an empty bucket counts nothing; the hour allows for wrong clocks",
            ended_by=f"{_PURGE}; a crash or failover of the database",
        ),
        "challenges": Retention(
            period=PERIODS[Purged.CHALLENGES],
            since="its nonce expired",
            reason="a used nonce must be known while it could be accepted; the hour allows for wrong clocks",
            ended_by=_PURGE,
        ),
        "dpop_proofs": Retention(
            period=PERIODS[Purged.DPOP_PROOFS],
            since="its proof expired",
            reason="a proof opens one request (RFC 9449 s11.1); the hour allows for wrong clocks",
            ended_by=f"{_PURGE}; a crash of the database server",
        ),
        "used_id_tokens": Retention(
            period=PERIODS[Purged.USED_ID_TOKENS],
            since="its ID token expired",
            reason="a token opens one session (ASVS 10.5.1); a minute after its expiry it is refused anyway",
            ended_by=f"{_PURGE}, of an erased person too",
        ),
        "provider_events": Retention(
            period=PERIODS[Purged.PROVIDER_EVENTS],
            since="its event would be refused for its age",
            reason="an event is acted on once, and providers repeat events; the hour allows for wrong clocks",
            ended_by=_PURGE,
        ),
        "sessions": Retention(
            period=PERIODS[Purged.SESSIONS],
            since="it ended or expired",
            reason="people and operators investigate a theft weeks later; the audit record has the rest",
            ended_by=f"{_PURGE}; {_ERASURE}",
        ),
        "devices": Retention(
            period=PERIODS[Purged.DEVICES],
            since="it was last seen, and no session of it is left",
            reason="a device without sessions is of no use; signing in creates it again",
            ended_by=f"{_PURGE}; {_ERASURE}",
        ),
        "biometric_keys": Retention(
            period=None,
            since="",
            reason="a key that proves presence, until its person removes it or its device goes",
            ended_by=f"the person; its device's end; {_ERASURE}",
        ),
        "users": Retention(
            period=RECORDS_KEPT,
            since="the account was erased",
            reason="the contract with the person; after an erasure history refers to the empty row",
            ended_by=f"{_ERASURE}, which empties it; {_PURGE}",
        ),
        "identities": Retention(
            period=None, since="", reason="people must be recognised when they sign in", ended_by=_ERASURE
        ),
        "outbox": Retention(
            period=PERIODS[Purged.OUTBOX],
            since="its event occurred",
            reason="until it is delivered or given up, at most two days; then to investigate gaps",
            ended_by=f"{_PURGE}; its endpoint's end",
        ),
        "revocations": Retention(
            period=None,
            since="",
            reason="until the outbound job that revokes it is written: within minutes",
            ended_by="the act that made it, or `egress-collect`",
        ),
        "webhook_endpoints": Retention(
            period=None,
            since="",
            reason="the receivers that operators chose; nothing personal",
            ended_by="operators",
        ),
        "webhook_secrets": Retention(
            period=None,
            since="",
            reason="sign messages; nothing personal",
            ended_by="rotation, after its overlap; its endpoint's end",
        ),
        "audit_events": Retention(
            period=RECORDS_KEPT,
            since="its checkpoint was made",
            reason="45 CFR 164.316(b)(2)(i) asks for 6 years",
            ended_by=f"{_PURGE}, by whole checkpoints",
        ),
        "audit_seals": Retention(
            period=None, since="", reason="the chain proves the events that are left", ended_by=_OPEN_ENDED
        ),
        "consent_events": Retention(
            period=RECORDS_KEPT,
            since="the account was erased",
            reason="consent must be demonstrable (GDPR art. 7(1))",
            ended_by=f"{_PURGE}, with the person's row",
        ),
        "consent_documents": Retention(
            period=None,
            since="",
            reason="the words that people agreed to; nothing personal",
            ended_by=_OPEN_ENDED,
        ),
        "erasures": Retention(
            period=RECORDS_KEPT,
            since="it was requested",
            reason="proof of the erasure, and its repetition in restored backups",
            ended_by=_PURGE,
        ),
        "database_position": Retention(
            period=None, since="", reason="one row; tells a restored database", ended_by=_OPEN_ENDED
        ),
        "signing_keys": Retention(
            period=None, since="", reason="verify old signatures; nothing personal", ended_by=_OPEN_ENDED
        ),
        "service_keys": Retention(
            period=None,
            since="",
            reason="what is encrypted under them must decrypt; nothing personal",
            ended_by=_OPEN_ENDED,
        ),
    }
)
