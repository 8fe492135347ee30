"""The versions of the index key in statements: how one finds, writes, and retires (decision 0053)."""

from sqlalchemy import ColumnElement, and_, bindparam, func
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA
from sqlalchemy.orm import InstrumentedAttribute

from chalicelib.domain.keys import ServiceKeyUse
from chalicelib.stores.parameters import given
from chalicelib.stores.schema import ServiceKeys, Users

INDEX_VERSION = given("index_version", Users.index_version)
IN_USE = and_(ServiceKeys.use == ServiceKeyUse.BLIND_INDEX, ServiceKeys.retired_at.is_(None))
_ADDING = 7_310_415_521  # the number in lock_subject in sql/sign_in.sql, the same for ever
NO_MORE_ADDING = func.pg_advisory_xact_lock(_ADDING)


def under_any(name: str, column: InstrumentedAttribute[bytes]) -> ColumnElement[bool]:
    """Return that a column has one of the indexes :p_name, which may be under any version."""
    return column == func.any(bindparam(f"p_{name}", type_=ARRAY(BYTEA)))
