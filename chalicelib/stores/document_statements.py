"""The statements of the published texts: added to, never changed."""

from typing import Any

from sqlalchemy import Select, func, null, select
from sqlalchemy.dialects.postgresql import insert

from chalicelib.domain.audit import AuditKind
from chalicelib.stores import audit
from chalicelib.stores.parameters import given
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
