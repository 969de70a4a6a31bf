"""What a misspelt word was meant to be."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tantivy import Index, Searcher

from masthead.library import schema, spelling

Ask = Callable[..., str | None]


@pytest.fixture(scope="module")
def searcher() -> Searcher:
    """An index of words, each in so many articles."""
    index = Index(schema.SCHEMA)
    schema.register(index, "en")
    writer = index.writer(16_000_000, 1)
    counts = {
        "parliament": 30,
        "parliaments": 3,
        "minister": 50,
        "ministry": 40,
        "straits": 1,
        "1915": 9,
        "gas": 60,
        "rare": 2,
        "zebra": 5,
        "malacca": 2,
        "malaya": 60,
    }
    for number in range(60):
        text = " ".join(word for word, count in counts.items() if number < count)
        texts = {"title": "", "standfirst": "", "topics": "", "opening": text, "body": text}
        writer.add_document(
            schema.document(
                number=number,
                language="en",
                own_language="en",
                texts=texts,
                authors="",
                facets={},
                year=None,
                month="",
                dated=0,
                rendered=0,
            )
        )
    writer.commit()
    index.reload()
    return index.searcher()


@pytest.fixture
def nearest(searcher: Searcher) -> Ask:
    def ask(word: str, held: int = 0, stands: Callable[[str, int], bool] = lambda word, least: True) -> str | None:
        return spelling.nearest(word, searcher, held, stands)

    return ask


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("parlament", "parliament"),  # a letter forgotten
        ("parliamnet", "parliament"),  # two swapped
        ("parliamennt", "parliament"),  # one twice
        ("aprliament", "parliament"),  # the first two swapped
        ("ministr", "minister"),  # of two as near the more common
        ("zebrq", "zebra"),
        ("malaca", "malacca"),  # of two as near the one with a letter twice, however many more have the other
        ("malacaa", "malacca"),
        ("mallaya", "malaya"),
    ],
)
def test_a_slip_of_the_finger(nearest: Ask, typed: str, meant: str) -> None:
    assert nearest(typed) == meant


@pytest.mark.parametrize("typed", ["gaz", "ga", "", "1916", "xylophone", "parl", "strait", "zzzzzzzz"])
def test_what_may_be_right_or_is_near_nothing_stays(nearest: Ask, typed: str) -> None:
    assert nearest(typed) is None


def test_a_word_some_wrote_is_mended_only_for_one_that_many_did(nearest: Ask) -> None:
    assert nearest("ministre", 1) == "minister"
    assert nearest("ministre", 3) is None


def test_what_is_gone_is_not_suggested_but_the_next_best_is(nearest: Ask) -> None:
    assert nearest("ministr", 0, lambda word, least: word != "minister") == "ministry"
    assert nearest("parlament", 0, lambda word, least: False) is None


def test_longer_words_may_hold_more_slips() -> None:
    assert [spelling.allowed("x" * length) for length in (3, 4, 7, 8, 20)] == [0, 1, 1, 2, 2]
