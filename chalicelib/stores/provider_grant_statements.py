"""The statements of providers' refresh tokens: with identities, and of those that ended."""

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA

from chalicelib.stores.parameters import given
from chalicelib.stores.schema import Identities, Revocations

BATCH_MAX = 100
_ENDED = (Revocations.identity_id, Revocations.user_id, Revocations.refresh_token)
FIND = select(Identities.id).where(
    Identities.user_id == given("user_id", Identities.user_id),
    Identities.provider == given("provider", Identities.provider),
    Identities.subject_index == func.any(bindparam("p_subject_indexes", type_=ARRAY(BYTEA))),
)
KEEP = (
    update(Identities)
    .where(Identities.id == given("identity_id", Identities.id))
    .values(refresh_token=given("sealed", Identities.refresh_token))
    .returning(Identities.id)
)
ENDED_BEFORE = (
    select(*_ENDED)
    .where(Revocations.ended_at < given("before", Revocations.ended_at))
    .order_by(Revocations.ended_at)
    .limit(BATCH_MAX)
)
