"""Re-wrapping under traffic, interrupted, repeated, and with erasures in between (K8, F-31)."""

import threading
from collections.abc import Callable, Mapping

import pytest

from chalicelib.clients.key_vault import KeyVault
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.key_life import RewrapProgress, VaultItem, VaultPage
from tests.aws_tap import renew_container, tapped
from tests.http.test_erasure import erase
from tests.key_scenes import REQUEST_ID, KeyScene
from tests.races import audited
from tests.world import World

START = RewrapProgress()


def nothing() -> None:
    """Do nothing."""


class Between:
    """The vault, with something that happens between a page and what is written of it."""

    def __init__(self, scene: KeyScene) -> None:
        self._vault: KeyVault = scene.parts.vault
        self.happens: Callable[[], object] = nothing
        self.writes_left = 1000

    def page(self, after: str | None, limit: int) -> VaultPage:
        page = self._vault.page(after, limit)
        self.happens()
        return page

    def replace(self, item: VaultItem, wrapped: bytes, kms_key_id: str) -> bool:
        if self.writes_left == 0:
            raise DependencyUnavailable
        self.writes_left -= 1
        return self._vault.replace(item, wrapped, kms_key_id)


@pytest.fixture
def scene(world: World) -> KeyScene:
    return KeyScene(world)


def test_all_keys_are_wrapped_by_the_new_kms_key_and_the_old_one_is_needed_no_more(scene: KeyScene) -> None:
    phones = scene.people(3)
    new = scene.change_kms_key()
    done = scene.rewrap().run(START, REQUEST_ID)
    assert (done.is_done, done.seen, done.rewrapped) == (True, 3, 3)
    assert scene.wrapped_by() == {new}
    assert audited(scene.world, "keys.rewrapped") == 1
    for item in scene.items().values():
        context = {"purpose": "personal_data", "user_id": item["user_id"]["S"], "version": "1"}
        blob = item["wrapped_key"]["B"]
        assert (
            len(scene.kms.decrypt(KeyId=new, CiphertextBlob=blob, EncryptionContext=context)["Plaintext"])
            == 32
        )
    for phone in phones:
        assert phone.get("/account").body["email"] == phone.email


def test_before_during_and_after_it_everyone_is_readable(scene: KeyScene) -> None:
    phones = scene.people(3)
    scene.change_kms_key()
    for progress in (START, scene.rewrap(page_items=1, pages_max=1).run(START, REQUEST_ID)):
        assert not progress.is_done
        renew_container(scene.world)
        assert [phone.get("/account").status for phone in phones] == [200, 200, 200]


def test_a_container_that_still_wraps_with_the_old_key_reads_what_the_new_one_wrapped(
    scene: KeyScene,
) -> None:
    [phone] = scene.people(1)
    old = scene.world.settings.kms_key_id
    scene.change_kms_key()
    scene.rewrap().run(START, REQUEST_ID)
    scene.configure(kms_key_id=old)  # it knows both, as docs/keys.md asks for
    assert phone.get("/account").status == 200


def test_keys_of_before_the_vault_named_kms_keys_are_of_the_first(scene: KeyScene) -> None:
    [phone] = scene.people(1)
    table, key = scene.world.settings.vault_table, {"user_id": {"S": phone.user_id}}
    scene.dynamodb.update_item(TableName=table, Key=key, UpdateExpression="REMOVE kms_key_id")
    new = scene.change_kms_key()
    assert phone.get("/account").status == 200
    assert scene.rewrap().run(START, REQUEST_ID).rewrapped == 1
    assert scene.wrapped_by() == {new}
    renew_container(scene.world)
    assert phone.get("/account").status == 200


def test_run_again_it_does_nothing_and_records_nothing(scene: KeyScene) -> None:
    scene.people(2)
    scene.change_kms_key()
    scene.rewrap().run(START, REQUEST_ID)
    before = scene.items()
    again = scene.rewrap().run(START, REQUEST_ID)
    assert (again.rewrapped, again.current, scene.items()) == (0, 2, before)
    assert audited(scene.world, "keys.rewrapped") == 1


def test_each_answer_sent_as_the_next_event_arrives_at_the_end(scene: KeyScene) -> None:
    scene.people(5)
    scene.change_kms_key()
    progress, rounds = START, 0
    while not progress.is_done:
        event: Mapping[str, object] = {
            "after": progress.after,
            "seen": progress.seen,
            "rewrapped": progress.rewrapped,
        }
        progress = scene.rewrap(page_items=2, pages_max=1).run(RewrapProgress.resumed(event), REQUEST_ID)
        rounds += 1
    assert (progress.seen, progress.rewrapped) == (5, 5)
    assert rounds >= 3


