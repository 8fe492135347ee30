"""The session's own copy of what a refresh answers, under a key that only the phone's refresh token brings.

Refresh answers the person's profile in full, and needs neither KMS nor the vault. A key that the service
could make by itself would let a restored backup be read after an erasure; this one, it can't (decision 0001).
"""

import json
from dataclasses import dataclass
from uuid import UUID

from chalicelib.domain.account import Profile
from chalicelib.domain.chosen import NOTHING, Chosen
from chalicelib.domain.devices import Device
from chalicelib.domain.errors import IntegrityFailure
from chalicelib.domain.formats import Format, added, required
from chalicelib.domain.personal_data import Field
from chalicelib.domain.sessions import Session
from chalicelib.services.ports import SessionKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCopy:
    """What the phone is told again at every refresh."""

    profile: Profile
    device: Device
    chosen: Chosen


class SessionCopies:
    """Seals and opens the copies."""

    def __init__(self, keys: SessionKeys) -> None:
        """Take what makes a key of a seed."""
        self._keys = keys

    def seal(self, copy: SessionCopy, *, seed: bytes, session_id: UUID) -> bytes:
        """Return the copy, sealed for one session's row."""
        key = self._keys(seed, session_id)
        profile, device = copy.profile.to_bytes().decode(), copy.device.to_bytes().decode()
        chosen = [copy.chosen.to_bytes().decode()] if copy.chosen else []
        plaintext = json.dumps([profile, device, *chosen], ensure_ascii=False).encode()
        return key.seal(Field.SESSION_PROFILE.at(session_id, key.version), plaintext)

    def open(self, session: Session, *, seed: bytes) -> SessionCopy:
        """Return the copy of a session whose refresh token was presented.

        Raises:
            IntegrityFailure: it is gone, or not this session's.
        """
        if session.profile is None:
            raise IntegrityFailure
        key = self._keys(seed, session.id)
        plaintext = key.open_sealed(Field.SESSION_PROFILE.at(session.id, key.version), session.profile)
        return SessionCopy(**COPY.read_places(plaintext))


COPY = Format(  # a JSON array: a name is a place in it
    "session_copy",
    {
        "profile": required(lambda said: Profile.from_bytes(said.encode())),
        "device": required(lambda said: Device.from_bytes(said.encode())),
        "chosen": added(lambda said: Chosen.from_bytes(said.encode()), default=NOTHING, is_written=True),
    },
)
