"""The published texts: read by anyone, added to by the release alone, never changed."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, null, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from chalicelib.domain.audit import AuditKind
from chalicelib.domain.consents import ConsentDocument
from chalicelib.stores import audit
from chalicelib.stores.consent_parts import LOCALE
from chalicelib.stores.database import Database
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import ConsentDocuments

FIELDS = ("kind", "version", "locale", "title", "sha256", "legal_basis", "required")
MORE_FIELDS = ("purpose", "effective_at", "grace", "changes", "body", "published_at")
TEXT_COLUMNS = tuple(getattr(ConsentDocuments, name) for name in (*FIELDS, *MORE_FIELDS[:-1]))


def _publish() -> Select[Any]:
    values = {name: given(name, getattr(ConsentDocuments, name)) for name in (*FIELDS, *MORE_FIELDS)}
    added = (
        insert(ConsentDocuments).from_select(list(values), select(*values.values())).on_conflict_do_nothing()
    )
    published = added.returning(*TEXT_COLUMNS).cte("published")
    names = (item for name in ("kind", "version", "locale", "sha256") for item in (name, published.c[name]))
    details = func.jsonb_build_object(*names)
    kind = AuditKind.DOCUMENT_PUBLISHED
    recorded = audit.event(kind, act=published, user_id=null(), session_id=null(), details=details)
    return select(published.c.kind).add_cte(audit.recorded(recorded))


PUBLISH = _publish()
ALL = select(*TEXT_COLUMNS)
CURRENT = (
    select(*TEXT_COLUMNS)
    .ext(distinct_on(ConsentDocuments.kind))
    .where(ConsentDocuments.locale == LOCALE, ConsentDocuments.effective_at <= NOW)
    .order_by(ConsentDocuments.kind, ConsentDocuments.effective_at.desc(), ConsentDocuments.version.desc())
)


LANGUAGES = (
    select(ConsentDocuments.locale)
    .distinct()
    .where(ConsentDocuments.required, ConsentDocuments.effective_at <= NOW)
)


class DocumentStore:
    """The texts and the answers to them, as rows."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def publish(self, documents: Iterable[ConsentDocument], *, now: datetime, request_id: str) -> None:
        """Add texts, all or none; one that is published already stays as it is."""
        act = {"p_published_at": now, "p_now": now, "p_request_id": request_id}
        self._database.all_or_none(PUBLISH, [_parameters(document) | act for document in documents])

    def published(self) -> tuple[ConsentDocument, ...]:
        """Return every text that was ever published."""
        return _read(self._database.rows(ALL))

    def languages(self, *, now: datetime) -> frozenset[str]:
        """Return the languages in which something required is in force."""
        return frozenset(row.locale for row in self._database.rows(LANGUAGES, {"p_now": now}))

    def current(self, *, locale: str, now: datetime) -> tuple[ConsentDocument, ...]:
        """Return the texts in force in one language, by kind."""
        return _read(self._database.rows(CURRENT, {"p_locale": locale, "p_now": now}))


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
