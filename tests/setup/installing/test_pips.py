"""A lock installs alike with the oldest pip and the newest, whatever newer releases the index has."""

import os
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
    put = made_up.ran(
        *(str(python), "-m", "pip", "install", "--quiet", "--upgrade", request.param),
        folder=folder,
        env=os.environ,
    )
    assert put.returncode == 0, put.stderr
    return python


def test_the_locked_releases_are_installed_and_newer_ones_are_not_looked_at(
    python: Path, tmp_path: Path, index: Path, index_url: str
) -> None:
    lock = made_up.lock(tmp_path / "requirements-run.txt", index, "alpha", "beta", "gamma")
    shell = made_up.variables(index_url, PIP_CONFIG_FILE=os.devnull)
    if " 22.3 " in made_up.ran(str(python), "-m", "pip", "--version", folder=tmp_path, env=shell).stdout:
        resolving = (str(python), "-m", "pip", "install", "--dry-run", "--require-hashes", "-r", str(lock))
        resolved = made_up.ran(*resolving, folder=tmp_path, env=shell)
        assert "In --require-hashes mode" in resolved.stderr  # so this index does show what goes wrong
    add(python, lock, shell)
    try_out(python, lock, shell)
    code = "import alpha, beta, gamma; print(alpha.version, beta.version, gamma.version)"
    assert made_up.ran(str(python), "-c", code, folder=tmp_path, env=shell).stdout == "1.0 1.0 1.0\n"
