"""Routes of the documents, and of what a person answered to them."""

from datetime import timedelta

from chalicelib.domain import errors
from chalicelib.domain.tokens import Scope
from chalicelib.routes.acts import act
from chalicelib.routes.answers import METHOD, read_answers
from chalicelib.routes.consent_shapes import (
    ANSWER_REQUEST,
    CONSENTS,
    DOCUMENTS,
    GRANT,
    KIND,
    RECEIPT,
    document,
    event,
    grant,
    state,
)
from chalicelib.routes.route import Answer, Call, Route, bearer
from chalicelib.routes.services import Services
from chalicelib.routes.sessions import BEARER_ERRORS

DOCUMENTS_LIFETIME = timedelta(minutes=5)  # how late an app may learn of a new version


def documents(services: Services, call: Call) -> Answer:
    """Show the texts in force, in the language that the caller prefers."""
    locale = call.locale.value
    texts = [document(text) for text in services.consents.current_documents(locale)]
    return Answer(body={"documents": texts}, headers={"Content-Language": locale})


def consents(services: Services, call: Call) -> Answer:
    """Show the person's state and history."""
    now, states, events = services.consents.of_person(call.caller, act(call))
    standing = [state(each, now) for each in states]
    return Answer(body={"state": standing, "history": [event(each) for each in events]})


def answer(services: Services, call: Call) -> Answer:
    """Record answers, all or none."""
    answers = read_answers(call, default_method="settings")
    return Answer(body=grant(services.consents.answer(call.caller, answers, act(call))))


def withdraw(services: Services, call: Call) -> Answer:
    """Withdraw one consent."""
    kind, method = call.path_parameters["document"], call.query["method"] or "settings"
    return Answer(body=grant(services.consents.withdraw(call.caller, kind, method, act(call))))


def receipt(services: Services, call: Call) -> Answer:
    """Prove the person's consents to them, or to an auditor they show it to."""
    policy_url = f"{services.issuer_url}/consents/documents"
    return Answer(body={"receipt": services.consents.receipt(call.caller, policy_url, act(call))})


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
    Route(
        method="POST",
        path="/consents",
        handler=answer,
        operation_id="answer_consents",
        summary="Grant or refuse documents",
        tags=("consents",),
        body=ANSWER_REQUEST,
        answer=GRANT,
        access=bearer(Scope.CONSENTS),
        errors=(*BEARER_ERRORS, errors.ConsentOutdated),
    ),
    Route(
        method="DELETE",
        path="/consents/{document}",
        handler=withdraw,
        operation_id="withdraw_consent",
        summary="Withdraw a consent",
        tags=("consents",),
        answer=GRANT,
        access=bearer(Scope.CONSENTS),
        errors=(*BEARER_ERRORS, errors.NotFound),
        parameters={"document": KIND},
        query={"method": METHOD},
    ),
    Route(
        method="GET",
        path="/consents/receipt",
        handler=receipt,
        operation_id="read_consent_receipt",
        summary="A signed receipt of the person's consents",
        tags=("consents",),
        answer=RECEIPT,
        access=bearer(Scope.CONSENTS),
        errors=BEARER_ERRORS,
    ),
)
