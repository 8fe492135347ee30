"""Count how people stand on the documents: for operators, without anything personal."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.consents import ConsentCoverage, NoSuchDocument, Standing
from chalicelib.stores.database import Database
from chalicelib.stores.described import described

statements = described("consent_coverage_statements")

PATIENCE = timedelta(minutes=2)  # it reads every active person once


COUNTED_LOCALE = "en"  # the languages of a version differ in words alone


class CoverageStore:
    """The counts."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def coverage(self, *, document: str | None, version: str | None, now: datetime) -> ConsentCoverage:
        """Return the counts, as if the given version of a document took effect now and its grace were over.

        Raises:
            NoSuchDocument: no version of the document was ever published, or one of the two is missing.
        """
        asked = {"p_locale": COUNTED_LOCALE, "p_now": now, "p_document": document, "p_version": version}
        parameters = asked | self._asked(asked)
        rows = self._database.patient_rows(statements.BY_VERSION, parameters, PATIENCE)
        totals = self._database.patient_rows(statements.TOTALS, parameters, PATIENCE)[0]
        standings = tuple(
            Standing(document=row.kind, version=row.version, action=row.action, people=row.people)
            for row in rows
        )
        return ConsentCoverage(standings=standings, **totals._asdict())

    def _asked(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Say of the version in question whether it would be required, and whether it is the first in force.

        A version that isn't published yet is taken to be as required as the newest one that is.
        """
        document, version = asked["p_document"], asked["p_version"]
        if document is None and version is None:
            return {"p_would_be_required": False, "p_is_new": False}
        published = self._database.rows(statements.PUBLISHED, asked) if document and version else ()
        if not published:
            raise NoSuchDocument("name a published document and a version of it, both")
        by_age = sorted(published, key=lambda row: row.effective_at)
        named = next((row for row in by_age if row.version == version), by_age[-1])
        is_new = all(row.effective_at > asked["p_now"] for row in published)
        return {"p_would_be_required": named.required, "p_is_new": is_new}
