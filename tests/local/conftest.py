"""A stack that runs, as the commands of another shell see it."""

import json
import os
from pathlib import Path

import pytest

from chalicelib import wiring
from local import invoke
from tests.world import World


@pytest.fixture
def running(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> World:
    """Let the local commands find this world, as if `make run` had started it."""
    settings = tmp_path / "settings.json"
    settings.write_text(
        json.dumps({name: os.environ[name] for name in os.environ if name.startswith("AWS_")})
    )
    monkeypatch.setattr(invoke, "SETTINGS", settings)
    monkeypatch.setattr(wiring, "services", lambda: world.services)
    monkeypatch.setattr(wiring, "settings", lambda: world.settings)
    return world
