"""A phone's proof (RFC 9449), as functions take it to use it up."""

from datetime import datetime

from chalicelib.domain.dpop import Proof
from chalicelib.postgres.calls import Parameters


class ProofParameters(Parameters):
    """The proof that came with a request, or two nulls."""

    p_proof_hash: bytes | None
    p_proof_expires_at: datetime | None


def used(proof: Proof | None) -> ProofParameters:
    """Return the parameters that use a proof up; the function raises InvalidDpopProof if it came before."""
    if proof is None:
        return ProofParameters(p_proof_hash=None, p_proof_expires_at=None)
    return ProofParameters(p_proof_hash=proof.replay_key, p_proof_expires_at=proof.expires_at)
