"""The embedded server: who runs it, who may come in, and what becomes of it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import psycopg2
import pytest

from local.binaries import MAJOR_MIN, find_binaries
from local.database import as_role, connected
from local.memory import forget
from local.places import LOCAL, PROJECT, StackError, server_user
from local.postgres import EmbeddedPostgres
from tests.patience import HANG_SECONDS

DIRECTORY = LOCAL / f"trial-{os.getpid()}"


@pytest.fixture(scope="module")
def postgres() -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(DIRECTORY, durable=False) as server:
        yield server
    shutil.rmtree(DIRECTORY)


def server_process(postgres: EmbeddedPostgres) -> psutil.Process:
    with connected(postgres.url()) as connection:
        parent = psutil.Process(connection.info.backend_pid).parent()
    assert parent is not None
    return parent


def answers(url: str) -> bool:
    try:
        with connected(url, timeout_seconds=2) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() == (1,)
    except psycopg2.OperationalError:
        return False


def test_it_never_runs_as_root(postgres: EmbeddedPostgres) -> None:
    assert server_process(postgres).uids().effective != 0


def test_it_listens_on_the_loopback_interface_only(postgres: EmbeddedPostgres) -> None:
    with connected(postgres.url()) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('listen_addresses'), current_setting('unix_socket_directories')"
        )
        assert cursor.fetchone() == ("127.0.0.1", "")


def test_nobody_comes_in_without_the_password(postgres: EmbeddedPostgres) -> None:
    assert not answers(as_role(postgres.url(), "serenya_owner", "guess"))


def test_the_password_can_be_read_by_its_owner_only(postgres: EmbeddedPostgres) -> None:
    assert postgres.cluster is not None
    assert postgres.cluster.data.with_name("password").stat().st_mode & 0o777 == 0o600


def test_a_directory_in_use_is_refused(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(StackError, match="in use"):
        EmbeddedPostgres(postgres.directory).start()


def test_it_comes_back_on_the_same_port_after_a_restart(postgres: EmbeddedPostgres) -> None:
    before = postgres.url()
    postgres.restart()
    assert postgres.url() == before
    assert answers(before)


def test_what_was_committed_survives_a_kill(postgres: EmbeddedPostgres) -> None:
    url = postgres.create_database("kept")
    postgres.kill()
    assert not answers(url)
    postgres.start()
    assert answers(url)


def test_a_paused_server_takes_connections_and_answers_nothing(postgres: EmbeddedPostgres) -> None:  # F-2
    postgres.pause()
    assert not answers(postgres.url())
    postgres.resume()
    assert answers(postgres.url())


@pytest.mark.parametrize("source", ["system", "pypi"])
def test_binaries_of_either_source_are_new_enough(source: str) -> None:
    found = find_binaries(server_user(), source)
    assert (found.major >= MAJOR_MIN, found.origin) == (True, source)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of their parent's death")
def test_it_dies_with_a_parent_that_was_killed() -> None:
    directory = LOCAL / f"orphan-{os.getpid()}"
    program = (
        "import sys, time, pathlib; from local.postgres import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(pathlib.Path(sys.argv[1]), durable=False); server.start()\n"
        "print(server.url(), flush=True); time.sleep(60)\n"
    )
    parent = subprocess.Popen(  # noqa: S603 - the program above
        [sys.executable, "-c", program, str(directory)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    url = parent.stdout.readline().strip()
    with connected(url) as connection:
        server = psutil.Process(connection.info.backend_pid).parent()
    assert server is not None
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    server.wait(timeout=HANG_SECONDS)
    assert not answers(url)
    forget(directory)
    shutil.rmtree(directory)
