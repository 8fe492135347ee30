"""One run a checkout, which another shell can end, and nobody else's process is ever taken for it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local import running
from local.places import PROJECT, StackError
from local.running import AlreadyRunning, Stopped, recorded_run, single_run, stop_run, stop_signals
from tests.patience import HANG_SECONDS


@pytest.fixture(autouse=True)
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, file in (("LOCAL", ""), ("RECORD", "run.json"), ("LOCK", "run.lock")):
        monkeypatch.setattr(running, name, tmp_path / file)
    return tmp_path


def test_a_second_run_is_refused_and_told_where_the_first_is() -> None:
    with single_run():
        running.record("http://127.0.0.1:8000")
        with pytest.raises(AlreadyRunning, match=f"http://127.0.0.1:8000.*{os.getpid()}"), single_run():
            pass


def test_a_run_that_ended_leaves_room_for_the_next() -> None:
    for _ in range(2):
        with single_run():
            assert recorded_run() is not None
    assert recorded_run() is None


def test_a_process_that_only_has_the_same_id_is_not_the_run(checkout: Path) -> None:
    (checkout / "run.json").write_text(json.dumps({"pid": os.getpid(), "started": "1", "url": ""}))
    assert recorded_run() is None


@pytest.mark.parametrize("nonsense", ["", "[]", '{"pid": "x"}', "null"])
def test_a_broken_record_is_no_run(checkout: Path, nonsense: str) -> None:
    (checkout / "run.json").write_text(nonsense)
    assert recorded_run() is None
    assert not stop_run()


def test_a_run_that_cannot_be_told_from_others_is_not_taken_for_none(checkout: Path) -> None:
    with single_run():
        (checkout / "run.json").write_text("{}")
        with pytest.raises(StackError, match="Ctrl-C"):
            stop_run()


def test_the_first_signal_ends_the_run_and_later_ones_do_not_disturb_it() -> None:
    with stop_signals():
        with pytest.raises(Stopped):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)


def test_another_shell_ends_the_run_and_waits_for_its_end(checkout: Path) -> None:
    program = (
        "import contextlib, pathlib, sys, time; from local import running\n"
        "running.LOCAL = pathlib.Path(sys.argv[1])\n"
        "running.RECORD, running.LOCK = running.LOCAL / 'run.json', running.LOCAL / 'run.lock'\n"
        "with running.stop_signals(), contextlib.suppress(running.Stopped), running.single_run():\n"
        "    print('up', flush=True); time.sleep(60)\n"
    )
    run = subprocess.Popen(  # noqa: S603 - the program above
        [sys.executable, "-c", program, str(checkout)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "up\n"
    assert stop_run()
    run.communicate(timeout=HANG_SECONDS)
    assert run.returncode == 0
    assert not stop_run()
