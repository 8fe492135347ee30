"""Put together what seals, verifies and joins the audit record."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chalicelib.assembly.clients import shared_client
from chalicelib.clients.seal_anchor import SealAnchors
from chalicelib.clients.seal_signatures import check_seal
from chalicelib.services.audit import Audit
from chalicelib.services.audit_joining import AuditJoining
from chalicelib.services.ports import Clock
from chalicelib.services.tokens import AccessTokens
from chalicelib.settings import Settings
from chalicelib.stores.database import Database
from chalicelib.stores.jobs.audit_seals import AuditSealStore


@dataclass(frozen=True, kw_only=True)
class AuditParts:
    """The services of the sealed record, of one database and one bucket; `tokens` sign the seals."""

    settings: Settings
    database: Database
    tokens: AccessTokens[Any]
    clock: Clock

    @cached_property
    def chain(self) -> Audit:
        """Return what seals and verifies."""
        return Audit(
            store=AuditSealStore(self.database.transactions),
            anchors=self._anchors,
            tokens=self.tokens,
            check_signature=check_seal,
            clock=self.clock,
        )

    @cached_property
    def joining(self) -> AuditJoining:
        """Return what lets the record go on after a restore."""
        return AuditJoining(
            store=AuditSealStore(self.database.transactions),
            anchors=self._anchors,
            tokens=self.tokens,
            check_signature=check_seal,
            clock=self.clock,
        )

    @cached_property
    def _anchors(self) -> SealAnchors:
        s3 = shared_client("s3", self.settings.aws_region, self.settings.aws_endpoint_url)
        return SealAnchors(s3, self.settings.evidence_bucket)
