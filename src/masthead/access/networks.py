"""Licensed networks, kept in memory: an institution is looked up for each request and never put in a pass."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Sequence
from datetime import datetime

from masthead.access.models import Network
from masthead.core import clock, notices
from masthead.core.network import Address
from masthead.core.network import Network as IPNetwork

FRESH = 1.0  # seconds; the edge asks each half second, and DESIGN 4 allows two in all

WIDEST = {4: 8, 6: 16}  # the shortest prefix believed

_lock = threading.Lock()
_read_at = -FRESH
Licence = tuple[IPNetwork, str, datetime, datetime | None]  # network, institution, since, until

_rows: Sequence[Licence] = ()


def institution_at(address: Address) -> str | None:
    """The institution licensed for ``address`` now, or None. A malformed network licenses nobody and tells the operator."""
    return match(licences(), address, clock.now())


def match(licensed: Sequence[Licence], address: Address, now: datetime) -> str | None:
    """The institution of the first of ``licensed`` that covers ``address`` at ``now``, or None."""
    for network, institution, since, until in licensed:
        if address.version == network.version and address in network and since <= now and (until is None or now < until):
            return institution
    return None


def read_network(cidr: str) -> IPNetwork:
    """The network ``cidr`` names. Raises ``ValueError`` where it names none, or one so wide that it must be a slip."""
    network = ipaddress.ip_network(cidr.strip())
    if network.prefixlen < WIDEST[network.version]:
        raise ValueError("it is wider than any institution's")
    return network


def forget() -> None:
    """Read the table anew at the next look-up."""
    global _read_at
    _read_at = -FRESH


def licences() -> Sequence[Licence]:
    """Every licensed network, at most a second old."""
    global _read_at, _rows
    if time.monotonic() - _read_at > FRESH:
        with _lock:
            rows = []
            for row in Network.objects.all():
                try:
                    rows.append((read_network(row.cidr), row.institution, row.since, row.until))
                except ValueError:
                    notices.tell(
                        f"network-{row.pk}",
                        f"The licensed network {row.cidr!r} of {row.institution} is malformed and opens nothing.",
                    )
            _rows, _read_at = rows, time.monotonic()
    return _rows
