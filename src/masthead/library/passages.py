"""The part of a text that shows why it was found, with the words that were searched for marked. Pure.

Works on what the caller hands over and nothing else: the teaser, or the whole where the decision opened the article.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from masthead.library import languages, unspaced

LENGTH = 240  # characters of a passage
LONGEST_INITIALS = 4  # letters: USSR may stand there as U.S.S.R.


def _foldings() -> dict[str, str]:
    """Letters with accents, and what the analyzer makes of them."""
    letters = map(chr, (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)))
    return {letter: found[0] for letter in letters if len(found := languages.words(letter)) == 1}


_FOLD = _foldings()
_ACCENTED = re.compile("[\u00c0-\u024f\u1e00-\u1eff]")  # a text has few: finding them is quicker than looking at every character
_SEVERAL = re.compile(f"[{''.join(letter for letter, folded in _FOLD.items() if len(folded) > 1)}]")  # ß, æ


def _folded(text: str) -> str:
    return text if text.isascii() else _ACCENTED.sub(lambda match: _FOLD.get(match[0], match[0]), text)


@dataclass(frozen=True, slots=True)
class Marker:
    """Finds the words of a search in a text. ``pattern``, a regular expression, finds candidates quickly, ``terms`` decide.

    ``beginnings`` are what all candidates begin with, or have in them. ``runs`` are what is written without spaces: it stands
    anywhere.
    """

    pattern: str  # compiled where there is a text to look at: many a question finds none
    terms: frozenset[str]
    prefix: str
    languages: tuple[str, ...]
    beginnings: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()

    def promises(self, texts: Sequence[str]) -> list[int]:
        """How many different words of the search may stand in each of ``texts``, which may also be HTML: a look, no more."""
        lowered = _folded("\0".join(texts)).lower()
        here = [beginning for beginning in (*self.beginnings, *self.runs) if beginning in lowered]
        if not here:
            return [0] * len(texts)
        return [sum(beginning in text for beginning in here) for text in lowered.split("\0")]

    def places(self, text: str) -> list[tuple[int, int, str]]:
        """Where words of the search stand in ``text``: from, to, term."""
        runs = [
            (at.start(), at.start() + len(run), run) for run in self.runs for at in re.finditer(f"(?={re.escape(run)})", text)
        ]
        return sorted(self._words(text) + runs) if runs else self._words(text)

    def _words(self, text: str) -> list[tuple[int, int, str]]:
        if not self.pattern:
            return []
        place: Callable[[int], int] = int
        if _SEVERAL.search(text):
            # of each character of the folded text: where it stands in the text
            place = [number for number, letter in enumerate(text) for _ in _FOLD.get(letter, letter)].__getitem__
        found = []
        for match in re.finditer(self.pattern, _folded(text), re.IGNORECASE):  # which remembers what it has compiled
            if term := self._term(match[0]):
                found.append((place(match.start()), place(match.end() - 1) + 1, term))
        return found

    def _term(self, word: str) -> str:
        for term in _terms_of(word, self.languages):
            if term in self.terms:
                return term
        return self.prefix if self.prefix and word.lower().startswith(self.prefix) else ""


@lru_cache(maxsize=4096)  # of words in texts alone: a search in its key would have each remember words of its own
def _terms_of(word: str, some: tuple[str, ...]) -> tuple[str, ...]:
    return _terms(languages.words(word), some)


def _terms(words: Sequence[str], some: tuple[str, ...]) -> tuple[str, ...]:
    """The terms of one word; of several, which stand together, what they are called here."""
    if len(words) == 1:
        return languages.stems(words[0], some)
    return tuple(dict.fromkeys(" ".join(languages.stem(word, language) for word in words) for language in some))


def marker(words: Iterable[str], prefix: str, some: Sequence[str]) -> Marker:
    """What marks ``words`` (as typed, folded) and words that begin with ``prefix``, in texts of ``some`` languages.

    One of ``words`` may be several, with spaces between them: they are marked where they stand together.
    """
    terms: set[str] = set()
    beginnings: set[str] = set()
    several: dict[str, str] = {}  # patterns, each with what has to be there
    words = tuple(words)
    runs = tuple(dict.fromkeys(word for word in words if unspaced.is_run(word)))
    for word in words:
        if word in runs:
            continue
        parts = word.split()
        terms.update(_terms(parts, tuple(some)))
        if len(parts) > 1:
            begun = [min(_beginnings(part, some), key=len) for part in parts]
            several[r"[^\W_]*[\W_]{1,3}".join(map(re.escape, begun))] = max(begun, key=len)
        else:
            beginnings |= _beginnings(word, some)
    if prefix and prefix not in runs:
        beginnings.add(prefix)
    shortest = [one for one in beginnings if not any(one != other and one.startswith(other) for other in beginnings)]
    candidates = [*sorted(several, key=len, reverse=True), *map(re.escape, sorted(shortest))]
    pattern = _pattern(candidates) if candidates else ""
    seen = tuple(dict.fromkeys((*shortest, *several.values())))
    return Marker(pattern, frozenset(terms), "" if prefix in runs else prefix, tuple(some), seen, runs)


def _beginnings(word: str, some: Sequence[str]) -> set[str]:
    """What ``word`` (folded) begins with in whatever form; initials also with points between them."""
    word = word.rstrip(languages.ACRONYM)
    found = {".".join(word)} if 1 < len(word) <= LONGEST_INITIALS else set()
    for term in languages.stems(word, tuple(some)):
        # a stem may end otherwise than its words: "polici" of "policy"
        shared = next((n for n, (a, b) in enumerate(zip(word, term, strict=False)) if a != b), min(len(word), len(term)))
        found.add(word[: max(1, min(shared, len(term) - 1 if len(term) > 4 else len(term)))])
    return found


def _pattern(candidates: Sequence[str]) -> str:
    """Whole words that begin as one of ``candidates`` says."""
    before, after = r"(?<![^\W_])", r"[^\W_]*"
    if any(map(unspaced.unusual, candidates)):  # their words go on over signs that are no letters
        before, after = rf"{before}(?<![{unspaced.SIGNS}])", rf"(?:[^\W_]|[{unspaced.SIGNS}])*"
    return rf"{before}(?:{'|'.join(candidates)}){after}"


def passage(paragraphs: Sequence[str], mark: Marker, length: int = LENGTH) -> str:
    """The most telling ``length`` characters of ``paragraphs`` (plain text) as HTML with ``<mark>``; the beginning, if none is.

    The paragraph with most different words wins, and in it the stretch with most of them.
    """
    best: tuple[int, int] = (0, 0)
    chosen, places = (_shown(paragraphs[0]) if paragraphs else ""), []
    for paragraph in paragraphs[:400]:
        text = _shown(paragraph)
        found = mark.places(text)
        if found:
            rank = (len({term for _, _, term in found}), min(len(found), 4))
            if rank > best:
                best, chosen, places = rank, text, found
    start = _start(places, length) if places else 0
    return _cut(chosen, start, length, places)


def _start(places: Sequence[tuple[int, int, str]], length: int) -> int:
    """Where the window with most different words begins.

    One walk, however many words are marked: in a paragraph as long as a book they are thousands, and anybody may ask for it.
    """
    best, start, following = 0, places[0][0], 0
    inside: Counter[str] = Counter()
    for number, (begin, _, term) in enumerate(places):
        following = max(following, number)  # a word longer than the window stands in none
        while following < len(places) and places[following][1] <= begin + length - 30:
            inside[places[following][2]] += 1
            following += 1
        if len(inside) > best:
            best, start = len(inside), begin
        if following > number:  # this place is left behind
            inside[term] -= 1
            if not inside[term]:
                del inside[term]
    return start


def _cut(text: str, at: int, length: int, places: Sequence[tuple[int, int, str]]) -> str:
    """``length`` characters of ``text`` around ``at``, between words, with ``places`` marked."""
    start = max(0, at - 60)
    if len(text) - start < length:
        start = max(0, len(text) - length)
    if start:
        space = text.find(" ", start, at + 1)
        start = space + 1 if space >= 0 else start
    end = min(len(text), start + length)
    if end < len(text):
        space = text.rfind(" ", start + length // 2, end)
        end = space if space > 0 else end
    parts = ["…" if start else ""]
    position = start
    for begin, finish in _joined(places):
        if begin < position or finish > end:
            continue
        parts += [escape(text[position:begin]), "<mark>", escape(text[begin:finish]), "</mark>"]
        position = finish
    parts.append(escape(text[position:end].rstrip(" ,;:")))
    if end < len(text):
        parts.append(" …" if parts[-1].endswith((".", "!", "?")) else "…")
    return "".join(parts)


def _joined(places: Sequence[tuple[int, int, str]]) -> list[tuple[int, int]]:
    """Where something is to be marked, without two that overlap or touch."""
    found: list[tuple[int, int]] = []
    for begin, end, _ in places:
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def marked(text: str, mark: Marker) -> str:
    """All of ``text`` as HTML with the words of the search marked."""
    text = _shown(text)
    return _cut(text, 0, len(text), mark.places(text))


def _shown(text: str) -> str:
    """``text`` with each letter and its accents in one character, and without soft hyphens: so that words are whole."""
    return text if text.isascii() else unicodedata.normalize("NFC", text).replace("\u00ad", "")
