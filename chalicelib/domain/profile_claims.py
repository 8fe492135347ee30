"""Read a person's profile out of verified claims, keeping nothing that could hurt whoever shows or stores it.

A profile is decoration. A claim of the wrong JSON type isn't a provider's and refuses the token; a text that
is too long, holds control characters or isn't what its name says is only dropped: an odd name must not lock
a person out.
"""

import re

from chalicelib.domain.account import PersonName, Profile
from chalicelib.domain.id_token_claims import ClaimRefused, Claims

NAME_CHARS_MAX = 255
EMAIL_CHARS_MAX = 320  # 64 + "@" + 255, RFC 5321 s4.5.3.1
PICTURE_CHARS_MAX = 2048

# C0, DEL and C1 controls (NUL can't be stored in PostgreSQL text), line and paragraph separators, and lone
# surrogates, which can't be encoded in UTF-8. Joiners stay: names in Persian or Hindi need them.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
# https only, no user part, and only the characters of RFC 3986 s2
_PICTURE = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?")


def read_profile(claims: Claims) -> Profile:
    """Return what the claims say about the person; an unverified e-mail is kept, and marked as such (GG5)."""
    email = _matching(_text(claims, "email", EMAIL_CHARS_MAX), _EMAIL)
    return Profile(
        email=email,
        email_verified=_flag(claims, "email_verified") and email is not None,
        name=_text(claims, "name", NAME_CHARS_MAX),
        given_name=_text(claims, "given_name", NAME_CHARS_MAX),
        family_name=_text(claims, "family_name", NAME_CHARS_MAX),
        picture=_matching(_text(claims, "picture", PICTURE_CHARS_MAX), _PICTURE),
    )


def told_name(given_name: str | None, family_name: str | None) -> PersonName | None:
    """Return the name that an app was told, by the same rules; None when nothing is left of it."""
    given, family = _kept(given_name, NAME_CHARS_MAX), _kept(family_name, NAME_CHARS_MAX)
    return PersonName(given_name=given, family_name=family) if given or family else None


def _text(claims: Claims, name: str, chars_max: int) -> str | None:
    value = claims.get(name)
    if value is not None and not isinstance(value, str):
        raise ClaimRefused(name)
    return _kept(value, chars_max)


def _kept(text: str | None, chars_max: int) -> str | None:
    if not text or len(text) > chars_max or text.isspace() or _UNSAFE.search(text) is not None:
        return None
    return text


def _matching(text: str | None, pattern: re.Pattern[str]) -> str | None:
    return text if text is not None and pattern.fullmatch(text) else None


def _flag(claims: Claims, name: str) -> bool:
    value = claims.get(name)
    if value is None or isinstance(value, bool):
        return value is True
    # Google's own endpoints, and Apple's tokens, were seen to spell it as a string
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    raise ClaimRefused(name)
