"""A development provider of any declared kind: it does what its declaration says, with a key of its own."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.domain.id_tokens import NonceForm
from chalicelib.domain.keys import SigningAlgorithm
from chalicelib.domain.providers import OidcProvider
from local.dev_keys import p256_key, rsa_key
from local.dev_server import published, serving

KEY_BITS: Final = 2048
LIFETIME: Final = timedelta(minutes=10)


class DevOidc:
    """A provider whose private key is `private.pem` in `directory`, made when there is none."""

    def __init__(self, declared: OidcProvider, directory: Path) -> None:
        self.declared = declared
        self.client = f"dev-client.{declared.name}.example"
        self._is_curve = SigningAlgorithm.ES256 in declared.algorithms
        self.private_key = p256_key(directory) if self._is_curve else rsa_key(directory, KEY_BITS)
        self._key_id = f"dev-{declared.name}-1"

    def token(
        self,
        *,
        subject: str,
        email: str,
        name: str,
        now: datetime,
        audience: str | None = None,
        nonce: str | None = None,
        lifetime: timedelta = LIFETIME,
        **overrides: object,
    ) -> str:
        """Return a signed ID token; `overrides` replace or add claims, whatever their value."""
        claims: dict[str, object] = {
            "iss": self.declared.issuer,
            "aud": audience or self.client,
            "sub": subject,
            "iat": int(now.timestamp()),
            "exp": int((now + min(lifetime, self.declared.lifetime_max)).timestamp()),
            "jti": secrets.token_hex(16),
            "email": email,
            "email_verified": True,
            "name": name,
        }
        if nonce is not None:
            claims["nonce"] = nonce
        return self.sign(claims | overrides)

    def sign(self, claims: Mapping[str, object], headers: Mapping[str, object] | None = None) -> str:
        """Return the claims signed as they are; `headers` replace or add header fields."""
        told: dict[str, Any] = {"kid": self._key_id} | dict(headers or {})
        algorithm = "ES256" if self._is_curve else "RS256"
        return jwt.encode(dict(claims), self.private_key, algorithm=algorithm, headers=told)

    def clients(self) -> list[dict[str, object]]:
        """Return the one client, for every platform, with the most lenient nonce that is declared."""
        forms = self.declared.nonces
        nonce = NonceForm.optional if NonceForm.optional in forms else min(forms)
        return [{"client_id": self.client, "platforms": ["ios", "android", "web"], "nonce": nonce.value}]

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the public key as a JWK set (RFC 7517 s5)."""
        public = self.private_key.public_key()
        if isinstance(public, ec.EllipticCurvePublicKey):
            shown = jwt.algorithms.ECAlgorithm.to_jwk(public, as_dict=True)
            return {"keys": [self._named(shown, ("kty", "crv", "x", "y"), "ES256")]}
        shown = jwt.algorithms.RSAAlgorithm.to_jwk(public, as_dict=True)
        return {"keys": [self._named(shown, ("kty", "n", "e"), "RS256")]}

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Serve the keys while the context lasts; yields their URL."""
        answers = {("GET", "/keys"): published(self.jwks())}
        with serving(answers, f"dev-{self.declared.name}") as url:
            yield f"{url}/keys"

    def _named(self, shown: Mapping[str, Any], members: tuple[str, ...], algorithm: str) -> dict[str, str]:
        names = {"kid": self._key_id, "use": "sig", "alg": algorithm}
        return names | {name: str(shown[name]) for name in members}


def subject_for(email: str) -> str:
    """Return the subject that a development provider always gives this e-mail address."""
    return hashlib.sha256(email.casefold().encode()).hexdigest()[:32]
