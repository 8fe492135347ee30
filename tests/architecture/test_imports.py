"""Imports run one way, and importing the app does nothing else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.sources import PROJECT

PROBE = Path("tests/architecture/import_probe.py")
LINT_IMPORTS = """
from importlinter.cli import lint_imports
raise SystemExit(lint_imports(no_cache=True, no_logo=True))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the project's code that a test may spoil."""
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("bench", "chalicelib", "local", "tests", "tools"):
        shutil.copytree(PROJECT / name, tmp_path / name, ignore=ignore)
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    return tmp_path


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, without any environment."""
    command = (sys.executable, "-B", *arguments)
    return subprocess.run(  # noqa: S603 - our own interpreter and files
        command, cwd=folder, env={}, capture_output=True, text=True, check=False
    )


def acts_of_importing(folder: Path, module: str) -> list[str]:
    done = python(folder, str(folder / PROBE), module)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def test_imports_run_one_way() -> None:
    done = python(PROJECT, "-c", LINT_IMPORTS)
    assert done.returncode == 0, done.stdout


def test_every_contract_on_imports_can_fail(copy: Path) -> None:
    (copy / "chalicelib/domain/wrong.py").write_text("import chalicelib.services\nimport local\n")
    (copy / "chalicelib/clients/wrong.py").write_text("import chalicelib.services\n")
    done = python(copy, "-c", LINT_IMPORTS)
    assert done.returncode == 1
    assert "3 broken" in done.stdout, done.stdout


def test_importing_the_app_reads_no_setting_and_opens_nothing() -> None:
    assert acts_of_importing(PROJECT, "app") == ["environment AWS_LAMBDA_RUNTIME_API"]  # are we in Lambda?


def imported_by(folder: Path, module: str) -> set[str]:
    """Return what a process has imported that imported a module."""
    done = python(folder, "-c", f"import sys, json, {module}; print(json.dumps(list(sys.modules)))")
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_no_request_imports_what_jobs_and_releases_use() -> None:  # 0120
    found = imported_by(PROJECT, "app")
    assert {"psycopg2", "chalicelib.stores.sessions", "chalicelib.postgres.calls"} <= found
    assert found & {"sqlalchemy", "alembic", "chalicelib.stores.schema", "chalicelib.stores.jobs"} == set()


def test_the_rule_on_what_requests_import_can_fail(copy: Path) -> None:
    with (copy / "chalicelib/stores/sessions.py").open("a") as file:
        file.write("import chalicelib.stores.jobs.purge\n")
    shutil.copy(PROJECT / "app.py", copy)
    assert imported_by(copy, "app") >= {"sqlalchemy", "chalicelib.stores.schema", "chalicelib.stores.jobs"}


@pytest.mark.parametrize(
    ("code", "act"),
    [
        ("import os\nos.environ.get('STAGE')", "environment STAGE"),
        ("import os\nos.getenv('STAGE')", "environment STAGE"),
        ("import os\n'STAGE' in os.environ", "environment STAGE"),
        ("import socket\nsocket.getaddrinfo('127.0.0.1', 80)", "socket.getaddrinfo"),
        ("import subprocess\nsubprocess.run(['true'])", "subprocess.Popen"),
        ("import sqlalchemy\nsqlalchemy.create_engine('postgresql+psycopg2://')", "database engine"),
        ("import boto3\nboto3.client('s3', region_name='eu-west-1')", "AWS client"),
    ],
)
def test_the_rule_on_importing_the_app_can_fail(copy: Path, code: str, act: str) -> None:
    (copy / "app.py").write_text(code + "\n")
    assert act in acts_of_importing(copy, "app")
