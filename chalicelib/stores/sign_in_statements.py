"""What the statements about identities share: which identity, the lock of its person, its nonce."""

from sqlalchemy import CTE, and_, select
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert

from chalicelib.stores.index_keys import under_any
from chalicelib.stores.parameters import NOW, given
from chalicelib.stores.schema import Challenges, Identities, Users

NONCE_HASH = given("nonce_hash", Challenges.nonce_hash)
THIS_IDENTITY = and_(
    Identities.provider == given("provider", Identities.provider),
    under_any("subject_indexes", Identities.subject_index),
)
LOCK_PERSON = select(Users.id).join(Identities).where(THIS_IDENTITY).with_for_update(key_share=True, of=Users)


def burned_nonce(by: CTE) -> Insert:
    """Return what notes that a nonce was used, unless none came or it is too late for a first use."""
    expires_at = given("nonce_expires_at", Challenges.expires_at)
    row = select(NONCE_HASH, NOW, expires_at).select_from(by)
    return upsert(Challenges).from_select(
        ["nonce_hash", "used_at", "expires_at"], row.where(NONCE_HASH.is_not(None), expires_at > NOW)
    )
