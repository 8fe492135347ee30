"""The statements that retire a key of the service or wrap it anew, each with its record.

A successor that waits takes over in the statement that retires: there is no moment without a key that writes.
"""

from typing import Any

from sqlalchemy import CTE, Select, and_, bindparam, cast, exists, func, literal, null, select, update
from sqlalchemy.dialects.postgresql import JSONB, TEXT

from chalicelib.domain.account import UserStatus
from chalicelib.domain.audit import AuditKind
from chalicelib.stores import audit
from chalicelib.stores.index_keys import IN_USE, NO_MORE_ADDING
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import Identities, ServiceKeys, SigningKeys, Users

VERSION = given("version", ServiceKeys.version)
THIS_SECRET = and_(
    ServiceKeys.use == given("use", ServiceKeys.use),
    ServiceKeys.version == VERSION,
    ServiceKeys.retired_at.is_(None),
)
THIS_SIGNING_KEY = and_(SigningKeys.kid == given("kid", SigningKeys.kid), SigningKeys.retired_at.is_(None))
NAME_OF_SECRET = (
    literal("service_key:", TEXT) + cast(ServiceKeys.use, TEXT) + ":" + cast(ServiceKeys.version, TEXT)
).label("name")
NAME_OF_SIGNING_KEY = SigningKeys.__table__.c.kid.label("name")
NOBODY_IS_UNDER_IT = and_(
    ~exists(select(Users.id).where(Users.index_version == VERSION, Users.status != UserStatus.ERASED)),
    ~exists(select(Identities.id).where(Identities.index_version == VERSION)),
    exists(select(ServiceKeys.version).where(IN_USE, ServiceKeys.version != VERSION).correlate(None)),
)


def _recorded(kind: AuditKind, key: CTE) -> CTE:
    named = func.jsonb_build_object("key", key.c.name, type_=JSONB)
    details = named.op("||", return_type=JSONB)(cast(bindparam("p_details", type_=JSONB), JSONB))
    return audit.recorded(audit.event(kind, act=key, user_id=null(), session_id=null(), details=details))


def _retire_secret(*conditions: Any) -> Select[Any]:  # noqa: ANN401 - SQLAlchemy's conditions have many types
    retired = update(ServiceKeys).where(THIS_SECRET, *conditions).values(retired_at=NOW)
    key = retired.returning(NAME_OF_SECRET).cte("key")
    takes_over = and_(
        ServiceKeys.use == given("use", ServiceKeys.use),
        ServiceKeys.version == given("successor", ServiceKeys.version),
        ServiceKeys.activates_at > NOW,
        exists(key.select()),
    )
    at_once = func.greatest(NOW, ServiceKeys.created_at)  # the clock that made it may be ahead (F-16)
    next_one = update(ServiceKeys).where(takes_over).values(activates_at=at_once)
    successor = next_one.returning(ServiceKeys.version).cte("successor")
    return select(key.c.name).add_cte(successor, _recorded(AuditKind.KEY_RETIRED, key))


def _retire_signing_key() -> Select[Any]:
    retired = update(SigningKeys).where(THIS_SIGNING_KEY).values(retired_at=NOW)
    key = retired.returning(NAME_OF_SIGNING_KEY).cte("key")
    takes_over = and_(
        SigningKeys.kid == given("successor", SigningKeys.kid),
        SigningKeys.activates_at > NOW,
        exists(key.select()),
    )
    next_one = update(SigningKeys).where(takes_over).values(activates_at=NOW)
    successor = next_one.returning(SigningKeys.kid).cte("successor")
    return select(key.c.name).add_cte(successor, _recorded(AuditKind.KEY_RETIRED, key))


def _rewrap_secret() -> Select[Any]:
    seen, wrapped = given("seen", ServiceKeys.wrapped), given("wrapped", ServiceKeys.wrapped)
    rewrapped = update(ServiceKeys).where(THIS_SECRET, ServiceKeys.wrapped == seen)
    values = {"wrapped": wrapped, "kms_key_id": given("kms_key_id", ServiceKeys.kms_key_id)}
    key = rewrapped.values(**values).returning(NAME_OF_SECRET).cte("key")
    return select(key.c.name).add_cte(_recorded(AuditKind.KEY_REWRAPPED, key))


def _rewrap_signing_key() -> Select[Any]:
    seen, wrapped = given("seen", SigningKeys.wrapped_private), given("wrapped", SigningKeys.wrapped_private)
    rewrapped = update(SigningKeys).where(THIS_SIGNING_KEY, SigningKeys.wrapped_private == seen)
    values = {"wrapped_private": wrapped, "kms_key_id": given("kms_key_id", SigningKeys.kms_key_id)}
    key = rewrapped.values(**values).returning(NAME_OF_SIGNING_KEY).cte("key")
    return select(key.c.name).add_cte(_recorded(AuditKind.KEY_REWRAPPED, key))


LOCK_RETIREMENT = select(NO_MORE_ADDING)
RETIRE_SECRET, RETIRE_INDEX_KEY = _retire_secret(), _retire_secret(NOBODY_IS_UNDER_IT)
RETIRE_SIGNING_KEY = _retire_signing_key()
REWRAP_SECRET, REWRAP_SIGNING_KEY = _rewrap_secret(), _rewrap_signing_key()
