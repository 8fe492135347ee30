"""Files of somebody else are one sentence: whose they are, and what to do."""

import errno
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.places import PROJECT, SubprocessIdentity, explained, server_user

OTHER = server_user()  # None where the tests don't run as root: then root's files are somebody else's
IDENTITY: SubprocessIdentity = OTHER.identity() if OTHER else {}


def ended(command: str, project: Path) -> subprocess.CompletedProcess[str]:
    words = (sys.executable, "-E", "-s", "-m", "local.ending", command)
    return subprocess.run(words, cwd=project, capture_output=True, text=True, check=False, **IDENTITY)  # noqa: S603 - our own command


def explanation(path: str) -> str:
    code = "import sys; from local.places import *; print(explained(PermissionError(13, '', sys.argv[1])))"
    words = (sys.executable, "-c", code, path)
    return subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=True, **IDENTITY).stdout  # noqa: S603 - the code above


def test_the_owner_of_what_make_made_is_named_with_both_ways_out() -> None:
    told = explanation("/etc/.local/run.lock")
    assert "belongs to root" in told
    assert "copy" in told


def test_what_is_mounted_read_only_is_told_apart() -> None:
    assert "read-only" in str(explained(OSError(errno.EROFS, "", str(PROJECT))))


def test_other_errors_stay_errors() -> None:
    assert explained(OSError(errno.ENOSPC, "")) is None
    assert explained(FileNotFoundError(errno.ENOENT, "", "x")) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave files of root behind")
@pytest.mark.parametrize("command", ["stop", "clean"])
def test_what_root_left_behind_is_told_in_one_sentence(tmp_path: Path, command: str) -> None:
    assert OTHER is not None
    project = tmp_path / "checkout"
    for name in ("local", "tools"):
        shutil.copytree(PROJECT / name, project / name)
    os.chown(project, OTHER.uid, OTHER.gid)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    (project / ".local").mkdir(mode=0o711)
    (project / ".local" / "run.lock").touch(mode=0o600)
    done = ended(command, project)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "belongs to root" in line
    assert pwd.getpwuid(0).pw_name in line
    assert "sudo" in line
