"""Delete what is older than its period, some rows a statement."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from chalicelib.domain.retention import Expired, Purged
from chalicelib.stores.database import Database
from chalicelib.stores.described import Statement, described

statements = described("purge_statements")
PATIENCE = timedelta(seconds=15)  # a batch may have to look at every session
STATEMENTS: Mapping[Purged, Statement] = {
    Purged.RATE_LIMITS: statements.RATE_LIMITS,
    Purged.CHALLENGES: statements.CHALLENGES,
    Purged.DPOP_PROOFS: statements.DPOP_PROOFS,
    Purged.USED_ID_TOKENS: statements.USED_ID_TOKENS,
    Purged.PROVIDER_EVENTS: statements.PROVIDER_EVENTS,
    Purged.SESSIONS: statements.SESSIONS,
    Purged.DEVICES: statements.DEVICES,
    Purged.OUTBOX: statements.OUTBOX,
}
HISTORY: Mapping[Expired, Statement] = {
    Expired.AUDIT_EVENTS: statements.EXPIRE_AUDIT_EVENTS,
    Expired.PEOPLE: statements.EXPIRE_PEOPLE,
    Expired.ERASURES: statements.EXPIRE_ERASURES,
}


class PurgeStore:
    """Deletes by age."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def delete(self, table: Purged, *, before: datetime) -> int:
        """Delete up to `BATCH_MAX` rows that were over before a moment, and return how many."""
        return len(self._database.patient_rows(STATEMENTS[table], {"p_before": before}, PATIENCE))

    def expire(self, history: Expired) -> int:
        """Delete some of what is 7 years old by PostgreSQL's clock, and return how many rows."""
        (row,) = self._database.patient_rows(HISTORY[history], {}, PATIENCE)
        return int(row.deleted)
