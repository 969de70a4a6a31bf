"""The edge's pure parts: what each of them promises, tried with whatever Hypothesis thinks of."""

from __future__ import annotations

import gzip
import random
import threading
import time

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from masthead.access.policy import ArticleFacts, Grant, Visitor
from masthead.core.change_keys import visitor
from masthead.edge.edge import Edge
from masthead.edge.flights import Flights
from masthead.edge.holders import Cookies, Holder, Memo, Profiles
from masthead.edge.log import KEPT, Log
from masthead.edge.negotiation import BROTLI, GZIP, IDENTITY, best_encoding, holds
from masthead.edge.store import Page, Store
from masthead.edge.variant import A_KEY, OVERHEAD, Variant
from masthead.front.pageview import PageView

OURS = frozenset({b"masthead_pass", b"masthead_device", b"masthead_session"})
HEADERS = [("Content-Type", "text/html"), ("ETag", '"e"'), ("Vary", "Cookie"), ("Set-Cookie", "a=b"), ("Cache-Control", "x")]
ARTICLE = ArticleFacts(7, "metered")


def a_variant(path: str = "/", standing: str = "anonymous", number: int = 1, size: int = 1000, **fields: object) -> Variant:
    content = random.Random(path).randbytes(size)
    return Variant(PageView(path, standing), content, HEADERS, number=number, **fields)  # type: ignore[arg-type]


def keep(store: Store, variant: Variant, article: ArticleFacts | None = None) -> None:
    store.keep(variant.view.path.encode(), variant, article=article, parameters=(), uniform=False)


# Negotiation ------------------------------------------------------------------------------------------------------------

codings = st.sampled_from(["br", "gzip", "identity", "*", "deflate", "x-gzip", "zstd", "BR"])
weights = st.sampled_from(["", ";q=0", ";q=0.0", "; q=0.5", ";q=1", ";Q=0", ";q=nan", ";q=-1", ";q", ";x=1;q=0", ";q=0.3;x"])


@given(st.lists(st.tuples(codings, weights), max_size=5))
def test_no_encoding_is_used_that_the_client_refuses_or_did_not_name(parts: list[tuple[str, str]]) -> None:
    chosen = best_encoding(", ".join(name + weight for name, weight in parts))
    if chosen == IDENTITY:
        return
    named = {name.lower(): weight for name, weight in parts}
    names = {BROTLI: ("br",), GZIP: ("gzip", "x-gzip")}[chosen]
    weight = next((named[name] for name in names if name in named), named.get("*"))
    assert weight in {"", "; q=0.5", ";q=1"}


@given(st.text(max_size=200))
def test_any_accept_encoding_and_if_none_match_is_read(text: str) -> None:
    assert best_encoding(text) in {IDENTITY, GZIP, BROTLI}
    assert holds(text, '"abc"') == (
        text.strip() == "*" or '"abc"' in [part.strip().removeprefix("W/") for part in text.split(",")]
    )


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("", IDENTITY), ("gzip, deflate, br, zstd", BROTLI), ("gzip", GZIP), ("*", BROTLI), ("*;q=0", IDENTITY),
        ("br;q=0.1, gzip", GZIP),
    ],
)  # fmt: skip
def test_what_browsers_send(accept: str, encoding: int) -> None:
    assert best_encoding(accept) == encoding


# Variants ---------------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=3000), st.lists(st.sampled_from([IDENTITY, GZIP, BROTLI]), max_size=6))
def test_a_variant_is_the_same_page_in_every_encoding_and_order(content: bytes, encodings: list[int]) -> None:
    variant = Variant(PageView("/", "anonymous"), content, HEADERS, number=1)
    read = {IDENTITY: bytes, GZIP: gzip.decompress, BROTLI: brotli.decompress}
    for encoding in encodings:
        headers = dict(variant.headers(encoding, "private"))
        body = variant.body(encoding)
        assert (read[encoding](body) if "Content-Encoding" in headers else body) == content
        assert headers["Content-Length"] == str(len(body))
        assert headers["ETag"].startswith("W/") == ("Content-Encoding" in headers)
        assert "Set-Cookie" not in headers and headers["Cache-Control"] == "private"


# The store --------------------------------------------------------------------------------------------------------------


def test_a_full_store_never_exceeds_its_limit_and_keeps_what_is_hot() -> None:
    store = Store(2**20)
    hot = [a_variant(f"/hot/{n}", size=8000) for n in range(20)]
    for variant in hot:
        keep(store, variant)
    for n in range(2000):
        for variant in hot:
            variant.used = True
        keep(store, a_variant(f"/cold/{n}", size=8000))
        assert store.size <= 2**20
    assert all(f"/hot/{n}".encode() in store.pages for n in range(20))
    assert len(store) < 120


