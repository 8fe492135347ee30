"""What a statement says of the versions of the index key: how it finds, writes, and tells that it is behind.

During a rotation a row may be indexed under either version. Whoever looks, looks under all they know; whoever
adds a person knows every version that is in use, or adds nobody. So any two who add the same person know a
version in common, and lock its index first (decision 0053).
"""

from sqlalchemy import ColumnElement, and_, bindparam, cast, exists, func, select
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT, BYTEA, TEXT
from sqlalchemy.orm import InstrumentedAttribute

from chalicelib.domain.keys import ServiceKeyUse
from chalicelib.stores.parameters import given
from chalicelib.stores.schema import ServiceKeys, Users

INDEX_VERSION = given("index_version", Users.index_version)
_VERSIONS = bindparam("p_index_versions", type_=ARRAY(BIGINT))
IN_USE = and_(ServiceKeys.use == ServiceKeyUse.BLIND_INDEX, ServiceKeys.retired_at.is_(None))
# what this container writes with is in use, and so is nothing that it doesn't know
KNOWS_EVERY_KEY = and_(
    exists(select(ServiceKeys.version).where(IN_USE, ServiceKeys.version == INDEX_VERSION)),
    ~exists(select(ServiceKeys.version).where(IN_USE, ServiceKeys.version != func.all(_VERSIONS))),
)
_ADDING = 7_310_415_521  # any number, the same for ever
_LOCK = func.unnest(bindparam("p_locks", type_=ARRAY(BIGINT))).column_valued("lock")
SUBJECT_LOCKED = (
    select(func.count(cast(func.pg_advisory_xact_lock(_LOCK), TEXT)))
    .where(cast(func.pg_advisory_xact_lock_shared(_ADDING), TEXT).is_not(None))
    .scalar_subquery()
    .label("locked")
)
NO_MORE_ADDING = func.pg_advisory_xact_lock(_ADDING)


def under_any(name: str, column: InstrumentedAttribute[bytes]) -> ColumnElement[bool]:
    """Return that a column has one of the indexes :p_name, which may be under any version."""
    return column == func.any(bindparam(f"p_{name}", type_=ARRAY(BYTEA)))
