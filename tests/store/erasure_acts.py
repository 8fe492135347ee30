"""What providers' events and erasures do: each function once, for the test of plans."""

from uuid import UUID

from chalicelib.domain.erasure import ErasureOrder, Origin
from chalicelib.domain.notices import Consequence, ProviderNotice
from chalicelib.domain.providers import GOOGLE
from chalicelib.stores.database import Database
from chalicelib.stores.erasure import ErasureStore
from chalicelib.stores.notices import NoticeStore
from chalicelib.stores.provider_grants import ProviderGrantStore
from tests.world import World


class ErasureActs:
    """What requests do to erase a person, and what is left to do then; the first time, somebody goes."""

    def __init__(self, world: World) -> None:
        phone = world.person("erased@example.com")
        assert phone.sign_in().status == 200
        self.user_id, self.session_id = UUID(phone.user_id), UUID(phone.session_id)
        self.now = world.clock.now()

    def all(self, database: Database) -> None:
        """Order it as the person and as an operator, bring it back, look for it, complete it."""
        store, grants = ErasureStore(database), ProviderGrantStore(database)
        erasure = store.erase(self.order(self.session_id), request_id="test").erasure
        assert erasure is not None
        store.erase(self.order(None), request_id="test")
        store.replay(erasure, now=self.now, request_id="test")
        assert store.with_secret(erasure.id, bytes(32)) is not None
        assert grants.ended_of(self.user_id) == ()
        grants.forget(self.user_id)
        store.complete(erasure.id, now=self.now)

    def order(self, session_id: UUID | None) -> ErasureOrder:
        """Return an order of the person, or of an operator."""
        return ErasureOrder(
            ids=(self.session_id,),
            user_id=self.user_id,
            session_id=session_id,
            secret_hash=bytes(32),
            requested_at=self.now,
            origin=Origin.PERSON,
        )


class EventActs:
    """What providers' events do, each of them once; the person is suspended, and free again."""

    def __init__(self, world: World) -> None:
        told = world.person("told@example.com")
        assert told.sign_in().status == 200
        world.execute("UPDATE identities SET subject_index = 'told' WHERE user_id = %s", told.user_id)
        self.now, self.taken = world.clock.now(), 0

    def all(self, database: Database) -> None:
        """Take an event of each consequence."""
        for consequence in (*Consequence, Consequence.SUSPEND, Consequence.REINSTATE):
            self.taken += 1
            notice = ProviderNotice(
                provider=GOOGLE.name,
                issuer="",
                subject="",
                kind="told",
                consequence=consequence,
                id_hash=str(self.taken).encode(),
                expires_at=self.now,
            )
            NoticeStore(database).act(
                notice, consequence, subject_indexes=[b"told"], now=self.now, request_id="test"
            )
