"""The least that the work can cost here and now: the bare primitives, in the same run and the same caches."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import MappingProxyType

import jwt
import psycopg2
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from local.database import connected

TURNS = 500
Act = Callable[[], object]


def floor(owner_url: str) -> Mapping[str, float]:
    """Return milliseconds of CPU of each primitive.

    They take turns, as in a request: a loop of one alone would find all it needs in the processor's caches,
    which a request that has just waited for PostgreSQL doesn't.
    """
    rsa_key, ec_key = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
    claims = {"sub": "x" * 36, "iat": int(datetime.now(UTC).timestamp()), "scope": "account app consents"}
    rs256 = jwt.encode(claims, rsa_key, algorithm="RS256")
    es256 = jwt.encode(claims, ec_key, algorithm="ES256")
    rsa_public, ec_public = rsa_key.public_key(), ec_key.public_key()
    with statements(owner_url) as (read, write):
        return cpu_ms(
            {
                "reading statement": read,
                "RS256 verify": lambda: jwt.decode(rs256, rsa_public, algorithms=["RS256"]),
                "ES256 verify": lambda: jwt.decode(es256, ec_public, algorithms=["ES256"]),
                "committed statement": write,
                "ES256 sign": lambda: jwt.encode(claims, ec_key, algorithm="ES256"),
            }
        )


@contextmanager
def statements(owner_url: str) -> Iterator[tuple[Act, Act]]:
    """Yield what reads one row and what commits one, on a plain cursor in autocommit."""
    with connected(owner_url) as owner, owner.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_floor (id bigserial PRIMARY KEY, at timestamptz)")
    connection = psycopg2.connect(owner_url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield (
                lambda: cursor.execute("SELECT at FROM bench_floor WHERE id = 1"),
                lambda: cursor.execute("INSERT INTO bench_floor (at) VALUES (now()) RETURNING id"),
            )
    finally:
        connection.close()
        with connected(owner_url) as owner, owner.cursor() as cursor:
            cursor.execute("DROP TABLE bench_floor")


def cpu_ms(acts: Mapping[str, Act]) -> Mapping[str, float]:
    """Return milliseconds of this process's CPU that each act takes, in turns."""
    spent = dict.fromkeys(acts, 0.0)
    for _ in range(TURNS):
        for name, act in acts.items():
            before = time.process_time()
            act()
            spent[name] += time.process_time() - before
    return MappingProxyType({name: seconds / TURNS * 1000 for name, seconds in spent.items()})
