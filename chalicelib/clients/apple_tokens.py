"""Exchange Apple's authorization codes, and end a person's consent there when they leave.

Sign in with Apple REST API: "Generate and validate tokens", "Revoke tokens". Apple knows our app by a client
secret, a JWT that is signed anew for each call and lives for minutes.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlencode

import jwt

from chalicelib.clients.apple_client_key import ClientKey
from chalicelib.clients.bounded_http import HttpAnswer, HttpFailed, HttpPost
from chalicelib.domain.egress import DONE, Outcome, Verdict
from chalicelib.domain.provider_grants import EXCHANGE, EXCHANGED, GRANT

AUDIENCE = "https://appleid.apple.com"
SECRET_LIFETIME = timedelta(minutes=5)  # Apple takes up to 6 months; a call takes seconds
ANSWER_BYTES_MAX = 16_384
OURS_TO_MEND = frozenset(
    {"invalid_client", "unauthorized_client"}
)  # our key, team or client id: not for good
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
_OK, _BAD_REQUEST = 200, 400


class ClientKeySource(Protocol):
    """Where the key is."""

    def get(self) -> ClientKey | None:
        """Return the key that is in use."""


class AppleTokens:
    """Apple's two endpoints, as errands; both bear being asked twice: the second answer changes nothing."""

    def __init__(self, *, http: HttpPost, url: str, keys: ClientKeySource) -> None:
        """Ask below `url`; ask nothing yet."""
        self._http = http
        self._url = url
        self._keys = keys

    def exchange(self, document: Mapping[str, Any], now: datetime) -> Outcome:
        """Learn the refresh token that a code stands for."""
        job = EXCHANGE.read(document)
        told = {"grant_type": "authorization_code", "code": job.pop("code")}
        answer, failed = self._asked("token", job["client_id"], told, now)
        if answer is None or failed is not None:
            return failed or Outcome(verdict=Verdict.FAILED)
        token = _document(answer).get("refresh_token")
        if not isinstance(token, str) or not token:
            return Outcome(verdict=Verdict.FAILED, cause="no_refresh_token")
        return Outcome(verdict=Verdict.DONE, learned=EXCHANGED.write({**job, "refresh_token": token}))

    def revoke(self, document: Mapping[str, Any], now: datetime) -> Outcome:
        """End what a refresh token stands for; one that Apple knows no more is at its end."""
        grant = GRANT.read(document)
        told = {"token": grant["refresh_token"], "token_type_hint": "refresh_token"}
        _, failed = self._asked("revoke", grant["client_id"], told, now)
        if failed is not None and failed.verdict is Verdict.REFUSED:
            return DONE
        return failed or DONE

    def _asked(
        self, endpoint: str, client_id: str, told: Mapping[str, str], now: datetime
    ) -> tuple[HttpAnswer | None, Outcome | None]:
        """Return the answer, or what came of not getting a good one."""
        key = self._keys.get()
        if key is None:
            return None, Outcome(verdict=Verdict.FAILED, cause="no_client_key")
        form = {"client_id": client_id, "client_secret": client_secret(key, client_id, now), **told}
        try:
            answer = self._http.post(
                f"{self._url}/{endpoint}",
                urlencode(form).encode(),
                headers=_HEADERS,
                body_bytes_max=ANSWER_BYTES_MAX,
            )
        except HttpFailed:
            return None, Outcome(verdict=Verdict.FAILED, cause="no_answer")
        return (answer, None) if answer.status == _OK else (None, _failure(answer))


def client_secret(key: ClientKey, client_id: str, now: datetime) -> str:
    """Return what shows Apple that a client is ours ("Creating a client secret")."""
    claims = {
        "iss": key.team_id,
        "iat": int(now.timestamp()),
        "exp": int((now + SECRET_LIFETIME).timestamp()),
        "aud": AUDIENCE,
        "sub": client_id,
    }
    return jwt.encode(claims, key.private, algorithm="ES256", headers={"kid": key.key_id})


def _failure(answer: HttpAnswer) -> Outcome:
    error = _document(answer).get("error")
    if answer.status != _BAD_REQUEST or not isinstance(error, str):
        return Outcome(verdict=Verdict.FAILED, cause=f"status_{answer.status}")
    verdict = Verdict.FAILED if error in OURS_TO_MEND else Verdict.REFUSED
    return Outcome(verdict=verdict, cause=error)


def _document(answer: HttpAnswer) -> dict[str, Any]:
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
