"""Log in to PostgreSQL over a bare socket with SCRAM-SHA-256 (RFC 5802, RFC 7677)."""

import base64
import hashlib
import hmac
import secrets
import socket
import struct
from typing import Final

from local.postgres_wire import message, send

MECHANISM: Final = b"SCRAM-SHA-256"
NO_BINDING: Final = "biws"  # base64 of "n,,"


def log_in(server: socket.socket, password: str) -> None:
    """Answer the server's challenge; return once it lets us in. Raises: ConnectionError."""
    first = f"n=,r={secrets.token_urlsafe(18)}"
    _expect(server, 10)
    opening = b"n,," + first.encode()
    send(server, b"p", MECHANISM + b"\0" + struct.pack("!I", len(opening)) + opening)
    challenge = _expect(server, 11).decode()
    asked = dict(part.split("=", 1) for part in challenge.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(asked["s"]), int(asked["i"]))
    last = f"c={NO_BINDING},r={asked['r']}"
    client = hmac.digest(salted, b"Client Key", "sha256")
    said = f"{first},{challenge},{last}".encode()
    signature = hmac.digest(hashlib.sha256(client).digest(), said, "sha256")
    proof = bytes(one ^ other for one, other in zip(client, signature, strict=True))
    send(server, b"p", f"{last},p={base64.b64encode(proof).decode()}".encode())
    _expect(server, 12)
    _expect(server, 0)


def _expect(server: socket.socket, code: int) -> bytes:
    kind, body = message(server)
    if kind != b"R" or struct.unpack("!I", body[:4])[0] != code:
        raise ConnectionError(f"PostgreSQL answered {body!r}")
    return body[4:]
