"""Read language tags as phones write them, and keep language, script and region (RFC 5646).

Phones send `en-US-u-mu-celsius` (iOS and Android with a chosen unit), `pt_BR` (Java), `zh_TW_#Hant` (Java
with a script), `en_US@calendar=japanese` (iOS), `en_US.UTF-8` (POSIX), `iw` (Java's old Hebrew). Variants,
extensions and private use say nothing that we use.
"""

import re

LANGUAGE_CHARS_MAX = 35  # RFC 5646 s4.4.1
_SEPARATOR = re.compile(r"[-_]+#?")
_POSIX = re.compile(r"[.@]")  # what begins a character set or a modifier
_SUBTAG = re.compile(r"[A-Za-z0-9]{1,8}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}")
_EXTENDED = re.compile(r"[A-Za-z]{3}")
_SCRIPT = re.compile(r"[A-Za-z]{4}")
_REGION = re.compile(r"[A-Za-z]{2}|[0-9]{3}")
_PREFERRED = {
    "in": "id",
    "iw": "he",
    "ji": "yi",
}  # the registry's Preferred-Value of those that Java still writes


def language_tag(text: str) -> str | None:
    """Return language, script and region of a tag (es-419, zh-Hant-TW); None for what is no tag."""
    first, *others = _SEPARATOR.split(_POSIX.split(text, maxsplit=1)[0].strip("-_"))
    if _LANGUAGE.fullmatch(first) is None or not all(map(_SUBTAG.fullmatch, others)):
        return None
    language, script, region = first.lower(), "", ""
    for position, subtag in enumerate(others):
        if len(subtag) == 1:  # an extension or private use, up to the end
            break
        if position == 0 and _EXTENDED.fullmatch(subtag):
            language = subtag.lower()  # zh-yue is yue (RFC 5646 s4.5)
        elif not script and _SCRIPT.fullmatch(subtag):
            script = f"-{subtag.title()}"
        elif not region and _REGION.fullmatch(subtag):
            region = f"-{subtag.upper()}"
    return f"{_PREFERRED.get(language, language)}{script}{region}"
