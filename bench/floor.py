"""The least that the work can cost here and now: the bare primitives, in the same run."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import jwt
import psycopg2
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from local.database import connected

TIMES = 1000


def floor(app_url: str, owner_url: str) -> Mapping[str, float]:
    """Return milliseconds of CPU of each primitive."""
    rsa_key, ec_key = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
    claims = {"sub": "x" * 36, "iat": int(datetime.now(UTC).timestamp()), "scope": "account app consents"}
    rs256 = jwt.encode(claims, rsa_key, algorithm="RS256")
    es256 = jwt.encode(claims, ec_key, algorithm="ES256")
    rsa_public, ec_public = rsa_key.public_key(), ec_key.public_key()
    return MappingProxyType(
        {
            "RS256 verify": cpu_ms(lambda: jwt.decode(rs256, rsa_public, algorithms=["RS256"])),
            "ES256 sign": cpu_ms(lambda: jwt.encode(claims, ec_key, algorithm="ES256")),
            "ES256 verify": cpu_ms(lambda: jwt.decode(es256, ec_public, algorithms=["ES256"])),
            **statements(app_url, owner_url),
        }
    )


def statements(app_url: str, owner_url: str) -> Mapping[str, float]:
    """Return what one statement costs this side of the wire, on a plain cursor in autocommit."""
    with connected(owner_url) as owner, owner.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_floor (id bigserial PRIMARY KEY, at timestamptz)")
        cursor.execute("GRANT SELECT, INSERT ON bench_floor TO serenya_app")
        cursor.execute("GRANT USAGE ON SEQUENCE bench_floor_id_seq TO serenya_app")
    connection = psycopg2.connect(app_url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            write = cpu_ms(lambda: cursor.execute("INSERT INTO bench_floor (at) VALUES (now()) RETURNING id"))
            read = cpu_ms(lambda: cursor.execute("SELECT at FROM bench_floor WHERE id = 1"))
    finally:
        connection.close()
        with connected(owner_url) as owner, owner.cursor() as cursor:
            cursor.execute("DROP TABLE bench_floor")
    return {"committed statement": write, "reading statement": read}


def cpu_ms(act: Callable[[], object]) -> float:
    """Return milliseconds of this process's CPU that an act takes."""
    act()
    before = time.process_time()
    for _ in range(TIMES):
        act()
    return (time.process_time() - before) / TIMES * 1000
