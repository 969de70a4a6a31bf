"""What a misspelt word was meant to be, from the words in what anybody may see. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA
from tantivy import Searcher

from masthead.library import languages

SHORTEST = 4  # letters; shorter words are near everything
MUCH_MORE = 20  # times as many articles must have the other word, where the typed one is there at all
ENOUGH = 2  # articles
TRIED = 5  # of the nearest


def allowed(word: str) -> int:
    """How many slips of the finger a word of this length may hold."""
    return 0 if len(word) < SHORTEST else 1 if len(word) < 8 else 2


def nearest(word: str, searcher: Searcher, held: int, stands: Callable[[str, int], bool]) -> str | None:
    """The word that ``word`` (folded, in ``held`` articles) was probably meant to be; None where it may be right.

    Of the nearest one that only has a letter twice or once (malaca: malacca), or else the most common. It begins with the same
    letter, or (where there is none) with the second: going through the whole dictionary takes a tenth of a second. The dictionary
    goes on naming what is gone; ``stands`` tells whether at least so many articles have a word now.
    """
    distance = allowed(word)
    if not distance or word.isdigit():
        return None

    least = max(ENOUGH, held * MUCH_MORE)
    for beginning in dict.fromkeys(word[:2]):
        choices = searcher.terms_with_prefix("words", beginning)
        for found in _nearest(word, choices, distance, least)[:TRIED]:
            if stands(found, least):
                return found
    return None


def _nearest(word: str, choices: Sequence[tuple[str, int]], distance: int, least: int) -> list[str]:
    common = {
        term: count
        for term, count in choices
        if count >= least
        and term != word
        and abs(len(term) - len(word)) <= distance
        and not term.isdigit()
        and languages.ACRONYM not in term
    }
    near = process.extract_iter(word, list(common), scorer=_DISTANCE, score_cutoff=distance)
    single = _single(word)
    return [term for *_, term in sorted((int(apart), _single(term) != single, -common[term], term) for term, apart, _ in near)]


def _single(word: str) -> str:
    """``word`` without a letter that repeats the one before."""
    return re.sub(r"(.)\1+", r"\1", word)


_DISTANCE = OSA.distance  # a swap of neighbours is one slip
