"""What the environment asks of the local stack, with everything that is wrong about it told at once."""

import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import psycopg2

from chalicelib.postgres.owner_connection import SCHEMES, plain_url
from chalicelib.postgres.roles import LOGIN_ROLES
from local.binaries import MAJOR_MIN
from local.children import HOST
from local.database import connected
from local.places import StackError

PORT_DEFAULT: Final = 8000
PORT_MAX: Final = 65535
PORT_DIGITS_MAX: Final = 5
CONNECT_SECONDS: Final = 5
LOGS: Final = ("", "lines", "json")  # of the console


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The settings of the stack itself; None means the embedded part."""

    port: int
    database_url: str | None
    endpoint_url: str | None
    log_is_json: bool


def read_choices(environment: Mapping[str, str], more_faults: Sequence[str] = ()) -> Choices:
    """Return what PORT, DATABASE_URL, AWS_ENDPOINT_URL and LOG ask for.

    Raises: StackError that names every fault, `more_faults` included.
    """
    port = environment.get("PORT") or str(PORT_DEFAULT)
    database_url = environment.get("DATABASE_URL") or None
    endpoint_url = environment.get("AWS_ENDPOINT_URL") or None
    faults = [
        *port_faults(port),
        *(database_faults(database_url) if database_url else ()),
        *(endpoint_faults(endpoint_url) if endpoint_url else ()),
        *(() if environment.get("LOG", "") in LOGS else (f"LOG must be {' or '.join(filter(None, LOGS))}",)),
        *more_faults,
    ]
    if faults:
        raise StackError("\n".join(("These settings can't be used:", *(f"  - {fault}" for fault in faults))))
    return Choices(
        port=int(port),
        database_url=plain_url(database_url) if database_url else None,
        endpoint_url=endpoint_url,
        log_is_json=environment.get("LOG") == "json",
    )


def port_faults(port: str) -> Iterator[str]:
    """Yield why the API can't listen on the port."""
    if not (
        port.isascii() and port.isdecimal() and len(port) <= PORT_DIGITS_MAX and 0 < int(port) <= PORT_MAX
    ):
        yield f"PORT must be a number from 1 to {PORT_MAX}, and is {port!r}"
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(port)))
        except OSError as error:
            yield port_fault(int(port), error)


def port_fault(port: int, error: OSError) -> str:
    """Return what to do about a port that can't be listened on."""
    return f"PORT {port} can't be used on {HOST}: {error.strerror}. Another one: PORT=8001 make run"


def database_faults(url: str) -> Iterator[str]:
    """Yield why the database can't be used; never the URL, which holds a password."""
    try:
        parts = urlsplit(url)
        complete = parts.scheme in SCHEMES and parts.hostname and parts.port != 0 and parts.path.strip("/")
    except ValueError:
        complete = False
    if not complete:
        yield "DATABASE_URL must read postgresql://OWNER:PASSWORD@HOST:PORT/DATABASE"
        return
    try:
        with connected(plain_url(url), CONNECT_SECONDS) as connection, connection.cursor() as cursor:
            if connection.server_version < MAJOR_MIN * 10000:
                major = connection.server_version // 10000
                yield f"DATABASE_URL is a PostgreSQL {major}; {MAJOR_MIN} or later is needed"
            cursor.execute(
                "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user",
            )
            if cursor.fetchone() != (True,):
                named = ", ".join(LOGIN_ROLES)
                yield f"DATABASE_URL's user must be allowed to create roles (CREATEROLE): {named}"
    except psycopg2.Error as error:
        yield f"DATABASE_URL can't be reached: {' '.join(str(error).split())}"


def endpoint_faults(url: str) -> Iterator[str]:
    """Yield why the AWS endpoint can't be used."""
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = parts.hostname if parts.scheme in {"http", "https"} else None
    except ValueError:
        host, port = None, 0
    if host is None:
        yield "AWS_ENDPOINT_URL must read http://HOST:PORT"
        return
    try:
        socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
    except OSError as error:
        yield f"AWS_ENDPOINT_URL can't be reached at {host}:{port}: {error.strerror or error}"
