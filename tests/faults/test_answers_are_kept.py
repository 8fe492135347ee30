"""PostgreSQL is killed under traffic, as by a power failure: what was answered is still true (F0)."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from threading import Event, Thread

import pytest

from chalicelib.functions import release
from local.database import prepare_database
from local.postgres import EmbeddedPostgres
from tests.conftest import RUN, Parts
from tests.consenting import AI
from tests.world import Phone, Reply, World

KILLS = 3
PEOPLE = 6
ANSWERS_BETWEEN_KILLS = 60
LOGOUT_EVERY = 4  # turns
PATIENCE_SECONDS = 60.0
DATABASE = "answers_are_kept"


@pytest.fixture
def durable() -> Iterator[EmbeddedPostgres]:
    """A server with default durability: what is committed is on the disk."""
    with EmbeddedPostgres(RUN / "durable-postgres") as server:
        server.drop_database(DATABASE)
        yield server


@pytest.fixture
def world(durable: EmbeddedPostgres, parts: Parts) -> Iterator[World]:
    owner_url = durable.create_database(DATABASE)
    url = prepare_database(owner_url)
    settings = replace(parts.settings(DATABASE), database_url=url, limits_are_lifted=True)
    release.publish_documents(owner_url)
    release.rotate_keys(settings)
    one = World(settings, owner_url, parts.people)
    durability = "SELECT current_setting('fsync'), current_setting('synchronous_commit')"
    assert one.rows(durability) == [("on", "on")]
    yield one
    one.close()


@dataclass
class Client:
    """A phone that writes down what it was told, and asks again, word for word, when told to come back."""

    phone: Phone
    refreshes: int = 0
    answers: int = 0
    logouts: list[str] = field(default_factory=list)
    refused: list[Reply] = field(default_factory=list)
    unavailable: int = 0

    @property
    def told(self) -> int:
        """How many acts were answered with success, beside sign-ins."""
        return self.refreshes + self.answers + len(self.logouts)

    def live(self, over: Event) -> None:
        """Sign in, refresh, agree and withdraw, log out, and begin again."""
        self.sign_in()
        turn = 0
        while not over.is_set() and not self.refused:
            turn += 1
            self.phone.answer = self.insist("POST", "/auth/refresh", self.newest()).body
            self.refreshes += 1
            agreed = {"document": AI, "version": "1.0", "granted": turn % 2 == 1}
            self.insist("POST", "/consents", {"consents": [agreed]}, self.phone.access_token)
            self.answers += 1
            if turn % LOGOUT_EVERY == 0:
                self.insist("POST", "/auth/logout", self.newest())
                self.logouts.append(self.phone.session_id)
                self.sign_in()

    def sign_in(self) -> None:
        """Sign in with one ID token, however often it takes."""
        self.phone.answer = self.insist("POST", "/auth/google", self.phone.sign_in_body()).body

    def newest(self) -> dict[str, str]:
        """Return the body with the newest refresh token."""
        return {"refresh_token": self.phone.refresh_token}

    def insist(self, method: str, path: str, body: object, token: str | None = None) -> Reply:
        """Return the answer that isn't 503."""
        while (reply := self.phone.world.call(method, path, body, token=token)).status == 503:
            self.unavailable += 1
            time.sleep(0.02)
        if reply.status not in {200, 204}:
            self.refused.append(reply)
            raise RuntimeError(path, reply.status, reply.code)
        return reply


def test_what_was_answered_before_postgresql_was_killed_is_true_after_it(
    durable: EmbeddedPostgres, world: World
) -> None:
    over = Event()
    clients = [Client(world.person(f"person-{number}@example.com")) for number in range(PEOPLE)]
    threads = [Thread(target=client.live, args=(over,)) for client in clients]
    for thread in threads:
        thread.start()
    for _ in range(KILLS):
        wait_for_more(clients)
        durable.kill()  # F-3, F-5: no shutdown, no checkpoint
        durable.start()
    wait_for_more(clients)
    over.set()
    for thread in threads:
        thread.join()
    assert [client.refused for client in clients] == [[]] * PEOPLE
    assert sum(client.unavailable for client in clients) > 0  # somebody noticed
    world.services = world.container()
    for client in clients:
        assert_kept(world, client)


def wait_for_more(clients: list[Client]) -> None:
    """Wait until that many more acts were answered with success."""
    before, deadline = sum(client.told for client in clients), time.monotonic() + PATIENCE_SECONDS
    while sum(client.told for client in clients) < before + ANSWERS_BETWEEN_KILLS:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def assert_kept(world: World, client: Client) -> None:
    """Everything that the phone was told happened, and happened once."""
    phone = client.phone
    acts = world.kinds_of_acts(phone.user_id)
    assert acts.count("account.created") == 1
    assert acts.count("session.started") == len(client.logouts) + 1
    assert acts.count("session.refreshed") == client.refreshes
    ended = "SELECT id::text FROM sessions WHERE user_id = %s AND end_reason = 'logout' ORDER BY created_at"
    assert {ended_id for (ended_id,) in world.rows(ended, phone.user_id)} == set(client.logouts)
    assert acts.count("session.ended") == len(client.logouts)
    history = "SELECT count(*) FROM consent_events WHERE user_id = %s AND kind = %s"
    assert world.rows(history, phone.user_id, AI) == [(client.answers,)]
    assert phone.get("/account").body["email"] == phone.email
    assert phone.refresh().status == 200