def test_what_is_replaced_again_and_again_is_not_remembered() -> None:
    """Each publication makes many pages anew: their old bytes must go, also while there is room for them."""
    store = Store(2**20)
    for n in range(5000):
        keep(store, a_variant("/", number=n, size=8000))
    waiting = sum(variant.size for _, variant in store._queue)
    assert len(store) == 1 and waiting < 2**18


def test_a_page_too_large_to_share_the_store_is_not_held() -> None:
    store = Store(100_000)
    keep(store, a_variant(size=30_000))
    assert (len(store), store.size) == (0, 0)


def test_an_older_rendering_does_not_replace_a_younger_one() -> None:
    store = Store(2**20)
    young, old = a_variant(number=5), a_variant(number=4)
    keep(store, young)
    keep(store, old)
    assert list(store.pages[b"/"].variants.values()) == [young]


def test_another_access_lets_go_of_what_was_rendered_before_it() -> None:
    store = Store(2**20)
    keep(store, a_variant(number=1), ARTICLE)
    keep(store, a_variant(standing="registered", number=2), ArticleFacts(7, "subscribers"))
    keep(store, a_variant(standing="staff", number=1), ARTICLE)
    assert [view.standing for view in store.pages[b"/"].variants] == ["registered"]


def test_keys_are_reckoned_with_and_those_of_many_variants_are_kept_once() -> None:
    few, many = (a_variant(f"/{n}", keys=tuple(f"article:{n}" for n in range(1000, 1000 + n))) for n in (1, 24))
    assert many.size - few.size == 23 * A_KEY
    assert few.keys[0] is many.keys[0]


def test_every_one_of_its_keys_makes_a_variant_stale() -> None:
    keys = tuple(f"article:{n}" for n in range(24))
    for number, key in enumerate(keys):
        store, variant = Store(2**20), a_variant(number=number, keys=keys)
        keep(store, variant)
        assert store.stale({key: number, "article:99": 1000, "list": 1000}, 5.0) == 0, "it was made knowing of that"
        assert store.stale({key: number + 1}, 5.0) == 1, key


def test_only_what_names_a_changed_key_and_is_older_becomes_stale() -> None:
    store = Store(2**20)
    one, two, young = (a_variant(f"/{n}", number=number, keys=(f"article:{n}",)) for n, number in ((1, 1), (2, 1), (3, 9)))
    for variant in (one, two, young):
        keep(store, variant)
    assert store.stale({"article:1": 5, "article:3": 5}, 100.0) == 1
    assert (one.good_until, two.good_until, young.good_until) == (0.0, float("inf"), float("inf"))
    assert store.stale({"*": 6}, 101.0) == 2
    assert one.stale_at == 100.0, "the moment it was first known to be old counts"


def test_a_clock_that_is_put_back_does_not_make_young_what_is_stale() -> None:
    edge, variant = Edge(lambda *_: [], keys={}, cookies=["ours"]), a_variant()
    edge.log.failing = False
    variant.stale(1000.0)
    variant.rendering = True  # a younger one is being made, of what may be withdrawn
    assert edge._still_shown(variant, 1000.5, None)
    assert not edge._still_shown(variant, 1000.0 - 3600, None)


def test_bytes_add_up_whatever_several_threads_do() -> None:
    store = Store(300_000)
    wrong: list[str] = []

    def work(seed: int) -> None:
        chance = random.Random(seed)
        for n in range(400):
            path = f"/{chance.randrange(40)}"
            page: Page | None = store.pages.get(path.encode())
            found = list(page.variants.values()) if page else []
            if found and chance.random() < 0.6:
                variant = chance.choice(found)
                before = variant.size
                variant.body(chance.choice([IDENTITY, GZIP, BROTLI]))
                if variant.size != before:
                    store.grown(variant)
            else:
                keep(store, a_variant(path, chance.choice(["anonymous", "staff"]), n, chance.randrange(100, 9000)))
            if chance.random() < 0.02:
                store.stale({"*": n}, 1.0)
            if store.size > store.limit + 40_000:  # of those being weighed this moment
                wrong.append(f"{store.size} bytes")

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    held = [variant for page in store.pages.values() for variant in page.variants.values()]
    for variant in held:
        store.grown(variant)
    assert not wrong
    assert store.size == sum(variant.counted for variant in held) <= store.limit
    for variant in held:
        around = OVERHEAD + A_KEY * len(variant.keys)
        assert variant.counted == around + sum(len(each) for each in variant._encoded if each is not None)


