"""What requests do with a person's own data: each function once, for the test of plans."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from chalicelib.domain.account import ChosenData
from chalicelib.domain.biometrics import NewRegistration, PresenceProof
from chalicelib.domain.challenges import Challenge
from chalicelib.domain.consents import ConsentAnswer
from chalicelib.domain.id_tokens import Platform
from chalicelib.domain.identities import NewIdentity
from chalicelib.domain.providers import APPLE
from chalicelib.domain.tokens import RefreshToken
from chalicelib.stores.account import AccountStore
from chalicelib.stores.consents import ConsentStore
from chalicelib.stores.database import Database
from chalicelib.stores.device_keys import DeviceKeyStore
from chalicelib.stores.documents import DocumentStore
from chalicelib.stores.export import ExportStore
from chalicelib.stores.identities import IdentityStore
from chalicelib.stores.sessions import SessionStore
from tests.store.acting import Acting
from tests.world import World

MINUTE = timedelta(minutes=1)


class PeopleActs:
    """A person with a live session, and all that they do once."""

    def __init__(self, world: World) -> None:
        self.own = Acting(world, "cleo@example.com", "device-5")
        self.generation = 0

    def all(self, database: Database) -> None:
        """Do it all once."""
        own, now, place = self.own, self.own.now, self.own.place()
        SessionStore(database).check(own.id, proof=own.proof(), place=place, now=now)
        self.account(AccountStore(database))
        self.consents(ConsentStore(database))
        self.identities(IdentityStore(database))
        self.device_keys(DeviceKeyStore(database))
        ExportStore(database).export(
            own.id, part=1, proof=own.proof(), place=place, now=now, request_id="test"
        )
        documents = DocumentStore(database)
        assert documents.current(locale="en", now=now)
        assert documents.languages(now=now)

    def account(self, store: AccountStore) -> None:
        """Choose, and choose nothing again."""
        for before, after in ((None, b"chosen"), (b"chosen", None)):
            data = ChosenData(before=before, sealed=after, changed="language")
            assert store.choose(self.own.id, data, now=self.own.now, request_id="test")[0]
        assert not store.is_erased(self.own.user_id)

    def consents(self, store: ConsentStore) -> None:
        """Grant and withdraw."""
        own = self.own
        answer = ConsentAnswer(
            document="ai_processing", version="1.0", granted=True, locale="en", method="settings"
        )
        store.answer(
            own.id, (answer,), proof=None, app_version=None, locale="en", now=own.now, request_id="test"
        )
        store.withdraw(
            own.id,
            answer.document,
            "settings",
            proof=None,
            app_version=None,
            locale="en",
            now=own.now,
            request_id="test",
        )
        assert store.read(own.id, proof=None, locale="en", now=own.now)[1]

    def identities(self, store: IdentityStore) -> None:
        """Link and unlink one that the provider granted something for."""
        own = self.own
        new = NewIdentity(
            session_id=own.id,
            user_id=own.user_id,
            identity_id=uuid4(),
            provider=APPLE.name,
            platforms=frozenset({Platform.ios}),
            index_version=1,
            index_versions=(1,),
            subject_indexes=(b"cleo",),
            email_index=None,
            subject=b"sealed",
            token_hash=uuid4().bytes,
            token_expires_at=own.now + MINUTE,
            challenge=Challenge(nonce_hash=uuid4().bytes, expires_at=own.now + MINUTE),
        )
        linked = store.link(new, proof=None, place=None, now=own.now, request_id="test").identity
        assert linked is not None
        assert len(store.of_session(own.id, proof=None, now=own.now)[1]) == 2
        own.world.execute("UPDATE identities SET refresh_token = 'x' WHERE id = %s", str(linked.id))
        assert store.unlink(own.id, linked.id, proof=None, now=own.now, request_id="test").is_revocable

    def device_keys(self, store: DeviceKeyStore) -> None:
        """Register a key, prove presence with it twice and wrongly, and remove it."""
        own = self.own
        new = NewRegistration(
            id=uuid4(),
            session_id=own.id,
            user_id=own.user_id,
            spki=b"spki",
            nonce_hash=uuid4().bytes,
            nonce_expires_at=own.now + MINUTE,
            name=None,
        )
        store.register(new, proof=None, place=None, now=own.now, request_id="test")
        assert store.registrations(own.id, proof=None, now=own.now)[1]
        assert store.key(own.id, new.id, proof=None, place=None, now=own.now)[2]
        token = RefreshToken(session_id=own.id, seed=bytes(16), generation=self.generation, jkt=None)
        proof = PresenceProof(
            registration_id=new.id,
            token=token,
            nonce_hash=uuid4().bytes,
            nonce_expires_at=own.now + MINUTE,
            grace=MINUTE,
            idle_expires_at=own.now + MINUTE,
        )
        wrong = replace(proof, token=replace(token, jkt="A" * 43, generation=self.generation + 7))
        for each in (proof, proof, wrong):
            store.prove(each, locale="en", now=own.now, request_id="test")
        self.generation += 1
        assert store.remove(own.id, new.id, proof=None, now=own.now, request_id="test")[1]
