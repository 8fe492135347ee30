"""Put together what completes interrupted erasures, and what makes a restored database ready."""

from typing import Any

from chalicelib.assembly.audit import AuditParts
from chalicelib.assembly.erasure import ErasureParts
from chalicelib.services.ports import Clock
from chalicelib.services.recovery import Recovery
from chalicelib.services.tokens import AccessTokens
from chalicelib.settings import Settings
from chalicelib.stores.database import Database
from chalicelib.stores.jobs.recovery import RecoveryStore


def recovery(
    settings: Settings, database: Database, erasure: ErasureParts, tokens: AccessTokens[Any], clock: Clock
) -> Recovery:
    """Return what sweeps and restores; `tokens` sign the seal that joins the two records."""
    audit = AuditParts(settings=settings, database=database, tokens=tokens, clock=clock)
    return Recovery(
        store=RecoveryStore(database.transactions),
        ledger=erasure.ledger,
        watch=erasure.watch,
        erasures=erasure.erasures,
        joining=audit.joining,
        clock=clock,
    )
