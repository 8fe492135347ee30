"""A lock installs alike with the oldest pip and the newest, whatever newer releases the index has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.setup import made_up
from tools.installation import add, create, try_out

# What ensurepip of the first release of each Python brings.
OLDEST = {11: "pip==22.3", 12: "pip==23.2.1", 13: "pip==24.2", 14: "pip==25.2"}[sys.version_info.minor]


@pytest.fixture(scope="module", params=[OLDEST, "pip"], ids=["oldest", "newest"])
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with another pip, from the developer's own index."""
    folder = tmp_path_factory.mktemp("pips") / "environment"
    create(folder)
    python = folder / "bin" / "python"
    command = (str(python), "-m", "pip", "install", "--quiet", "--upgrade", request.param)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - pip
    return python


def versions(python: Path) -> str:
    code = "import alpha, beta, gamma; print(alpha.version, beta.version, gamma.version)"
    return subprocess.run((str(python), "-c", code), check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603 - the code above


def test_the_locked_releases_are_installed_and_newer_ones_are_not_looked_at(
    python: Path, tmp_path: Path, index: Path, index_url: str
) -> None:
    lock = made_up.lock(tmp_path / "requirements-run.txt", index, "alpha", "beta", "gamma")
    shell = made_up.variables(index_url, PIP_CONFIG_FILE=os.devnull)
    resolved = subprocess.run(  # noqa: S603 - pip
        (str(python), "-m", "pip", "install", "--dry-run", "--require-hashes", "-r", str(lock)),
        env=shell,
        capture_output=True,
        text=True,
        check=False,
    )
    if "22.3" in subprocess.run((str(python), "-m", "pip", "--version"), check=True, capture_output=True, text=True).stdout:  # noqa: S603 - pip
        assert "In --require-hashes mode" in resolved.stderr  # what resolving does: the index is a hard one
    add(python, lock, shell)
    try_out(python, lock, shell)
    assert versions(python) == "1.0 1.0 1.0"
