"""What a consent receipt says, in the field names of the Kantara Consent Receipt Specification 1.1.

A person or an auditor verifies its signature against the JWKS; its `typ` keeps it from passing for a token.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from chalicelib.domain.consents import ConsentDocument, ConsentEvent, ConsentState

RECEIPT_TYPE = "consent-receipt+jwt"
SPECIFICATION = "KI-CR-v1.1.0"
WITHDRAWAL = "At any time, by DELETE /consents/{document} or in the app's settings"


def consent_receipt(
    *,
    receipt_id: UUID,
    user_id: UUID,
    controller: str,
    locale: str,
    now: datetime,
    documents: Iterable[ConsentDocument],
    states: Iterable[ConsentState],
    events: Iterable[ConsentEvent],
) -> dict[str, Any]:
    """Return the receipt; times are seconds since the epoch, as the specification has them."""
    texts = {document.kind: document for document in documents}
    purposes = [_purpose(state, texts, now) for state in states]
    return {
        "version": SPECIFICATION,
        "consentReceiptID": str(receipt_id),
        "consentTimestamp": int(now.timestamp()),
        "collectionMethod": "app",
        "language": locale,
        "piiPrincipalId": str(user_id),
        "piiControllers": [{"piiController": controller}],
        "services": [{"service": "serenya-auth", "purposes": purposes}],
        "sensitive": True,
        "spiCat": ["Health"],
        "history": [_line(event) for event in events],
    }


def _purpose(state: ConsentState, texts: Mapping[str, ConsentDocument], now: datetime) -> dict[str, Any]:
    text = texts.get(state.document)
    return {
        "purpose": text.purpose if text else state.document,
        "purposeCategory": [state.document],
        "consentType": "EXPLICIT",
        "primaryPurpose": state.required,
        "termination": WITHDRAWAL.replace("{document}", state.document),
        "legalBasis": text.legal_basis if text else None,
        "document": state.document,
        "documentVersion": state.version,
        "documentSha256": state.sha256,
        "granted": state.is_granted(now),
        "grantedVersion": state.granted_version,
    }


def _line(event: ConsentEvent) -> dict[str, Any]:
    return {
        "document": event.document,
        "documentVersion": event.version,
        "documentSha256": event.sha256,
        "language": event.locale,
        "action": event.action.value,
        "collectionMethod": event.method,
        "appVersion": event.app_version,
        "timestamp": int(event.occurred_at.timestamp()),
    }
