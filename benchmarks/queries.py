"""Five hundred questions drawn from the texts themselves, the same ones each time.

| kind | what is asked | of 500 |
|---|---|---:|
| rare | one or two words that hardly any article has | 90 |
| common | one or two words that one in ten articles has, or more | 90 |
| phrase | two to four words that follow one another, in quotes | 90 |
| prefix | one or two words, the last one cut short, as while typing | 80 |
| filtered | one or two words of an article, only in its topic, by its author, of its year or of its access | 90 |
| misspelt | a word with one letter wrong, too many, missing, or out of turn | 60 |

How often a word stands is counted in a sample of the articles.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

SHARES = {"rare": 90, "common": 90, "phrase": 90, "prefix": 80, "filtered": 90, "misspelt": 60}
COUNT = sum(SHARES.values())
FILTERS = ("topic", "author", "year", "access")
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
RARE = 2  # articles of the sample that may have a rare word
COMMON = 0.1  # of the sample must have a common one
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Source:
    """An article, as far as questions are drawn from it."""

    text: str
    topics: tuple[str, ...] = ()  # slugs
    authors: tuple[str, ...] = ()
    year: str = ""
    access: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: what a reader types, and what is ticked beside it (``topic``, ``author``, ``year`` or ``access``)."""

    kind: str
    text: str
    filter: tuple[str, str] | None = None

    @property
    def words(self) -> list[str]:
        """The words typed, quotes gone."""
        return self.text.replace('"', " ").split()


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What questions are drawn from: articles cut into words, and in how many of them each word stands."""

    sources: list[tuple[Source, list[str]]]
    held: Counter[str]
    rare: list[str]
    common: list[str]
    middling: list[str]


def draw(sources: Iterable[Source], shares: dict[str, int] | None = None, seed: int = 1) -> list[Asked]:
    """Questions in these shares (``SHARES`` where none are given), kinds mixed; no two alike."""
    chance = random.Random(seed)
    drawn = _sample(sources)
    if not (drawn.rare and len(drawn.common) > 1 and drawn.middling):
        raise ValueError("these articles do not give questions: they have no rare words, or no common ones")
    made: list[Asked] = []
    for kind, count in (shares or SHARES).items():
        make, found = _MAKERS[kind], dict[Asked, None]()
        for _ in range(count * 200):
            if len(found) == count:
                break
            asked = make(drawn, chance)
            if asked:
                found[asked] = None
        if len(found) < count:
            raise ValueError(f"these articles do not give {count} different questions of the kind {kind}")
        made += found
    chance.shuffle(made)
    return made


def _sample(sources: Iterable[Source]) -> _Drawn:
    cut = [(source, [word.lower() for word in WORD.findall(source.text)]) for source in sources]
    cut = [(source, words) for source, words in cut if len(words) >= 10]
    held = Counter(word for _, words in cut for word in set(words))
    plain = sorted(word for word in held if len(word) >= 4 and word.isalpha())
    few, many = RARE, max(RARE + 1, COMMON * len(cut))
    return _Drawn(
        cut,
        held,
        rare=[word for word in plain if held[word] <= few],
        common=[word for word in plain if held[word] >= many],
        middling=[word for word in plain if few < held[word] and len(word) >= 6 and word.isascii()],
    )


def _rare(drawn: _Drawn, chance: random.Random) -> Asked | None:
    first = chance.choice(drawn.rare)
    return Asked("rare", first if chance.random() < 0.7 else f"{first} {chance.choice(drawn.middling)}")


def _common(drawn: _Drawn, chance: random.Random) -> Asked | None:
    return Asked("common", " ".join(chance.sample(drawn.common, chance.choice((1, 2)))))


def _stretch(words: Sequence[str], length: int, chance: random.Random) -> list[str]:
    start = chance.randrange(max(1, len(words) - length + 1))
    return list(words[start : start + length])


def _phrase(drawn: _Drawn, chance: random.Random) -> Asked | None:
    _, words = chance.choice(drawn.sources)
    found = _stretch(words, chance.choice((2, 3, 4)), chance)
    # one that is all small words finds everything, slowly, in any engine; readers quote names and sayings
    return Asked("phrase", f'"{" ".join(found)}"') if any(len(word) >= 5 for word in found) else None


def _prefix(drawn: _Drawn, chance: random.Random) -> Asked | None:
    _, words = chance.choice(drawn.sources)
    found = _stretch(words, chance.choice((1, 2)), chance)
    last = found.pop()
    if len(last) < 5 or not last.isalpha() or any(len(word) < 4 for word in found):
        return None
    return Asked("prefix", " ".join([*found, last[: chance.randrange(3, len(last))]]))


def _filtered(drawn: _Drawn, chance: random.Random) -> Asked | None:
    source, words = chance.choice(drawn.sources)
    name = chance.choice(FILTERS)
    values = {"topic": source.topics, "author": source.authors, "year": (source.year,), "access": (source.access,)}[name]
    long = [word for word in words if len(word) >= 5 and word.isalpha()]
    if not values or not values[0] or len(long) < 2:
        return None
    return Asked("filtered", " ".join(chance.sample(long, chance.choice((1, 2)))), (name, chance.choice(values)))


def _misspelt(drawn: _Drawn, chance: random.Random) -> Asked | None:
    word = misspell(chance.choice(drawn.middling), chance)
    return Asked("misspelt", word) if word not in drawn.held else None


def misspell(word: str, chance: random.Random) -> str:
    """``word`` with one mistake, never in its first letter: a letter gone, doubled up, another, or two swapped."""
    at = chance.randrange(1, len(word) - 1)
    slips: list[str] = [
        word[:at] + word[at + 1 :],
        word[:at] + chance.choice(LETTERS) + word[at:],
        word[:at] + chance.choice(LETTERS) + word[at + 1 :],
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
    ]
    slips = [slip for slip in slips if slip != word]
    return chance.choice(slips)


_MAKERS: dict[str, Callable[[_Drawn, random.Random], Asked | None]] = {
    "rare": _rare,
    "common": _common,
    "phrase": _phrase,
    "prefix": _prefix,
    "filtered": _filtered,
    "misspelt": _misspelt,
}

