"""Operators see where every key stands, and no key."""

import json
from dataclasses import asdict

import pytest

from chalicelib.domain.keys import ServiceKeyUse
from local.keys import table
from tests.key_scenes import DAY, REQUEST_ID, KeyScene
from tests.world import World


@pytest.fixture
def scene(world: World) -> KeyScene:
    return KeyScene(world)


def test_it_counts_peoples_keys_by_kms_key_and_version(scene: KeyScene) -> None:
    scene.people(2)
    old, new = scene.world.settings.kms_key_id, scene.change_kms_key()
    scene.world.person("late@example.com").sign_in()
    counts = {(row.kms_key_id, row.version): row.count for row in scene.parts.status.report().vault}
    assert counts == {(old, 1): 2, (new, 1): 1}


def test_it_counts_all_pages_and_what_is_not_a_key(scene: KeyScene) -> None:
    scene.people(3)
    table_name = scene.world.settings.vault_table
    scene.dynamodb.put_item(TableName=table_name, Item={"user_id": {"S": "nobody"}})
    status = scene.parts.status
    status._page_items = 1
    report = status.report()
    assert ([row.count for row in report.vault], report.damaged, report.is_complete) == ([3], 1, True)


def test_it_tells_the_states_of_signing_keys_and_secrets(scene: KeyScene) -> None:
    scene.parts.rotation.rotate(ServiceKeyUse.CHALLENGE, REQUEST_ID)
    report = scene.parts.status.report()
    assert [key.state for key in report.signing] == ["current"]
    states = {(key.use, key.version): key.state for key in report.service}
    assert (states["challenge", 1], states["challenge", 2]) == ("current", "next")
    scene.world.clock.advance(DAY)
    states = {(key.use, key.version): key.state for key in scene.parts.status.report().service}
    assert (states["challenge", 1], states["challenge", 2]) == ("earlier", "current")


def test_it_is_json_without_any_key_and_a_table(scene: KeyScene) -> None:
    scene.people(1)
    answer = json.loads(json.dumps(asdict(scene.parts.status.report())))
    assert "wrapped" not in json.dumps(answer)
    shown = table(answer)
    assert "blind_index" in shown
    assert "1 keys" in shown
