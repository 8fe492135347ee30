"""Hold the database to what phones were told: all that was answered with success is there, and once."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from bench.phones import REQUIRED, Phone
from local.database import connected

SESSIONS: Final = """
    SELECT s.id::text, s.generation, coalesce(s.end_reason::text, ''),
           count(*) FILTER (WHERE a.kind = 'session.started'),
           count(*) FILTER (WHERE a.kind = 'session.refreshed'),
           count(*) FILTER (WHERE a.kind = 'session.ended')
    FROM sessions s LEFT JOIN audit_events a ON a.user_id = s.user_id AND a.session_id = s.id
    WHERE s.id = ANY(%s::uuid[]) GROUP BY s.id
"""
CONSENTS: Final = """
    SELECT user_id::text, count(DISTINCT kind) FROM consent_events
    WHERE user_id = ANY(%s::uuid[]) AND action = 'granted' GROUP BY user_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one phone was told: whose it is, how often each session was refreshed, which it logged out of."""

    user_id: str
    refreshes: Mapping[str, int]
    ended: frozenset[str]

    @classmethod
    def by(cls, phone: Phone) -> Self:
        """Return what the phone was told."""
        return cls(
            user_id=phone.answer["user"]["id"],
            refreshes=dict(phone.refreshes),
            ended=frozenset(phone.ended),
        )


def lost(owner_url: str, told: Iterable[Told]) -> Iterator[str]:
    """Yield each session and each person of whom the database doesn't know exactly what was answered."""
    told = list(told)
    refreshes = {session: count for one in told for session, count in one.refreshes.items()}
    ended = {session for one in told for session in one.ended}
    found = {row[0]: row[1:] for row in _rows(owner_url, SESSIONS, list(refreshes))}
    for session, count in refreshes.items():
        generation, reason, *records = found.get(session, (None, "", 0, 0, 0))
        is_over = int(session in ended)
        if generation != count or (is_over and reason != "logout"):
            yield f"session {session}: {count} refreshes answered; generation {generation}, end {reason!r}"
        if records[:2] != [1, count] or records[2] < is_over:
            yield f"session {session}: {count} refreshes answered, audit records {records}"
    granted = dict(_rows(owner_url, CONSENTS, [one.user_id for one in told]))
    for one in told:
        if granted.get(one.user_id, 0) < len(REQUIRED):
            yield f"person {one.user_id}: {granted.get(one.user_id, 0)} of {len(REQUIRED)} consents"


def _rows(owner_url: str, statement: str, ids: list[str]) -> list[tuple[Any, ...]]:
    with connected(owner_url) as connection, connection.cursor() as cursor:
        cursor.execute(statement, [ids])
        return cursor.fetchall()
