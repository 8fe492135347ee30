"""Tokens, challenges and receipts: what is in phones' hands, and what is kept of it."""

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt

from chalicelib.clients.access_tokens import AccessTokenCodec
from chalicelib.clients.base64url import decode_base64url
from chalicelib.clients.id_token_parser import parse_id_token
from chalicelib.clients.jwt_keys import TokenKey, load_key
from chalicelib.clients.presence_keys import PresenceKeys
from chalicelib.domain.challenges import CHALLENGE_TTL, ChallengePurpose, issue_challenge, read_challenge
from chalicelib.domain.consents import ConsentAction, ConsentDocument, ConsentEvent, ConsentState
from chalicelib.domain.dpop import SignedProof, accepted
from chalicelib.domain.dpop_nonces import issue_nonce, nonce_issued_at
from chalicelib.domain.erasure import Origin, hash_of, identified, receipt
from chalicelib.domain.id_tokens import UnverifiedIdToken
from chalicelib.domain.keys import SigningAlgorithm
from chalicelib.domain.notices import read_notice_id
from chalicelib.domain.presence_challenges import (
    PresenceChallenge,
    Purpose,
    SignedChallenge,
    read_presence_challenge,
)
from chalicelib.domain.receipts import Controller, ReceiptHead, consent_receipt
from chalicelib.domain.tokens import AccessClaims, RefreshToken, Scope, parse_refresh_token, session_seed
from tests.golden.records import Format, Given


