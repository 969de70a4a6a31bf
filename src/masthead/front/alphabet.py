"""The letters of an index: which one a name stands under, and in what order. Pure.

Accents are folded (É stands with E, Ø with O, Đ with D); what comes before the first letter or digit is passed over. Other
alphabets keep their own letters, after the Latin ones; scripts that are no alphabets (Chinese characters, Korean syllables, kana)
stand together, each under its name: nobody looks for one of ten thousand signs in a row of links.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")

LATIN = "Latin"
DIGITS = "0-9"
LONGEST = 40  # characters of what an address calls a letter
FEW = 40  # of another alphabet stand together, too: more than that nobody looks through without letters
_NAMED = {"cjk": "Chinese characters", "hangul": "Korean", "hiragana": "Japanese kana", "katakana": "Japanese kana"}
_NO_ALPHABET = frozenset({*_NAMED.values(), "Yi", "Ethiopic", "Cherokee", "Vai", "Bopomofo"})
_BASE = re.compile(r"LATIN (?:CAPITAL|SMALL) (?:LETTER|LIGATURE) (?:OPEN |DOTLESS |LONG |SHARP |TURNED |REVERSED )?([A-Z])")
_ODD = {"ð": "d", "þ": "t", "ŋ": "n", "ə": "e", "ʻ": "", "ʼ": "", "ʹ": "", "ʾ": "", "ʿ": ""}


@dataclass(frozen=True, slots=True, order=True)
class Letter:
    """Where a name stands: the script and, of an alphabet, the letter. They sort as an index does."""

    rank: int  # digits, then Latin, then other scripts
    script: str
    name: str

    @property
    def key(self) -> str:
        """How addresses call it: "k", "д", "korean", "0-9"."""
        return self.name.lower().replace(" ", "-")


@dataclass(frozen=True, slots=True)
class Shelf(Generic[T]):
    """What stands under one letter (or, of another alphabet with few, one script), in order."""

    key: str
    name: str
    things: tuple[T, ...] = field(repr=False)


_SIGNS = "".join(chr(number) for number in range(128) if not chr(number).isalnum())


def folded(name: str) -> str:
    """``name`` as it is sorted: without case, accents and what stands before its first letter or digit."""
    if name.isascii():
        return name.lower().lstrip(_SIGNS)
    plain = "".join(_plain(sign) for sign in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(sign))
    for at, sign in enumerate(plain):
        if sign.isalnum():
            return plain[at:]
    return plain


def _plain(sign: str) -> str:
    if sign.isascii():
        return sign
    if sign in _ODD:
        return _ODD[sign]
    found = _BASE.match(unicodedata.name(sign, ""))
    return found[1].lower() if found else sign


def letter_of(name: str) -> Letter:
    """The letter ``name`` stands under."""
    return _letter(folded(name)[:1])


@lru_cache(maxsize=10_000)
def _letter(first: str) -> Letter:
    if not first.isalpha():
        return Letter(0, "", DIGITS)
    if first.isascii():
        return Letter(1, LATIN, first.upper())
    word = unicodedata.name(first, "OTHER").split()[0].lower()
    script = _NAMED.get(word, word.capitalize())
    return Letter(2, script, script if script in _NO_ALPHABET else first.upper())


def shelves(things: Iterable[T], name_of: Callable[[T], str]) -> list[Shelf[T]]:
    """``things`` by letter, each shelf in the order of a dictionary. Another alphabet has letters of its own once it has many."""
    named = [(folded(name_of(thing)), name_of(thing), number, thing) for number, thing in enumerate(things)]
    by_letter: dict[Letter, list[T]] = {}
    for plain, _, _, thing in sorted(named):
        by_letter.setdefault(_letter(plain[:1]), []).append(thing)
    sizes: dict[str, int] = {}
    for letter, found in by_letter.items():
        sizes[letter.script] = sizes.get(letter.script, 0) + len(found)
    made: dict[str, tuple[str, list[T]]] = {}
    for letter in sorted(by_letter):
        whole = letter.rank == 2 and sizes[letter.script] <= FEW
        key, name = (letter.script.lower().replace(" ", "-"), letter.script) if whole else (letter.key, letter.name)
        made.setdefault(key, (name, []))[1].extend(by_letter[letter])
    return [Shelf(key, name, tuple(found)) for key, (name, found) in made.items()]


def keys_of(name: str) -> tuple[str, str]:
    """What addresses may call the place of ``name``: its letter, and its script."""
    letter = letter_of(name)
    return letter.key, letter.script.lower().replace(" ", "-")


def key_of(text: str) -> str:
    """What addresses call the letter ``text`` begins with, where it is written another way: "É" is "e"."""
    if len(text) > LONGEST:
        return ""
    wanted = unicodedata.normalize("NFC", text).strip().casefold()
    return letter_of(wanted).key if len(wanted) == 1 else wanted
