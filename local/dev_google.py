"""A development Google: a key that only the local stack trusts, and ID tokens like the real ones."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import jwt

from local.dev_keys import rsa_key
from local.dev_server import published, serving

ISSUER: Final = "https://accounts.google.com"
AUDIENCE: Final = "dev-client.apps.googleusercontent.com"
IOS_CLIENT: Final = "dev-ios-client.apps.googleusercontent.com"
ANDROID_CLIENT: Final = "dev-android-client.apps.googleusercontent.com"
KEY_ID: Final = "dev-1"
KEY_BITS: Final = 2048  # what Google signs with
LIFETIME: Final = timedelta(hours=1)  # Google's own
CLIENTS: Final = (
    {"client_id": AUDIENCE, "platforms": ["ios", "android", "web"], "nonce": "optional"},
    {"client_id": IOS_CLIENT, "platforms": ["ios"], "nonce": "raw"},
    {"client_id": ANDROID_CLIENT, "platforms": ["android"], "nonce": "sha256"},
)


class DevGoogle:
    """A Google whose private key is `private.pem` in `directory`, made when there is none."""

    def __init__(self, directory: Path) -> None:
        self.private_key = rsa_key(directory, KEY_BITS)

    def token(
        self,
        *,
        subject: str,
        email: str,
        name: str,
        now: datetime,
        audience: str = AUDIENCE,
        azp: str | None = None,
        nonce: str | None = None,
        lifetime: timedelta = LIFETIME,
        **overrides: object,
    ) -> str:
        """Return a signed ID token; `overrides` replace or add claims, whatever their value."""
        claims: dict[str, object] = person_claims(subject, email, name) | {
            "iss": ISSUER,
            "azp": azp or audience,
            "aud": audience,
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
            "jti": secrets.token_hex(20),
        }
        if nonce is not None:
            claims["nonce"] = nonce
        return self.sign(claims | overrides)

    def security_event(self, uri: str, subject: str, now: datetime, **overrides: object) -> str:
        """Return what Google posts when something became of an account; `overrides` replace or add claims."""
        about = {"subject_type": "iss-sub", "iss": f"{ISSUER}/", "sub": subject}
        claims: dict[str, object] = {
            "iss": f"{ISSUER}/",  # as its RISC documents write it
            "aud": AUDIENCE,
            "iat": int(now.timestamp()),
            "jti": secrets.token_hex(16),
            "events": {uri: {"subject": about}},
        }
        return self.sign(claims | overrides, {"typ": "secevent+jwt"})

    def sign(self, claims: Mapping[str, object], headers: Mapping[str, object] | None = None) -> str:
        """Return the claims signed as they are; `headers` replace or add header fields."""
        return jwt.encode(
            dict(claims), self.private_key, algorithm="RS256", headers={"kid": KEY_ID} | dict(headers or {})
        )

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the public key as a JWK set (RFC 7517 s5)."""
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.private_key.public_key(), as_dict=True)
        shown = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": KEY_ID}
        return {"keys": [shown | {"n": public["n"], "e": public["e"]}]}

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Serve the keys as Google does while the context lasts; yields their URL."""
        with serving({("GET", "/certs"): published(self.jwks())}, "dev-google") as url:
            yield f"{url}/certs"


def subject_for(email: str) -> str:
    """Return the 21-digit subject that the development Google always gives this e-mail address."""
    digest = hashlib.sha256(email.casefold().encode()).digest()
    return str(10**20 + int.from_bytes(digest) % 10**20)


def person_claims(subject: str, email: str, name: str) -> dict[str, object]:
    """Return the claims that describe a person, as Google words them."""
    given, _, family = name.partition(" ")
    picture = f"https://lh3.googleusercontent.com/a/{hashlib.sha256(subject.encode()).hexdigest()[:24]}=s96-c"
    described: dict[str, object] = {
        "sub": subject,
        "email": email,
        "email_verified": True,
        "name": name,
        "picture": picture,
        "given_name": given,
    }
    return described | ({"family_name": family} if family else {})
