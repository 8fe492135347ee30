"""A bench of the tests' own, and one small run of it."""

import os
from collections.abc import Iterator

import pytest

from bench.fleet import Run, run
from bench.parts import Parts, started
from local.database import connected
from tests.conftest import RUN

CONTAINERS = 2
PEOPLE = 3  # of each container


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep to one worker what shares a server, so that one is started and not three."""
    for item in items:
        if "bench_parts" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("bench"))


@pytest.fixture(scope="session")
def bench_parts() -> Iterator[Parts]:
    """What a bench stands on; only its containers have its environment."""
    before = dict(os.environ)
    with started(RUN / "bench") as parts:
        os.environ.clear()
        os.environ.update(before)
        with connected(parts.owner_url) as connection, connection.cursor() as cursor:
            cursor.execute("ALTER SYSTEM SET autovacuum = off")  # its transactions would be counted
            cursor.execute("SELECT pg_reload_conf()")
        yield parts


@pytest.fixture(scope="session")
def small_run(bench_parts: Parts) -> Run:
    """Every operation, with few people."""
    return run(bench_parts, containers=CONTAINERS, people=PEOPLE)