def moment(text: str) -> datetime:
    """Return a time as records spell it."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _secret(given: Given) -> bytes:
    return bytes.fromhex(given["secret"])


def _refresh_token(given: Given, says: Given) -> str:
    token = RefreshToken(
        session_id=UUID(says["session_id"]),
        seed=bytes.fromhex(says["seed"]),
        generation=says["generation"],
        jkt=says["jkt"],
    )
    return token.encode(_secret(given))


def _read_refresh_token(given: Given, stored: str) -> dict[str, Any]:
    token = parse_refresh_token(stored, (bytes(32), _secret(given)))
    return {
        "session_id": str(token.session_id),
        "seed": token.seed.hex(),
        "generation": token.generation,
        "jkt": token.jkt,
    }


def _erasure(given: Given, says: Given) -> dict[str, str]:
    erasure_id, secret = identified(_secret(given), Origin(says["origin"]), UUID(says["asked_by"]))
    return {"id": str(erasure_id), "secret": secret, "secret_hash": hash_of(secret).hex()}


def _nonce(given: Given, says: Given) -> str:
    purpose, randomness = ChallengePurpose(given["purpose"]), bytes.fromhex(given["randomness"])
    issued_at = moment(says["expires_at"]) - CHALLENGE_TTL
    return issue_challenge(_secret(given), purpose, randomness, issued_at)[0]


def _read_nonce(given: Given, stored: str) -> dict[str, str]:
    now = moment(given["now"])
    read = read_challenge((bytes(32), _secret(given)), ChallengePurpose(given["purpose"]), stored, now)
    return {"nonce_hash": read.nonce_hash.hex(), "expires_at": read.expires_at.isoformat()}


def _read_dpop_nonce(given: Given, stored: str) -> str | None:
    issued_at = nonce_issued_at((bytes(32), _secret(given)), stored, moment(given["now"]))
    return None if issued_at is None else issued_at.isoformat()


def _presence_challenge(given: Given, says: Given) -> str:
    told = {
        "purpose": Purpose(says["purpose"]),
        "session_id": UUID(says["session_id"]),
        "expires_at": moment(says["expires_at"]),
    }
    return PresenceChallenge(**{**says, **told}).encode(_secret(given))


def _read_presence_challenge(given: Given, stored: str) -> dict[str, Any]:
    read = read_presence_challenge(stored, (bytes(32), _secret(given)))
    return {
        "service": read.service,
        "purpose": read.purpose.value,
        "session_id": str(read.session_id),
        "key": read.key,
        "expires_at": read.expires_at.isoformat(),
        "nonce": read.nonce,
    }


def _replay_key(_: Given, says: Given) -> str:
    now = datetime.fromtimestamp(0, UTC)
    signed = SignedProof(
        jkt=says["jkt"],
        jti=says["jti"],
        htm="GET",
        htu="https://a.test/",
        issued_at=now,
        ath=None,
        nonce=None,
    )
    return accepted(signed, until=now).replay_key.hex()


def _token_key(given: Given) -> TokenKey:
    return load_key(given["kid"], SigningAlgorithm(given["algorithm"]), b64decode(given["private"]))


def _codec(given: Given) -> AccessTokenCodec:
    return AccessTokenCodec(issuer=given["issuer"], audience=given["audience"])


def _access_token(given: Given, says: Given) -> str:
    claims = AccessClaims(
        user_id=UUID(says["user_id"]),
        session_id=UUID(says["session_id"]),
        client_id=says["client_id"],
        scopes=frozenset(map(Scope, says["scopes"])),
        issued_at=moment(says["issued_at"]),
        expires_at=moment(says["expires_at"]),
        token_id=UUID(says["token_id"]),
        auth_time=moment(says["auth_time"]),
        acr=says["acr"],
        amr=tuple(says["amr"]),
        jkt=says["jkt"],
    )
    return _codec(given).encode(claims, _token_key(given))


def _read_access_token(given: Given, stored: str) -> dict[str, Any]:
    keys = {given["kid"]: _token_key(given)}
    claims = _codec(given).decode(stored, keys, moment(given["now"]))
    return {
        "user_id": str(claims.user_id),
        "session_id": str(claims.session_id),
        "client_id": claims.client_id,
        "scopes": sorted(claims.scopes),
        "issued_at": claims.issued_at.isoformat(),
        "expires_at": claims.expires_at.isoformat(),
        "token_id": str(claims.token_id),
        "auth_time": claims.auth_time.isoformat(),
        "acr": claims.acr,
        "amr": list(claims.amr),
        "jkt": claims.jkt,
    }


def _signed_document(given: Given, says: Given) -> str:
    return _codec(given).sign(says, given["typ"], _token_key(given), moment(given["now"]))


def _read_signed_document(given: Given, stored: str) -> dict[str, Any]:
    """Return what somebody else reads who has our published key."""
    assert jwt.get_unverified_header(stored)["typ"] == given["typ"]
    key = jwt.PyJWK(given["public_jwk"])
    read: dict[str, Any] = jwt.decode(
        stored, key.key, algorithms=[given["algorithm"]], options={"verify_iat": False}
    )
    assert read.pop("iss") == given["issuer"]
    assert read.pop("iat") == int(moment(given["now"]).timestamp())
    return read


def _consent_receipt(given: Given, _: object) -> dict[str, Any]:
    head = {
        "receipt_id": UUID(given["head"]["receipt_id"]),
        "user_id": UUID(given["head"]["user_id"]),
        "controller": Controller(**given["head"]["controller"]),
        "now": moment(given["head"]["now"]),
    }
    return consent_receipt(
        ReceiptHead(**{**given["head"], **head}),
        documents=[_document(each) for each in given["documents"]],
        states=[
            ConsentState(**{**each, "granted_until": each["granted_until"] and moment(each["granted_until"])})
            for each in given["states"]
        ],
        events=[_event(each) for each in given["events"]],
    )


def _document(told: Given) -> ConsentDocument:
    times = {"effective_at": moment(told["effective_at"]), "grace": timedelta(days=told["grace"])}
    return ConsentDocument(**{**told, **times})


def _event(told: Given) -> ConsentEvent:
    typed = {
        "action": ConsentAction(told["action"]),
        "session_id": UUID(told["session_id"]),
        "occurred_at": moment(told["occurred_at"]),
    }
    return ConsentEvent(**{**told, **typed})


def _presence_key(_: Given, says: Any) -> dict[str, str]:  # noqa: ANN401 - JSON
    key = PresenceKeys().read(says)
    return {"thumbprint": key.thumbprint, "spki": key.spki.hex()}


def _checked_signature(given: Given, stored: str) -> str:
    """Return the text that a phone's key signed; raises if the stored key doesn't verify it."""
    proof = SignedChallenge(text=given["text"], signature=decode_base64url(stored.encode()))
    PresenceKeys().check(bytes.fromhex(given["spki"]), proof)
    return proof.text


def _read_signing_key(given: Given, stored: str) -> str:
    return load_key(given["kid"], SigningAlgorithm(given["algorithm"]), b64decode(stored)).kid


FORMATS = {
    "refresh_token": Format(write=_refresh_token, read=_read_refresh_token),
    "session_seed": Format(
        write=lambda given, says: session_seed(_secret(given), UnverifiedIdToken(says)).hex()
    ),
    "erasure_identity": Format(write=_erasure),
    "sign_in_nonce": Format(write=_nonce, read=_read_nonce),
    "dpop_nonce": Format(
        write=lambda given, says: issue_nonce(_secret(given), moment(says)), read=_read_dpop_nonce
    ),
    "presence_challenge": Format(write=_presence_challenge, read=_read_presence_challenge),
    "presence_challenge_hash": Format(
        write=lambda _, says: SignedChallenge(text=says, signature=b"").nonce_hash.hex()
    ),
    "presence_key": Format(write=_presence_key),
    "presence_signature": Format(read=_checked_signature),
    "dpop_replay_key": Format(write=_replay_key),
    "access_token": Format(write=_access_token, read=_read_access_token),
    "access_token_es256": Format(write=_access_token, read=_read_access_token, is_exact=False),
    "signed_document": Format(write=_signed_document, read=_read_signed_document),
    "signed_document_es256": Format(write=_signed_document, read=_read_signed_document, is_exact=False),
    "signing_key": Format(read=_read_signing_key),
    "erasure_receipt": Format(
        write=lambda _, says: receipt(UUID(says["erasure_id"]), moment(says["requested_at"]))
    ),
    "consent_receipt": Format(write=_consent_receipt),
    "id_token_digest": Format(write=lambda _, says: parse_id_token(UnverifiedIdToken(says)).digest().hex()),
    "provider_event_id": Format(
        write=lambda _, says: read_notice_id({"jti": says["jti"]}, says["issuer"]).hex()
    ),
}
