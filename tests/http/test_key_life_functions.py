"""The functions that operators invoke for keys, as app.py hands them over."""

import json

import pytest

import app
from chalicelib import wiring
from tests.key_scenes import KeyScene
from tests.world import World


@pytest.fixture
def scene(world: World, monkeypatch: pytest.MonkeyPatch) -> KeyScene:
    made = KeyScene(world)
    monkeypatch.setattr(wiring, "settings", lambda: world.settings)
    return made


def test_rewrap_is_driven_by_its_own_answers(scene: KeyScene) -> None:
    phones = scene.people(2)
    new = scene.change_kms_key()
    answer = json.loads(json.dumps(app.rewrap({}, None)))
    assert (answer["is_done"], answer["rewrapped"]) == (True, 2)
    assert scene.wrapped_by() == {new}
    again = app.rewrap({**answer, "after": None}, None)  # an old answer harms nothing
    assert (again["rewrapped"], again["seen"]) == (2, 4)
    assert phones[0].get("/account").status == 200


def test_the_sweep_and_the_status_answer_json(scene: KeyScene) -> None:
    scene.people(1)
    assert json.loads(json.dumps(app.vault_sweep({}, None)))["deleted"] == 0
    assert json.loads(json.dumps(app.keys_status({}, None)))["vault"][0]["count"] == 1


def test_a_secret_is_rotated_by_its_use_and_no_other_word(scene: KeyScene) -> None:
    answer = app.rotate_secret({"use": "refresh_token"}, None)
    assert (answer["use"], answer["version"]) == ("refresh_token", 2)
    with pytest.raises(ValueError, match="use is one of blind_index, challenge, refresh_token"):
        app.rotate_secret({"use": "password"}, None)
