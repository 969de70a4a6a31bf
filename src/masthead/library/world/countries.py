"""The world's countries: facts, and the many words for each.

Every country and territory of ISO 3166, and Kosovo. A name may be one it has no more (Burma, Zaire) or one that only some use;
what covers more than the country (the Soviet Union) helps a search but names nothing.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

CONTENT = Path(__file__).parent / "content"


@dataclass(frozen=True, slots=True)
class Source:
    """Where facts come from, as a page that shows them has to say."""

    name: str
    what: str
    licence: str
    address: str


SOURCES: tuple[Source, ...] = (
    Source("Unicode CLDR 48", "population, languages, currency, regions", "Unicode License v3", "https://cldr.unicode.org/"),
    Source("GeoNames", "capitals, area, neighbours", "CC BY 4.0", "https://www.geonames.org/"),
    Source("Natural Earth", "outlines", "public domain", "https://www.naturalearthdata.com/"),
)


@dataclass(frozen=True, slots=True)
class Country:
    """A country or territory. What the sources do not say is empty or None."""

    code: str  # ISO 3166, two letters; XK for Kosovo
    alpha3: str
    fips: str  # two letters again, but others: the CIA's and the State Department's
    name: str
    formal: str
    names: tuple[str, ...]  # others it goes or went by
    demonyms: tuple[str, ...]  # adjective first, then its people
    capitals: tuple[str, ...]
    state: bool  # a member or observer of the United Nations, Kosovo or Taiwan; not a dependent territory
    region: str
    subregion: str
    population: int | None  # the latest estimate in CLDR, which does not date it
    area: int | None  # square kilometres
    languages: tuple[str, ...]  # official ones
    currency: str
    currency_code: str
    neighbours: tuple[str, ...]  # codes
    latitude: float | None  # of the middle of its largest part
    longitude: float | None
    loose: tuple[str, ...] = ()  # names and demonyms of what covers more than the country: for search only
    unsearchable: tuple[str, ...] = ()  # of the above, what in lower case is an ordinary word, or means others as well


# Codes that are no more, of countries that are in others now. Czechoslovakia, Yugoslavia and the Soviet Union are in several.
_FORMER_CODES = {"BUR": "MM", "DDR": "DE", "ROM": "RO", "TMP": "TL", "YMD": "YE", "ZAR": "CD", "KSV": "XK"}
# The CIA's, of what has no code of its own in ISO 3166, or another now
_FORMER_FIPS = {"GZ": "PS", "RB": "RS", "CW": "CK"}
# Names of two countries each: they name neither
_AMBIGUOUS = {"congo", "korea", "china taiwan", "guiana", "samoa islands", "virgin islands", "saint martin", "timor", "america"}


def country(code: str) -> Country | None:
    """The country with the ISO 3166 code ``code`` (two letters, either case)."""
    return _by_code().get(code.upper())


@lru_cache(maxsize=1)
def countries() -> tuple[Country, ...]:
    """All of them, by name."""
    rows = json.loads((CONTENT / "countries.json").read_text(encoding="utf-8"))
    return tuple(sorted((_read(row) for row in rows), key=lambda each: key(each.name)))


def named(name: str) -> Country | None:
    """The country ``name`` means: a name now or once used (case, accents and *the* do not matter), or a code of three letters.

    Two letters only where ISO 3166 and FIPS 10-4 do not mean different countries by them; see :func:`fips`.
    """
    name = name.strip()
    if len(name) == 2 and name.isascii() and name.isalpha():
        found = {each.code: each for each in (country(name), fips(name)) if each}
        if found:
            return next(iter(found.values())) if len(found) == 1 else None
    return _by_name().get(key(name)) or _by_name().get(key(re.sub(r"\s*\(.*?\)|\s*\*$", "", name)))


def fips(code: str) -> Country | None:
    """The country with the FIPS 10-4 code ``code``, as The World Factbook uses them: AU is Austria, not Australia."""
    return _by_fips().get(code.upper())


@lru_cache(maxsize=1)
def synonyms() -> tuple[tuple[str, ...], ...]:
    """For search: groups of lower-case words and phrases of which each may stand for the others.

    A country's names, former ones too, and demonyms. Left out is what is an ordinary word in lower case (polish, poles) and
    what means two countries (Congolese, Dominican, Czechoslovakia). Then the names of :func:`spellings`.
    """
    groups = []
    for each in countries():
        words = (each.name, each.formal, *each.names, *each.demonyms, *each.loose)
        spoken = (re.sub(r"^the ", "", _spoken(word)) for word in words if word not in each.unsearchable or word == "US")
        groups.append(tuple(dict.fromkeys(word for word in spoken if not set("(,") & set(word))))
    uses = Counter(word for group in groups for word in group)
    alone = (tuple(word for word in group if uses[word] == 1) for group in groups)
    return (*(group for group in alone if len(group) > 1), *spellings())


def _spoken(word: str) -> str:
    """``word`` in lower case, where that leaves it a name."""
    return "US" if word in ("US", "U.S.") else word.lower()


@lru_cache(maxsize=1)
def spellings() -> tuple[tuple[str, ...], ...]:
    """For search: names other than countries' that are written in several ways, or go by their initials."""
    lines = (CONTENT / "spellings.txt").read_text(encoding="utf-8").splitlines()
    groups = (tuple(name.strip() for name in line.split("|")) for line in lines if line.strip() and line[0] != "#")
    return tuple(group for group in groups if len(group) > 1)


