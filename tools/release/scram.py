"""Make a SCRAM-SHA-256 verifier (RFC 5803), so that PostgreSQL learns RDS Proxy's password from nobody."""

import base64
import hashlib
import hmac
from typing import Final

ITERATIONS: Final = 4096  # PostgreSQL's own; the password has 256 random bits


def verifier(password: str, salt: bytes) -> str:
    """Return what PostgreSQL keeps instead of the password, which is ASCII."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    stored, server = hashlib.sha256(client).digest(), hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${ITERATIONS}:{_base64(salt)}${_base64(stored)}:{_base64(server)}"


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
