"""Publish the consent texts that ship with a release: new ones are added, a published one never changes."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from chalicelib.domain.consents import ConsentDocument
from chalicelib.services.ports import Clock


class PublishingStore(Protocol):
    """Texts, as rows."""

    def publish(self, documents: Iterable[ConsentDocument], *, now: datetime, request_id: str) -> None:
        """Add texts, all or none."""

    def published(self) -> tuple[ConsentDocument, ...]:
        """Return every text."""


class PublishedTextChanged(Exception):
    """A text differs from the one published under its version: people agreed to other words."""


class Publishing:
    """The release's step that follows the migrations."""

    def __init__(self, *, documents: PublishingStore, clock: Clock) -> None:
        """Take the texts as rows."""
        self._documents = documents
        self._clock = clock

    def publish(self, documents: Iterable[ConsentDocument], request_id: str) -> None:
        """Add the texts that are new; doing it twice adds nothing.

        Raises:
            PublishedTextChanged: one was published before with other words or terms; nothing is added.
        """
        texts = tuple(documents)
        published = {(d.kind, d.version, d.locale): d for d in self._documents.published()}
        changed = [d for d in texts if published.get((d.kind, d.version, d.locale), d) != d]
        if changed:
            names = ", ".join(f"{d.kind} {d.version} ({d.locale})" for d in changed)
            raise PublishedTextChanged(f"published texts never change; give these a new version: {names}")
        self._documents.publish(texts, now=self._clock.now(), request_id=request_id)
