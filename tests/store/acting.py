"""One person's live session, and what calls of functions need beside it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar
from urllib.parse import quote, unquote, urlsplit
from uuid import UUID, uuid4

import pytest

from chalicelib.domain.dpop import Proof
from chalicelib.domain.errors import InvalidDpopProof
from chalicelib.domain.limits import BIOMETRICS, Taking
from chalicelib.postgres.connections import Connections, connecting
from chalicelib.postgres.deadline import BoundedConnection
from chalicelib.postgres.roles import REQUESTS_ROLE
from chalicelib.stores.database import Database
from local.database import as_role
from tests.world import World

T = TypeVar("T")
PATIENCE = timedelta(minutes=5)
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


class PatientConnection(BoundedConnection):
    """A connection that waits for an answer as long as a lock is held."""

    wait_max = PATIENCE


class PatientDatabase(Database):
    """A database whose calls wait for a lock as long as it is held, however busy the machine is."""

    def __init__(self, world: World) -> None:
        options = quote("-c lock_timeout=0 -c statement_timeout=0")
        parts = urlsplit(world.settings.database_url)
        direct = as_role(
            world.owner_url, REQUESTS_ROLE, unquote(parts.password or "")
        )  # poolers refuse options
        url = f"{direct}?options={options}"
        super().__init__(url, 1, None, now=world.clock.now)
        self._connections = Connections(connecting(url, None, PatientConnection), 1, world.clock.now)


def overlapped(world: World, change: str, act: Callable[[], T]) -> T:
    """Return what an act returns that waits for a lock of somebody who changes something and commits then."""
    waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid)))"
    is_waiting = False
    with ThreadPoolExecutor(1) as thread, world.owner() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(change)
        answer = thread.submit(act)
        while not is_waiting and not answer.done():
            cursor.execute(waits)
            ((is_waiting,),) = cursor.fetchall()
        cursor.execute("COMMIT")
        assert is_waiting
        return answer.result()
