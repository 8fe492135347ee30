"""Write docs/errors.md from the tables that serve the errors: `python -m tools.errors_page`."""

from http import HTTPStatus
from itertools import groupby
from pathlib import Path

from chalicelib.domain.errors import ServiceError, leaves
from chalicelib.domain.failures import ACTION_MEANINGS
from chalicelib.routes.faults import FaultCode
from chalicelib.routes.messages import MESSAGES
from chalicelib.routes.problems import (
    CHALLENGE,
    FORWARDED_CHALLENGE,
    NONCE_HEADER,
    STATUSES,
    TYPE_PREFIX,
)

PAGE = Path(__file__).parent.parent / "docs" / "errors.md"

ADVICE = {
    "account_suspended": "Show `user_message` and a way to reach support. The tokens open nothing meanwhile.",
    "aws_signature_invalid": "Only for backends: sign for `execute-api` and this region, with the right "
    "credentials and clock. An app that meets it called a path that doesn't exist.",
    "biometric_keys_full": "Show the person their keys, and let them remove one.",
    "body_too_large": "A defect of the app, or a name that is far too long: report it, don't retry.",
    "caller_not_authorized": "Only for backends: sign with a role that may `execute-api:Invoke` the route.",
    "challenge_expired": "Ask for a new challenge, and sign that.",
    "challenge_invalid": "Ask for a new challenge; send it back as it came.",
    "challenge_mismatch": "Ask for a challenge in this session, for this act.",
    "challenge_used": "Ask for a new challenge, and sign that.",
    "consent_required": "Show the documents in `consents_missing`, then call again with their consents.",
    "consent_version_not_current": "Fetch `GET /consents/documents`, show them, send the current version.",
    "id_token_expired": "Get a new challenge and a fresh ID token from the provider, silently if it can.",
    "identity_in_use": "Tell the person; signing in with that identity opens the other account.",
    "identity_limit_reached": "Offer to remove an identity of `GET /account/identities`.",
    "identity_not_proved": "Start again: a nonce for `link_identity`, then the provider's sign-in. "
    "The tokens stay good.",
    "last_identity": "Offer to remove an identity only while `GET /account/identities` lists another.",
    "id_token_used": "Get a new challenge and a fresh ID token: one opens one session. "
    "An exact retry within 60 s never gets this.",
    "insufficient_scope": "Show the documents, send the answers to `POST /consents`, go on with its token.",
    "insufficient_user_authentication": "Let the person sign in again, then send the call again "
    "with the new token. Keep the old tokens until then.",
    "integrity": "Don't retry; show a way to reach support, with `request_id`.",
    "internal_error": "Retry up to three times, with growing pauses. Keep the tokens.",
    "invalid_dpop_proof": "Make a new proof, with a new `jti`, and send the call again, once. "
    "Keep the tokens. "
    "If it goes on: a defect of the app ([DPoP](dpop.md)).",
    "invalid_id_token": "Start the provider's sign-in again, with a new challenge. "
    "If it goes on: wrong client id or platform.",
    "invalid_input": "A defect of the app: `errors` names every field. Report it, don't retry.",
    "invalid_nonce": "Get a new challenge, then a new ID token with it, and sign in again.",
    "invalid_token": "Refresh, then send the call again. If it goes on, the refresh tells why.",
    "malformed_body": "A defect of the app: send one JSON object in UTF-8, no name twice. Don't retry.",
    "method_not_allowed": "A defect of the app: `Allow` lists the methods. Don't retry.",
    "missing_token": "Send `Authorization: Bearer ...`; sign in when there is no token.",
    "nonce_required": "A defect of the app: get a nonce from `POST /auth/challenge` first. "
    "This client id needs one.",
    "not_found": "It isn't there, or isn't this person's. Drop it from the list shown. With `detail`: "
    "the path doesn't exist, or is for backends and the AWS signature is missing; the gateway can't tell.",
    "public_key_invalid": "A defect of the app: 32 bytes each for `x` and `y`, base64url without padding.",
    "public_key_unsupported": "Make a P-256 key.",
    "rate_limited": "Wait `retry_after` seconds, then send the same call again. Keep the tokens. "
    "See [limits](limits.md).",
    "refresh_token_expired": "Drop the tokens and sign in.",
    "refresh_token_invalid": "Drop the tokens and sign in. If it goes on: tokens of another stage.",
    "refresh_token_reused": "Drop the tokens and sign in: the session has ended on all sides. "
    "Look for two copies of one token.",
    "security_event_refused": "Only for providers: told in the words of RFC 8935, see [events](events.md).",
    "service_unavailable": "Wait `retry_after` seconds, then send the same call again. Keep the tokens.",
    "session_revoked": "Drop the tokens and sign in.",
    "signature_invalid": "Ask for a new challenge; let the phone sign its ASCII bytes, in DER.",
    "token_expired": "Refresh, then send the call again with the new token.",
    "use_dpop_nonce": "Make a new proof with the `DPoP-Nonce` of this answer, and send the call again. "
    "Keep the tokens.",
    "unsupported_media_type": "A defect of the app: send `Content-Type: application/json`. Don't retry.",
}

