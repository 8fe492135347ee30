"""The shapes of documents and of answers to them, each declared once beside the function that fills it."""

from datetime import datetime
from math import ceil
from typing import Any

from chalicelib.domain.consents import ConsentAction, ConsentDocument, ConsentEvent, ConsentState
from chalicelib.routes.answers import SOME_ANSWERS
from chalicelib.routes.fields import Choice, Flag, Integer, Text, Timestamp, Uuid
from chalicelib.routes.problem_records import MISSING_CONSENT
from chalicelib.routes.schema import Items, Record, nullable, required
from chalicelib.routes.shapes import TOKEN_TYPE, missing_consents, token_type
from chalicelib.services.consents import ConsentGrant

HISTORY_MAX = 10_000
WORD = Text(max_chars=64)
KIND = Text(max_chars=64, pattern="[a-z][a-z_]*")  # in a path anything may stand, a NUL too
SHA256 = Text(max_chars=64, min_chars=64, pattern="[0-9a-f]{64}", description="Of the text's UTF-8 bytes.")
_IDENTITY = {
    "document": required(WORD),
    "version": required(WORD),
    "locale": required(WORD),
    "sha256": required(SHA256),
}

DOCUMENT = Record(
    "ConsentDocument",
    {
        **_IDENTITY,
        "title": required(Text(max_chars=256)),
        "legal_basis": required(Text(max_chars=256)),
        "purpose": required(Text(max_chars=1024)),
        "required": required(Flag()),
        "effective_at": required(Timestamp()),
        "changes": required(Text(max_chars=1024)),
        "text": required(Text(max_chars=100_000)),
    },
    open=True,
)
DOCUMENTS = Record("ConsentDocuments", {"documents": required(Items(of=DOCUMENT, max_items=64))}, open=True)
STATE = Record(
    "ConsentState",
    {
        **_IDENTITY,
        "required": required(Flag()),
        "granted": required(Flag(description="By these words, or by earlier ones whose grace still runs.")),
        "granted_version": required(nullable(WORD)),
        "granted_until": required(nullable(Timestamp(description="When the grace of a new version ends."))),
    },
    open=True,
)
EVENT = Record(
    "ConsentEvent",
    {
        **_IDENTITY,
        "action": required(Choice(ConsentAction)),
        "method": required(WORD),
        "app_version": required(nullable(WORD)),
        "session_id": required(Uuid()),
        "occurred_at": required(Timestamp()),
    },
    open=True,
)
CONSENTS = Record(
    "Consents",
    {
        "state": required(
            Items(of=STATE, max_items=64, description="Where the person stands on what is current.")
        ),
        "history": required(
            Items(of=EVENT, max_items=HISTORY_MAX, description="All answers, the first first.")
        ),
    },
    open=True,
)


ANSWER_REQUEST = Record("ConsentAnswers", {"consents": required(SOME_ANSWERS)})
GRANT = Record(
    "ConsentGrant",
    {
        "access_token": required(Text(max_chars=4096, description="Use it in place of the one before.")),
        "token_type": required(TOKEN_TYPE),
        "expires_in": required(Integer(description="Seconds until the access token expires.")),
        "scope": required(Text(max_chars=512)),
        "state": required(Items(of=STATE, max_items=64)),
        "consents_missing": required(Items(of=MISSING_CONSENT, max_items=64)),
    },
    description="What follows from an answer at once; the refresh token stays the same.",
    open=True,
)
RECEIPT = Record(
    "ConsentReceipt",
    {"receipt": required(Text(max_chars=2_000_000, description="A JWS of type consent-receipt+jwt."))},
    open=True,
)


def document(text: ConsentDocument) -> dict[str, Any]:
    """Return `DOCUMENT`."""
    return {
        "document": text.kind,
        "version": text.version,
        "locale": text.locale,
        "sha256": text.sha256,
        "title": text.title,
        "legal_basis": text.legal_basis,
        "purpose": text.purpose,
        "required": text.required,
        "effective_at": text.effective_at,
        "changes": text.changes,
        "text": text.text,
    }


def state(standing: ConsentState, now: datetime) -> dict[str, Any]:
    """Return `STATE`."""
    return {
        "document": standing.document,
        "version": standing.version,
        "locale": standing.locale,
        "sha256": standing.sha256,
        "required": standing.required,
        "granted": standing.is_granted(now),
        "granted_version": standing.granted_version,
        "granted_until": standing.granted_until,
    }


def event(line: ConsentEvent) -> dict[str, Any]:
    """Return `EVENT`."""
    return {
        "document": line.document,
        "version": line.version,
        "locale": line.locale,
        "sha256": line.sha256,
        "action": line.action.value,
        "method": line.method,
        "app_version": line.app_version,
        "session_id": line.session_id,
        "occurred_at": line.occurred_at,
    }


def grant(granted: ConsentGrant) -> dict[str, Any]:
    """Return `GRANT`."""
    return {
        "access_token": granted.access_token,
        "token_type": token_type(granted.jkt),
        "expires_in": ceil(granted.access_token_lifetime.total_seconds()),
        "scope": " ".join(sorted(granted.scopes)),
        "state": [state(each, granted.moment) for each in granted.states],
        "consents_missing": missing_consents(granted.consents_missing),
    }
