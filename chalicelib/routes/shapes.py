"""The shapes that more than one route answers, each declared once beside the function that fills it."""

from collections.abc import Iterable
from math import ceil
from typing import Any

from chalicelib.domain.account import Account
from chalicelib.domain.decoration import (
    APP_VERSION,
    DEVICE_MODEL,
    DEVICE_NAME,
    DISPLAY_NAME,
    LANGUAGE,
    OS_VERSION,
    TIME_ZONE,
)
from chalicelib.domain.devices import Device, StoredDevice
from chalicelib.domain.errors import MissingConsent
from chalicelib.domain.id_tokens import Platform
from chalicelib.domain.providers import PROVIDERS
from chalicelib.domain.sessions import Session
from chalicelib.domain.sign_in import SignedIn
from chalicelib.routes.fields import Choice, Flag, Integer, Text, Timestamp, Uuid
from chalicelib.routes.problem_records import MISSING_CONSENT
from chalicelib.routes.schema import Items, Record, nullable, required

PROVIDER = Choice(tuple(sorted(PROVIDERS)), description="Who vouches for the person.")
TOKEN_TYPE = Choice(("Bearer", "DPoP"), description="DPoP: send it with a proof (RFC 9449 s5, s7.1).")
ZONE = Text(max_chars=TIME_ZONE.chars_max, description="An IANA name, or an offset like GMT+05:30.")
LONG = nullable(Text(max_chars=2048, min_chars=0))

USER = Record(
    "User",
    {
        "id": required(Uuid()),
        "email": required(LONG),
        "email_verified": required(Flag()),
        "name": required(LONG),
        "given_name": required(LONG),
        "family_name": required(LONG),
        "picture": required(LONG),
        "display_name": required(nullable(Text(max_chars=DISPLAY_NAME.chars_max))),
        "language": required(nullable(Text(max_chars=LANGUAGE.chars_max, description="A tag of BCP 47."))),
        "time_zone": required(nullable(ZONE)),
        "created_at": required(Timestamp()),
    },
    description="The person; what the provider never told, or the person never chose, is null.",
    open=True,
)
DEVICE = Record(
    "Device",
    {
        "id": required(nullable(Text(max_chars=128))),
        "platform": required(Choice(Platform)),
        "name": required(nullable(Text(max_chars=DEVICE_NAME.chars_max))),
        "model": required(nullable(Text(max_chars=DEVICE_MODEL.chars_max))),
        "os_version": required(nullable(Text(max_chars=OS_VERSION.chars_max))),
        "app_version": required(nullable(Text(max_chars=APP_VERSION.chars_max))),
        "first_seen_at": required(Timestamp(description="The first sign-in on it.")),
    },
    description="A device; all but its platform is null for a moment when it can't be decrypted just now.",
    open=True,
)
_SESSION_MEMBERS = {
    "id": required(Uuid()),
    "created_at": required(Timestamp()),
    "expires_at": required(Timestamp()),
    "idle_expires_at": required(Timestamp()),
    "acr": required(Text(max_chars=64, description="How surely the person was present.")),
    "auth_time": required(Timestamp()),
    "device": required(DEVICE),
}
SESSION = Record("Session", _SESSION_MEMBERS, open=True)
LISTED_SESSION = Record(
    "ListedSession",
    {
        **_SESSION_MEMBERS,
        "is_new_device": required(
            Flag(description="The account was there before this sign-in, and the device was not.")
        ),
        "last_used_at": required(Timestamp(description="The last sign-in or refresh.")),
        "current": required(Flag(description="The session of the token that asks.")),
        "bound": required(Flag(description="Only the phone's own key can go on with it (RFC 9449).")),
    },
    open=True,
)
TOKENS = Record(
    "Tokens",
    {
        "access_token": required(Text(max_chars=4096)),
        "token_type": required(TOKEN_TYPE),
        "expires_in": required(Integer(description="Seconds until the access token expires.")),
        "refresh_token": required(Text(max_chars=256)),
        "refresh_expires_in": required(Integer(description="Seconds until the refresh token expires.")),
        "scope": required(Text(max_chars=512)),
        "is_new_user": required(Flag()),
        "user": required(USER),
        "session": required(SESSION),
        "consents_missing": required(Items(of=MISSING_CONSENT, max_items=64)),
    },
    description="What sign-in and refresh answer; the app stores all of it over what it had.",
    open=True,
)


def tokens(signed_in: SignedIn) -> dict[str, Any]:
    """Return `TOKENS`."""
    return {
        "access_token": signed_in.access_token,
        "token_type": token_type(signed_in.session.jkt),
        "expires_in": ceil(signed_in.access_token_lifetime.total_seconds()),
        "refresh_token": signed_in.refresh_token,
        "refresh_expires_in": ceil(signed_in.refresh_token_lifetime.total_seconds()),
        "scope": " ".join(sorted(signed_in.scopes)),
        "is_new_user": signed_in.is_new_user,
        "user": user(signed_in.account),
        "session": session(signed_in.session, signed_in.device),
        "consents_missing": missing_consents(signed_in.consents_missing),
    }


def token_type(jkt: str | None) -> str:
    """Return `TOKEN_TYPE` of a session's access tokens."""
    return "Bearer" if jkt is None else "DPoP"


def user(account: Account) -> dict[str, Any]:
    """Return `USER`."""
    profile, chosen = account.profile, account.chosen
    return {
        "id": account.id,
        "email": profile.email,
        "email_verified": profile.email_verified,
        "name": profile.name,
        "given_name": profile.given_name,
        "family_name": profile.family_name,
        "picture": profile.picture,
        "display_name": chosen.display_name,
        "language": chosen.language,
        "time_zone": chosen.time_zone,
        "created_at": account.created_at,
    }


def session(stored: Session, described: Device | None) -> dict[str, Any]:
    """Return `SESSION`."""
    return {
        "id": stored.id,
        "created_at": stored.created_at,
        "expires_at": stored.expires_at,
        "idle_expires_at": stored.idle_expires_at,
        "acr": stored.acr,
        "auth_time": stored.auth_time,
        "device": device(stored.device, described),
    }


def device(stored: StoredDevice, described: Device | None) -> dict[str, Any]:
    """Return `DEVICE`."""
    return {
        "id": described.id if described else None,
        "platform": stored.platform,
        "name": described.name if described else None,
        "model": described.model if described else None,
        "os_version": described.os_version if described else None,
        "app_version": described.app_version if described else None,
        "first_seen_at": stored.first_seen_at,
    }


def missing_consents(missing: Iterable[MissingConsent]) -> list[dict[str, str]]:
    """Return a list of `MISSING_CONSENT`."""
    return [{"document": gap.document, "version": gap.version, "sha256": gap.sha256} for gap in missing]