@lru_cache(maxsize=1)
def overlapping() -> frozenset[str]:
    """For search: formal names that stand within another country's, so that finding one says little (Republic of Korea)."""
    names = {each.code: {word.lower() for word in (each.name, each.formal, *each.names)} for each in countries()}
    return frozenset(
        name
        for code, its in names.items()
        for name in its
        if name.startswith("republic of ")
        and any(f" {name} " in f"{each} " for other, theirs in names.items() if other != code for each in theirs)
    )


def key(name: str) -> str:
    """``name`` as it is compared: without case, accents, points, apostrophes and *the*; ``&`` and ``St.`` written out."""
    letters = unicodedata.normalize("NFKD", name.casefold().replace("&", " and "))
    plain = re.sub(r"[^a-z0-9 ]", "", "".join("" if unicodedata.combining(c) else " " if c in "-,/" else c for c in letters))
    words = [("saint" if word == "st" else word) for word in plain.split()]
    if words[:1] == ["the"]:
        words = words[1:]
    if words[-1:] == ["the"]:
        words = words[:-1]
    return " ".join(words)


def _read(row: dict[str, Any]) -> Country:
    marked = {field: row.pop(field) for field in ("names", "demonyms")}
    everything = [word for words in marked.values() for word in words]
    plain = {field: tuple(word.lstrip("!") for word in words if word[0] != "?") for field, words in marked.items()}
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    values |= plain
    return Country(
        **values,
        loose=tuple(word[1:] for word in everything if word[0] == "?"),
        unsearchable=tuple(word[1:] for word in everything if word[0] == "!"),
    )


@lru_cache(maxsize=1)
def _by_code() -> dict[str, Country]:
    return {each.code: each for each in countries()}


@lru_cache(maxsize=1)
def _by_fips() -> dict[str, Country]:
    former = {code: _by_code()[iso] for code, iso in _FORMER_FIPS.items()}
    return former | {each.fips: each for each in countries() if each.fips}


@lru_cache(maxsize=1)
def _by_name() -> dict[str, Country]:
    found: dict[str, Country] = {}
    for each in countries():  # the name in use now comes before one that was
        found.setdefault(key(each.name), each)
    for each in countries():
        for name in (each.formal, *each.names, each.alpha3):
            if key(name) not in _AMBIGUOUS:
                found.setdefault(key(name), each)
    return found | {code.lower(): _by_code()[iso] for code, iso in _FORMER_CODES.items()}
