"""Reach addresses that an operator gave, and nothing of ours by way of them (ASVS 1.3.6).

A name is resolved once, every address it has must be of the public internet, and the connection goes to the
one that was looked at: a name that answers differently a moment later changes nothing.
"""

import socket
import ssl
from http.client import HTTPConnection, HTTPSConnection
from ipaddress import IPv4Address, IPv6Address, ip_address

from chalicelib.clients.bounded_http import CONNECT_TIMEOUT_SECONDS


class NotPublic(ValueError):
    """An address, or a way to it, that no errand goes to."""


class PublicConnection(HTTPSConnection):
    """HTTPS on its own port to a server of the public internet, verified as any other."""

    def connect(self) -> None:
        """Connect to an address that was looked at."""
        plain = socket.create_connection((public_address(self.host, self.port), self.port), self.timeout)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


def public_connection(scheme: str, netloc: str) -> HTTPConnection:
    """Return a connection that refuses all but HTTPS on port 443 to a public address."""
    connection = PublicConnection(netloc, timeout=CONNECT_TIMEOUT_SECONDS)
    if scheme != "https" or connection.port != HTTPSConnection.default_port or "@" in netloc:
        raise NotPublic
    return connection


def public_address(host: str, port: int) -> str:
    """Return an address of a host, all of whose addresses are public. Raises NotPublic, OSError."""
    found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not found or not all(is_public(ip_address(one.partition("%")[0])) for one in found):
        raise NotPublic
    return found[0]


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell whether an address is of the public internet, whatever other address is written into it."""
    if isinstance(address, IPv6Address):
        hidden = (address.ipv4_mapped, address.sixtofour, address.teredo)
        is_nat64 = address.packed[:12] == bytes.fromhex("0064ff9b0000000000000000")  # RFC 6052 s2.1
        if is_nat64 or any(each is not None for each in hidden):
            return False
    return address.is_global and not address.is_multicast
