"""Requests, counted in buckets: what functions take to count one, and what they return."""

from datetime import datetime, timedelta

from chalicelib.domain.limits import Taken, Taking
from chalicelib.postgres.calls import Call, Parameters, Row
from chalicelib.stores.database import Database


class PlaceParameters(Parameters):
    """The bucket in which a request takes its place, or nulls; take_place in sql/limits.sql takes them."""

    p_bucket_index: bytes | None
    p_bucket_interval: timedelta | None
    p_bucket_window: timedelta | None


class AddressPlaceParameters(Parameters):
    """The same for the bucket of an address, where a function takes a place in another one too."""

    p_address_index: bytes | None
    p_address_interval: timedelta | None
    p_address_window: timedelta | None


class TakenRow(Row):
    """Whether a request got its place, and the bucket as it is now."""

    is_admitted: bool
    arrives_at: datetime


class CountRequest(Call[TakenRow], function="count_request"):
    place: PlaceParameters
    p_now: datetime


def place(taking: Taking | None) -> PlaceParameters:
    """Return what a function takes to count a request; of None, what counts nothing."""
    if taking is None:
        return PlaceParameters(p_bucket_index=None, p_bucket_interval=None, p_bucket_window=None)
    return PlaceParameters(
        p_bucket_index=taking.index,
        p_bucket_interval=taking.limit.interval,
        p_bucket_window=taking.limit.window,
    )


def address_place(taking: Taking | None) -> AddressPlaceParameters:
    """Return what a function takes to count a request of an address; of None, what counts nothing."""
    if taking is None:
        return AddressPlaceParameters(p_address_index=None, p_address_interval=None, p_address_window=None)
    return AddressPlaceParameters(
        p_address_index=taking.index,
        p_address_interval=taking.limit.interval,
        p_address_window=taking.limit.window,
    )


def read_place(is_taken: bool | None, arrives_at: datetime | None) -> Taken | None:  # noqa: FBT001 - a column
    """Return what came of a place, where a function was asked for one and took it or not."""
    if is_taken is None or arrives_at is None:
        return None
    return Taken(is_admitted=is_taken, arrives_at=arrives_at)


class LimitStore:
    """The buckets, as rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, taking: Taking) -> Taken:
        """Count one request, unless the bucket is full. Raises DependencyUnavailable."""
        row = self._database.one(CountRequest(place=place(taking), p_now=taking.now))
        return Taken(is_admitted=row.is_admitted, arrives_at=row.arrives_at)
