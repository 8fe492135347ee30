"""The documents, and what a person answered to them."""

from collections.abc import Iterable

from chalicelib.domain.consents import ConsentDocument, ConsentEvent, ConsentState
from chalicelib.domain.errors import SessionRevoked
from chalicelib.domain.tokens import AccessClaims
from chalicelib.services.ports import Act, Clock, DocumentStore, SessionStore


class PublishedTextChanged(Exception):
    """A text differs from the one that was published under its version: people agreed to other words."""


class ConsentService:
    """Texts and answers."""

    def __init__(self, *, documents: DocumentStore, sessions: SessionStore, clock: Clock) -> None:
        """Take what reads texts and sessions."""
        self._documents = documents
        self._sessions = sessions
        self._clock = clock

    def current_documents(self, locale: str) -> tuple[ConsentDocument, ...]:
        """Return the texts in force, in one language."""
        return self._documents.current(locale=locale, now=self._clock.now())

    def of_person(
        self, claims: AccessClaims, act: Act
    ) -> tuple[tuple[ConsentState, ...], tuple[ConsentEvent, ...]]:
        """Return where the person stands on each current document, and their whole history.

        Raises SessionRevoked, AccountSuspended.
        """
        now = self._clock.now()
        own = self._sessions.find(claims.session_id, locale=act.locale, now=now)
        if own is None:
            raise SessionRevoked
        own.session.ensure_live(now)
        return own.states, self._documents.history(claims.session_id)

    def publish(self, documents: Iterable[ConsentDocument], request_id: str) -> None:
        """Add the texts that are new.

        Raises:
            PublishedTextChanged: one was published before with other words or terms.
        """
        texts = tuple(documents)
        published = {(d.kind, d.version, d.locale): d for d in self._documents.published()}
        changed = [d for d in texts if published.get((d.kind, d.version, d.locale), d) != d]
        if changed:
            names = ", ".join(f"{d.kind} {d.version} ({d.locale})" for d in changed)
            raise PublishedTextChanged(f"published texts never change; give these a new version: {names}")
        for document in texts:
            self._documents.publish(document, now=self._clock.now(), request_id=request_id)
