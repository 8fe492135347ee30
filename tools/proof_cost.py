"""Measure what verifying a phone's proof costs a container, in CPU: `python -m tools.proof_cost`."""

import base64
import time
from collections.abc import Callable
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from chalicelib.clients.dpop_proofs import read_proof

ROUNDS: Final = 2000
KEYS: Final[dict[str, Callable[[], ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey]]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


def main() -> None:
    """Print a line for each algorithm: all of parsing, key, signature and thumbprint."""
    for algorithm, make in KEYS.items():
        proof = signed(algorithm, make())
        read_proof(proof)
        started = time.process_time()
        for _ in range(ROUNDS):
            read_proof(proof)
        spent = (time.process_time() - started) / ROUNDS
        print(f"{algorithm}: {spent * 1000:.3f} ms CPU a proof of {len(proof)} characters")


def signed(algorithm: str, key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    """Return a proof as long as they get."""
    told = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key(), as_dict=True)
    jwk = {name: told[name] for name in ("kty", "crv", "x", "y") if name in told}
    claims = {
        "jti": "f3a1c2d4-0000-4000-8000-000000000000",
        "htm": "POST",
        "htu": "https://abc123.execute-api.eu-west-1.amazonaws.com/v1/auth/refresh",
        "iat": 1767323045,
        "ath": base64.urlsafe_b64encode(bytes(32)).decode().rstrip("="),
        "nonce": "A" * 28,
    }
    header = {"typ": "dpop+jwt", "jwk": jwk}
    return jwt.encode(claims, key, algorithm=algorithm, headers=header)


if __name__ == "__main__":
    main()
