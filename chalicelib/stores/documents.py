"""The published texts, as anyone may read them (sql/documents.sql)."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.consents import ConsentDocument
from chalicelib.postgres.calls import Call, Row
from chalicelib.stores.database import Database


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

    def languages(self, *, now: datetime) -> frozenset[str]:
        """Return the languages in which something required is in force."""
        return frozenset(row.locale for row in self._database.all(ListLanguages(p_now=now)))

    def current(self, *, locale: str, now: datetime) -> tuple[ConsentDocument, ...]:
        """Return the texts in force in one language, by kind."""
        rows = self._database.all(ListDocuments(p_locale=locale, p_now=now))
        return tuple(_read(vars(row)) for row in rows)


def _read(values: dict[str, Any]) -> ConsentDocument:
    return ConsentDocument(**{("text" if name == "body" else name): value for name, value in values.items()})
