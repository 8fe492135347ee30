"""What a consent receipt says, in the field names of the Kantara Consent Receipt Specification 1.1.

Every value is one that the service knows: it states no category of data and no third party, since only the
texts do. `services` lists what is agreed to now; `state` and `history` say what `GET /consents` says. Its
`typ` keeps it from passing for a token.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chalicelib.domain.consents import (
    AnsweredText,
    ConsentAction,
    ConsentDocument,
    ConsentEvent,
    ConsentState,
)

RECEIPT_TYPE = "consent-receipt+jwt"
SPECIFICATION = "KI-CR-v1.1.0"
JURISDICTION = "EU"  # each text's legal basis is an article of the GDPR; their reader accepts no other
SERVICE = "serenya-auth"
SPECIAL_CATEGORY = "art. 9("  # GDPR; in a health app the special category is health
Texts = Mapping[tuple[str, str, str], ConsentDocument | AnsweredText]


@dataclass(frozen=True, slots=True, kw_only=True)
class Controller:
    """Who answers for the data (GDPR art. 4(7)), and how to reach them where that is set."""

    name: str
    contact: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptHead:
    """Whom a receipt is for, who answers for it, when, and in which language the service speaks to them."""

    receipt_id: UUID
    user_id: UUID
    controller: Controller
    policy_url: str
    locale: str
    now: datetime


def consent_receipt(
    head: ReceiptHead,
    *,
    documents: Iterable[ConsentDocument | AnsweredText],
    states: Iterable[ConsentState],
    events: Iterable[ConsentEvent],
) -> dict[str, Any]:
    """Return the receipt of all that a person answered; `documents` holds every text of the history.

    Times are seconds since the epoch, as the specification has them.
    """
    known, history = tuple(states), tuple(events)
    texts = {(text.kind, text.version, text.locale): text for text in documents}
    grants = _grants(known, history, head.now)
    purposes = [_purpose(state, grant, texts) for state, grant in grants]
    is_sensitive = any(SPECIAL_CATEGORY in purpose["legalBasis"] for purpose in purposes)
    last = max((_seconds(event.occurred_at) for event in history), default=_seconds(head.now))
    return {
        "version": SPECIFICATION,
        "jurisdiction": JURISDICTION,
        "consentTimestamp": last,
        "collectionMethod": ", ".join(sorted({grant.method for _, grant in grants})) or "none",
        "consentReceiptID": str(head.receipt_id),
        "language": head.locale,
        "piiPrincipalId": str(head.user_id),
        "piiControllers": [_controller(head.controller)],
        "policyUrl": head.policy_url,
        "services": [{"service": SERVICE, "purposes": purposes}],
        "sensitive": is_sensitive,
        "spiCat": ["Health"] if is_sensitive else [],
        "state": [_state(state, head.now) for state in known],
        "history": [_line(event) for event in history],
    }


def _grants(
    states: Iterable[ConsentState], events: Iterable[ConsentEvent], now: datetime
) -> list[tuple[ConsentState, ConsentEvent]]:
    """Return what is agreed to, each with the event that says so."""
    last = {event.document: event for event in events if event.action is not ConsentAction.SUPERSEDED}
    pairs = ((state, last.get(state.document)) for state in states if state.is_granted(now))
    return [(state, event) for state, event in pairs if event and event.action is ConsentAction.GRANTED]


def _controller(controller: Controller) -> dict[str, str]:
    contact = {} if controller.contact is None else {"contact": controller.contact}
    return {"piiController": controller.name, **contact}


def _purpose(state: ConsentState, grant: ConsentEvent, texts: Texts) -> dict[str, Any]:
    """Say it by the words that were shown, which may be those of an earlier version or another language."""
    text = texts[grant.document, grant.version, grant.locale]
    return {
        "purpose": text.purpose,
        "purposeCategory": [grant.document],
        "consentType": "EXPLICIT",
        "primaryPurpose": state.required,
        "termination": f"At any time, in the app's settings or by DELETE /consents/{grant.document}",
        "legalBasis": text.legal_basis,
        "document": grant.document,
        "documentVersion": grant.version,
        "documentSha256": grant.sha256,
        "language": grant.locale,
        "collectionMethod": grant.method,
        "consentTimestamp": _seconds(grant.occurred_at),
    }


def _state(state: ConsentState, now: datetime) -> dict[str, Any]:
    until = state.granted_until
    return {
        "document": state.document,
        "version": state.version,
        "locale": state.locale,
        "sha256": state.sha256,
        "required": state.required,
        "granted": state.is_granted(now),
        "granted_version": state.granted_version,
        "granted_until": None if until is None else _seconds(until),
    }


def _line(event: ConsentEvent) -> dict[str, Any]:
    return {
        "document": event.document,
        "version": event.version,
        "locale": event.locale,
        "sha256": event.sha256,
        "action": event.action.value,
        "method": event.method,
        "app_version": event.app_version,
        "session_id": str(event.session_id),
        "occurred_at": _seconds(event.occurred_at),
    }


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
