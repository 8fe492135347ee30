"""A real PostgreSQL beside the process that needs it: started, stopped, frozen and killed at will."""

import hashlib
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import psutil
from psycopg2 import sql

from local.binaries import Binaries, find_binaries
from local.children import HOST, die_with_parent, end, family, free_port, send
from local.cluster import OWNER, Cluster, prepare_cluster, server_environment
from local.database import connected
from local.leftovers import FAST, IMMEDIATE, postmaster
from local.memory import forget, memory_folder
from local.places import (
    FileLock,
    ServerUser,
    StackError,
    make_directory,
    make_runtime_folder,
    server_user,
    write_private,
)

START_SECONDS: Final = 60.0
PORT_ATTEMPTS: Final = 5
SETTINGS: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",  # TCP with a password is the only way in
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
FORGETFUL: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresError(StackError):
    """The embedded server can't run; the message says why."""


class EmbeddedPostgres:
    """A server of its own in `directory`; a context manager that runs it. One process at a time may hold it.

    `durable=False` trades crash safety for speed, for tests: nothing is synced, and the data is on a RAM disk
    where there is one, until the context ends. `start` must be called from a thread that lives as long as the
    server is needed.
    """

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        self.directory = directory.absolute()  # children start in another one
        self.binaries: Binaries | None = None
        self.cluster: Cluster | None = None
        self.port = 0
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: FileLock | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if not self._durable:
            forget(self.directory)

    @property
    def log_file(self) -> Path:
        """The file that the server logs to, from its latest start on."""
        return self.directory / "postgres.log"

    def url(self, database: str = "postgres") -> str:
        """Return the owner's (a superuser's) URL of a database."""
        return self.role_url(OWNER, self._cluster().password, database)

    def role_url(self, role: str, password: str, database: str) -> str:
        """Return the URL of a database for another role."""
        return f"postgresql://{quote(role)}:{quote(password, safe='')}@{HOST}:{self.port}/{quote(database)}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """Create a database like the template, which nobody may be connected to; return its owner's URL."""
        self._execute(creating(name, template, durable=self._durable))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database and end its connections; harmless when there is none."""
        self._execute(dropping(name))

    def databases(self) -> list[str]:
        """Return the names of the databases that were created here."""
        with connected(self.url()) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'"
            )
            return [name for (name,) in cursor.fetchall()]

    def description(self) -> str:
        """Return what runs, where, and where its data is, for people to read."""
        if self.binaries is None or self.cluster is None:
            return "not started"
        made_by = f"{self.binaries.major} ({self.binaries.origin})"
        return f"{made_by} at {HOST}:{self.port}, data in {self.cluster.data}"

    def start(self) -> None:
        """Start the server, on its earlier port if it had one, and return when it accepts connections.

        Raises: PostgresError, PlaceError, BinariesError, ClusterError.
        """
        make_directory(self.directory)
        self._lock = self._lock or FileLock(self.directory / "lock")
        if not self._lock.acquire():
            message = f"the PostgreSQL in {self.directory} is in use by another process"
            raise PostgresError(message)
        user = server_user()
        self.binaries = find_binaries(user)
        data = self._data_directory(user)
        secret = (self.directory if self._durable else data.parent) / "password"  # a RAM disk loses both
        self.cluster = prepare_cluster(self.binaries, data, secret, user)
        for _ in range(1 if self.port else PORT_ATTEMPTS):
            port = self.port or free_port()
            if self._launch(self.binaries, self.cluster, port):
                self.port = port
                return
        message = f"PostgreSQL didn't start; its log is {self.log_file}"
        raise PostgresError(message)

    def stop(self) -> None:
        """End the server cleanly and disconnect everybody; harmless when it isn't running."""
        self._end(FAST, IMMEDIATE)
        if self._lock:
            self._lock.release()

    def kill(self) -> None:
        """End the server as a power failure would."""
        self._end()

    def has_died(self) -> bool:
        """Tell whether the server ended and nobody here ended it."""
        return self._process is not None and self._process.poll() is not None

    def restart(self) -> None:
        """Stop and start again on the same port."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze the server: connections are taken but nothing is answered."""
        send(self._family(), signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen server go on."""
        send(self._family(), signal.SIGCONT)

    def _family(self) -> list[psutil.Process]:
        return family(self._process.pid) if self._process else []

    def _cluster(self) -> Cluster:
        if self.cluster is None:
            message = "this PostgreSQL hasn't been started"
            raise PostgresError(message)
        return self.cluster

    def _execute(self, statement: sql.Composed) -> None:
        with connected(self.url()) as connection, connection.cursor() as cursor:
            cursor.execute(statement)

    def _data_directory(self, user: ServerUser | None) -> Path:
        if not self._durable and (folder := memory_folder(self.directory)):
            return folder / "data"
        if user is None or user.can_enter(self.directory):
            return self.directory / "data"
        mark = f"{self.directory.name}-{hashlib.sha256(str(self.directory).encode()).hexdigest()[:8]}"
        return make_directory(make_runtime_folder() / mark) / "data"

    def _launch(self, binaries: Binaries, cluster: Cluster, port: int) -> bool:
        chosen = SETTINGS if self._durable else SETTINGS | FORGETFUL
        settings = [f"--{name}={value}" for name, value in chosen.items()]
        command = [str(binaries.folder / "postgres"), "-D", str(cluster.data), "-p", str(port), *settings]
        write_private(self.log_file, "")
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=server_environment(),
                start_new_session=True,  # the terminal's Ctrl-C is for us; the server is stopped in its turn
                preexec_fn=die_with_parent(signal.SIGINT),  # noqa: PLW1509 -- only prctl and getppid: async-safe
                **(cluster.user.identity() if cluster.user else {}),
            )
        return self._ready(self._process, cluster.data)

    def _ready(self, process: subprocess.Popen[bytes], data: Path) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if postmaster(data) == (process.pid, True):
                return True
            time.sleep(0.02)
        self._end(IMMEDIATE)
        return False

    def _end(self, *ways: tuple[signal.Signals, float]) -> None:
        if self._process is not None:
            self.resume()
            end(self._process.pid, *ways)
            self._process.wait()
            self._process = None


def creating(name: str, template: str, *, durable: bool = True) -> sql.Composed:
    """Return the statement that creates a database like a template.

    To copy files takes two checkpoints. Where nothing is synced they cost little, and two thirds are saved.
    """
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY {}")
    way = sql.Identifier("wal_log" if durable else "file_copy")
    return statement.format(sql.Identifier(name), sql.Identifier(template), way)


def dropping(name: str) -> sql.Composed:
    """Return the statement that drops a database and ends its connections."""
    return sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
