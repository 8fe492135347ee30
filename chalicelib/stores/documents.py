"""The published texts: read by anyone (sql/documents.sql), added to by a release, never changed."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.consents import ConsentDocument
from chalicelib.postgres.calls import Call, Row
from chalicelib.stores.database import Database
from chalicelib.stores.described import described

statements = described("document_statements")


class DocumentRow(Row):
    """A published text."""

    kind: str
    version: str
    locale: str
    title: str
    sha256: str
    legal_basis: str
    required: bool
    purpose: str
    effective_at: datetime
    grace: timedelta
    changes: str
    body: str


class ListDocuments(Call[DocumentRow], function="list_documents"):
    p_locale: str
    p_now: datetime


class LanguageRow(Row):
    """A language of documents."""

    locale: str


class ListLanguages(Call[LanguageRow], function="list_languages"):
    p_now: datetime


class DocumentStore:
    """The texts, as rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def publish(self, documents: Iterable[ConsentDocument], *, now: datetime, request_id: str) -> None:
        """Add texts, all or none; one that is published already stays as it is."""
        act = {"p_published_at": now, "p_now": now, "p_request_id": request_id}
        self._database.all_or_none(
            statements.PUBLISH, [_parameters(document) | act for document in documents]
        )

    def published(self) -> tuple[ConsentDocument, ...]:
        """Return every text that was ever published."""
        return tuple(_read(row._asdict()) for row in self._database.rows(statements.ALL))

    def languages(self, *, now: datetime) -> frozenset[str]:
        """Return the languages in which something required is in force."""
        return frozenset(row.locale for row in self._database.all(ListLanguages(p_now=now)))

    def current(self, *, locale: str, now: datetime) -> tuple[ConsentDocument, ...]:
        """Return the texts in force in one language, by kind."""
        rows = self._database.all(ListDocuments(p_locale=locale, p_now=now))
        return tuple(_read(vars(row)) for row in rows)


def _read(values: dict[str, Any]) -> ConsentDocument:
    return ConsentDocument(**{("text" if name == "body" else name): value for name, value in values.items()})


def _parameters(document: ConsentDocument) -> dict[str, Any]:
    values = {("body" if name == "text" else name): value for name, value in asdict(document).items()}
    return {f"p_{name}": value for name, value in values.items()}
