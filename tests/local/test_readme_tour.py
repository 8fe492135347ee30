"""The tour in the README is what really happens: each command is run, each answer compared."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.places import PROJECT
from local.server import create_server
from tests.conftest import RUN
from tests.patience import HANG_SECONDS
from tests.world import World

BLOCK = re.compile(r"^```(sh|json|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
END_OF_STEP = "\x1e"


@pytest.fixture
def api(world: World) -> Iterator[str]:
    """The address of the whole service."""
    server = create_server(world.app, 0)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.drain()


def test_every_command_of_the_tour_answers_what_the_readme_shows(api: str) -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    blocks: list[tuple[str, str]] = BLOCK.findall(readme)
    script = "".join(f"{text}\nprintf '\\036'\n" if kind == "sh" else "" for kind, text in blocks)
    script = script.replace("http://127.0.0.1:8000", api)
    # the command itself, with the key of the tests' own Google in place of the developer's
    command = f'import local.__main__ as it, pathlib; it.LOCAL = pathlib.Path("{RUN}"); it.main(["token"])'
    script = script.replace("make -s token", f"'{sys.executable}' -c '{command}'")
    python = str(Path(sys.executable).parent)  # whose python3 the tour takes
    ran = subprocess.run(  # noqa: S603 - our own README
        ["bash", "-euo", "pipefail", "-c", script],  # noqa: S607 - whichever bash a reader has
        cwd=PROJECT,
        env=os.environ | {"PATH": f"{python}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told = iter(ran.stdout.split(END_OF_STEP))
    printed = ""
    for kind, text in blocks:
        match kind:
            case "sh":
                printed = next(told).strip()
            case "json":
                assert_shown(json.loads(text), json.loads(printed))
            case _:
                assert printed == text.strip()


def assert_shown(shown: object, real: object) -> None:
    """Compare what the README shows of an answer; it may leave out members, and `...` stands for any text."""
    if isinstance(shown, dict):
        assert isinstance(real, dict)
        assert shown.keys() <= real.keys()
        for name, value in shown.items():
            assert_shown(value, real[name])
    elif isinstance(shown, list):
        assert isinstance(real, list)
        assert len(shown) == len(real)
        for left, right in zip(shown, real, strict=True):
            assert_shown(left, right)
    elif isinstance(shown, str) and shown.endswith("..."):
        assert str(real).startswith(shown.removesuffix("..."))
    else:
        assert shown == real
