"""Read a person's profile out of verified claims, keeping nothing that could hurt whoever shows or stores it.

A profile is decoration (`domain/decoration.py`): an odd name or picture never locks a person out. An e-mail
address is dropped rather than cut, since a part of one is another's. Whether the provider verified it decides
what it is used for, so a flag that is neither true nor false refuses the token.
"""

import re

from chalicelib.domain.account import PersonName, Profile
from chalicelib.domain.decoration import PERSON_NAME, PICTURE
from chalicelib.domain.id_token_claims import ClaimRefused, Claims

EMAIL_CHARS_MAX = 320  # 64 + "@" + 255, RFC 5321 s4.5.3.1
_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+@[^@\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


def read_profile(claims: Claims) -> Profile:
    """Return what the claims say about the person; an unverified e-mail is kept, and marked as such (GG5)."""
    email = _email(claims.get("email"))
    return Profile(
        email=email,
        email_verified=_flag(claims, "email_verified") and email is not None,
        name=PERSON_NAME.keep(claims.get("name")),
        given_name=PERSON_NAME.keep(claims.get("given_name")),
        family_name=PERSON_NAME.keep(claims.get("family_name")),
        picture=PICTURE.keep(claims.get("picture")),
    )


def told_name(given_name: str | None, family_name: str | None) -> PersonName | None:
    """Return the name that an app was told; None when nothing is left of it."""
    if given_name is None and family_name is None:
        return None
    return PersonName(given_name=given_name, family_name=family_name)


def _email(value: object) -> str | None:
    if not isinstance(value, str) or len(value) > EMAIL_CHARS_MAX:
        return None
    return value if _EMAIL.fullmatch(value) else None


def _flag(claims: Claims, name: str) -> bool:
    value = claims.get(name)
    if value is None or isinstance(value, bool):
        return value is True
    # Google's own endpoints, and Apple's tokens, were seen to spell it as a string
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    raise ClaimRefused(name)
