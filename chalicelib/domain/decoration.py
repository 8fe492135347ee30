"""Declare which members are decoration, and keep of them what can be kept (decision 0130).

Decoration is shown to people and decides nothing, so it never keeps anybody out. Control characters are
removed, as are blanks at both ends; what is too long is cut; what is empty, of another JSON type or not of
its form is absent. A *character*, at which a text is cut, is a code point with the combining marks, joiners,
variation selectors and modifiers that follow it, or the two letters of a flag. Everything that isn't listed
here decides, and is read strictly.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.languages import LANGUAGE_CHARS_MAX, language_tag
from chalicelib.domain.time_zones import TIME_ZONE_CHARS_MAX, time_zone

PICTURE_CHARS_MAX = 768

# C0, DEL and C1 controls (NUL can't be stored in PostgreSQL text), line and paragraph separators, and lone
# surrogates, which can't be encoded in UTF-8. Joiners stay: names in Persian or Hindi need them.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# https only, no user part, and only the characters of RFC 3986 s2
_PICTURE = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?([/?#][A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?")
_JOINER = "\u200d"
_CONTINUES = re.compile("[\u1160-\u11ff\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_FLAG_LETTER = re.compile("[\U0001f1e6-\U0001f1ff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoration:
    """How much of a text is kept, in code points and in bytes of UTF-8.

    The bytes bound what a request sends to PostgreSQL: RDS Proxy pins a connection at 16 kB. `read` is for
    texts of a form, which aren't cut: it returns the one spelling, or None for what isn't of the form.
    """

    chars_max: int
    bytes_max: int
    read: Callable[[str], str | None] | None = None

    def keep(self, value: object) -> str | None:
        """Return what is kept of a JSON value, None when nothing is left."""
        if not isinstance(value, str):
            return None
        text = _CONTROL.sub("", value).strip()
        if self.read is not None:
            found = self.read(text)
            return found if found is not None and len(found) <= self.chars_max else None
        fitting = len(text.encode()[: self.bytes_max].decode(errors="ignore"))
        kept = cut(text, min(self.chars_max, fitting))
        return None if _shows_nothing(kept) else kept


def _picture(text: str) -> str | None:
    return text if _PICTURE.fullmatch(text) else None


def _form(chars_max: int, read: Callable[[str], str | None]) -> Decoration:
    """Return a decoration of a form, which is ASCII."""
    return Decoration(chars_max=chars_max, bytes_max=chars_max, read=read)


# name, given_name, family_name: in ID tokens, and `user.name` of Apple's sign-in
PERSON_NAME = Decoration(chars_max=255, bytes_max=320)
PICTURE = _form(PICTURE_CHARS_MAX, _picture)  # in ID tokens
DEVICE_NAME = Decoration(chars_max=128, bytes_max=256)  # device.name
DEVICE_MODEL = Decoration(chars_max=128, bytes_max=256)  # device.model
OS_VERSION = Decoration(chars_max=64, bytes_max=128)  # device.os_version
APP_VERSION = Decoration(chars_max=64, bytes_max=128)  # device.app_version, and the header X-App-Version
KEY_NAME = Decoration(chars_max=64, bytes_max=256)  # name of a device key
DISPLAY_NAME = Decoration(chars_max=100, bytes_max=400)  # PATCH /account
LANGUAGE = _form(LANGUAGE_CHARS_MAX, language_tag)  # PATCH /account
TIME_ZONE = _form(TIME_ZONE_CHARS_MAX, time_zone)  # PATCH /account


def cut(text: str, chars_max: int) -> str:
    """Return the beginning of a text, ending with a whole character, and not with a blank.

    A single character that is longer than the limit is cut after a code point.
    """
    if len(text) <= chars_max:
        return text
    end = chars_max
    while end and _is_one_character(text, end):
        end -= 1
    return text[: end or chars_max].rstrip()


def _is_one_character(text: str, index: int) -> bool:
    """Tell whether the code points on both sides of an index belong to one character."""
    before, after = text[index - 1], text[index]
    if before == _JOINER or _CONTINUES.match(after) or unicodedata.category(after).startswith("M"):
        return True
    if not _FLAG_LETTER.match(after):
        return False
    letters = 0
    while letters < index and _FLAG_LETTER.match(text[index - 1 - letters]):
        letters += 1
    return letters % 2 == 1


def _shows_nothing(text: str) -> bool:
    """Tell whether a text is empty, or only blanks and format characters (zero-width spaces, joiners)."""
    return all(character.isspace() or unicodedata.category(character) == "Cf" for character in text)
