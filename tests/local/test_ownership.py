"""Files of somebody else are one sentence: whose they are, and what to do."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.places import PROJECT, explained, server_user

OTHER = server_user()  # None where the tests don't run as root: then root's files are somebody else's
# Python is loaded first: root's own can't be read by others.
DROP = (
    "import os, sys; from local import ending; from local.places import explained\n"
    "if len(sys.argv) > 2: os.setgroups([]); os.setgid(int(sys.argv[3])); os.setuid(int(sys.argv[2]))\n"
)
ENDING = f"{DROP}sys.exit(ending.main(sys.argv[1]))"
EXPLAINING = f"{DROP}print(explained(PermissionError(13, '', sys.argv[1])))"


def as_other(code: str, word: str, project: Path) -> subprocess.CompletedProcess[str]:
    ids = [str(OTHER.uid), str(OTHER.gid)] if OTHER else []
    words = (sys.executable, "-c", code, word, *ids)
    return subprocess.run(words, cwd=project, capture_output=True, text=True, check=False)  # noqa: S603 - the code above


def test_the_owner_of_a_file_is_named_with_two_ways_out() -> None:
    told = as_other(EXPLAINING, "/etc/passwd", PROJECT).stdout
    assert "belongs to root" in told
    assert "copy" in told
    assert "sudo chown" in told


def test_what_is_mounted_read_only_is_told_apart() -> None:
    assert "read-only" in str(explained(OSError(errno.EROFS, "", str(PROJECT))))


def test_other_errors_stay_errors() -> None:
    assert explained(OSError(errno.ENOSPC, "")) is None
    assert explained(FileNotFoundError(errno.ENOENT, "", "x")) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave files of root behind")
@pytest.mark.parametrize(
    ("command", "file"), [("stop", ".local/run.lock"), ("clean", ".local/run.lock"), ("clean", ".venv/a/b")]
)
def test_what_root_left_behind_is_told_in_one_sentence(tmp_path: Path, command: str, file: str) -> None:
    assert OTHER is not None
    project = tmp_path / "checkout"
    for name in ("local", "tools"):
        shutil.copytree(PROJECT / name, project / name)
    os.chown(project, OTHER.uid, OTHER.gid)
    for folder in (tmp_path, *tmp_path.parents[:-2]):  # but for / and the folder of all
        folder.chmod(0o755)
    left = project / file
    left.parent.mkdir(parents=True)
    left.touch(mode=0o600)
    done = as_other(ENDING, command, project)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "belongs to root" in line
    assert str(project / file.partition("/")[0]) in line
    assert "sudo" in line
