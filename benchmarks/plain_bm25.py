"""BM25 with nothing added, to compare with: k1 1.2, b 0.75, words of letters and digits, a crude stemmer.

It shares no code with the product, so that a mistake in one does not hide in both.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from math import log

K1, B = 1.2, 0.75
WORD = re.compile(r"[a-z0-9]+")
ENDINGS = ("ing", "edly", "ed", "es", "s", "ly")


def crude(word: str) -> str:
    """``word`` without the first of a few endings that leaves at least three letters."""
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def words(text: str) -> list[str]:
    """The stems of ``text``, in order."""
    return [crude(word) for word in WORD.findall(text.lower())]


class Index:
    """Documents by the stems they hold."""

    def __init__(self, documents: Iterable[tuple[str, str]]) -> None:
        self.names: list[str] = []
        self.lengths: list[int] = []
        self.holding: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for name, text in documents:
            found = words(text)
            for stem, count in Counter(found).items():
                self.holding[stem].append((len(self.names), count))
            self.names.append(name)
            self.lengths.append(len(found))
        self.mean = sum(self.lengths) / max(len(self.lengths), 1)

    def search(self, question: str, most: int = 1000) -> list[str]:
        """The best ``most`` documents; a word counts as often as the question has it."""
        scores: dict[int, float] = defaultdict(float)
        for stem, asked in Counter(words(question)).items():
            holding = self.holding.get(stem, ())
            rarity = log(1 + (len(self.names) - len(holding) + 0.5) / (len(holding) + 0.5))
            for at, count in holding:
                length = K1 * (1 - B + B * self.lengths[at] / self.mean)
                scores[at] += asked * rarity * count * (K1 + 1) / (count + length)
        best = sorted(scores, key=lambda at: (-scores[at], at))[:most]
        return [self.names[at] for at in best]
