"""An environment is made once, as far as it is needed, and never from under what runs in it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.setup import made_up

WHAT = "import importlib.util as u; print(*(n for n in ('alpha', 'beta', 'gamma') if u.find_spec(n)))"
NOWHERE = "http://127.0.0.1:9/"  # the port `discard`, which nothing listens on
ODD = "a folder, 100 %, señor"


@pytest.fixture
def checkout(tmp_path: Path, index: Path) -> Path:
    return made_up.project(tmp_path / ODD, index)


def tool(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-E", "-s", "-m", "tools.environment", *words)


def run(checkout: Path, variables: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return made_up.ran(*tool(*words), folder=checkout, env=variables)


def make(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = ("make", "--no-print-directory", f"PYTHON={sys.executable}", *words)
    return made_up.ran(*command, folder=checkout, env={"PATH": os.environ["PATH"], "HOME": "/"})


def test_running_installs_what_it_needs_and_testing_adds_the_rest(checkout: Path, index_url: str) -> None:
    first = run(checkout, made_up.variables(index_url), "run", "--", "-c", WHAT)
    assert (first.returncode, first.stdout) == (0, "alpha beta\n"), first.stderr
    assert "Installing requirements-run" in first.stderr
    marker = checkout / ".venv" / "is-the-same"
    marker.touch()
    second = run(checkout, made_up.variables(index_url), "dev", "--", "-c", WHAT)
    assert (second.returncode, second.stdout) == (0, "alpha beta gamma\n"), second.stderr
    assert marker.exists()
    for level in ("look", "run", "dev"):
        later = run(checkout, made_up.variables(NOWHERE), level, "--", "-c", WHAT)
        assert (later.returncode, later.stdout, later.stderr) == (0, "alpha beta gamma\n", "")


def test_without_a_network_the_first_installation_says_so_in_one_line(checkout: Path) -> None:
    done = run(
        checkout,
        made_up.variables(NOWHERE, PIP_RETRIES="1", PIP_CONFIG_FILE=os.devnull),
        "run",
        "--",
        "-c",
        WHAT,
    )
    assert done.returncode == 1
    assert not done.stdout
    assert done.stderr.splitlines()[-1].startswith("No connection to the package index")
    assert "Traceback" not in done.stderr
    assert "Retry" not in done.stderr
    assert not (checkout / ".venv" / "made-from").exists()


def test_what_only_looks_takes_the_environment_that_is_there(
    checkout: Path, index: Path, index_url: str
) -> None:
    assert run(checkout, made_up.variables(index_url), "run").returncode == 0
    made_up.lock(checkout / "requirements-run.txt", index, "beta")
    looked = run(checkout, made_up.variables(NOWHERE), "--named", "look", "--", "-c", WHAT)
    assert (looked.stdout, looked.stderr) == ("alpha beta\n", "")
    again = run(checkout, made_up.variables(index_url), "run", "--", "-c", WHAT)
    assert again.stdout == "beta\n"


def test_nothing_is_made_again_under_what_runs_from_it(checkout: Path, index: Path, index_url: str) -> None:
    shell, offline = made_up.variables(index_url), made_up.variables(NOWHERE)
    assert run(checkout, shell, "run").returncode == 0
    waits = tool("run", "--", "-c", "print('up', flush=True); input()")
    with made_up.started(*waits, folder=checkout, env=offline) as running:
        assert made_up.line(running.stdout) == "up\n"
        assert run(checkout, shell, "dev", "--", "-c", WHAT).stdout == "alpha beta gamma\n"
        made_up.lock(checkout / "requirements-run.txt", index, "beta")
        refused = run(checkout, shell, "run", "--", "-c", WHAT)
        assert refused.returncode == 1
        (sentence,) = refused.stderr.splitlines()
        assert "Let it end" in sentence
        assert "still runs" in make(checkout, "clean").stderr
        assert run(checkout, offline, "look", "--", "-c", WHAT).stdout == "alpha beta gamma\n"
        running.communicate("\n")
    assert run(checkout, shell, "run", "--", "-c", WHAT).stdout == "beta\n"


def test_a_stack_that_was_started_by_hand_keeps_its_environment(
    checkout: Path, index: Path, index_url: str
) -> None:
    shell = made_up.variables(index_url)
    assert run(checkout, shell, "run").returncode == 0
    program = (
        "from local.running import *\n"
        "with stop_signals(), contextlib.suppress(Stopped), single_run():\n"
        "    record('http://127.0.0.1:8000'); print('up', flush=True); signal.pause()\n"
    )
    with made_up.started(sys.executable, "-c", program, folder=checkout, env=shell) as stack:
        assert made_up.line(stack.stdout) == "up\n"
        made_up.lock(checkout / "requirements-run.txt", index, "beta")
        refused = run(checkout, shell, "run")
        assert "http://127.0.0.1:8000" in refused.stderr
        assert "make stop" in refused.stderr
        assert make(checkout, "stop").stdout == "Stopped.\n"
    assert make(checkout, "stop").stdout == "Nothing is running.\n"


@pytest.mark.parametrize("hollow", ["", "3f0c", "[]", '{"version": "3"}', None])
def test_what_was_not_seen_to_work_is_made_again(checkout: Path, index_url: str, hollow: str | None) -> None:
    assert run(checkout, made_up.variables(index_url), "run").returncode == 0
    (module,) = (checkout / ".venv").glob("lib/python*/site-packages/alpha/__init__.py")
    module.unlink()
    if hollow is None:
        (checkout / ".venv" / "bin" / "python").unlink()
    else:
        (checkout / ".venv" / "made-from").write_text(hollow)
    assert (
        run(
            checkout, made_up.variables(index_url), "run", "--", "-c", "import alpha; alpha.version"
        ).returncode
        == 0
    )


def test_what_does_not_work_does_not_count_as_complete(checkout: Path, index: Path, index_url: str) -> None:
    (checkout / "requirements-run.in").write_text("alpha\nbeta\n")
    made_up.lock(checkout / "requirements-run.txt", index, "alpha")  # which needs beta
    done = run(checkout, made_up.variables(index_url), "run")
    assert done.returncode == 1
    assert "beta" in done.stderr.splitlines()[-1]
    assert not (checkout / ".venv" / "made-from").exists()


def test_a_python_that_was_named_counts_and_one_that_was_found_does_not(
    checkout: Path, index_url: str
) -> None:
    assert run(checkout, made_up.variables(index_url), "run").returncode == 0
    made_from = checkout / ".venv" / "made-from"
    made_from.write_text(
        json.dumps(json.loads(made_from.read_text()) | {"version": "3.12.1 of another shell"})
    )
    assert not run(checkout, made_up.variables(NOWHERE), "run").stderr
    assert "Making .venv" in run(checkout, made_up.variables(index_url), "--named", "run").stderr


FOREIGN = {
    "PIP_USER": "1",
    "PIP_DRY_RUN": "1",
    "PIP_TARGET": "/nowhere",
    "PIP_NO_BINARY": ":all:",
    "PIP_QUIET": "3",
    "PIP_REQUIRE_VIRTUALENV": "1",
    "PIP_PREFIX": "/nowhere",
    "PIP_CONSTRAINT": "/nowhere",
    "PIP_ISOLATED": "1",
    "PYTHONPATH": "/nowhere",
    "PYTHONWARNINGS": "error",
    "PYTHONOPTIMIZE": "2",
    "PYTHONSAFEPATH": "1",
    "PYTHONNOUSERSITE": "1",
    "PYTHONDEVMODE": "1",
    "PYTHONUTF8": "0",
    "PYTHONSTARTUP": "/nowhere",
    "PGSSLMODE": "require",
    "PGSERVICE": "x",
    "PGOPTIONS": "-c x",
    "PGHOST": "nowhere",
    "VIRTUAL_ENV": "/nowhere",
    "CONDA_PREFIX": "/nowhere",
    "PYTEST_ADDOPTS": "-x",
    "ALEMBIC_CONFIG": "/nowhere",
}


def test_the_shells_settings_play_no_part_but_those_of_the_index(checkout: Path, index_url: str) -> None:
    shell = {"HOME": str(checkout), "PATH": os.environ["PATH"], "AWS_PROFILE": "mine", **FOREIGN}
    settings = checkout / "pip.conf"
    settings.write_text(
        f"[global]\nindex-url = {index_url}\nuser = true\nquiet = 2\n[install]\ndry-run = true\n"
    )
    shown = "import os; print(*sorted(os.environ))"
    done = run(checkout, {**shell, "PIP_CONFIG_FILE": str(settings)}, "run", "--", "-c", shown)
    assert done.returncode == 0, done.stderr
    names = set(done.stdout.split())
    assert names & FOREIGN.keys() == set()
    assert {"HOME", "PATH", "AWS_PROFILE", "PIP_CONFIG_FILE"} <= names


@pytest.mark.parametrize("python", ["missing", "hollow", "broken"])
def test_stopping_and_cleaning_need_nothing_of_what_they_clean(checkout: Path, python: str) -> None:
    if python != "missing":
        (checkout / ".venv" / "bin").mkdir(parents=True)
        (checkout / ".venv" / "made-from").write_text("3f0c")
    if python == "broken":
        (checkout / ".venv" / "bin" / "python").symlink_to("/nowhere")
    for name in (".local/aws", ".mypy_cache", "infra/.terraform", "tools/__pycache__"):
        (checkout / name).mkdir(parents=True, exist_ok=True)
    (checkout / ".coverage").touch()
    assert make(checkout, "stop").stdout == "Nothing is running.\n"
    done = make(checkout, "clean")
    assert (done.returncode, done.stderr) == (0, "")
    left = [
        path.relative_to(checkout)
        for path in checkout.rglob("*")
        if path.name in {"__pycache__", ".terraform"}
    ]
    assert [str(each) for each in left if "infra" in each.parts] == []
    assert {path.name for path in checkout.iterdir() if path.name.startswith(".")} == set()


def test_an_interrupted_installation_is_none(checkout: Path, index_url: str) -> None:
    shell = made_up.variables(index_url)
    with made_up.started(*tool("run"), folder=checkout, env=shell) as installing:
        assert made_up.line(installing.stderr).startswith("Making")
        os.killpg(installing.pid, signal.SIGINT)
        _, rest = installing.communicate()
    assert installing.returncode == 130
    assert "Traceback" not in rest
    assert not (checkout / ".venv" / "made-from").exists()
    assert run(checkout, shell, "run", "--", "-c", WHAT).stdout == "alpha beta\n"
