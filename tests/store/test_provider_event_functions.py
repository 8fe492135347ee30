"""Every outcome of the function that takes providers' events."""

from datetime import timedelta
from threading import Thread
from uuid import UUID

import pytest

from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.notices import Consequence, ProviderNotice
from chalicelib.domain.providers import GOOGLE
from chalicelib.stores.notices import NoticeStore
from tests.races import audited
from tests.world import Phone, World

HOUR = timedelta(hours=1)
INDEX = b"the identity's"


class Events:
    """The store, and one person in it with a session and an identity."""

    def __init__(self, world: World) -> None:
        self.world, self.phone = world, world.person()
        assert self.phone.sign_in().status == 200
        world.execute("UPDATE identities SET subject_index = %s", INDEX)
        self.store = NoticeStore(world.database)
        self.number = 0

    def take(self, consequence: Consequence, *indexes: bytes, number: int | None = None) -> None:
        """Take an event: another one each time, unless a number is given."""
        self.number += 1
        notice = ProviderNotice(
            provider=GOOGLE.name,
            issuer="",
            subject="",
            kind="told",
            consequence=consequence,
            id_hash=str(self.number if number is None else number).encode(),
            expires_at=self.world.clock.now() + HOUR,
        )
        self.store.act(
            notice,
            consequence,
            subject_indexes=indexes or (b"another version's", INDEX),
            now=self.world.clock.now(),
            request_id="test",
        )

    def link(self, phone: Phone | None = None, index: bytes = b"second") -> None:
        """Give the person, or another one, a further identity."""
        self.world.execute(
            "INSERT INTO identities (id, user_id, provider, subject_index, subject, created_at) "
            "VALUES (gen_random_uuid(), %s, 'google', %s, 'x', now())",
            (phone or self.phone).user_id,
            index,
        )

    def status(self) -> str:
        """Return the person's status."""
        ((status,),) = self.world.rows("SELECT status::text FROM users WHERE id = %s", self.phone.user_id)
        return str(status)

    def held(self) -> list[bytes]:
        """Return the indexes of identities that the person is suspended for."""
        held = "SELECT subject_index FROM identities WHERE held_at IS NOT NULL ORDER BY 1"
        return [bytes(index) for (index,) in self.world.rows(held)]

    def recorded(self) -> list[str]:
        """Return the kinds of acts that events brought about, in their order."""
        kinds = "SELECT kind FROM audit_events WHERE request_id = 'test' ORDER BY id"
        return [kind for (kind,) in self.world.rows(kinds)]


@pytest.fixture
def events(world: World) -> Events:
    return Events(world)


def test_sessions_end(events: Events) -> None:
    events.take(Consequence.END_SESSIONS)
    assert events.recorded() == ["identity.noticed", "session.ended"]
    assert events.world.rows("SELECT end_reason::text FROM sessions") == [("revoked",)]
    ((details,),) = events.world.rows("SELECT details FROM audit_events WHERE kind = 'identity.noticed'")
    assert details == {"provider": "google", "notice": "told"}


def test_an_event_that_is_repeated_changes_nothing(events: Events) -> None:
    for consequence in Consequence:
        events.take(consequence, number=1)
    assert events.recorded() == ["identity.noticed", "session.ended"]
    assert events.world.rows("SELECT count(*) FROM provider_events") == [(1,)]


def test_an_event_about_nobody_is_not_kept(events: Events) -> None:
    events.take(Consequence.SUSPEND, b"unknown")
    assert events.recorded() == []
    assert events.world.rows("SELECT count(*) FROM provider_events") == [(0,)]


@pytest.mark.parametrize("is_last", [True, False])
def test_an_identity_is_unlinked_unless_it_is_the_last(events: Events, *, is_last: bool) -> None:
    if not is_last:
        events.link()
    events.take(Consequence.END_AND_UNLINK)
    assert events.recorded() == [
        "identity.noticed",
        "session.ended",
        *([] if is_last else ["identity.unlinked"]),
    ]
    left = events.world.rows("SELECT subject_index FROM identities")
    assert [bytes(index) for (index,) in left] == [INDEX if is_last else b"second"]


def test_a_person_is_suspended_for_an_identity_and_reinstated_by_the_same(events: Events) -> None:
    events.take(Consequence.SUSPEND)
    assert (events.status(), events.held()) == ("suspended", [INDEX])
    assert events.recorded() == ["identity.noticed", "account.suspended", "session.ended"]
    assert events.world.rows("SELECT end_reason::text FROM sessions") == [("suspended",)]
    events.take(Consequence.REINSTATE)
    assert (events.status(), events.held()) == ("active", [])
    assert audited(events.world, "account.reinstated") == 1
    events.take(Consequence.REINSTATE)
    assert audited(events.world, "account.reinstated") == 1


def test_whom_an_operator_suspended_events_leave_alone(events: Events) -> None:
    events.world.execute("UPDATE users SET status = 'suspended'")
    for consequence in (Consequence.SUSPEND, Consequence.REINSTATE):
        events.take(consequence)
        assert (events.status(), events.held()) == ("suspended", [])
    assert events.recorded() == ["identity.noticed", "identity.noticed"]


def test_a_person_stays_suspended_for_the_other_identity(events: Events) -> None:
    events.link()
    events.take(Consequence.SUSPEND)
    events.take(Consequence.SUSPEND, b"second")
    assert events.held() == sorted([INDEX, b"second"])
    events.take(Consequence.REINSTATE)
    assert (events.status(), events.held()) == ("suspended", [b"second"])
    events.take(Consequence.REINSTATE, b"second")
    assert (events.status(), events.held()) == ("active", [])


def test_an_identity_that_moves_meanwhile_is_its_new_persons(events: Events) -> None:
    other = events.world.person("bo@example.com")
    assert other.sign_in().status == 200

    def take() -> None:
        while True:
            try:
                return events.take(Consequence.SUSPEND, number=1)
            except DependencyUnavailable:  # the lock took too long; a provider tells again
                continue

    taking = Thread(target=take)
    with events.world.owner() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1 FROM users WHERE id = %s FOR UPDATE", (events.phone.user_id,))
        taking.start()
        is_waiting = False
        while not is_waiting:
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
            ((is_waiting,),) = cursor.fetchall()
        cursor.execute("UPDATE identities SET user_id = %s WHERE subject_index = %s", (other.user_id, INDEX))
        cursor.execute("COMMIT")
    taking.join()
    suspended = "SELECT id FROM users WHERE status = 'suspended'"
    assert [UUID(str(found)) for (found,) in events.world.rows(suspended)] == [UUID(other.user_id)]
