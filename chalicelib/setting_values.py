"""Read one setting each: from its text to its value. All raise ValueError that says what it must be."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")  # capacitor:// and ionic:// are origins, too
_HOST = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
RDS_ROOTS = Path(__file__).with_name("certificates")


def seconds(smallest: int, largest: int) -> Callable[[str], timedelta]:
    """Return what reads a whole number of seconds in a range."""

    def parse(text: str) -> timedelta:
        if not text.isdecimal() or not smallest <= int(text) <= largest:
            message = f"is a whole number of seconds from {smallest} to {largest}"
            raise ValueError(message)
        return timedelta(seconds=int(text))

    return parse


def postgresql_url(text: str) -> str:
    """Return the place of a database."""
    url = urlsplit(text)
    if url.scheme != "postgresql" or not url.hostname or len(url.path) <= 1:
        raise ValueError("is postgresql://user@host:port/database")
    return text


def password_free_url(text: str) -> str:
    """Return the place of a database that is logged in to by IAM."""
    url = urlsplit(postgresql_url(text))
    if not url.username or url.password or url.query:
        raise ValueError("is postgresql://role@host:port/database: the login is IAM's, the TLS ours")
    return text


def region(text: str) -> str:
    """Return the name of a region whose databases can be verified."""
    if not (RDS_ROOTS / f"rds-{text}.pem").exists():
        raise ValueError("is a region whose RDS roots are shipped (chalicelib/certificates)")
    return text


def web_url(text: str) -> str:
    """Return a web address without a slash at its end."""
    url = urlsplit(text)
    if url.scheme not in {"http", "https"} or not url.hostname or url.query or url.fragment:
        raise ValueError("is a web address without query or fragment")
    return text.rstrip("/")


def https_url(text: str) -> str:
    """Return a web address that TLS protects."""
    if urlsplit(text).scheme != "https":
        raise ValueError("begins with https:// (plain http is for STAGE=local)")
    return web_url(text)


def origins(text: str) -> tuple[str, ...]:
    """Return the origins of apps on the web, as browsers spell them (RFC 6454 s6.1), or `*` alone."""
    told = tuple(dict.fromkeys(names(text)))
    if told != ("*",) and not all(map(_is_origin, told)):
        raise ValueError(
            "is origins like https://app.example.com, with commas; http only for localhost; or * alone"
        )
    return told


def _is_origin(text: str) -> bool:
    scheme, separator, host = text.partition("://")
    is_local = re.fullmatch(r"(localhost|127\.0\.0\.1)(:[0-9]{1,5})?", host) is not None
    if not separator or _SCHEME.fullmatch(scheme) is None or _HOST.fullmatch(host) is None:
        return False
    return scheme != "http" or is_local


def switch(text: str) -> bool:
    """Tell whether something is on."""
    if text not in {"on", "off"}:
        raise ValueError("is on or off")
    return text == "on"


def names(text: str) -> tuple[str, ...]:
    """Return names, between spaces or commas."""
    return tuple(text.replace(",", " ").split())


def local_only(parse: Callable[[str], str], *, is_local: bool) -> Callable[[str], str]:
    """Return what refuses a setting everywhere but on a developer's machine."""

    def refuse(_text: str) -> str:
        raise ValueError("is for STAGE=local")

    return parse if is_local else refuse
