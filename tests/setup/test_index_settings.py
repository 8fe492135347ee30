"""Of pip's settings those count that say where packages are, whichever way they are made."""

import os
import sys
from pathlib import Path

import pytest

from tools.package_index import IndexSettingsError, pip_variables, where, without_how

PYTHON = Path(sys.executable)


def shell(settings: Path, text: str, **more: str) -> dict[str, str]:
    settings.write_text(text)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(settings.parent),
        "PIP_CONFIG_FILE": str(settings),
        **more,
    }


def test_where_packages_are_comes_from_the_file_and_the_shell_and_the_nearer_one_wins(tmp_path: Path) -> None:
    text = "[global]\nindex-url = http://a/\ntimeout = 5\nuse-feature = truststore\n[install]\nindex-url = http://b/\n"
    found = where(PYTHON, shell(tmp_path / "pip.conf", text, PIP_TIMEOUT="7", PIP_TRUSTED_HOST="b"))
    told = {name: found[name] for name in ("index-url", "timeout", "use-feature", "trusted-host")}
    assert told == {
        "index-url": "http://b/",
        "timeout": "7",
        "use-feature": "truststore",
        "trusted-host": "b",
    }


@pytest.mark.parametrize(
    "line",
    [
        "user = true",
        "quiet = 3",
        "dry-run = 1",
        "target = /x",
        "constraint = /x",
        "no-binary = :all:",
        "no-deps = no",
        "global = true",
    ],
)
def test_how_to_install_is_not_the_users(tmp_path: Path, line: str) -> None:
    text = f"[global]\nindex-url = http://a/\n{line}\n[install]\n{line}\n"
    found = pip_variables(PYTHON, shell(tmp_path / "pip.conf", text))
    assert found["PIP_INDEX_URL"] == "http://a/"
    assert found["PIP_CONFIG_FILE"] == os.devnull
    assert f"PIP_{line.partition(' ')[0].upper().replace('-', '_')}" not in found


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(IndexSettingsError, match=r"pip\.conf"):
        where(PYTHON, shell(tmp_path / "pip.conf", "no section = 1\n"))


def test_a_command_keeps_what_its_own_pip_needs_to_find_packages() -> None:
    kept = without_how({"PIP_INDEX_URL": "a", "PIP_USER": "1", "PIP_CONFIG_FILE": "b", "HOME": "c"})
    assert kept == {"PIP_INDEX_URL": "a", "PIP_CONFIG_FILE": "b", "HOME": "c"}
