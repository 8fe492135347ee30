"""The published texts: read by anyone, added to by the release alone, never changed."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from chalicelib.domain.consents import ConsentDocument
from chalicelib.stores.database import Database
from chalicelib.stores.described import described

statements = described("document_statements")


class DocumentStore:
    """The texts and the answers to them, as rows."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def publish(self, documents: Iterable[ConsentDocument], *, now: datetime, request_id: str) -> None:
        """Add texts, all or none; one that is published already stays as it is."""
        act = {"p_published_at": now, "p_now": now, "p_request_id": request_id}
        self._database.all_or_none(
            statements.PUBLISH, [_parameters(document) | act for document in documents]
        )

    def published(self) -> tuple[ConsentDocument, ...]:
        """Return every text that was ever published."""
        return _read(self._database.rows(statements.ALL))

    def languages(self, *, now: datetime) -> frozenset[str]:
        """Return the languages in which something required is in force."""
        return frozenset(row.locale for row in self._database.rows(statements.LANGUAGES, {"p_now": now}))

    def current(self, *, locale: str, now: datetime) -> tuple[ConsentDocument, ...]:
        """Return the texts in force in one language, by kind."""
        return _read(self._database.rows(statements.CURRENT, {"p_locale": locale, "p_now": now}))


def _read(rows: Iterable[Any]) -> tuple[ConsentDocument, ...]:
    return tuple(
        ConsentDocument(
            **{("text" if name == "body" else name): value for name, value in row._asdict().items()}
        )
        for row in rows
    )


def _parameters(document: ConsentDocument) -> dict[str, Any]:
    values = {("body" if name == "text" else name): value for name, value in asdict(document).items()}
    return {f"p_{name}": value for name, value in values.items()}