FIELD_ADVICE = {
    FaultCode.required: "The field is missing.",
    FaultCode.unknown_field: "No such field exists here.",
    FaultCode.wrong_type: "Another JSON type is declared.",
    FaultCode.too_long: "More characters than declared.",
    FaultCode.too_short: "Fewer characters than declared.",
    FaultCode.pattern: "The text doesn't have the declared form.",
    FaultCode.not_allowed: "Not one of the declared values, or out of the declared range.",
    FaultCode.too_many: "More items than declared.",
    FaultCode.too_few: "Fewer items than declared.",
    FaultCode.not_current: "Not the version in force; see `GET /consents/documents`.",
}

_INTRODUCTION = f"""\
# Errors

<!-- Generated by `python -m tools.errors_page`; edit the tables it reads. -->

Every error is `application/problem+json` (RFC 9457) with the members `type`, `title`, `status`, `instance`,
`code`, `user_message`, `action`, `request_id` and `timestamp`, and where they apply `detail`, `errors`,
`retry_after` and `consents_missing`. Obey `action`; switch on `code` only where the app does more than that.
Both are stable.
`type` is `{TYPE_PREFIX}` followed by the code: a name, not an address. `user_message` may be shown as it is;
it comes in English or Spanish, as `Accept-Language` prefers.

Only 401 says anything about tokens: an outage is 503 or 500, and then the tokens stay good. `detail`, where
there is one, is for developers. A body's faults are told all at once, nested ones too.

## The challenge

A 401 carries a challenge (RFC 9110). API Gateway renames the service's `{CHALLENGE}` to
`{FORWARDED_CHALLENGE}`, and so does the local server; only errors that the gateway
writes itself keep the first name ([0132](decisions/0132-the-challenge-is-renamed.md)). Read `code` of the
body, and for DPoP the header `{NONCE_HEADER}`: neither is ever renamed. A library that insists on the
challenge must look for both names.
"""

_OF_ACTIONS = """\
Take an unknown `action` as `retry` on a status of 5xx, and as `none` on 4xx. A refusal is about the tokens
that the request carried: if others of the same person are stored by now, send it again with those, and drop
nothing. The [TypeScript client](../sdk/typescript/README.md) does all of this;
[vectors](../sdk/vectors/README.md) hold clients in other languages to it.
"""


def page() -> str:
    """Return the whole page."""
    by_status = sorted(leaves(), key=lambda error: (STATUSES[error], error.code))
    sections = [_section(status, list(group)) for status, group in groupby(by_status, STATUSES.__getitem__)]
    return "\n".join([_INTRODUCTION, _actions(), *sections, _field_codes()])


def _actions() -> str:
    rows = "\n".join(f"| `{action}` | {means} |" for action, means in ACTION_MEANINGS.items())
    return f"## What an app does\n\n| action | the app |\n|---|---|\n{rows}\n\n{_OF_ACTIONS}"


def _section(status: HTTPStatus, group: list[type[ServiceError]]) -> str:
    rows = "\n".join(_row(error) for error in group)
    heading = (
        f"## {int(status)} {status.phrase}\n\n| code | means | action | what the app does | people read |\n"
    )
    return f"{heading}|---|---|---|---|---|\n{rows}\n"


def _row(error: type[ServiceError]) -> str:
    message = MESSAGES[error.code].en
    return f"| `{error.code}` | {error.title} | `{error.action}` | {ADVICE[error.code]} | {message} |"


def _field_codes() -> str:
    rows = "\n".join(f"| `{code}` | {FIELD_ADVICE[code]} |" for code in FaultCode)
    return f"## Codes of a field in `errors`\n\n| code | means |\n|---|---|\n{rows}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
