"""Play the secure hardware of a phone: a key that signs proofs, right ones and, where told to, wrong ones."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

ORIGIN = "https://auth.test"  # where the tests' gateway says that it is


def base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def part(proof: str, number: int) -> dict[str, Any]:
    """Return the header (0) or the claims (1) of a proof."""
    raw: dict[str, Any] = json.loads(urlsafe_b64decode(proof.split(".")[number] + "=="))
    return raw


@dataclass
class PhoneKey:
    """A key of a kind that phones have: P-256 by default."""

    private: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    algorithm: str = "ES256"

    @classmethod
    def ed25519(cls) -> "PhoneKey":
        return cls(ed25519.Ed25519PrivateKey.generate(), "EdDSA")

    @property
    def jwk(self) -> dict[str, Any]:
        """The public half."""
        told = jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.private.public_key(), as_dict=True)
        return {name: told[name] for name in ("kty", "crv", "x", "y") if name in told}

    @property
    def jkt(self) -> str:
        """Its thumbprint (RFC 7638)."""
        return base64url(
            sha256(json.dumps(self.jwk, sort_keys=True, separators=(",", ":")).encode()).digest()
        )

    def claims(self, method: str, path: str, now: datetime, token: str | None = None) -> dict[str, Any]:
        """Return what a proof for a request says; with an access token, that too."""
        claims = {"jti": str(uuid4()), "htm": method, "iat": int(now.timestamp())}
        claims["htu"] = ORIGIN + path.partition("?")[0]
        return claims | ({} if token is None else {"ath": base64url(sha256(token.encode()).digest())})

    def sign(self, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
        """Return a signed proof; `...` in the header leaves a field out."""
        full = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.jwk} | dict(header or {})
        kept = {name: value for name, value in full.items() if value is not ...}
        return self.sign_bytes(json.dumps(kept).encode(), json.dumps(claims).encode())

    def sign_bytes(self, header: bytes, payload: bytes) -> str:
        """Return a validly signed JWS around bytes that needn't be JSON."""
        text = f"{base64url(header)}.{base64url(payload)}"
        signature = jwt.get_algorithm_by_name(self.algorithm).sign(text.encode(), self.private)
        return f"{text}.{base64url(signature)}"

    def proof(
        self, method: str, path: str, now: datetime, token: str | None = None, **changes: object
    ) -> str:
        """Return a proof for a request; changes replace or, with `...`, leave out claims."""
        claims = self.claims(method, path, now, token) | changes
        return self.sign({name: value for name, value in claims.items() if value is not ...})

    def headers(
        self, method: str, path: str, now: datetime, token: str | None = None, **changes: object
    ) -> dict[str, str]:
        """Return the headers of a request with a proof, and with the access token that it is for."""
        proof = {"dpop": self.proof(method, path, now, token, **changes)}
        return proof | ({} if token is None else {"authorization": f"DPoP {token}"})
