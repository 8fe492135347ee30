"""Routes of the documents, and of what a person answered to them."""

from datetime import timedelta
from typing import Any

from chalicelib.domain import errors
from chalicelib.domain.consents import ConsentAction, ConsentDocument, ConsentEvent, ConsentState
from chalicelib.domain.tokens import Scope
from chalicelib.routes.fields import Choice, Flag, Text, Timestamp
from chalicelib.routes.route import Answer, Call, Route, bearer
from chalicelib.routes.schema import Items, Record, required
from chalicelib.routes.services import Services
from chalicelib.routes.sessions import BEARER_ERRORS
from chalicelib.routes.sign_in import act

DOCUMENTS_LIFETIME = timedelta(minutes=5)  # how late an app may learn of a new version
HISTORY_MAX = 10_000
WORD = Text(max_chars=64)
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
    "ConsentState", {**_IDENTITY, "required": required(Flag()), "granted": required(Flag())}, open=True
)
EVENT = Record(
    "ConsentEvent",
    {
        **_IDENTITY,
        "action": required(Choice(ConsentAction)),
        "method": required(WORD),
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


def documents(services: Services, call: Call) -> Answer:
    """Show the texts in force, in the language that the caller prefers."""
    locale = call.locale.value
    texts = [_document(document) for document in services.consents.current_documents(locale)]
    return Answer(body={"documents": texts}, headers={"Content-Language": locale})


def consents(services: Services, call: Call) -> Answer:
    """Show the person's state and history."""
    states, events = services.consents.of_person(call.caller, act(call))
    return Answer(
        body={"state": [_state(state) for state in states], "history": [_event(event) for event in events]}
    )


def _document(document: ConsentDocument) -> dict[str, Any]:
    return {
        "document": document.kind,
        "version": document.version,
        "locale": document.locale,
        "sha256": document.sha256,
        "title": document.title,
        "legal_basis": document.legal_basis,
        "purpose": document.purpose,
        "required": document.required,
        "effective_at": document.effective_at,
        "changes": document.changes,
        "text": document.text,
    }


def _state(state: ConsentState) -> dict[str, Any]:
    return {
        "document": state.document,
        "version": state.version,
        "locale": state.locale,
        "sha256": state.sha256,
        "required": state.required,
        "granted": state.granted,
    }


def _event(event: ConsentEvent) -> dict[str, Any]:
    return {
        "document": event.document,
        "version": event.version,
        "locale": event.locale,
        "sha256": event.sha256,
        "action": event.action.value,
        "method": event.method,
        "occurred_at": event.occurred_at,
    }


ROUTES: tuple[Route[Services], ...] = (
    Route(
        method="GET",
        path="/consents/documents",
        handler=documents,
        operation_id="list_consent_documents",
        summary="Read the documents in force",
        tags=("consents",),
        answer=DOCUMENTS,
        cache=DOCUMENTS_LIFETIME,
        errors=(errors.DependencyUnavailable,),
    ),
    Route(
        method="GET",
        path="/consents",
        handler=consents,
        operation_id="read_consents",
        summary="Read the person's consents and their history",
        tags=("consents",),
        answer=CONSENTS,
        access=bearer(Scope.CONSENTS),
        errors=BEARER_ERRORS,
    ),
)
