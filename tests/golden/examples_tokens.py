"""What the golden records of tokens, challenges and receipts say."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from chalicelib.clients.jwt_keys import NewKey, make_key
from chalicelib.domain.keys import SigningAlgorithm
from tests.golden.examples import ISSUER, JKT, LATER, NOW, Example, example, id_token, secret, uuid

CLAIMS = {
    "user_id": uuid("person"),
    "session_id": uuid("session"),
    "client_id": "health.serenya.app",
    "scopes": ["account", "ai", "app", "consents", "logout", "sessions"],
    "issued_at": NOW,
    "expires_at": "2026-11-23T12:15:00+00:00",
    "token_id": uuid("token"),
    "auth_time": NOW,
    "acr": "aal1",
    "amr": ["fed"],
    "jkt": None,
}
LIMITED = CLAIMS | {
    "scopes": ["account", "consents", "logout", "sessions"],
    "acr": "aal2",
    "amr": ["hwk", "user"],
    "jkt": JKT,
}
DOCUMENT = {
    "kind": "ai_processing",
    "version": "1.0",
    "locale": "es",
    "title": "Análisis con IA",
    "sha256": "ab" * 32,
    "legal_basis": "GDPR art. 9(2)(a)",
    "required": False,
    "purpose": "Explicar resultados",
    "effective_at": NOW,
    "grace": 30,
    "changes": "First version",
    "text": "Texto\n",
}
STATE = {name: DOCUMENT[name] for name in ("version", "locale", "sha256", "required")} | {
    "document": "ai_processing",
    "granted_version": "1.0",
    "granted_until": None,
}
EVENT = {name: DOCUMENT[name] for name in ("version", "locale", "sha256")} | {
    "document": "ai_processing",
    "action": "granted",
    "method": "onboarding",
    "app_version": "3.2.0",
    "session_id": uuid("session"),
    "occurred_at": NOW,
}


def of_tokens() -> list[Example]:
    """Return what phones hold."""
    refresh, challenge = {"secret": secret("refresh_token")}, {"secret": secret("challenge")}
    token = {"session_id": uuid("session"), "seed": secret("seed", 16)}
    randomness = bytes(range(16))
    return [
        example("refresh_token", "the first", token | {"generation": 0, "jkt": None}, **refresh),
        example("refresh_token", "bound to a key", token | {"generation": 41, "jkt": JKT}, **refresh),
        example("session_seed", "of an ID token", id_token(), **refresh),
        *(
            example("erasure_identity", origin, {"origin": origin, "asked_by": uuid(origin)}, **refresh)
            for origin in ("person", "operator", "restore")
        ),
        *(
            example(
                "sign_in_nonce",
                purpose,
                {"nonce_hash": None, "expires_at": LATER},
                purpose=purpose,
                randomness=randomness.hex(),
                now=NOW,
                **challenge,
            )
            for purpose in ("sign_in", "link_identity")
        ),
        example("dpop_nonce", "of a minute", NOW, now="2026-11-23T12:01:30+00:00", **challenge),
        example("dpop_replay_key", "of a proof", {"jkt": JKT, "jti": "0123456789abcdef"}),
        example("id_token_digest", "ES256", id_token()),
        example(
            "provider_event_id",
            "of Google",
            {"issuer": "https://accounts.google.com", "jti": "756E69717565206964656E746966696572"},
        ),
    ]


def of_receipts() -> list[Example]:
    """Return what people take away."""
    return [
        example("erasure_receipt", "of an erasure", {"erasure_id": uuid("erasure"), "requested_at": NOW}),
        example(
            "consent_receipt",
            "of somebody who agreed",
            None,
            head={
                "receipt_id": uuid("receipt"),
                "user_id": uuid("person"),
                "controller": {"name": "Serenya S.L.", "contact": "privacy@serenya.test"},
                "policy_url": f"{ISSUER}/consents/documents",
                "locale": "es",
                "now": NOW,
            },
            documents=[DOCUMENT],
            states=[STATE],
            events=[EVENT],
        ),
    ]


def signing(algorithm: SigningAlgorithm) -> dict[str, Any]:
    """Return a fresh signing key as records give it."""
    made: NewKey = make_key(algorithm)
    return {
        "kid": made.kid,
        "algorithm": algorithm.value,
        "private": b64encode(made.private_der).decode(),
        "public_jwk": made.public_jwk,
    }


def of_signatures(key: Mapping[str, Any], suffix: str) -> list[Example]:
    """Return what a signing key signs, and the key."""
    told = {"issuer": ISSUER, "audience": "serenya-api", "now": NOW, **key}
    documents = {
        "erasure-receipt+jwt": {"erasure_id": uuid("erasure"), "kept": [{"until": 1}]},
        "consent-receipt+jwt": {"version": "KI-CR-v1.1.0", "language": "es", "purpose": "Análisis"},
    }
    return [
        example(f"access_token{suffix}", "full scope", CLAIMS, **told),
        example(f"access_token{suffix}", "limited scope, bound", LIMITED, **told),
        *(example(f"signed_document{suffix}", typ, says, typ=typ, **told) for typ, says in documents.items()),
        example(
            "signing_key",
            str(key["algorithm"]),
            key["kid"],
            stored=key["private"],
            kid=key["kid"],
            algorithm=key["algorithm"],
        ),
    ]
