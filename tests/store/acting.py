"""One person's live session, and what calls of functions need beside it."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from chalicelib.domain.dpop import Proof
from chalicelib.domain.errors import InvalidDpopProof
from chalicelib.domain.limits import BIOMETRICS, Taking
from tests.world import World

DEAD = (  # scenes after which no session may act
    "UPDATE sessions SET ended_at = created_at, end_reason = 'logout', profile = NULL",
    "UPDATE sessions SET idle_expires_at = created_at",
    "UPDATE users SET status = 'suspended'",
    "UPDATE users SET status = 'erased', profile = NULL, chosen = NULL",
)


class Acting:
    """A person who signed in, and their session."""

    def __init__(self, world: World, email: str = "ana@example.com", device: str = "device-1") -> None:
        self.world = world
        self.phone = world.person(email, device=device)
        assert self.phone.sign_in().status == 200
        self.id, self.user_id = UUID(self.phone.session_id), UUID(self.phone.user_id)
        self.now = world.clock.now()

    def proof(self) -> Proof:
        """Return a proof that comes for the first time."""
        expires_at = self.now + timedelta(minutes=1)
        return Proof(jkt="", ath=None, replay_key=uuid4().bytes, expires_at=expires_at, has_nonce=False)

    def place(self) -> Taking:
        """Return a place in one bucket, which is the same for all."""
        return Taking(limit=BIOMETRICS, subject="", index=b"bucket", now=self.now)

    def fill_bucket(self) -> None:
        """Leave no place in it."""
        full_at = self.now + BIOMETRICS.window
        self.world.execute("INSERT INTO rate_limits VALUES ('bucket', %s)", full_at)

    def uses_up(self, act: Callable[[Proof], object]) -> None:
        """Hold an act to using its proof up, and to doing nothing when that came before."""
        once = self.proof()
        act(once)
        before = self.world.stored()
        with pytest.raises(InvalidDpopProof):
            act(once)
        assert self.world.stored() == before
