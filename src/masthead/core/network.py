"""Where a request comes from, as an address nobody can simply claim.

The abuse stopped here: a visitor who sends ``X-Forwarded-For`` to get a fresh network, or somebody else's licence. Only hops
that the operator listed are believed, and they are read from the right, since everything further left is the visitor's word.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

UNKNOWN = ipaddress.IPv4Address("0.0.0.0")  # noqa: S104 - a value, not a binding


def parse(text: str) -> Address | None:
    """The address in ``text`` (with or without port or brackets; IPv4 in IPv6 unwrapped), or None."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def client_address(remote: str, forwarded_for: str, trusted: Iterable[Network]) -> Address:
    """The client's address for a request from the peer ``remote`` with the header ``forwarded_for``.

    While the hop at hand lies in ``trusted``, the next one to the left is taken. A hop that cannot be parsed ends the
    walk: the last address that a trusted machine vouched for counts. A peer without address (a unix socket) is 0.0.0.0.
    """
    networks = tuple(trusted)
    address = parse(remote)
    if address is None:
        return UNKNOWN
    for hop in reversed(forwarded_for.split(",")) if forwarded_for else ():
        if not any(address in network for network in networks):
            break
        before = parse(hop)
        if before is None:
            break
        address = before
    return address


def limit_network(address: Address) -> str:
    """The network that shares limits with ``address``: itself for IPv4, its /64 for IPv6 (one household or firm)."""
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
