"""Seal what a session keeps for its phone under a key that only the phone brings.

A refresh answers the person's profile and must need neither KMS nor the vault. So the session keeps a copy of
the profile under a key that is derived from a seed inside the refresh token; the database holds no part of
it.
"""

from uuid import UUID

from chalicelib.clients.envelope import DataKey, derived_key
from chalicelib.domain.personal_data import framed

SESSION_PURPOSE = b"serenya-auth/v1/session-seal"
SESSION_KEY_VERSION = 1
SEED_BYTES_MIN = 16
SEED_BYTES_MAX = 32


def session_key(seed: bytes, session_id: UUID) -> DataKey:
    """Return the key of one session's sealed copy; the same seed gives another session another key.

    Raises ValueError unless the seed has 16 to 32 bytes.
    """
    if not SEED_BYTES_MIN <= len(seed) <= SEED_BYTES_MAX:
        raise ValueError("a session's seed has 16 to 32 bytes")
    secret = derived_key(seed, framed(SESSION_PURPOSE, session_id.bytes))
    return DataKey(owner_id=session_id, version=SESSION_KEY_VERSION, secret=secret)
