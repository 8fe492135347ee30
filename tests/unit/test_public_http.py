"""An address that an operator gave leads to the public internet, or nowhere."""

import socket
from ipaddress import ip_address

import pytest

from chalicelib.clients.bounded_http import BoundedHttp, HttpFailed
from chalicelib.clients.public_http import NotPublic, is_public, public_address, public_connection

INSIDE = (
    *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104 - addresses that are refused
    *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:8.8.8.8"),
    *("2002:7f00:1::", "64:ff9b::7f00:1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"),
)


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_that_is_not_the_internets_is_refused(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111"])
def test_an_address_of_the_internet_is_not(address: str) -> None:
    assert is_public(ip_address(address))


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(0, 0, 0, "", ("8.8.8.8", 443)), (0, 0, 0, "", ("10.0.0.1", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    with pytest.raises(NotPublic):
        public_address("both.example", 443)


@pytest.mark.parametrize(
    "url",
    [
        "http://b.example/",
        "https://b.example:8443/",
        "https://u@b.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://2130706433/",
        "https://localhost/",
    ],
)
def test_no_way_in_is_taken(url: str) -> None:
    http = BoundedHttp(connection=public_connection)
    with pytest.raises(HttpFailed, match="NotPublic"):
        http.post(url, b"{}", headers={}, body_bytes_max=10)
