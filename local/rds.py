"""Play RDS: TLS that can be verified, IAM tokens in place of passwords, and a real PostgreSQL behind.

As RDS does, it takes only TLS, asks for the password in clear inside it, and lets in a role that is a member
of `rds_iam`, directly or not, with a token that is signed, fresh, and for this role at this address; such a
member's password it refuses. As RDS Proxy does, it refuses a start with `options`. What it was asked is kept
in `logins`.
"""

import contextlib
import select
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from psycopg2 import sql

from local.children import HOST
from local.database import connected
from local.iam_token import TokenError, check_token
from local.postgres import EmbeddedPostgres
from local.postgres_wire import message, send, start
from local.scram import log_in

NAME: Final = "localhost"  # what the certificate says; the server's address says the same
SSL_REQUEST: Final = 80877103
CHUNK_BYTES: Final = 65536
POLL_SECONDS: Final = 0.2
PASSWORD: Final = "between-the-front-and-postgresql"  # noqa: S105 - of a server that lives for one test
IS_MEMBER: Final = """
    WITH RECURSIVE reached (role) AS (
        SELECT oid FROM pg_roles WHERE rolname = %s AND rolcanlogin
        UNION
        SELECT roleid FROM pg_auth_members AS link JOIN reached ON member = role
        WHERE roleid <> 'rds_iam'::regrole OR coalesce(to_jsonb(link) ->> 'set_option', 'true')::boolean
    )
    SELECT EXISTS (SELECT FROM reached WHERE role = 'rds_iam'::regrole)
"""
# RDS's master may grant rds_iam without being a member. Before PostgreSQL 16 CREATEROLE is enough for that.
MAY_GRANT: Final = """
    DO $$ BEGIN
        IF current_setting('server_version_num')::int >= 160000 THEN
            EXECUTE 'GRANT rds_iam TO {} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE';
        END IF;
    END $$
"""


class Refused(Exception):
    """The front lets nobody in with that; the message goes to the client."""


class RdsFront:
    """Takes connections for one server; `port` is where."""

    def __init__(self, postgres: EmbeddedPostgres, certificate: Path, key: Path) -> None:
        self._postgres = postgres
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        self._tls.load_cert_chain(certificate, key)
        self._listener = socket.create_server((HOST, 0))
        self._open = True
        self.port = int(self._listener.getsockname()[1])
        self.logins: list[dict[str, str]] = []
        self.passwords: dict[str, str] = {}  # of those who log in with one: the master user

    def url(self, role: str, database: str) -> str:
        """Return what DATABASE_URL says in the cloud: a role at a place, and no password."""
        return f"postgresql://{role}@{NAME}:{self.port}/{database}"

    def accept(self) -> None:
        """Serve until `close`."""
        while self._open:
            with contextlib.suppress(OSError):
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._open = False
        self._listener.close()

    def _serve(self, plain: socket.socket) -> None:
        with contextlib.suppress(OSError), plain:
            if start(plain)[0] != SSL_REQUEST:
                _refuse(plain, "no pg_hba.conf entry, no encryption")
                return
            plain.sendall(b"S")
            with self._tls.wrap_socket(plain, server_side=True) as client:
                try:
                    server = self._admit(client)
                except (Refused, TokenError) as error:
                    _refuse(client, str(error))
                    return
                with server:
                    self._pass_on(client, server)

    def _admit(self, client: ssl.SSLSocket) -> socket.socket:
        code, body = start(client)
        fields = body.decode().split("\0")
        asked = dict(zip(fields[::2], fields[1::2], strict=False))
        self.logins.append(asked)
        if "options" in asked:
            raise Refused("Feature not supported: RDS Proxy currently doesn't support command-line options.")
        send(client, b"R", struct.pack("!I", 3))  # AuthenticationCleartextPassword
        kind, token = message(client)
        if kind != b"p":
            raise Refused("no password came")
        self._check(token.rstrip(b"\0").decode(), asked["user"])
        server = socket.create_connection((HOST, self._postgres.port))
        server.sendall(struct.pack("!II", len(body) + 8, code) + body)
        log_in(server, PASSWORD)
        send(client, b"R", struct.pack("!I", 0))  # AuthenticationOk
        return server

    def _check(self, given: str, role: str) -> None:
        with connected(self._postgres.url()) as owner, owner.cursor() as cursor:
            cursor.execute(IS_MEMBER, (role,))
            is_member = cursor.fetchone() == (True,)
            if role in self.passwords:
                if is_member or given != self.passwords[role]:
                    raise Refused(f'password authentication failed for user "{role}"')
            else:
                check_token(given, f"{NAME}:{self.port}", role)
                if not is_member:
                    raise Refused(f'PAM authentication failed for user "{role}"')
            statement = sql.SQL("ALTER ROLE {} PASSWORD {}")
            cursor.execute(statement.format(sql.Identifier(role), sql.Literal(PASSWORD)))

    def _pass_on(self, client: ssl.SSLSocket, server: socket.socket) -> None:
        while self._open:
            ready = [client] if client.pending() else select.select([client, server], [], [], POLL_SECONDS)[0]
            for source, target in ((client, server), (server, client)):
                if source in ready:
                    sent = source.recv(CHUNK_BYTES)
                    if not sent:
                        return
                    target.sendall(sent)


@contextmanager
def rds(postgres: EmbeddedPostgres, certificate: Path, key: Path) -> Iterator[RdsFront]:
    """Run a front while the context lasts."""
    front = RdsFront(postgres, certificate, key)
    threading.Thread(target=front.accept, daemon=True, name="rds").start()
    try:
        yield front
    finally:
        front.close()


def _refuse(stream: socket.socket, reason: str) -> None:
    send(stream, b"E", b"SFATAL\0VFATAL\0C28000\0M" + reason.encode() + b"\0\0")
