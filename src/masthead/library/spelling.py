"""What a misspelt word was meant to be, from the words in what anybody may see. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA
from tantivy import Searcher

SHORTEST = 4  # letters; shorter words are near everything
MUCH_MORE = 20  # times as many articles must have the other word, where the typed one is there at all
ENOUGH = 2  # articles


def allowed(word: str) -> int:
    """How many slips of the finger a word of this length may hold."""
    return 0 if len(word) < SHORTEST else 1 if len(word) < 8 else 2


def nearest(word: str, searcher: Searcher, held: int) -> str | None:
    """The word that ``word`` (folded, in ``held`` articles) was probably meant to be; None where it may be right.

    Of the nearest the most common. It begins with the same letter, or (where there is none) with the second: going through the
    whole dictionary takes a tenth of a second.
    """
    distance = allowed(word)
    if not distance or word.isdigit():
        return None
    for beginning in dict.fromkeys(word[:2]):
        choices = searcher.terms_with_prefix("words", beginning)
        found = _nearest(word, choices, distance, max(ENOUGH, held * MUCH_MORE))
        if found:
            return found
    return None


def _nearest(word: str, choices: Sequence[tuple[str, int]], distance: int, least: int) -> str | None:
    common = {
        term: count
        for term, count in choices
        if count >= least and term != word and abs(len(term) - len(word)) <= distance and not term.isdigit()
    }
    best: tuple[int, int, str] | None = None
    for term, apart, _ in process.extract_iter(word, list(common), scorer=_DISTANCE, score_cutoff=distance):
        rank = (int(apart), -common[term], term)
        if best is None or rank < best:
            best = rank
    return best[2] if best else None


_DISTANCE = OSA.distance  # a swap of neighbours is one slip
