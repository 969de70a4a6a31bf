"""Fuzz what the edge reads of a request, guided by coverage.

Atheris is no dependency of the project. Give it an environment of its own, and ten minutes:

    python3 -m venv /tmp/fuzz && /tmp/fuzz/bin/pip install atheris pyjwt brotli
    PYTHONPATH=src /tmp/fuzz/bin/python tools/fuzz_edge.py -max_total_time=600 -max_len=2048

An input is a Cookie header, an address, an Accept-Encoding, an If-None-Match and an X-Forwarded-For, each after a NUL; ``{}`` in
it stands for a pass that is good. What must hold: nothing raises, and the rest of an article is sent only where one of the
cookies is exactly the pass that opens it, or the peer is in the licensed network.
"""

import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

with atheris.instrument_imports(include=["masthead"]):
    from masthead.access import passes
    from masthead.access.policy import ArticleFacts, Grant, Policy, Visitor, decide
    from masthead.core import network
    from masthead.edge import holders
    from masthead.edge.holders import Cookies, Profiles
    from masthead.edge.negotiation import BROTLI, GZIP, best_encoding, holds

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
KEYS = {"new": b"n" * 32, "old": b"o" * 32}
BY_HEADER = passes.by_header(KEYS)
OURS = frozenset({b"masthead_pass", b"masthead_device", b"masthead_session"})
FRIEND = Visitor(reader="friend", device="laptop", grants=(Grant("comp"),), choices_left=3, period="2026-11")
GOOD = passes.mint(passes.Pass(FRIEND, 1, 1, NOW + timedelta(minutes=10)), "new", KEYS["new"]).encode()
ARTICLE = ArticleFacts(7, "metered")
TRUSTED = (ip_network("10.0.0.0/8"),)
LICENSED = ip_network("198.51.100.0/24")
PROFILES = Profiles()
ETAG = '"0123456789abcdef0123456789abcdef"'


def once(data: bytes) -> None:
    """One request."""
    cookie, peer, accept, etags, forwarded = (data.replace(b"{}", GOOD).split(b"\0") + [b""] * 5)[:5]
    found = Cookies(cookie, OURS)
    visitor = Visitor()
    if found.token is not None:
        holder = holders.read(found.token, BY_HEADER, PROFILES, NOW.timestamp())
        held = passes.read(found.token.decode("latin-1"), KEYS, NOW)
        if (holder is None) != (held is None):
            raise AssertionError("the edge and Django disagree about a pass")
        if held is not None:
            visitor = held.visitor
            if found.token != GOOD:
                raise AssertionError("a pass that nobody minted")
    if decide(Policy(version=1), ARTICLE, visitor, NOW).opens and GOOD not in cookie:
        raise AssertionError("open without a pass")
    accepted, known = accept.decode("latin-1"), etags.decode("latin-1")
    name = {BROTLI: "br", GZIP: "gzip"}.get(best_encoding(accepted))
    if name and name not in accepted.lower() and "*" not in accepted:
        raise AssertionError("an encoding nobody asked for")
    if holds(known, ETAG) and ETAG not in known and known.strip() != "*":
        raise AssertionError("a page nobody holds")
    address = network.client_address(peer.decode("latin-1"), forwarded.decode("latin-1"), TRUSTED)
    before = network.parse(peer.decode("latin-1"))
    if address in LICENSED and before is not None and before not in LICENSED and before not in TRUSTED[0]:
        raise AssertionError("licensed by a header of their own")


if __name__ == "__main__":
    atheris.Setup(sys.argv, once)
    atheris.Fuzz()
