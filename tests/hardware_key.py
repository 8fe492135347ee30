"""A key as a phone's hardware keeps it: it signs what it is given, and shows its public half."""

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from tests.world import Phone, Reply


@dataclass(frozen=True)
class HardwareKey:
    """A P-256 key."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def jwk(self) -> dict[str, str]:
        """Return the public half."""
        numbers = self.private.public_key().public_numbers()
        x, y = (base64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}

    def sign(self, text: str) -> str:
        """Return the signature over a text, as it is sent."""
        return base64url(self.private.sign(text.encode(), ec.ECDSA(SHA256())))


def base64url(raw: bytes) -> str:
    """Return bytes as they are sent."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def begin(phone: Phone, key: HardwareKey) -> Reply:
    """Ask for what a new key must sign."""
    return post(phone, "register", {"public_key": key.jwk})


def complete(phone: Phone, key: HardwareKey, challenge: str, **changes: Any) -> Reply:  # noqa: ANN401 - fields of any kind
    """Register a key that has signed."""
    body = {"public_key": key.jwk, "challenge": challenge, "signature": key.sign(challenge)}
    return post(phone, "complete", body | changes)


def registered(phone: Phone, key: HardwareKey, name: str | None = None) -> str:
    """Register a key and return its id."""
    reply = complete(phone, key, begin(phone, key).body["challenge"], name=name)
    assert reply.status == 200, reply.body
    return str(reply.body["id"])


def asked(phone: Phone) -> str:
    """Return a challenge to prove presence by."""
    return str(post(phone, "challenge", None).body["challenge"])


def proof(phone: Phone, key: HardwareKey, registration_id: str, challenge: str) -> dict[str, str]:
    """Return the body that proves presence."""
    return {
        "registration_id": registration_id,
        "challenge": challenge,
        "signature": key.sign(challenge),
        "refresh_token": phone.refresh_token,
    }


def verify(phone: Phone, body: dict[str, str]) -> Reply:
    """Prove presence, and keep the answer as an app does."""
    reply = post(phone, "verify", body)
    if reply.status == 200:
        phone.answer = reply.body
    return reply


def post(phone: Phone, route: str, body: object) -> Reply:
    """Call one of the routes."""
    return phone.world.call("POST", f"/auth/biometric/{route}", body, token=phone.access_token)
