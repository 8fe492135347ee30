"""A development Apple: a key that only the local stack trusts, ID tokens like the real ones, two endpoints.

`/code` makes an authorization code, `/auth/token` exchanges it and `/auth/revoke` takes tokens back; `/seen`
tells what they saw.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import jwt

from local.dev_keys import p256_key
from local.dev_server import DevAnswer, Form, published, serving

ISSUER: Final = "https://appleid.apple.com"
BUNDLE: Final = "com.example.dev"
IOS_BUNDLE: Final = "com.example.dev.ios"
WEB_SERVICE: Final = "com.example.dev.web"
KEY_ID: Final = "dev-apple-1"
LIFETIME: Final = timedelta(hours=24)  # Apple's own
RELAY: Final = "privaterelay.appleid.com"
CLIENTS: Final = (
    {"client_id": BUNDLE, "platforms": ["ios", "android", "web"], "nonce": "optional"},
    {"client_id": IOS_BUNDLE, "platforms": ["ios"], "nonce": "sha256"},
    {"client_id": WEB_SERVICE, "platforms": ["android", "web"], "nonce": "sha256"},
)


class DevApple:
    """An Apple whose private key is `private.pem` in `directory`, made when there is none."""

    def __init__(self, directory: Path) -> None:
        self.private_key = p256_key(directory)
        self.exchanged: list[dict[str, str]] = []
        self.revoked: list[str] = []
        self._codes: set[str] = set()
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)  # a test may stop it

    def token(
        self,
        *,
        subject: str,
        email: str,
        now: datetime,
        audience: str = BUNDLE,
        nonce: str | None = None,
        lifetime: timedelta = LIFETIME,
        **overrides: object,
    ) -> str:
        """Return a signed ID token; `overrides` replace or add claims. It never holds the person's name."""
        claims: dict[str, object] = {
            "iss": ISSUER,
            "aud": audience,
            "sub": subject,
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
            "c_hash": secrets.token_urlsafe(16),
            "email": email,
            "email_verified": "true",  # a text, as Apple was seen to write it
            "auth_time": int(now.timestamp()),
            "nonce_supported": True,
        }
        if email.endswith(f"@{RELAY}"):
            claims["is_private_email"] = "true"
        if nonce is not None:
            claims["nonce"] = nonce
        return self.sign(claims | overrides)

    def notice(self, kind: str, subject: str, now: datetime, **overrides: object) -> str:
        """Return what Apple posts when something became of an account; `overrides` replace or add claims."""
        event = {"type": kind, "sub": subject, "event_time": int(now.timestamp() * 1000)}
        claims: dict[str, object] = {
            "iss": ISSUER,
            "aud": BUNDLE,
            "iat": int(now.timestamp()),
            "exp": int((now + LIFETIME).timestamp()),
            "jti": secrets.token_urlsafe(16),
            "events": json.dumps(event),  # a text, as Apple writes it
        }
        return self.sign(claims | overrides)

    def sign(self, claims: Mapping[str, object], headers: Mapping[str, object] | None = None) -> str:
        """Return the claims signed as they are, without `typ`; `headers` replace or add header fields."""
        told: dict[str, Any] = {"kid": KEY_ID, "typ": None} | dict(headers or {})
        return jwt.encode(dict(claims), self.private_key, algorithm="ES256", headers=told)

    def code(self) -> str:
        """Return an authorization code, good for one exchange."""
        code = f"c{secrets.token_hex(16)}.0.{secrets.token_urlsafe(8)}"
        self._codes.add(code)
        return code

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Return the public key as a JWK set (RFC 7517 s5)."""
        public = jwt.algorithms.ECAlgorithm.to_jwk(self.private_key.public_key(), as_dict=True)
        shown = {"kty": "EC", "alg": "ES256", "use": "sig", "kid": KEY_ID}
        return {"keys": [shown | {name: str(public[name]) for name in ("crv", "x", "y")}]}

    def exchange(self, form: Form) -> DevAnswer:
        """Answer `POST /auth/token`: a code is good once, for a client that shows a fitting secret."""
        if form.get("grant_type") != "authorization_code" or not _is_client(form, self.now()):
            return DevAnswer(400, {"error": "invalid_client"})
        if form.get("code") not in self._codes:
            return DevAnswer(400, {"error": "invalid_grant"})
        self._codes.remove(form["code"])
        token = f"r{secrets.token_hex(16)}.0.{secrets.token_urlsafe(8)}"
        self.exchanged.append({"client_id": form["client_id"], "code": form["code"], "refresh_token": token})
        access = secrets.token_urlsafe(24)
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": 3600, "refresh_token": token}
        return DevAnswer(200, answer)

    def revoke(self, form: Form) -> DevAnswer:
        """Answer `POST /auth/revoke`: 200 with nothing in it, for a token that is unknown too."""
        if not _is_client(form, self.now()) or "token" not in form:
            return DevAnswer(400, {"error": "invalid_client"})
        self.revoked.append(form["token"])
        return DevAnswer(200)

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Serve what Apple serves while the context lasts; yields the address in front of `/auth/keys`."""
        answers = {
            ("GET", "/auth/keys"): published(self.jwks()),
            ("POST", "/auth/token"): self.exchange,
            ("POST", "/auth/revoke"): self.revoke,
            ("GET", "/code"): lambda _form: DevAnswer(200, {"code": self.code()}),
            ("GET", "/seen"): lambda _form: DevAnswer(
                200, {"exchanged": self.exchanged, "revoked": self.revoked}
            ),
        }
        with serving(answers, "dev-apple") as url:
            yield url


def subject_for(email: str) -> str:
    """Return the subject that the development Apple always gives this e-mail address."""
    digest = hashlib.sha256(email.casefold().encode()).hexdigest()
    return f"00{int(digest[:4], 16) % 10_000:04}.{digest[:32]}.{int(digest[4:8], 16) % 10_000:04}"


def relay_for(email: str) -> str:
    """Return the address behind which Apple hides this one from our team."""
    return f"{hashlib.sha256(email.casefold().encode()).hexdigest()[:10]}@{RELAY}"


def _is_client(form: Form, now: datetime) -> bool:
    """Tell whether the client's secret is a JWT for Apple, of this client, in its time; never whose key."""
    try:
        secret = jwt.decode(
            form.get("client_secret", ""), options={"verify_signature": False}, algorithms=["ES256"]
        )
    except jwt.InvalidTokenError:
        return False
    is_ours = form.get("client_id") in {client["client_id"] for client in CLIENTS}
    fits = (secret.get("aud"), secret.get("sub")) == (ISSUER, form.get("client_id"))
    return is_ours and fits and float(secret.get("exp", 0)) > now.timestamp()
