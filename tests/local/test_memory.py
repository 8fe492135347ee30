"""Data that may be lost is on a RAM disk where there is room, and nowhere else; it doesn't stay there."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import cleaning, memory
from local.memory import FREE_MIN, forget, memory_folder, memory_folders
from local.places import LOCAL, PlaceError
from local.postgres import EmbeddedPostgres

DIRECTORY = LOCAL / f"memory-{os.getpid()}"


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that looks like a RAM disk."""
    disk = tmp_path / "ram"
    disk.mkdir()
    disk.chmod(0o1777)
    monkeypatch.setattr(memory, "RAM_DISK", disk)
    return disk


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "postgres"
    forget(tmp_path / "postgres")


def free(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    usage = shutil.disk_usage("/")._replace(free=size)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)


def test_each_directory_has_a_passable_folder_of_its_own(disk: Path, directory: Path) -> None:
    made = [memory_folder(directory), memory_folder(directory.with_name("other"))]
    assert sorted(disk.iterdir()) == sorted(each for each in made if each) == sorted(memory_folders())
    assert [stat.S_IMODE(each.stat().st_mode) for each in disk.iterdir()] == [0o711, 0o711]
    assert memory_folder(directory) == made[0]


def test_a_small_disk_is_left_alone(disk: Path, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, FREE_MIN - 1)
    assert memory_folder(directory) is None
    assert not any(disk.iterdir())


def test_memory_in_use_counts_as_none(disk: Path, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory.available() > 0
    monkeypatch.setattr(memory, "available", lambda: FREE_MIN - 1)
    assert memory_folder(directory) is None


def test_a_folder_in_use_stays_when_the_room_goes(
    disk: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = memory_folder(directory)
    free(monkeypatch, 0)
    assert memory_folder(directory) == before is not None


@pytest.mark.parametrize("mode", [0o755, 0o777], ids=["not for everybody", "everybody replaces files"])
def test_what_is_no_shared_folder_is_left_alone(disk: Path, directory: Path, mode: int) -> None:
    disk.chmod(mode)
    assert memory_folder(directory) is None


def test_a_machine_without_one_is_served_too(disk: Path, directory: Path) -> None:
    disk.rmdir()
    assert memory_folder(directory) is None
    assert not list(memory_folders())
    forget(directory)


def test_a_folder_that_others_prepared_is_refused(disk: Path, directory: Path, tmp_path: Path) -> None:
    made = memory_folder(directory)
    assert made is not None
    made.rmdir()
    made.symlink_to(tmp_path)
    with pytest.raises(PlaceError):
        memory_folder(directory)


def test_a_server_leaves_nothing_in_memory() -> None:
    with EmbeddedPostgres(DIRECTORY, durable=False) as server:
        assert server.cluster is not None
        data = server.cluster.data
        server.restart()
        assert server.cluster.data == data
    in_memory = data.is_relative_to(memory.RAM_DISK)
    assert in_memory == memory._has_room()
    assert data.parent.exists() != in_memory
    shutil.rmtree(DIRECTORY)


def test_a_durable_server_is_never_in_memory() -> None:
    with EmbeddedPostgres(DIRECTORY) as server:
        assert server.cluster is not None
        assert not server.cluster.data.is_relative_to(memory.RAM_DISK)
    shutil.rmtree(DIRECTORY)


def test_cleaning_removes_what_a_killed_run_left(
    disk: Path, directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = memory_folder(directory)
    assert left is not None
    (left / "data").mkdir()
    monkeypatch.setattr(cleaning, "LOCAL", tmp_path / "local")
    monkeypatch.setattr(cleaning, "stop_run", lambda: None)
    monkeypatch.setattr(cleaning, "runtime_folder", lambda: tmp_path / "runtime")
    cleaning.clean()
    assert not left.exists()
