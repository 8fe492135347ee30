"""Requests, counted in buckets: what statements bind to take a place, and what they answer."""

from typing import Any

from chalicelib.domain.limits import Taken, Taking
from chalicelib.stores.database import Database
from chalicelib.stores.described import described
from chalicelib.stores.prepared import Row

statements = described("limit_statements")


def parameters(taking: Taking | None) -> dict[str, Any]:
    """Return the parameters of a limit in a statement; those for None take no place."""
    if taking is None:
        names = ("index", "now", "next", "full_after", "absurd_after")
        return dict.fromkeys(f"p_bucket_{name}" for name in names)
    limit, now = taking.limit, taking.now
    return {
        "p_bucket_index": taking.index,
        "p_bucket_now": now,
        "p_bucket_next": now + limit.interval,
        "p_bucket_full_after": now + limit.window - limit.interval,
        "p_bucket_absurd_after": now + 2 * limit.window,
    }


def read_taken(row: Row | None, taking: Taking | None) -> Taken | None:
    """Return what came of a place that was asked for.

    Whoever found one and lost it to others knows only that the bucket is full now.
    """
    if row is None or taking is None:
        return None
    if row.bucket_after is not None:
        return Taken(is_admitted=True, arrives_at=row.bucket_after)
    limit, now = taking.limit, taking.now
    is_known = row.bucket_before is not None and limit.is_full(row.bucket_before, now)
    return Taken(is_admitted=False, arrives_at=row.bucket_before if is_known else now + limit.window)


class LimitStore:
    """The buckets, as rows."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def take(self, taking: Taking) -> Taken:
        """Count one request, unless the bucket is full. Raises DependencyUnavailable."""
        taken = read_taken(self._database.row(statements.TAKE, parameters(taking)), taking)
        if taken is None:
            raise AssertionError  # a select of scalars has one row
        return taken
