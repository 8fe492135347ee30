"""The TypeScript client against the real handler: in calm weather, and 200 of them on bad networks."""

import os
import subprocess
from pathlib import Path

from local.places import PROJECT
from tests.sdk.stage import Stage
from tools.node import node

SDK = PROJECT / "sdk" / "typescript"


def run(stage: Stage, *words: str, folder: Path = SDK, **more: str) -> str:
    """Run a program of Node beside the stage; return what it printed."""
    done = subprocess.run(  # noqa: S603 - our own
        (node(), *words),
        cwd=folder,
        env=os.environ | {"AUTH_URL": stage.url, "CONTROL_URL": stage.control} | more,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_life_of_an_app(stage: Stage) -> None:
    assert "# fail 0" in run(stage, "--test", "build/live/laws.test.js")
