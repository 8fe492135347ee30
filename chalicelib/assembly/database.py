"""Put together the way to PostgreSQL: in the cloud by IAM, locally as the URL says."""

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.clients.aws import aws_session
from chalicelib.clients.clock import SystemClock
from chalicelib.clients.rds_login import MasterLogin, RdsLogin
from chalicelib.postgres.connections import Login
from chalicelib.postgres.roles import JOBS_ROLE
from chalicelib.settings import Settings, Stage
from chalicelib.stores.database import Database, connect


def login(settings: Settings) -> Login | None:
    """Return what logs in for the role of DATABASE_URL; None where the URL itself does."""
    if settings.stage is Stage.LOCAL:
        return None
    return RdsLogin(session=aws_session(), region=settings.aws_region)


def connect_as(settings: Settings) -> Database:
    """Return the database as the role of DATABASE_URL sees it."""
    return connect(settings.database_url, settings.connections_max, login(settings), now=SystemClock().now)


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """Yield the database as jobs see it, for one job, and close it afterwards."""
    with closed_behind(connect_as(settings)) as database:
        yield database.acting_as(JOBS_ROLE)


def master_login(settings: Settings, password: str) -> Login:
    """Return what logs in for RDS's master user."""
    return MasterLogin(password=password, region=settings.aws_region)


@contextmanager
def closed_behind(database: Database) -> Iterator[Database]:
    """Yield the database, and close its connections in the end."""
    try:
        yield database
    finally:
        database.close()
