"""Tell how people stand on the documents."""

from dataclasses import asdict

from chalicelib import wiring
from chalicelib.assembly.database import opened
from chalicelib.clients.clock import SystemClock
from chalicelib.clients.documents import FORMS
from chalicelib.domain.consents import NoSuchDocument
from chalicelib.functions.invocation import Answer, Event
from chalicelib.stores.jobs.consent_coverage import CoverageStore


def consent_coverage(event: Event, _context: object) -> Answer:
    """Tell how active people stand on the documents, and on `document` at `version` if it came.

    Raises: NoSuchDocument.
    """
    document, version = event.get("document"), event.get("version")
    if version is not None and not FORMS["version"].fullmatch(version):
        raise NoSuchDocument(f"{version}: a version reads like 2.0")
    with opened(wiring.settings()) as database:
        store = CoverageStore(database.transactions)
        return asdict(store.coverage(document=document, version=version, now=SystemClock().now()))
