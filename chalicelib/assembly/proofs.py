"""Put together what checks the proofs of phones' keys."""

from chalicelib.clients.dpop_proofs import read_proof
from chalicelib.services.ports import Clock
from chalicelib.services.proofs import Proofs
from chalicelib.services.secrets import Secrets
from chalicelib.settings import Settings


def proofs(settings: Settings, secrets: Secrets, clock: Clock) -> Proofs:
    """Return the check of proofs; their URLs have the scheme of the issuer's."""
    return Proofs(
        read_proof=read_proof,
        secrets=secrets,
        demand=settings.dpop_nonce,
        scheme=settings.issuer_url.partition(":")[0],
        clock=clock,
    )
