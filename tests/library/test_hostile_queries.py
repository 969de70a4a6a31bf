"""Whatever is typed is answered, if only by a sentence: questions that are made to break something.

The first 2,000 of the 10,000 that `script/bench hostile_queries` asks of a large archive, each within 200 ms. They hold every odd
text of its lists by itself, and some hundred of each of its kinds of mixture.
"""

from __future__ import annotations

import pytest
from benchmarks.hostile_queries import generate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories import import_article, make_author, make_topic
from masthead.access.services import current_policy
from masthead.core import clock
from masthead.library import passages, search
from masthead.library.query import DEEPEST, LONGEST, FromMapping, parse
from shelves import Shelf

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("remembering")]

NUMBER = 2_000
TEXT = "The trade war of general governments in India, Ünïcödé & <b>naïve</b> 日本語 e\u0301 state-of-the-art 2019."


@pytest.fixture
def library(shelf: Shelf) -> Shelf:
    """A few articles with the words that are asked for."""
    for number, language in enumerate(["", "", "fr", "", "ja"]):
        import_article(
            f"Trade and war {number}",
            access=("open", "metered")[number % 2],
            language=language,
            paragraphs=[TEXT] * 5,
            topics=[make_topic("Trade")],
            authors=[make_author("Ada Lovelace")],
        )
    shelf.build()
    return shelf


def test_hostile_questions_are_answered(library: Shelf) -> None:
    policy, now = current_policy(), clock.now()
    for count, parameters in enumerate(generate(NUMBER)):
        request = parse(FromMapping(parameters))
        results = search.search(request, whole=bool(count % 2), policy=policy, now=now, facets=count % 3 == 0)
        # "not ready" is what a tantivy error becomes
        assert results.ready, parameters
        assert results.total >= len(results.numbers)
        assert all(isinstance(note, str) and note for note in results.notes)
        request.query_string().encode("ascii")
        if count % 4 == 0:
            for text in search.completions(request.text, policy=policy, now=now):
                assert "\n" not in text
        if count % 5 == 0:
            html = passages.passage([TEXT], results.marks)
            assert "<b>" not in html
            assert html.count("<mark>") == html.count("</mark>")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=400), st.booleans(), st.booleans())
def test_so_is_any_text(library: Shelf, text: str, whole: bool, typing: bool) -> None:
    results = library.ask(text, whole=whole, typing="1" if typing else "0")
    assert results.ready
    assert len(results.request.text) <= LONGEST


def test_what_is_cut_is_told(library: Shelf) -> None:
    assert "first" in library.ask("word " * 100).notes[0]
    assert str(DEEPEST) in library.ask("trade", page="100000").notes[0]
    assert "no date" in library.ask("before:yesterday trade").notes[0]


def test_a_page_that_is_not_there_is_empty(library: Shelf) -> None:
    results = library.ask("trade", page="150")
    assert (results.numbers, results.total) == ((), 5)
    assert library.ask("trade", page="150", order="oldest").numbers == ()
