"""What the statements about identities share: which identity, and the lock of its person."""

from sqlalchemy import and_, select

from chalicelib.stores.index_keys import under_any
from chalicelib.stores.parameters import given
from chalicelib.stores.schema import Identities, Users

THIS_IDENTITY = and_(
    Identities.provider == given("provider", Identities.provider),
    under_any("subject_indexes", Identities.subject_index),
)
LOCK_PERSON = select(Users.id).join(Identities).where(THIS_IDENTITY).with_for_update(key_share=True, of=Users)
