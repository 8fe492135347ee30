"""Count requests in buckets, each in one statement, alone or as a part of the statement that acts (GCRA).

A full bucket is read and left alone: no lock, nothing written, so nobody queues behind a flood. Of several
requests that find the last place free, the row's lock lets one have it.
"""

from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, case, cast, exists, literal, not_, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from chalicelib.domain.limits import Taken, Taking
from chalicelib.stores.database import Database
from chalicelib.stores.limit_tables import RateLimits
from chalicelib.stores.parameters import given
from chalicelib.stores.prepared import Row

INDEX = given("bucket_index", RateLimits.bucket_index)
NOW = given("bucket_now", RateLimits.arrives_at)
NEXT = given("bucket_next", RateLimits.arrives_at)  # the bucket of somebody who never asked, after this time
FULL_AFTER = given("bucket_full_after", RateLimits.arrives_at)
ABSURD_AFTER = given("bucket_absurd_after", RateLimits.arrives_at)
IS_FULL = and_(RateLimits.arrives_at > FULL_AFTER, RateLimits.arrives_at <= ABSURD_AFTER)
INTERVAL = cast(NEXT, RateLimits.arrives_at.type) - cast(NOW, RateLimits.arrives_at.type)  # typed when null
SEEN: Select[Any] = select(RateLimits.arrives_at).where(RateLimits.bucket_index == INDEX)


def place(by: CTE) -> CTE:
    """Return the part of a statement that takes a place for each row of `by`, which has one at most."""
    row = select(INDEX, NEXT).select_from(by).where(INDEX.is_not(None))
    row = row.where(~exists(SEEN.where(IS_FULL).correlate(None)))
    new = upsert(RateLimits).from_select(["bucket_index", "arrives_at"], row)
    is_usual = and_(RateLimits.arrives_at > NOW, RateLimits.arrives_at <= ABSURD_AFTER)
    later = case((is_usual, RateLimits.arrives_at), else_=NOW) + INTERVAL
    placed = new.on_conflict_do_update(
        index_elements=["bucket_index"],
        set_={"arrives_at": later},
        where=not_(IS_FULL),
    )
    return placed.returning(RateLimits.arrives_at).cte("place")


def admitted(by: CTE, placed: CTE) -> CTE:
    """Return the row of `by` if it got its place, or needs none."""
    has_place = or_(INDEX.is_(None), exists(select(placed.c.arrives_at)))
    return select(*by.c).where(has_place).cte("admitted")


def columns(placed: CTE) -> tuple[ColumnElement[Any], ...]:
    """Return what `read_taken` reads of a row."""
    after = select(placed.c.arrives_at).scalar_subquery().label("bucket_after")
    return (after, SEEN.scalar_subquery().label("bucket_before"))


def parameters(taking: Taking | None) -> dict[str, Any]:
    """Return what the parts above bind; of None, what takes nothing."""
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


def _take() -> Select[Any]:
    one = select(literal(1).label("one")).cte("one")
    return select(*columns(place(one)))


TAKE = _take()


class LimitStore:
    """The buckets, as rows."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def take(self, taking: Taking) -> Taken:
        """Count one request, unless the bucket is full. Raises DependencyUnavailable."""
        taken = read_taken(self._database.row(TAKE, parameters(taking)), taking)
        if taken is None:
            raise AssertionError  # a select of scalars has one row
        return taken
