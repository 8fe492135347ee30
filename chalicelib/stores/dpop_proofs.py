"""Proofs that came, so that none comes twice (RFC 9449 s11.1), where no function of the request uses them up.

A call that is sent again over a new connection may find its own proof; then it is refused, nothing was done,
and the phone makes another.
"""

from datetime import datetime

from chalicelib.postgres.calls import Call, Row
from chalicelib.stores.database import Database


class RememberedRow(Row):
    """Whether a proof came for the first time."""

    is_new: bool


class RememberProof(Call[RememberedRow], function="remember_proof"):
    p_proof_hash: bytes
    p_proof_expires_at: datetime


class DpopProofStore:
    """The proofs, as rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def use(self, replay_key: bytes, *, expires_at: datetime) -> bool:
        """Remember a proof for as long as it would be accepted; False if it came before."""
        asked = RememberProof(p_proof_hash=replay_key, p_proof_expires_at=expires_at)
        return self._database.one(asked).is_new
