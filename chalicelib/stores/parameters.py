"""Bind parameters, named so that none matches a column: one that did would leak into the SET of an UPDATE."""

from typing import Any

from sqlalchemy import BindParameter, bindparam
from sqlalchemy.orm import InstrumentedAttribute

from chalicelib.stores.schema import AuditEvents


def given(name: str, column: InstrumentedAttribute[Any]) -> BindParameter[Any]:
    """Return the parameter :p_name, of a column's type."""
    return bindparam(f"p_{name}", type_=column.type)


NOW = given("now", AuditEvents.occurred_at)
REQUEST_ID = given("request_id", AuditEvents.request_id)
