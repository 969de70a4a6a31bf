"""Whatever a request says, the edge answers as Django does, without an exception, and nothing opens that no minted pass opens."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.through import Through, ask
from factories import canary, make_article, make_comp, make_reader
from front.journey import Browser
from masthead.access import passes
from masthead.access.policy import Grant, Visitor
from masthead.core import network
from masthead.edge.holders import Cookies, Profiles
from masthead.edge.holders import read as read_holder

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
KEYS = {"new": b"n" * 32, "old": b"o" * 32}
BY_HEADER = passes.by_header(KEYS)
READER = Visitor(
    reader="ada", device="laptop", grants=(Grant("unlock", 7, NOW + timedelta(days=9)),), choices_left=2, period="2026-11"
)
OURS = frozenset({b"masthead_pass", b"masthead_device", b"masthead_session"})


@lru_cache
def minted(name: str = "new") -> str:
    return passes.mint(passes.Pass(READER, 1, 1, NOW + timedelta(minutes=10)), name, KEYS[name])


def with_claims(**claims: object) -> str:
    """The minted pass with other claims, under its own signature."""
    header, payload, signature = minted().split(".")
    held = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**held, **claims}).encode()).decode().rstrip("=")
    return f"{header}.{changed}.{signature}"


parts = st.sampled_from([*minted("new").split("."), *minted("old").split("."), "", "e30", "bnVsbA"])
mutations = st.one_of(
    st.lists(parts, max_size=5).map(".".join),
    st.tuples(st.integers(0, 600), st.integers(0, 600)).map(lambda cut: minted()[min(cut) : max(cut)]),
    st.tuples(st.integers(0, 600), st.text(max_size=3)).map(lambda put: minted()[: put[0]] + put[1] + minted()[put[0] :]),
    st.tuples(st.integers(0, 600), st.text(max_size=1)).map(lambda put: minted()[: put[0]] + put[1] + minted()[put[0] + 1 :]),
    st.sampled_from(
        [minted().upper(), minted().swapcase(), minted() + "=", minted() + "==", f"{minted()}.{minted()}", minted()[::-1]]
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "g": st.just([["comp", None, None, None]]),
            "exp": st.just(2**40),
            "s": st.just(1),
            "l": st.just(99),
            "v": st.just(2),
        },
    ).map(lambda claims: with_claims(**claims)),
    st.text(max_size=50),
)


@given(mutations)
def test_only_the_very_text_that_was_minted_is_a_pass(text: str) -> None:
    held = passes.read(text, KEYS, NOW)
    assert (held is not None) == (text in {minted("new"), minted("old")})


@given(mutations.map(lambda text: text.encode("utf-8", "replace")), st.binary(max_size=20), st.binary(max_size=20))
def test_in_whatever_cookie_header_it_comes(text: bytes, before: bytes, after: bytes) -> None:
    found = Cookies(before + b"; masthead_pass=" + text + b";" + after, OURS)
    if found.token is not None and read_holder(found.token, BY_HEADER, Profiles(), NOW.timestamp()) is not None:
        assert found.token.decode() in {minted("new"), minted("old")}


@given(st.text(max_size=60), st.lists(st.ip_addresses().map(str) | st.text(max_size=20), max_size=6).map(", ".join))
def test_an_untrusted_peer_is_where_it_is_whatever_it_forwards(peer: str, forwarded: str) -> None:
    trusted = [network.ipaddress.ip_network("10.0.0.0/8")]
    address = network.client_address(peer, forwarded, trusted)
    own = network.parse(peer)
    if own is None:
        assert address == network.UNKNOWN
    elif own not in trusted[0]:
        assert address == own


header_text = st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=40)
URLS = st.sampled_from(
    [
        "{path}", "{path}?{text}", "{path}{text}", "/{text}{path}", "/articles/{text}/", "/topics/?after={text}", "/?{text}",
        "/authors/?after={text}", "/subscribe/?article={text}", "/topics/trade/?before={text}",
    ]
)  # fmt: skip


@pytest.mark.django_db
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    url=URLS,
    text=header_text,
    fields=st.dictionaries(
        st.sampled_from(
            ["HTTP_COOKIE", "HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH", "HTTP_X_FORWARDED_FOR", "HTTP_HOST", "HTTP_USER_AGENT",
             "HTTP_SEC_PURPOSE", "HTTP_RANGE", "REMOTE_ADDR"]
        ),
        header_text | st.sampled_from(["*", "identity;q=0", "masthead_pass=", "masthead_session=; masthead_device=:"]),
        max_size=3,
    ),
)  # fmt: skip
def test_no_request_breaks_the_edge_or_opens_anything(through: Through, url: str, text: str, fields: dict[str, str]) -> None:
    article = warm(through)
    path, _, query = url.format(path=article, text=text).partition("?")
    environ = Client()._base_environ(PATH_INFO=path, QUERY_STRING=query)
    for _ in range(2):
        answer = ask(through.edge, {**environ, **fields})
        assert answer.status_code < 500
        assert b"The canary sings" not in answer.content


def warm(through: Through) -> str:
    """An article that a friend of the house has read, so that its rest lies in the store."""
    known = getattr(through, "warmed", None)
    if known is None:
        article, friend = make_article(), make_reader("friend@example.org")
        make_comp(friend)
        browser = Browser().log_in(friend)
        assert canary(article) in browser.open(article)[1]
        known = through.warmed = article.path_on_site  # type: ignore[attr-defined]
    return str(known)
