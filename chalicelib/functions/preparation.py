"""What the first release of a database invokes, once, before `migrate` can log in (decision 0079)."""

from chalicelib import wiring
from chalicelib.assembly.database import master_login
from chalicelib.functions.invocation import Answer, Event
from chalicelib.postgres.owner_connection import owner_connection
from chalicelib.postgres.owner_role import make_owner_role


def prepare_database(event: Event, _context: object) -> Answer:
    """Make the role of DATABASE_URL as the master user, whose `username` and `password` came along.

    The release has the password changed as soon as this has answered, or failed.
    """
    settings = wiring.settings()
    url, login = settings.database_url_of(event["username"]), master_login(settings, event["password"])
    with owner_connection(url, login) as master:
        is_new = make_owner_role(master, settings.database_role)
    return {"role": settings.database_role, "is_new": is_new}
