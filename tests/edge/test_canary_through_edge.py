"""The canary crawl with the edge before Django: every address twice (missed, then perhaps held), by all visitors in turns."""

from __future__ import annotations

import random
from itertools import product
from typing import Any

import pytest

from edge.through import Through
from factories import canary
from front.test_canary import QUERIES, SLOW_OR_SELF_ENDING, TRICKS, Cast, addresses, ask, cast, is_newsroom, shut_to
from masthead.edge.edge import COVERED, COVERED_WHOLE

__all__ = ["cast"]

pytestmark = pytest.mark.django_db


def covered(path: str) -> bool:
    return path in COVERED_WHOLE or path.startswith(COVERED)


def test_no_address_sings_to_whom_the_gate_is_shut_with_the_edge_before_it(through: Through, cast: Cast) -> None:
    chance = random.Random(1)
    paths = [path for path in addresses(cast.values) if covered(path) and not any(word in path for word in SLOW_OR_SELF_ENDING)]
    requests = [(who, path) for who, path in product(cast.visitors, paths) for _ in range(2)]
    chance.shuffle(requests)
    shut = {who: shut_to(browser, cast) for who, browser in cast.visitors.items()}
    leaks: list[str] = []
    before = len(through.edge.application.calls)  # type: ignore[attr-defined]
    for who, path in requests:
        trick: dict[str, Any] = chance.choice(TRICKS)
        method = chance.choice(["get", "get", "get", "head"])
        leaks += ask(cast.visitors[who], path + chance.choice(QUERIES), method, shut[who], **trick)
    assert not leaks, leaks[:10]
    held = before + len(requests) - len(through.edge.application.calls)  # type: ignore[attr-defined]
    assert held > 100, "an edge that holds nothing proves nothing"


def test_no_form_between_two_looks_makes_it_sing(through: Through, cast: Cast) -> None:
    chance = random.Random(3)
    forms = [path for path in addresses(cast.values) if not covered(path) and not is_newsroom(path)]
    ending = [path for path in forms if any(word in path for word in SLOW_OR_SELF_ENDING)]
    looks = [article.path_on_site for article in cast.articles]
    leaks: list[str] = []
    for path in chance.sample(sorted(set(forms) - set(ending)), 30) + ending:
        who = chance.choice(list(cast.visitors))
        ask(cast.visitors[who], path, "post", [])
        for other in chance.sample(list(cast.visitors), 3):
            shut = shut_to(cast.visitors[other], cast)
            leaks += ask(cast.visitors[other], chance.choice(looks), "get", shut)
    assert not leaks, leaks[:10]


def test_the_canary_is_where_it_may_be_with_the_edge_before_it(through: Through, cast: Cast) -> None:
    friend, reader, device = (cast.visitors[name] for name in ("friend", "reader", "device"))
    metered, subscribers, chosen, instant = cast.articles[:4]
    for _ in range(3):
        for article in (metered, subscribers, chosen, instant):
            assert canary(article) in friend.open(article)[1]
        assert canary(chosen) in reader.open(chosen)[1]
        assert canary(instant) in device.open(instant)[1]
