"""What operators of the local stack do with `make keys`."""

import json
from collections.abc import Callable

import pytest

from local import keys
from local.__main__ import parser
from local.places import StackError
from tests.key_scenes import KeyScene
from tests.world import World

Command = Callable[..., str]


@pytest.fixture
def scene(running: World) -> KeyScene:
    """A world that the app's functions find, in this process."""
    return KeyScene(running)


@pytest.fixture
def command(scene: KeyScene, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return what is printed for what is typed."""
    assert scene.people(2)

    def typed(*arguments: str) -> str:
        keys.keys(parser().parse_args(["keys", *arguments]))
        return capsys.readouterr().out

    return typed


def test_it_shows_every_key_and_how_many_are_under_it(command: Command) -> None:
    shown = command()
    assert [word in shown for word in ("blind_index", "people's keys", "2 keys", "version 1")] == [True] * 4
    assert json.loads(command("--json"))["index"][0]["people"] == 2


def test_it_rotates_and_withdraws(command: Command) -> None:
    assert json.loads(command("rotate", "--use", "refresh_token"))["version"] == 2
    withdrawn = command(
        *("retire", "--use", "refresh_token", "--version", "1", "--actor", "ops", "--reason", "a drill")
    )
    assert json.loads(withdrawn) == {"retired": "refresh_token:1", "successor": 2}
    kid = json.loads(command("--json"))["signing"][0]["kid"]
    assert json.loads(command("retire", "--kid", kid, "--actor", "ops", "--reason", "a drill"))["successor"]


@pytest.mark.parametrize("act", ["rewrap", "reindex", "sweep"])
def test_it_walks_to_the_end(command: Command, act: str) -> None:
    assert json.loads(command(act))["is_done"] is True


@pytest.mark.parametrize(
    "typed",
    [
        ("retire", "--use", "refresh_token", "--version", "1"),
        ("retire", "--actor", "ops", "--reason", "a drill"),
        ("retire", "--use", "blind_index", "--version", "1", "--actor", "ops", "--reason", "a drill"),
        ("retire", "--use", "challenge", "--version", "first", "--actor", "ops", "--reason", "a drill"),
        ("retire", "--use", "challenge", "--version", "1", "--actor", "a@example.com", "--reason", "x"),
        ("rotate", "--use", "password"),
        ("rotate",),
    ],
)
def test_what_can_not_be_done_is_said_in_a_line(command: Command, typed: tuple[str, ...]) -> None:
    with pytest.raises(StackError, match=r"^(Refused: |Which key\? ).*\.$"):
        command(*typed)