def test_interrupted_in_the_middle_of_a_page_it_goes_on_from_there(scene: KeyScene) -> None:
    phones = scene.people(4)
    new = scene.change_kms_key()
    vault = Between(scene)
    vault.writes_left = 2
    cut = scene.rewrap(vault=vault).run(START, REQUEST_ID)
    assert (cut.is_interrupted, cut.is_done, cut.after) == (True, False, None)
    assert len(scene.wrapped_by()) == 2
    done = scene.rewrap().run(cut, REQUEST_ID)
    assert (done.is_done, done.rewrapped, done.current) == (True, 2, 2)
    assert scene.wrapped_by() == {new}
    assert {phone.get("/account").status for phone in phones} == {200}


def test_while_kms_is_away_it_stops_and_says_so(scene: KeyScene) -> None:
    scene.people(1)
    before = scene.items()
    scene.change_kms_key()
    with tapped(scene.world) as aws:
        aws.down = {"kms"}
        rewrap = scene.rewrap()
        rewrap._kms = scene.world.services.exports._keys._kms  # type: ignore[attr-defined] # the client that is cut off
        assert rewrap.run(START, REQUEST_ID).is_interrupted
    assert scene.items() == before


def test_a_person_erased_in_between_stays_erased(scene: KeyScene) -> None:
    ana, eve = scene.people(2)
    scene.change_kms_key()
    vault = Between(scene)
    vault.happens = lambda: erase(ana)
    done = scene.rewrap(vault=vault).run(START, REQUEST_ID)
    assert (done.rewrapped, done.overtaken) == (1, 1)
    assert scene.items().keys() == {eve.user_id}
    assert eve.get("/account").status == 200


def test_two_runs_at_once_wrap_each_key_and_lose_none(scene: KeyScene) -> None:
    phones = scene.people(4)
    new = scene.change_kms_key()
    vault, barrier = Between(scene), threading.Barrier(2)
    vault.happens = lambda: barrier.wait(30)
    runs = [
        threading.Thread(target=scene.rewrap(vault=vault).run, args=(START, REQUEST_ID)) for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert scene.wrapped_by() == {new}
    renew_container(scene.world)
    assert {phone.get("/account").status for phone in phones} == {200}


def test_sign_ins_and_reads_go_on_meanwhile(scene: KeyScene) -> None:
    phones = scene.people(6)
    new = scene.change_kms_key()
    run = threading.Thread(target=lambda: scene.rewrap(page_items=1).run(START, REQUEST_ID))
    run.start()
    statuses = set()
    while run.is_alive():  # F-31: no failed request
        renew_container(scene.world)
        statuses |= {phone.get("/account").status for phone in phones} | {phones[0].sign_in().status}
    statuses.add(scene.world.person("new@example.com").sign_in().status)
    run.join()
    assert statuses == {200}
    assert scene.wrapped_by() == {new}


def test_a_key_put_in_anothers_place_is_counted_and_left_as_it_is(scene: KeyScene) -> None:
    ana, eve = scene.people(2)
    stolen = scene.items()[eve.user_id]["wrapped_key"]
    scene.dynamodb.update_item(
        TableName=scene.world.settings.vault_table,
        Key={"user_id": {"S": ana.user_id}},
        UpdateExpression="SET wrapped_key = :stolen",
        ExpressionAttributeValues={":stolen": stolen},
    )
    scene.change_kms_key()
    done = scene.rewrap().run(START, REQUEST_ID)  # F-11
    assert (done.is_done, done.rewrapped, done.damaged) == (True, 1, 1)
    assert scene.items()[ana.user_id]["wrapped_key"] == stolen


def test_a_kms_key_that_the_settings_do_not_name_is_never_asked(scene: KeyScene) -> None:
    [ana] = scene.people(1)
    scene.dynamodb.update_item(
        TableName=scene.world.settings.vault_table,
        Key={"user_id": {"S": ana.user_id}},
        UpdateExpression="SET kms_key_id = :other",
        ExpressionAttributeValues={":other": {"S": "somebody-elses"}},
    )
    with tapped(scene.world) as aws:
        assert ana.get("/account").code == "service_unavailable"
        assert aws.calls == ["dynamodb.GetItem"]
