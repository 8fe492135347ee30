"""Whatever is rotated, nobody who uses the service meanwhile notices (F-30, F-31)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from chalicelib.domain.key_life import ReindexProgress, RewrapProgress
from chalicelib.domain.keys import PUBLISHED_BEFORE_USE, SIGNING_KEY_LIFETIME, ServiceKeyUse
from chalicelib.functions import release
from chalicelib.services.keyring import RELOAD_AFTER
from tests.index_scenes import INDEX, ORDER
from tests.key_scenes import DAY, REQUEST_ID, KeyScene
from tests.world import Phone, Reply, World

ROUND = 3  # how often each person does everything between two steps
OUTLIVED = {"token_expired", "id_token_expired"}  # the clock jumped past a token in flight


class Traffic:
    """People who refresh, read their account and sign in again, each in a thread, for as long as it lasts."""

    def __init__(self, people: list[Phone]) -> None:
        self.people = people
        self.ids = {phone.email: phone.user_id for phone in people}
        self.failed: list[tuple[str, int, str | None]] = []
        self.rounds = [0] * len(people)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def use(self, number: int) -> None:
        """Use the service again and again."""
        phone = self.people[number]
        acts: dict[str, Callable[[], Reply]] = {
            "sign in": phone.sign_in,
            "refresh": phone.refresh,
            "account": lambda: phone.get("/account"),
        }
        while not self._stop.is_set():
            for name, act in acts.items():
                reply = act()
                if reply.status != 200 and reply.code not in OUTLIVED:
                    self.failed.append((name, reply.status, reply.code))
            self.rounds[number] += 1

    def pass_by(self) -> None:
        """Wait until each of them has done everything a few times more, however slow the machine is."""
        until, waited = [rounds + ROUND for rounds in self.rounds], threading.Event()
        while any(done < wanted for done, wanted in zip(self.rounds, until, strict=True)) and not self.failed:
            assert all(thread.is_alive() for thread in self._threads)
            waited.wait(0.05)

    @contextmanager
    def going(self) -> Iterator[None]:
        """Let them do so in the meantime."""
        self._threads = [threading.Thread(target=self.use, args=(n,)) for n in range(len(self.people))]
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join()


@pytest.fixture
def scene(world: World) -> KeyScene:
    made = KeyScene(world)
    made.configure(limits_are_lifted=True)
    return made


Steps = Iterator[Callable[[], object]]


def secret(scene: KeyScene, use: ServiceKeyUse) -> Steps:
    """Rotate a secret, and retire the one before when nothing of it is left."""
    yield lambda: scene.parts.rotation.rotate(use, REQUEST_ID)
    yield lambda: scene.world.clock.advance(RELOAD_AFTER)
    yield lambda: scene.world.clock.advance(DAY)
    yield lambda: scene.parts.retirement.retire_secret(use, 1, ORDER, REQUEST_ID)
    yield lambda: scene.world.clock.advance(RELOAD_AFTER)


def index_key(scene: KeyScene) -> Steps:
    """Rotate the index key, index everybody anew, and retire the one before."""
    yield lambda: scene.parts.rotation.rotate(INDEX, REQUEST_ID)
    yield lambda: scene.world.clock.advance(DAY)
    yield lambda: scene.parts.reindex.run(ReindexProgress(), REQUEST_ID)
    yield lambda: scene.parts.retirement.retire_secret(INDEX, 1, ORDER, REQUEST_ID)
    yield lambda: scene.world.clock.advance(RELOAD_AFTER)


def signing_key(scene: KeyScene) -> Steps:
    """Let the next signing key be published, sign, and outlive the one before."""
    for pause in (RELOAD_AFTER, PUBLISHED_BEFORE_USE, timedelta(hours=2)):
        yield lambda: release.rotate_keys(scene.world.settings, clock=scene.world.clock)
        yield lambda pause=pause: scene.world.clock.advance(pause)  # type: ignore[misc] # mypy can't infer a lambda's default


def kms_key(scene: KeyScene) -> Steps:
    """Wrap all keys anew, people's and the service's own, and look at them again."""
    yield scene.change_kms_key
    yield lambda: scene.parts.rewrap.run(RewrapProgress(), REQUEST_ID)
    yield lambda: scene.world.clock.advance(RELOAD_AFTER)


ROTATIONS: dict[str, Callable[[KeyScene], Steps]] = {
    "refresh token": lambda scene: secret(scene, ServiceKeyUse.REFRESH_TOKEN),
    "challenge": lambda scene: secret(scene, ServiceKeyUse.CHALLENGE),
    "index key": index_key,
    "signing key": signing_key,
    "KMS key": kms_key,
}


@pytest.mark.parametrize("rotation", ROTATIONS)
def test_nobody_notices_a_rotation(scene: KeyScene, rotation: str) -> None:
    scene.world.clock.advance(SIGNING_KEY_LIFETIME - PUBLISHED_BEFORE_USE)  # a next signing key is due
    traffic = Traffic(scene.people(4))
    with traffic.going():
        traffic.pass_by()
        for step in ROTATIONS[rotation](scene):  # F-30, F-31
            step()
            traffic.pass_by()
    assert traffic.failed == []
    assert {phone.email: phone.user_id for phone in traffic.people} == traffic.ids
