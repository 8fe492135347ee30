"""Read a chunked body (RFC 9112 s7.1), as dart:io, .NET and Node send one; API Gateway hands it on whole."""

import re
from collections.abc import Iterator
from typing import Final, Protocol

from chalicelib.domain.errors import BodyTooLarge, MalformedBody

LINE_BYTES_MAX: Final = 1024  # a size with its extensions, or a trailer
TRAILERS_MAX: Final = 64
_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r\n")


class Lines(Protocol):
    """Where a body comes from."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes, or fewer at the end."""

    def readline(self, size: int, /) -> bytes:
        """Return a line with its end, or so many bytes of it."""


def read_chunked(source: Lines, bytes_max: int) -> bytes:
    """Return a whole body; extensions and trailers are dropped.

    Raises:
        MalformedBody: it isn't chunked as it should be, or ends too early.
        BodyTooLarge: more than `bytes_max`.
    """
    return b"".join(_chunks(source, bytes_max))


def _chunks(source: Lines, left: int) -> Iterator[bytes]:
    while size := _size(source):
        left -= size
        if left < 0:
            raise BodyTooLarge
        chunk = source.read(size)
        if len(chunk) < size or source.read(2) != b"\r\n":
            raise MalformedBody
        yield chunk
    _skip_trailers(source)


def _size(source: Lines) -> int:
    match = _SIZE.fullmatch(source.readline(LINE_BYTES_MAX))
    if match is None:
        raise MalformedBody
    return int(match[1], 16)


def _skip_trailers(source: Lines) -> None:
    for _ in range(TRAILERS_MAX):
        line = source.readline(LINE_BYTES_MAX)
        if line == b"\r\n":
            return
        if not line.endswith(b"\r\n"):
            break
    raise MalformedBody
