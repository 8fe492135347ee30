"""Chalice can pack by itself what requirements.txt names, for Lambda's machine, with nothing twice (0077)."""

import os
import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.conftest import RUN
from tests.release.made import OUTPUTS
from tools import chalice_for, lambda_python
from tools.package import PROJECT
from tools.release import config
from tools.vendor import SHIPPED

PACKED_BYTES_MAX = 50_000_000  # Lambda's own limits, zipped and not
UNPACKED_BYTES_MAX = 250_000_000


@pytest.fixture(scope="module")
def packed() -> zipfile.ZipFile:
    """The zip of `chalice package` in a clean copy, configured as `make config` does."""
    copy = RUN / "plain-chalice"
    shutil.rmtree(copy, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("chalicelib", "alembic", "vendor"):
        shutil.copytree(PROJECT / name, copy / name, symlinks=True, ignore=ignored)
    (copy / ".chalice").mkdir()
    for name in ("app.py", "requirements.txt", ".chalice/config.json"):
        shutil.copyfile(PROJECT / name, copy / name)
    config.write(config.files(copy, OUTPUTS, None))
    done = subprocess.run(  # noqa: S603 - our own
        (sys.executable, "-P", chalice_for.__file__, lambda_python.NAME, "package", "--stage", "dev", "out"),
        cwd=copy,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "AWS_DEFAULT_REGION": "eu-west-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Could not install" not in done.stdout, done.stdout
    return zipfile.ZipFile(copy / "out" / "deployment.zip")


def test_it_fits_into_lambda_with_nothing_twice(packed: zipfile.ZipFile) -> None:
    names = packed.namelist()
    assert len(names) == len(set(names))
    assert sum(entry.compress_size for entry in packed.infolist()) < PACKED_BYTES_MAX
    assert sum(entry.file_size for entry in packed.infolist()) < UNPACKED_BYTES_MAX


def test_it_has_our_code_the_migrations_and_every_dependency_for_arm64(packed: zipfile.ZipFile) -> None:
    names = set(packed.namelist())
    assert {"app.py", "chalicelib/wiring.py", "migrations/env.py"} <= names
    told = {name.split("-")[0].lower().replace("_", "-") for name in names if ".dist-info/" in name}
    assert told >= SHIPPED - {"chalice"}
    natives = [name for name in names if name.endswith(".so") and "linux-gnu" in name]
    assert natives
    assert [name for name in natives if "aarch64" not in name] == []
