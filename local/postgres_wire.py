"""Read PostgreSQL's protocol, version 3, off a bare socket: as much as a login needs."""

import socket
import struct


def start(stream: socket.socket) -> tuple[int, bytes]:
    """Return the code and the body of the first message, which has no kind. Raises: ConnectionError."""
    length, code = struct.unpack("!II", exactly(stream, 8))
    return code, exactly(stream, length - 8)


def message(stream: socket.socket) -> tuple[bytes, bytes]:
    """Return the kind and the body of the next message. Raises: ConnectionError."""
    kind = exactly(stream, 1)
    return kind, exactly(stream, struct.unpack("!I", exactly(stream, 4))[0] - 4)


def send(stream: socket.socket, kind: bytes, body: bytes) -> None:
    """Send one message."""
    stream.sendall(kind + struct.pack("!I", len(body) + 4) + body)


def exactly(stream: socket.socket, count: int) -> bytes:
    """Return so many bytes. Raises: ConnectionError if they don't come."""
    read = b""
    while len(read) < count:
        more = stream.recv(count - len(read))
        if not more:
            raise ConnectionError
        read += more
    return read
