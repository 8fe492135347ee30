"""The runtime folder can't be prepared by somebody else."""

import stat
import tempfile
from pathlib import Path

import pytest

from local.places import (
    FileLock,
    PlaceError,
    make_directory,
    make_runtime_folder,
    runtime_folder,
    write_private,
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    return runtime_folder()


def test_it_is_made_closed_to_listing_and_writing_by_others(folder: Path) -> None:
    assert stat.S_IMODE(make_runtime_folder().stat().st_mode) == 0o711
    assert make_runtime_folder() == folder


def test_a_link_in_its_place_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PlaceError):
        make_runtime_folder()


def test_a_folder_that_others_can_write_to_is_refused(folder: Path) -> None:
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(PlaceError):
        make_runtime_folder()


def test_a_temporary_directory_where_others_can_replace_files_is_refused(
    folder: Path, tmp_path: Path
) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(PlaceError):
        make_runtime_folder()


def test_existing_folders_keep_their_permissions(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir(mode=0o700)
    made = make_directory(tmp_path / "mine" / "new")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (made.parent, made)] == [0o700, 0o711]


def test_a_private_file_is_never_readable_by_others(tmp_path: Path) -> None:
    write_private(tmp_path / "secret", "x")
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_a_lock_has_one_holder_until_it_is_given_back(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    second.release()
