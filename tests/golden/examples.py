"""What the golden records say: people, keys and circumstances that are the same in every release."""

from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256, shake_256
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

NOW = "2026-11-23T12:00:00+00:00"
LATER = "2026-11-23T12:05:00+00:00"
JKT = "wBVh_2FkPyUQW0hGKHFIS9A4I7oETCqcTnHYNn2TgeU"
ISSUER = "https://auth.serenya.test"
PROFILE = {
    "email": "Ana.Díaz+salud@example.com",
    "email_verified": True,
    "name": "Ana Díaz 🌿",
    "given_name": "Ana",
    "family_name": "Díaz",
    "picture": "https://lh3.example.com/a/ana=s96-c",
}
NOBODY = dict.fromkeys(PROFILE) | {"email_verified": False}
DEVICE = {
    "id": "8C0B1D0E-3F0A-4C1C-9F57-0A4C5D9F3B11",
    "platform": "ios",
    "name": "El móvil de Ana",
    "model": "iPhone17,1",
    "os_version": "19.1",
    "app_version": "3.2.0",
}
BARE_DEVICE = dict.fromkeys(DEVICE) | {"id": "android-1", "platform": "android"}
CHOSEN = {"display_name": "Anita ✨", "language": "es-MX", "time_zone": "America/Mexico_City"}
ONE_CHOICE = dict.fromkeys(CHOSEN) | {"language": "en"}
GRANT = {"client_id": "health.serenya.app", "refresh_token": "rt.0.apple-ñ"}


@dataclass(frozen=True)
class Example:
    """What is to be written; `stored` where somebody else writes it."""

    format: str
    about: str
    says: Any
    given: dict[str, Any]
    stored: Any = None


def example(format_name: str, about: str, says: Any, *, stored: Any = None, **given: Any) -> Example:  # noqa: ANN401 - JSON
    """Return an example."""
    return Example(format=format_name, about=about, says=says, given=given, stored=stored)


def uuid(name: str) -> str:
    """Return an id that is always the same for a name."""
    return str(UUID(bytes=sha256(name.encode()).digest()[:16], version=4))


def secret(name: str, length: int = 32) -> str:
    """Return bytes that are always the same for a name, as hexadecimal."""
    return shake_256(f"golden {name}".encode()).hexdigest(length)


def private_key(name: str) -> ec.EllipticCurvePrivateKey:
    """Return a P-256 key that is always the same for a name."""
    number = int.from_bytes(bytes.fromhex(secret(name, 31)), "big") + 1
    return ec.derive_private_key(number, ec.SECP256R1())


def pkcs8(key: Any) -> str:  # noqa: ANN401 - either kind of private key
    """Return a private key as the service stores it before wrapping."""
    return b64encode(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()


def base64url(raw: bytes) -> str:
    """Return bytes as base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def of_people() -> list[Example]:
    """Return what is kept of people, before it is sealed."""
    return [
        *(example("profile", about, says) for about, says in (("whole", PROFILE), ("empty", NOBODY))),
        example("profile", "unverified", PROFILE | {"email_verified": False}),
        *(example("device", about, says) for about, says in (("whole", DEVICE), ("bare", BARE_DEVICE))),
        *(example("chosen", about, says) for about, says in (("all", CHOSEN), ("one", ONE_CHOICE))),
        example("provider_grant", "of Apple", GRANT),
    ]


def of_sealed_data() -> list[Example]:
    """Return what is sealed, and where."""
    sealed = [
        ("users", "profile", "a profile's bytes"),
        ("users", "chosen", "choices"),
        ("identities", "subject", "108204268033311374519"),
        ("identities", "refresh_token", "a grant"),
        ("devices", "description", "a device"),
        ("biometric_keys", "name", "El móvil de Ana"),
        ("sessions", "profile", "a copy"),
    ]
    copies = [
        ("a profile and a device", PROFILE, DEVICE, None),
        ("with choices", PROFILE, DEVICE, CHOSEN),
        ("of somebody who told nothing", NOBODY, BARE_DEVICE, None),
    ]
    session = {"seed": secret("seed", 16), "session_id": uuid("session")}
    return [
        *(
            example(form, f"{table}.{column}", says, **_place(table, column))
            for table, column, says in sealed
            for form in ("record_address", "sealed_record")
        ),
        *(
            example(
                "session_copy", about, {"profile": profile, "device": device, "chosen": chosen}, **session
            )
            for about, profile, device, chosen in copies
        ),
    ]


def of_indexes() -> list[Example]:
    """Return what is found, compared or locked by a hash."""
    index = {"key": secret("blind_index")}
    issuers = {"google": "https://accounts.google.com", "apple": "https://appleid.apple.com"}
    subject = {"subject": "108204268033311374519"}
    digests = {"nothing chosen": None, "chosen": secret("sealed", 90)}
    addresses = ("192.0.2.7", "2001:db8:1:2:3:4:5:6", "::ffff:192.0.2.7", "nonsense")
    return [
        *(
            example("index_of_subject", name, subject | {"provider": name, "issuer": issuer}, **index)
            for name, issuer in issuers.items()
        ),
        example("index_of_email", "mixed case, composed", "Ana.Díaz+salud@Example.com", **index),
        example("index_of_email", "mixed case, decomposed", "Ana.Di\u0301az+salud@Example.com", **index),
        example("index_of_device", "an id", DEVICE["id"], **index),
        example(
            "index_of_bucket", "an address", {"limit": "sign-in-address", "subject": "192.0.2.7"}, **index
        ),
        *(
            example("digest_of_content", purpose, {"purpose": purpose, "content": "Díaz"}, **index)
            for purpose in ("profile", "device")
        ),
        *(
            example("digest_of_copy", about, {"profile_digest": secret("digest"), "chosen": chosen})
            for about, chosen in digests.items()
        ),
        *(example("limit_subject_of_address", address, address) for address in addresses),
        example("subject_lock", "of an index", secret("index")),
    ]


def _place(table: str, column: str) -> dict[str, Any]:
    row = uuid(f"{table}.{column}")
    return {
        "table": table,
        "column": column,
        "row_id": row,
        "key_version": 1,
        "owner_id": uuid("person"),
        "secret": secret("data key"),
    }


def of_presence() -> list[Example]:
    """Return what phones' keys sign, and how they are stored."""
    key = private_key("phone")
    numbers = key.public_key().public_numbers()
    x, y = (base64url(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()
    text = "a challenge as it was sent"
    signed = base64url(key.sign(text.encode(), ec.ECDSA(SHA256())))
    challenge = {
        "service": ISSUER,
        "session_id": uuid("session"),
        "expires_at": LATER,
        "nonce": base64url(bytes(range(16))),
    }
    return [
        example("presence_key", "a phone's", {"kty": "EC", "crv": "P-256", "x": x, "y": y}),
        example("presence_signature", "a phone's", text, stored=signed, text=text, spki=spki),
        example(
            "presence_challenge",
            "to register",
            challenge | {"purpose": "register", "key": JKT},
            secret=secret("challenge"),
        ),
        example(
            "presence_challenge",
            "to verify",
            challenge | {"purpose": "verify", "key": None},
            secret=secret("challenge"),
        ),
        example("presence_challenge_hash", "of a text", text),
    ]


def id_token() -> str:
    """Return an ID token as a provider signs one."""
    claims = {"iss": "https://accounts.google.com", "sub": "1", "aud": "app", "iat": 1, "exp": 2}
    return jwt.encode(claims, private_key("provider"), algorithm="ES256", headers={"kid": "provider-1"})
