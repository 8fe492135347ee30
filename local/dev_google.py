"""A development Google: a key that only the local stack trusts, and ID tokens like the real ones."""

import hashlib
import json
import os
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local.children import HOST
from local.places import make_directory, write_private

ISSUER: Final = "https://accounts.google.com"
AUDIENCE: Final = "dev-client.apps.googleusercontent.com"
IOS_CLIENT: Final = "dev-ios-client.apps.googleusercontent.com"
ANDROID_CLIENT: Final = "dev-android-client.apps.googleusercontent.com"
KEY_ID: Final = "dev-1"
KEY_BITS: Final = 2048  # what Google signs with
LIFETIME: Final = timedelta(hours=1)  # Google's own
KEYS_LIFETIME: Final = timedelta(hours=6)  # about what Google's answers say
CLIENTS: Final = (
    {"client_id": AUDIENCE, "platforms": ["ios", "android", "web"], "nonce": "optional"},
    {"client_id": IOS_CLIENT, "platforms": ["ios"], "nonce": "raw"},
    {"client_id": ANDROID_CLIENT, "platforms": ["android"], "nonce": "sha256"},
)


class DevGoogle:
    """A Google whose private key is `private.pem` in `directory`, made when there is none."""

    def __init__(self, directory: Path) -> None:
        self.private_key = load_or_create_key(directory)

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
        document = json.dumps(self.jwks()).encode()
        server = ThreadingHTTPServer((HOST, 0), keys_handler(document))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True, name="dev-google")
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}/certs"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


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


def load_or_create_key(directory: Path) -> rsa.RSAPrivateKey:
    """Return the key in `private.pem`; make it, readable only by this user, when there is none."""
    path = make_directory(directory) / "private.pem"
    if not path.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        unfinished = path.with_name(f"private.{os.getpid()}.{secrets.token_hex(4)}")
        write_private(unfinished, pem.decode())
        with_first_writer(unfinished, path)
    loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(loaded, rsa.RSAPrivateKey):
        message = f"{path} isn't an RSA key"
        raise TypeError(message)
    return loaded


def with_first_writer(unfinished: Path, path: Path) -> None:
    """Give the file its name unless another process was first, whose file then stays."""
    try:
        path.hardlink_to(unfinished)
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()


def keys_handler(document: bytes) -> type[BaseHTTPRequestHandler]:
    """Return a handler that answers GET /certs with the document, and everything else with 404."""

    class KeysHandler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            if self.path != "/certs":
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(document)))
            self.send_header("Cache-Control", f"public, max-age={int(KEYS_LIFETIME.total_seconds())}")
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None:
            """Say nothing: who fetches keys is of no interest."""

    return KeysHandler
