"""A copy of infra/ for each test, ready to run Terraform in."""

import shutil
from pathlib import Path

import pytest

from tools.terraform import INFRA, run


@pytest.fixture(scope="session")
def ready() -> Path:
    """infra/ itself, its root and four modules initialised: nothing but Terraform's own cache is written."""
    for folder in (
        INFRA,
        *(INFRA / "modules" / name for name in ("database", "keys", "network", "observability")),
    ):
        run("init", "-backend=false", folder=folder)
    return INFRA


@pytest.fixture
def copy(ready: Path, tmp_path: Path) -> Path:
    """A copy that may be changed; the provider stays where it is."""
    return Path(shutil.copytree(ready, tmp_path / "infra", symlinks=True))
