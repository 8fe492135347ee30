"""The statements that count requests in buckets, each alone or a part of the one that acts (GCRA).

A full bucket is read and left alone: no lock, nothing written, so nobody queues behind a flood. Of several
requests that find the last place free, the row's lock lets one have it.
"""

from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, case, cast, exists, literal, not_, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from chalicelib.stores.limit_tables import RateLimits
from chalicelib.stores.parameters import given

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


def _take() -> Select[Any]:
    one = select(literal(1).label("one")).cte("one")
    return select(*columns(place(one)))


TAKE = _take()