# The log ----------------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from(["visitor:a", "visitor:b", "article:1", "list", "policy", "*"]), st.integers(0, 700))))
def test_a_keys_number_is_known_for_as_long_as_a_pass_may_live(steps: list[tuple[str, int]]) -> None:
    log, now, known = Log(), time.monotonic(), {}
    for number, (key, seconds) in enumerate(steps, 1):
        now += seconds
        log.apply([(number, key)], number, now)
        known[key] = (number, now)
        for name, (last, when) in known.items():
            lasting = ":" not in name
            assert log.latest(name) == last or (not lasting and now - when > KEPT and log.latest(name) == 0)
        assert log.number == number


@given(st.permutations(range(1, 8)))
def test_rows_named_twice_or_out_of_order_change_nothing(order: list[int]) -> None:
    log = Log()
    log.apply([(number, visitor("a")) for number in [*order, *order]], 7, time.monotonic())
    assert log.latest(visitor("a")) == 7
    assert log.latest(visitor("b")) == 0


# Holders ----------------------------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(st.sampled_from([*OURS, b"_ga", b"xmasthead_pass", b"masthead_csrf", b""]), st.binary(max_size=6)), max_size=6
    )
)
def test_ours_among_any_cookies_are_seen_and_two_passes_are_none(pairs: list[tuple[bytes, bytes]]) -> None:
    pairs = [(name, value.replace(b";", b"")) for name, value in pairs]
    found = Cookies(b"; ".join(name + b"=" + value for name, value in pairs), OURS)
    values = [value for name, value in pairs if name == b"masthead_pass"]
    assert found.any == any(name in OURS for name, _ in pairs)
    assert found.token == (values[0].strip() if len(values) == 1 else None)


@given(st.binary(max_size=100))
def test_any_cookie_header_is_read_as_django_reads_it(header: bytes) -> None:
    from django.http.cookie import parse_cookie

    for text in (header, b"masthead_pass" + header, header + b"masthead_session=x", header + b";masthead_device =y"):
        theirs = parse_cookie(text.decode(errors="replace"))
        ours = Cookies(text, OURS)
        assert ours.any or not any(name.decode() in theirs for name in OURS)


def test_two_of_a_kind_share_a_profile_and_whoever_differs_does_not() -> None:
    from datetime import UTC, datetime, timedelta

    now = datetime(2026, 11, 18, tzinfo=UTC)
    profiles = Profiles()
    ada, ben = (Visitor(reader=name, device=name, choices_left=2, period="2026-11") for name in ("ada", "ben"))
    friend = Visitor(reader="c", choices_left=2, period="2026-11", grants=(Grant("comp"),))
    later = Visitor(reader="d", choices_left=2, period="2026-11", grants=(Grant("comp", None, None, now + timedelta(days=1)),))
    assert profiles.number(ada, now) == profiles.number(ben, now) == profiles.number(later, now) != profiles.number(friend, now)


def test_a_memo_forgets_only_what_was_not_asked_for_in_a_generation() -> None:
    memo = Memo(10)
    holder = Holder(0, expires=0)
    memo.put(b"hot", holder)
    for n in range(100):
        memo.put(b"%d" % n, holder)
        assert memo.get(b"hot") is holder
    assert memo.get(b"0") is None
    assert len(memo.young) + len(memo._old) <= 20


# Single flight ----------------------------------------------------------------------------------------------------------


@settings(max_examples=5, deadline=None)
@given(st.integers(2, 8))
def test_of_many_who_want_the_same_one_flies(many: int) -> None:
    flights, flown, gate = Flights(), [], threading.Barrier(many)

    def fly() -> None:
        gate.wait()
        with flights.lead("page") as first:
            if first:
                time.sleep(0.05)
            flown.append(first)

    threads = [threading.Thread(target=fly) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert flown.count(True) == 1 and flown[0]


def test_a_flight_that_failed_lets_the_next_one_start() -> None:
    flights = Flights()
    with pytest.raises(RuntimeError), flights.lead("page"):
        raise RuntimeError
    with flights.lead("page") as first:
        assert first


@pytest.mark.parametrize("form", range(6))
def test_what_is_laid_out_for_the_wire_is_what_the_headers_say(form: int) -> None:
    given = [("Content-Type", "text/html"), ("Vary", "Cookie"), ("ETag", '"abc"'), ("Set-Cookie", "never=kept"), ("X-Odd", "é")]
    variant = Variant(PageView("/", "anonymous"), b"long enough to be compressed " * 20, given, number=1)
    variant.body(form >> 1)
    assert variant.wire(form) is None
    variant.lay_out(form, "private, no-cache")
    head, own, body = variant.wire(form) or (b"", b"", b"")
    status, *lines = (head + own).decode("latin-1").split("\r\n")
    assert status == "HTTP/1.1 200 OK" and lines.pop() == ""
    assert sorted(tuple(line.split(": ", 1)) for line in lines) == sorted(variant.headers(form >> 1, "private, no-cache"))
    assert body == variant.body(form >> 1)
    assert "never=kept" not in head.decode("latin-1")
