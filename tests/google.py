"""Play Google: sign any token, well-formed or not, and publish any key set, fit or not."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth.crypt import RSASigner

from chalicelib.clients.provider_keys import ProviderKey, ProviderKeySet, keys_of
from chalicelib.domain.errors import DependencyUnavailable
from chalicelib.domain.id_tokens import ClientPolicy, NonceForm, Platform, UnverifiedIdToken
from chalicelib.domain.providers import GOOGLE

IOS_CLIENT = "ios.apps.googleusercontent.com"
ANDROID_CLIENT = "android.apps.googleusercontent.com"
WEB_CLIENT = "web.apps.googleusercontent.com"
SUBJECT = "110169484474386276334"


def policy(client_id: str, nonce: NonceForm, *platforms: Platform) -> ClientPolicy:
    return ClientPolicy(client_id=client_id, platforms=frozenset(platforms), nonce=nonce)


CLIENTS = {
    IOS_CLIENT: policy(IOS_CLIENT, NonceForm.raw, Platform.ios),
    ANDROID_CLIENT: policy(ANDROID_CLIENT, NonceForm.sha256, Platform.android),
    WEB_CLIENT: policy(WEB_CLIENT, NonceForm.optional, *Platform),
}


def base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


@cache
def rsa_key(kid: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """Return one key a name; making one takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@dataclass(frozen=True)
class GoogleKey:
    """One of Google's keys, both halves."""

    kid: str = "key-1"

    def jwk(self) -> dict[str, Any]:
        numbers = rsa_key(self.kid).public_key().public_numbers()
        modulus, exponent = (n.to_bytes((n.bit_length() + 7) // 8, "big") for n in (numbers.n, numbers.e))
        kind = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid}
        return kind | {"n": base64url(modulus), "e": base64url(exponent)}

    def sign(self, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> UnverifiedIdToken:
        """Return a token with these claims; `header` replaces or adds fields."""
        full = {"alg": "RS256", "kid": self.kid, "typ": "JWT"} | dict(header or {})
        return self.sign_bytes(json.dumps(full).encode(), json.dumps(claims).encode())

    def sign_bytes(self, header: bytes, payload: bytes) -> UnverifiedIdToken:
        """Return a validly signed token around bytes that needn't be JSON."""
        signing_input = f"{base64url(header)}.{base64url(payload)}"
        signature: bytes = RSASigner(rsa_key(self.kid)).sign(signing_input)
        return UnverifiedIdToken(f"{signing_input}.{base64url(signature)}")


def claims(now: datetime, **overrides: object) -> dict[str, Any]:
    """Return what Google says of a person; a claim overridden with `...` is left out."""
    issued_at = int(now.timestamp())
    full: dict[str, object] = {
        "iss": "https://accounts.google.com",
        "aud": WEB_CLIENT,
        "azp": WEB_CLIENT,
        "sub": SUBJECT,
        "email": "ada@example.com",
        "email_verified": True,
        "name": "Ada Lovelace",
        "given_name": "Ada",
        "family_name": "Lovelace",
        "picture": "https://lh3.googleusercontent.com/a/ada=s96-c",
        "iat": issued_at,
        "exp": issued_at + 3600,
    }
    return {name: value for name, value in (full | overrides).items() if value is not ...}


def jwks(*keys: GoogleKey) -> bytes:
    return json.dumps({"keys": [key.jwk() for key in keys]}).encode()


def key_set(now: datetime, *keys: GoogleKey, fresh_for: timedelta = timedelta(hours=6)) -> ProviderKeySet:
    return ProviderKeySet(
        keys=keys_of([key.jwk() for key in keys], GOOGLE.algorithms),
        fetched_at=now,
        fresh_until=now + fresh_for,
    )


class FixedKeys:
    """A key source whose set is given, or that has none."""

    def __init__(self, keys: ProviderKeySet | None) -> None:
        self.keys = keys

    def current(self, now: datetime) -> ProviderKeySet:
        if self.keys is None:
            raise DependencyUnavailable(retry_after=timedelta(seconds=1))
        return self.keys

    def find(self, kid: str, now: datetime) -> ProviderKey | None:
        return self.current(now).keys.get(kid)


@dataclass
class KeyServer:
    """A server on this machine that answers every request with what a test wants."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    body: bytes = b""
    requests: list[str] = field(default_factory=list)


@contextmanager
def key_server() -> Iterator[KeyServer]:
    script = KeyServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script.requests.append(self.path)
            self.send_response(script.status)
            for name, value in script.headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):  # a client that has read enough hangs up
                self.wfile.write(script.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        script.url = f"http://127.0.0.1:{server.server_port}/certs"
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()
