"""The statement that remembers a proof, unless it came before (RFC 9449 s11.1)."""

from sqlalchemy.dialects.postgresql import insert

from chalicelib.stores.parameters import given
from chalicelib.stores.schema import DpopProofs

USE = (
    insert(DpopProofs)
    .values(
        proof_hash=given("proof_hash", DpopProofs.proof_hash),
        expires_at=given("proof_expires_at", DpopProofs.expires_at),
    )
    .on_conflict_do_nothing()
    .returning(DpopProofs.proof_hash)
)
