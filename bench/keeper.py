"""Start PostgreSQL again when somebody kills it: a bench goes on, as phones do, and says so afterwards."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

from local.postgres import EmbeddedPostgres, PostgresError

LOOK_SECONDS: Final = 0.1
PATIENCE_SECONDS: Final = 60.0  # the killed server's children hold its memory until they notice


@contextmanager
def kept_running(postgres: EmbeddedPostgres) -> Iterator[list[float]]:
    """Restart the server whenever it was killed, while the context lasts; yields the seconds each took."""
    over, outages = Event(), list[float]()

    def look() -> None:
        while not over.wait(LOOK_SECONDS):
            if postgres.has_died():
                outages.append(_restart(postgres))

    keeper = Thread(target=look, name="keeper")
    keeper.start()
    try:
        yield outages
    finally:
        over.set()
        keeper.join()


def _restart(postgres: EmbeddedPostgres) -> float:
    began = time.monotonic()
    while True:
        try:
            postgres.start()
        except PostgresError:
            if time.monotonic() > began + PATIENCE_SECONDS:
                raise
            time.sleep(LOOK_SECONDS)
        else:
            return time.monotonic() - began
