"""`make lock` refuses a lock that leaves something to resolve, and asks the user's own index."""

import os
import shutil
from pathlib import Path

import pytest

from tests.setup import made_up
from tools.lock import Uv, lock, unresolved, variables


@pytest.fixture
def uv(index_url: str, tmp_path: Path) -> Uv:
    return Uv({"PATH": os.environ["PATH"], "HOME": str(tmp_path), "UV_DEFAULT_INDEX": index_url})


def test_what_uv_locks_leaves_nothing_to_resolve_and_names_no_index(
    uv: Uv, tmp_path: Path, index_url: str
) -> None:
    (tmp_path / "wish.in").write_text("gamma<2\n")
    lock(uv, tmp_path, "wish", "3.11")
    text = (tmp_path / "wish.txt").read_text()
    assert {"alpha==2.0", "beta==2.0", "gamma==1.0"} <= set(text.split())
    assert index_url not in text
    assert unresolved(uv, [tmp_path / "wish.txt"], ["3.11", "3.14"]) == []


def test_a_lock_without_what_one_of_its_packages_needs_is_refused(
    uv: Uv, tmp_path: Path, index: Path
) -> None:
    incomplete = made_up.lock(tmp_path / "wish.txt", index, "alpha", "gamma")
    faults = unresolved(uv, [incomplete], ["3.12"])
    assert len(faults) == 3  # platforms
    assert all("beta" in fault and "3.12" in fault for fault in faults)


def test_a_lock_of_a_package_without_a_wheel_for_a_platform_is_refused(
    uv: Uv, tmp_path: Path, index: Path
) -> None:
    copy = shutil.copytree(index, tmp_path / "index")
    (copy / "beta" / "index.html").unlink()
    for built in (copy / "beta").iterdir():
        built.unlink()
    built = made_up.wheel(copy / "beta", "beta", made_up.LOCKED, "py3-none-manylinux_2_28_x86_64")
    (copy / "beta" / "index.html").write_text(f'<a href="{built.name}">{built.name}</a>')
    path = made_up.lock(tmp_path / "wish.txt", copy, "alpha", "beta")
    with made_up.served(copy) as url:
        there = Uv({"PATH": os.environ["PATH"], "HOME": str(tmp_path), "UV_DEFAULT_INDEX": url})
        faults = unresolved(there, [path], ["3.13"])
    assert len(faults) == 2
    assert all("aarch64" in fault and "beta" in fault for fault in faults)


def test_the_index_of_the_users_pip_is_asked_unless_uv_has_one(tmp_path: Path) -> None:
    settings = tmp_path / "pip.conf"
    settings.write_text(
        "[global]\nindex-url = http://127.0.0.1:9/a/\nuser = true\n"
        "extra-index-url =\n  http://127.0.0.1:9/b/\n  http://127.0.0.1:9/c/\n"
    )
    shell = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PIP_CONFIG_FILE": str(settings)}
    found = variables(shell)
    assert found["UV_DEFAULT_INDEX"] == "http://127.0.0.1:9/a/"
    assert found["UV_INDEX"] == "http://127.0.0.1:9/b/ http://127.0.0.1:9/c/"
    own = {**shell, "UV_DEFAULT_INDEX": "http://127.0.0.1:9/d/"}
    assert variables(own)["UV_DEFAULT_INDEX"] == "http://127.0.0.1:9/d/"
    assert "UV_INDEX" not in variables(own)
    (tmp_path / ".config/uv").mkdir(parents=True)
    (tmp_path / ".config/uv/uv.toml").touch()
    assert "UV_DEFAULT_INDEX" not in variables(shell)
