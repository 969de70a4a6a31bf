"""A client's address is what trusted machines vouch for, never what a visitor says."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.core.network import client_address, limit_network, parse

PROXIES = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("2001:db8:ffff::/48")]


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),  # not a trusted peer
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9"),  # the visitor's own word stands further left
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9, nonsense", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::7]:80", "2001:db8::7"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("", "203.0.113.9", "0.0.0.0"),
    ],
)
def test_hops_are_believed_from_the_right(remote: str, forwarded: str, client: str) -> None:
    assert str(client_address(remote, forwarded, PROXIES)) == client


@given(st.text(max_size=60))
def test_without_trusted_proxies_the_header_changes_nothing(header: str) -> None:
    assert str(client_address("192.0.2.1", header, [])) == "192.0.2.1"


@given(st.text(max_size=60))
def test_whatever_stands_there_is_an_address_or_none(text: str) -> None:
    address = parse(text)
    assert address is None or limit_network(address)


def test_an_ipv6_household_is_one_network() -> None:
    one, other = ipaddress.ip_address("2001:db8:0:1::1"), ipaddress.ip_address("2001:db8:0:1:ffff::9")
    assert limit_network(one) == limit_network(other) == "2001:db8:0:1::/64"
    assert limit_network(ipaddress.ip_address("2001:db8:0:2::1")) != limit_network(one)
