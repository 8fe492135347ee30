"""Whose requests are counted together (A4)."""

import pytest

from chalicelib.domain.limits import UNKNOWN_ADDRESS, client_prefix


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.8", "192.0.2.8"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_an_ipv4_address_counts_alone_and_an_ipv6_one_with_its_subscribers(address: str, prefix: str) -> None:
    assert client_prefix(address) == prefix


@pytest.mark.parametrize("address", [None, "", "test-invoke-source", "1.2.3", "x" * 9000, "1.2.3.4, 5.6.7.8"])
def test_whoever_has_no_address_shares_one_bucket(address: str | None) -> None:
    assert client_prefix(address) == UNKNOWN_ADDRESS
