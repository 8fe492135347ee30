"""Sign-ins as the store takes them, for the tests of the functions that it calls."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from chalicelib.domain.account import RenewedData
from chalicelib.domain.challenges import Challenge
from chalicelib.domain.consents import ConsentAnswer
from chalicelib.domain.id_tokens import Platform, Provider
from chalicelib.domain.sessions import OwnSession
from chalicelib.domain.sign_in import Entered, Entry, NewPerson, NewSession
from chalicelib.stores.sign_in import SignInStore
from tests.world import REQUIRED, World

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
KEY, OTHER_KEY = "A" * 43, "B" * 43


def hashed(letter: str) -> bytes:
    return letter.encode() * 32


def granted(*documents: str, version: str = "1.0") -> tuple[ConsentAnswer, ...]:
    return tuple(
        ConsentAnswer(document=each, version=version, granted=True, locale="en", method="onboarding")
        for each in documents
    )


def challenge(letter: str, expires_at: datetime) -> Challenge:
    return Challenge(nonce_hash=hashed(letter), expires_at=expires_at)


def renewed(own: OwnSession, subject_indexes: tuple[bytes, ...]) -> RenewedData:
    """Return what is sealed of a person, all of it anew."""
    return RenewedData(
        user_id=own.person.id,
        index_version=1,
        subject_indexes=subject_indexes,
        device_id=own.session.device.id,
        session_id=own.session.id,
        email_index=hashed("m"),
        profile_digest=b"1",
        copy_digest=b"2",
        device_digest=b"3",
        changed="profile device",
        profile=b"4",
        device_description=b"5",
        session_profile=b"6",
    )


class SignIns:
    """The store, with a stranger who agrees to all and brings a nonce, on a database without people."""

    def __init__(self, world: World) -> None:
        self.world, self.store = world, SignInStore(world.database)
        self.start = world.clock.now()
        self.tokens = 0

    def new(self, later: timedelta = timedelta(0), **changes: Any) -> NewSession:  # noqa: ANN401 - any field
        """Return one more sign-in of the person, on the phone that they have."""
        self.tokens += 1
        now = self.start + later
        new = NewSession(
            provider=Provider("google"),
            index_version=1,
            index_versions=(1,),
            subject_indexes=(hashed("s"),),
            token_hash=self.tokens.to_bytes(32, "big"),
            token_expires_at=now + DAY,
            challenge=None,
            session_id=uuid4(),
            device_id=uuid4(),
            device_indexes=(hashed("d"),),
            platform=Platform.ios,
            client_id="client",
            now=now,
            idle_expires_at=now + DAY,
            expires_at=now + 2 * DAY,
            jkt=None,
            profile=b"copy",
            profile_digest=b"digest",
            answers=granted(*REQUIRED),
            locale="en",
            app_version="1.2",
            request_id="test",
            at_address=None,
            place=None,
            proof=None,
        )
        return replace(new, **changes)

    def person(self) -> NewPerson:
        """Return what makes a new person."""
        return NewPerson(
            user_id=uuid4(),
            identity_id=uuid4(),
            key_version=1,
            email_index=None,
            subject=b"subject",
            profile=b"profile",
            device_description=b"device",
            device_digest=b"device digest",
        )

    def created(self, **changes: Any) -> Entry:  # noqa: ANN401 - any field
        """Make the person."""
        entry = self.store.create_account(self.new(**changes), self.person())
        assert entry.outcome is Entered.CREATED
        return entry

    def written(self) -> dict[str, int]:
        """Return how many rows each table has, but for the limits' buckets."""
        return self.world.stored()

    def assert_refused(self, entry: Entry, outcome: Entered, before: dict[str, int]) -> None:
        assert (entry.outcome, entry.own) == (outcome, None)
        assert self.written() == before
