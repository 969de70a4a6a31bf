"""A country on its page: its facts, and where it lies. From packaged open data alone, without a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from masthead.articles.cards import Link
from masthead.library import world

LANGUAGES = 6  # of the two dozen some have


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of what is to be known of a country."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A country's facts, and whom they come from."""

    formal: str
    facts: tuple[Fact, ...]
    sources: tuple[Link, ...]


def profile(country: world.Country) -> Profile:
    """What is to be known of ``country``, as far as it is known."""
    facts = []
    if country.capitals:
        facts.append(Fact("Capital" if len(country.capitals) == 1 else "Capitals", _list(country.capitals)))
    if country.population:
        facts.append(Fact("Population", _people(country.population)))
    if country.area:
        facts.append(Fact("Area", f"{round(country.area):,} km²"))
    if country.languages:
        shown, more = country.languages[:LANGUAGES], len(country.languages) - LANGUAGES
        label = "Official language" if len(country.languages) == 1 else "Official languages"
        facts.append(Fact(label, f"{', '.join(shown)} and {more} more" if more > 0 else _list(shown)))
    if country.currency:
        facts.append(Fact("Currency", country.currency))
    if country.subregion or country.region:
        facts.append(Fact("Region", country.subregion or country.region))
    formal = country.formal if country.formal != country.name else ""
    return Profile(formal, tuple(facts), tuple(Link(source.name, source.address) for source in world.SOURCES))


def _list(some: Sequence[str]) -> str:
    return f"{', '.join(some[:-1])} and {some[-1]}" if len(some) > 1 else "".join(some)


def _people(number: int) -> str:
    for unit, word, digits in ((1_000_000_000, "billion", 2), (1_000_000, "million", 1)):
        if number >= unit:
            return f"{number / unit:.{digits}f}".rstrip("0").rstrip(".") + f" {word}"
    return f"{number:,}"


def locator(codes: Sequence[str]) -> SafeString:
    """Where the countries of ``codes`` lie; empty where nobody knows."""
    return mark_safe(world.locator(*codes))  # drawn from packaged data, and remembered there
