"""The store of the service's keys, real and in memory: added once, retired by the next, always on record."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from chalicelib.domain.keys import ServiceKeyRecord, ServiceKeyUse, SigningAlgorithm, SigningKeyRecord
from chalicelib.services.store_ports import KeySource, KeyStore
from chalicelib.stores.jobs.keys import KeyStore as StoredKeys
from chalicelib.stores.keys import KeySource as ReadKeys
from tests.fakes import START, InMemoryKeyStore
from tests.world import World

DAY = timedelta(days=1)
ES256, RS256 = SigningAlgorithm.ES256, SigningAlgorithm.RS256


class Subject:
    """A store without keys, and what it put on record."""

    def __init__(self, store: KeyStore, source: KeySource, audited: Callable[[], list[str]]) -> None:
        self.store = store
        self.source = source
        self.audited = audited

    def sign_with(self, kid: str, days: int, algorithm: SigningAlgorithm = ES256) -> None:
        record = signing_key(kid, days, algorithm)
        expiry = record.activates_at + timedelta(hours=1)
        seen = [key.activates_at for key in self.store.signing_keys() if key.algorithm is algorithm]
        self.store.add_signing_key(
            record, predecessors_expire_at=expiry, youngest_seen=max(seen, default=None), request_id="test"
        )


def signing_key(kid: str, days: int, algorithm: SigningAlgorithm = ES256) -> SigningKeyRecord:
    return SigningKeyRecord(
        kid=kid,
        algorithm=algorithm,
        public_jwk={"kty": "EC", "kid": kid},
        wrapped_private=kid.encode(),
        created_at=START,
        activates_at=START + days * DAY,
        expires_at=None,
    )


def secret(use: ServiceKeyUse, wrapped: bytes = b"wrapped", version: int = 1) -> ServiceKeyRecord:
    return ServiceKeyRecord(use=use, version=version, wrapped=wrapped, created_at=START, activates_at=START)


@pytest.fixture(params=["in memory", "PostgreSQL"])
def subject(request: pytest.FixtureRequest) -> Subject:
    if request.param == "in memory":
        fake = InMemoryKeyStore()
        return Subject(fake, fake, lambda: fake.audited)
    world: World = request.getfixturevalue("world")
    with world.owner() as cursor:
        cursor.execute("DELETE FROM signing_keys; DELETE FROM service_keys")
    ((before,),) = world.rows("SELECT max(id) FROM audit_events")
    recorded = "SELECT details->>'key' FROM audit_events WHERE kind = 'key.created' AND id > %s ORDER BY id"
    store, source = StoredKeys(world.database.transactions), ReadKeys(world.database)
    return Subject(store, source, lambda: [name for (name,) in world.rows(recorded, before)])


def test_what_was_added_is_read_back_the_oldest_first(subject: Subject) -> None:
    subject.sign_with("b", 0, RS256)
    subject.sign_with("a", 2)
    assert subject.store.signing_keys() == (signing_key("b", 0, RS256), signing_key("a", 2))
    subject.store.add_service_key(secret(ServiceKeyUse.REFRESH_TOKEN), request_id="test")
    subject.store.add_service_key(secret(ServiceKeyUse.BLIND_INDEX), request_id="test")
    stored = subject.source.stored()
    assert stored.service == (secret(ServiceKeyUse.BLIND_INDEX), secret(ServiceKeyUse.REFRESH_TOKEN))
    assert (stored.signing, stored.service) == (subject.store.signing_keys(), subject.store.service_keys())


def test_a_new_key_dates_the_end_of_those_before_it_of_its_kind(subject: Subject) -> None:
    subject.sign_with("rsa", 0, RS256)
    subject.sign_with("first", 0)
    subject.sign_with("second", 1)
    subject.sign_with("third", 2)
    ends = {key.kid: key.expires_at for key in subject.store.signing_keys()}
    hour = timedelta(hours=1)
    assert ends == {"rsa": None, "first": START + DAY + hour, "second": START + 2 * DAY + hour, "third": None}


def test_adding_a_key_twice_is_adding_it_once(subject: Subject) -> None:
    for _ in range(2):
        subject.sign_with("a", 0)
        subject.store.add_service_key(secret(ServiceKeyUse.CHALLENGE), request_id="test")
    assert len(subject.store.signing_keys()) == len(subject.store.service_keys()) == 1
    assert subject.store.signing_keys()[0].expires_at is None
    assert subject.audited() == ["a", "service_key:challenge"]


def test_a_secret_is_never_replaced(subject: Subject) -> None:
    subject.store.add_service_key(secret(ServiceKeyUse.CHALLENGE, b"first"), request_id="test")
    subject.store.add_service_key(secret(ServiceKeyUse.CHALLENGE, b"other"), request_id="test")
    subject.store.add_service_key(secret(ServiceKeyUse.CHALLENGE, b"later", 2), request_id="test")
    assert [bytes(record.wrapped) for record in subject.store.service_keys()] == [b"first", b"later"]


def test_of_two_rotations_that_saw_the_same_keys_one_publishes(subject: Subject) -> None:
    first, second = signing_key("first", 0), signing_key("second", 0)
    for key in (first, second):
        subject.store.add_signing_key(
            key, predecessors_expire_at=key.activates_at + DAY, youngest_seen=None, request_id="test"
        )
    assert [key.kid for key in subject.store.signing_keys()] == ["first"]
