"""What a security event token says (RFC 8417), as Google's Cross-Account Protection writes it.

Such a token tells of one event and of whom. It never expires, so its age is bounded here: for longer than
Google repeats what wasn't taken, and not for ever, since as long its id must be remembered (decision 0104).
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from chalicelib.domain.id_token_claims import LEEWAY, ClaimRefused, Claims, read_instant, read_subject
from chalicelib.domain.notices import Consequence

AGE_MAX = timedelta(days=7)
TYPE = "secevent+jwt"  # RFC 8417 s2.3
HIJACKING = "hijacking"
_SUBJECTS = frozenset({"iss-sub", "iss_sub", "id_token_claims"})  # Google's spellings; RFC 9493 s3.2.2
_RISC = "https://schemas.openid.net/secevent/risc/event-type/"
_OAUTH = "https://schemas.openid.net/secevent/oauth/event-type/"
_DISABLED = f"{_RISC}account-disabled"
CONSEQUENCES: Mapping[str, Consequence] = MappingProxyType(
    {
        f"{_RISC}sessions-revoked": Consequence.END_SESSIONS,
        f"{_OAUTH}tokens-revoked": Consequence.END_SESSIONS,
        _DISABLED: Consequence.END_SESSIONS,  # for hijacking, more: see below
        f"{_RISC}account-enabled": Consequence.REINSTATE,
        f"{_RISC}account-credential-change-required": Consequence.END_SESSIONS,
    }
)


def read_issued_at(claims: Claims, now: datetime) -> datetime:
    """Return when the token was made, if that was of late; one that would expire is none (RFC 8417 s4.5)."""
    if "exp" in claims or "sub" in claims:
        raise ClaimRefused("exp or sub")
    issued_at = read_instant(claims, "iat")
    if not now - AGE_MAX < issued_at <= now + LEEWAY:
        raise ClaimRefused("iat")
    return issued_at


def is_for_us(claims: Claims, clients: Collection[str]) -> bool:
    """Tell whether an audience is ours; others may be told the same event (RFC 8417 s2.2)."""
    told = claims.get("aud")
    audiences = told if isinstance(told, list) else [told]
    return any(is_one_of(audience, clients) for audience in audiences)


def read_security_event(claims: Claims) -> tuple[str, Claims]:
    """Return the type of the one event, a URI, and what is said of it."""
    events = claims.get("events")
    if not isinstance(events, dict) or len(events) != 1:
        raise ClaimRefused("events")
    ((uri, said),) = events.items()
    if not isinstance(said, dict):
        raise ClaimRefused("events")
    return uri, said


def read_event_subject(claims: Claims, said: Claims, issuers: Collection[str]) -> str | None:
    """Return the provider's id of the person; None for what isn't told of one of its people.

    RFC 9493 s4 has the subject beside the events, as `sub_id`; Google writes it inside, as `subject`.
    """
    subject = claims.get("sub_id", said.get("subject"))
    if subject is None:
        return None
    if not isinstance(subject, dict):
        raise ClaimRefused("subject")
    form = subject.get("format", subject.get("subject_type"))
    if not is_one_of(form, _SUBJECTS) or not is_one_of(subject.get("iss"), issuers):
        return None
    return read_subject(subject)


def is_one_of(value: object, names: Collection[str]) -> bool:
    """Tell whether a value of a token, which may be anything, is one of these texts."""
    return isinstance(value, str) and value in names


def consequence_of(uri: str, said: Claims) -> Consequence | None:
    """Return what follows from an event; None where nothing does, as from one of a later time."""
    if uri == _DISABLED and said.get("reason") == HIJACKING:
        return Consequence.SUSPEND
    return CONSEQUENCES.get(uri)
