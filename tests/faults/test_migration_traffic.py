"""The schema goes back by some migrations and comes again while people use the service (F-32)."""

from collections.abc import Callable
from threading import Event, Thread

import alembic.command
from sqlalchemy import exc

from local.database import OWNER_URL, alembic_config, migrate, variable
from local.places import PROJECT
from tests.races import audited
from tests.store.test_migrations import check
from tests.world import Phone, Reply, World

BACK_TO = ("0012", "0011", "0010")  # each leaves what people use every day
PEOPLE = 3
TRIES = 10  # a migration gives way to traffic after its lock timeout


class Traffic:
    """People who refresh and look at their sessions, and ask again when told to."""

    def __init__(self, people: list[Phone]) -> None:
        self.people = people
        self.refused: list[tuple[int, str | None]] = []
        self.refreshes = 0
        self._over = Event()

    def use(self, phone: Phone) -> None:
        """Use the service until it is over."""
        acts: tuple[Callable[[], Reply], ...] = (
            phone.refresh,
            lambda: phone.get("/sessions"),
            lambda: phone.get("/account"),
        )
        while not self._over.is_set():
            for act in acts:
                while (reply := act()).status == 503:
                    pass
                if reply.status != 200:
                    self.refused.append((reply.status, reply.code))
            self.refreshes += 1

    def during(self, act: Callable[[], None]) -> None:
        """Let everybody use the service while something else happens."""
        threads = [Thread(target=self.use, args=(phone,)) for phone in self.people]
        for thread in threads:
            thread.start()
        try:
            act()
        finally:
            self._over.set()
            for thread in threads:
                thread.join()


def test_nobody_notices_a_migration_but_by_asking_again(world: World) -> None:
    people = [world.person(f"person-{number}@example.com") for number in range(PEOPLE)]
    for phone in people:
        assert phone.sign_in().status == 200
    traffic = Traffic(people)
    traffic.during(lambda: down_and_up(world))  # F-32
    assert traffic.refused == []
    assert traffic.refreshes > 0
    assert audited(world, "session.ended") == 0
    check(world.owner_url)
    assert world.person("eva@example.com").sign_in().body["is_new_user"]


def down_and_up(world: World) -> None:
    """Go back step by step, and forward at once."""
    for revision in BACK_TO:
        insist(lambda revision=revision: downgrade(world.owner_url, revision))  # type: ignore[misc] # mypy can't infer a lambda's default
    insist(lambda: migrate(world.owner_url))


def downgrade(url: str, revision: str) -> None:
    """Go back to a revision."""
    with variable(OWNER_URL, url):
        alembic.command.downgrade(alembic_config(PROJECT), revision)


def insist(migration: Callable[[], None]) -> None:
    """Run a migration again as long as traffic holds what it needs."""
    for _ in range(TRIES - 1):
        try:
            return migration()
        except exc.OperationalError:
            continue
    return migration()
