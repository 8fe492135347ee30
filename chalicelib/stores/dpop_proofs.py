"""Proofs that came, so that none comes twice (RFC 9449 s11.1).

Of two containers that see one proof at once, the primary key lets one through: the other waits for it. A
statement that is sent again over a new connection may find its own row; then the proof is refused, nothing
was done, and the phone makes another.
"""

from datetime import datetime

from chalicelib.stores.database import Database
from chalicelib.stores.described import described

statements = described("dpop_proof_statements")


class DpopProofStore:
    """The proofs, as rows."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def use(self, replay_key: bytes, *, expires_at: datetime) -> bool:
        """Remember a proof for as long as it would be accepted; False if it came before."""
        values = {"p_proof_hash": replay_key, "p_proof_expires_at": expires_at}
        return self._database.row(statements.USE, values) is not None
