"""The documents, and what a person answers to them: shown, given, refused, withdrawn, proved."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.consents import (
    AnsweredText,
    ConsentAnswer,
    ConsentDocument,
    ConsentEvent,
    ConsentState,
    after,
    after_withdrawal,
    check_answers,
    missing,
    scopes,
)
from chalicelib.domain.errors import MissingConsent, NotFound
from chalicelib.domain.receipts import RECEIPT_TYPE, Controller, ReceiptHead, consent_receipt
from chalicelib.domain.sessions import Lifetimes, Session, own_session
from chalicelib.domain.tokens import AccessClaims, Scope
from chalicelib.services.ports import Act, Clock, Ids
from chalicelib.services.store_ports import ConsentStore, DocumentStore
from chalicelib.services.tokens import AccessTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGrant:
    """What follows from an answer at once: a token as wide as the person's consents now are."""

    access_token: str
    access_token_lifetime: timedelta
    scopes: frozenset[Scope]
    states: tuple[ConsentState, ...]
    consents_missing: tuple[MissingConsent, ...]
    jkt: str | None
    moment: datetime


class ConsentService:
    """Texts and answers."""

    def __init__(
        self,
        *,
        documents: DocumentStore,
        consents: ConsentStore,
        tokens: AccessTokens[Any],
        lifetimes: Lifetimes,
        controller: Controller,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Take what reads texts and answers; `controller` is who stands in a receipt."""
        self._documents = documents
        self._consents = consents
        self._tokens = tokens
        self._lifetimes = lifetimes
        self._controller = controller
        self._clock = clock
        self._ids = ids

    def current_documents(self, locale: str) -> tuple[ConsentDocument, ...]:
        """Return the texts in force, in one language."""
        return self._documents.current(locale=locale, now=self._clock.now())

    def of_person(
        self, claims: AccessClaims, act: Act
    ) -> tuple[datetime, tuple[ConsentState, ...], tuple[ConsentEvent, ...]]:
        """Return the moment, where the person stands on each current document, and their whole history.

        Raises SessionRevoked, AccountSuspended.
        """
        now, states, events, _ = self._read(claims, act)
        return now, states, events

    def answer(self, claims: AccessClaims, answers: tuple[ConsentAnswer, ...], act: Act) -> ConsentGrant:
        """Record answers, all or none; one that stands already is not repeated.

        Raises:
            SessionRevoked, AccountSuspended: the person may not act.
            InvalidInput, ConsentOutdated: an answer does not fit, and nothing was stored.
        """
        now = self._clock.now()
        own = self._consents.answer(
            claims.session_id,
            answers,
            proof=claims.proof,
            app_version=act.app_version,
            locale=act.locale,
            now=now,
            request_id=act.request_id,
        )
        own = own_session(claims, own, now)
        check_answers(answers, own.states)
        return self._grant(own.session, after(own.states, answers), now)

    def withdraw(self, claims: AccessClaims, document: str, method: str, act: Act) -> ConsentGrant:
        """Withdraw a consent, as easily as it was given (GDPR art. 7(3)); what was not granted stays so.

        Raises:
            SessionRevoked, AccountSuspended: the person may not act.
            NotFound: there is no such document.
        """
        now = self._clock.now()
        own = self._consents.withdraw(
            claims.session_id,
            document,
            method,
            proof=claims.proof,
            app_version=act.app_version,
            locale=act.locale,
            now=now,
            request_id=act.request_id,
        )
        own = own_session(claims, own, now)
        if document not in {state.document for state in own.states}:
            raise NotFound
        return self._grant(own.session, after_withdrawal(own.states, document), now)

    def receipt(self, claims: AccessClaims, policy_url: str, act: Act) -> str:
        """Return the person's whole consent state and history as a signed JWS."""
        now, states, events, texts = self._read(claims, act)
        head = ReceiptHead(
            receipt_id=self._ids.new_uuid(),
            user_id=claims.user_id,
            controller=self._controller,
            policy_url=policy_url,
            locale=act.locale,
            now=now,
        )
        content = consent_receipt(head, documents=texts, states=states, events=events)
        return self._tokens.sign(content, RECEIPT_TYPE)

    def _read(
        self, claims: AccessClaims, act: Act
    ) -> tuple[datetime, tuple[ConsentState, ...], tuple[ConsentEvent, ...], tuple[AnsweredText, ...]]:
        now = self._clock.now()
        own, events, texts = self._consents.read(
            claims.session_id, proof=claims.proof, locale=act.locale, now=now
        )
        return now, own_session(claims, own, now).states, events, texts

    def _grant(self, session: Session, states: tuple[ConsentState, ...], now: datetime) -> ConsentGrant:
        absent = missing(states, now)
        opened = scopes(states, absent, now)
        return ConsentGrant(
            access_token=self._tokens.issue(session, opened, now),
            access_token_lifetime=min(self._lifetimes.access_token, session.expires_at - now),
            scopes=opened,
            states=states,
            consents_missing=absent,
            jkt=session.jkt,
            moment=now,
        )
