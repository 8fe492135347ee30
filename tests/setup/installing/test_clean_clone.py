"""The first command of the README in a fresh clone: sign up, stop, run again without a network."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from local.children import free_port
from local.places import PROJECT
from tests.setup import made_up

COMMAND = re.compile(r"^curl -sS .*?}'$", re.MULTILINE | re.DOTALL)
UP = "Stop: Ctrl-C here"
OFFLINE = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}

pytestmark = pytest.mark.xdist_group("clean clone")  # one clone, in which the first run installs


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone as a newcomer has it, with what isn't committed yet, in a folder whose name is a hard one."""
    folder = tmp_path_factory.mktemp("clone") / "a folder, 100 %, señor"
    folder.mkdir()
    words = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = made_up.ran(*words, folder=PROJECT, env=os.environ)
    for name in listed.stdout.rstrip("\0").split("\0"):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((PROJECT / name).read_bytes())
            (folder / name).chmod((PROJECT / name).stat().st_mode)
    for passable in (folder, *folder.parents[:3]):
        passable.chmod(passable.stat().st_mode | 0o011)  # for the user that PostgreSQL runs as
    return folder


def shell(**more: str) -> Mapping[str, str]:
    """Return the shell of a newcomer: where pip finds packages on this machine, and nothing else."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return {"HOME": os.environ["HOME"], "PATH": os.environ["PATH"], "PORT": str(free_port()), **kept, **more}


def make(*words: str) -> tuple[str, ...]:
    return ("make", "--no-print-directory", f"PYTHON={sys.executable}", *words)


def until_up(run: subprocess.Popen[str]) -> Iterator[str]:
    """Yield what `make run` prints until it is up, or has ended."""
    while text := made_up.line(run.stdout):
        yield text
        if UP in text:
            return


@pytest.mark.parametrize("network", [{}, OFFLINE], ids=["first", "again without a network"])
def test_make_run_brings_the_service_up_and_the_printed_command_signs_up(
    clone: Path, network: Mapping[str, str]
) -> None:
    with made_up.started(*make("run"), folder=clone, env=shell(**network)) as run:
        printed = "".join(until_up(run))
        command = COMMAND.search(printed)
        try:
            assert command is not None, printed
            (signed_up,) = (made_up.ran("sh", "-c", command[0], folder=clone, env=shell(**OFFLINE)),)
            assert '"is_new_user":true' in signed_up.stdout, signed_up.stderr
            stopped = made_up.ran(*make("stop"), folder=clone, env=shell(**OFFLINE))
            assert stopped.stdout == "Stopped.\n"
        finally:
            run.terminate()
            _, said = run.communicate()
    assert ("Installing requirements-run" in said) == (not network)
    assert "Traceback" not in said


def test_a_reader_who_leaves_ends_it_without_a_traceback(clone: Path) -> None:
    piped = f"{' '.join(make('run'))} | head -3"
    done = made_up.ran("sh", "-c", piped, folder=clone, env=shell())
    assert len(done.stdout.splitlines()) == 3
    assert "Traceback" not in done.stderr
    assert made_up.ran(*make("stop"), folder=clone, env=shell()).stdout == "Nothing is running.\n"
