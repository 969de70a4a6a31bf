"""The archive by date: all years, and what was published in a year, a month or a day. Content that depends on the path alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar

from django.http import Http404
from django.utils import translation
from django.utils.formats import date_format, get_format

from masthead.articles import calendar, cards
from masthead.articles.calendar import Tally
from masthead.articles.cards import Card, Link
from masthead.articles.models import Article
from masthead.articles.stretches import Stretch, day_of
from masthead.core.languages import supported
from masthead.core.timezones import zone
from masthead.front.content.page import TOP, Page
from masthead.front.content.publication import PublicationFacts

ROOT = Link("Archive", "/archive/")
SIZE = 40  # articles a page: titles, without pictures


# --- all years


@dataclass(frozen=True, slots=True)
class Decade:
    """Ten years, and those of them that hold articles, newest first."""

    name: str
    years: tuple[Tally, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class YearsPage(Page):
    """Every year that holds articles."""

    template: ClassVar[str] = "front/archive/years.html"

    decades: tuple[Decade, ...]
    count: int
    first: int
    last: int


def years_page(publication: PublicationFacts, now: datetime) -> YearsPage:
    """All years with what they hold, newest decade first."""
    found = calendar.years(zone(publication.timezone), now)[::-1]
    decades: dict[int, list[Tally]] = {}
    for tally in found:
        decades.setdefault(tally.stretch.year // 10, []).append(tally)
    return YearsPage(
        title="Archive",
        description=f"Everything {publication.name} has published, by year, month and day.",
        canonical=ROOT.path,
        crumbs=(Link("Home", "/"), ROOT),
        decades=tuple(Decade(f"{number}0s", tuple(years)) for number, years in decades.items()),
        count=sum(tally.count for tally in found),
        first=found[-1].stretch.year if found else 0,
        last=found[0].stretch.year if found else 0,
    )


# --- a year, a month, a day


@dataclass(frozen=True, slots=True)
class Cell:
    """A month of a year or a day of a month in its calendar: a link to its page where it holds articles."""

    name: str
    full: str = ""  # for whoever hears it alone
    path: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Bundle:
    """Articles of one month or day under a heading; under none where all were published on the page's own."""

    title: str
    path: str
    cards: tuple[Card, ...]
    dateless: bool  # the heading says it all


@dataclass(frozen=True, slots=True, kw_only=True)
class StretchPage(Page):
    """What was published in a year, a month or a day: its calendar, and its articles, newest first."""

    template: ClassVar[str] = "front/archive/stretch.html"
    slots: ClassVar[tuple[str, ...]] = (TOP,)
    parameters: ClassVar[tuple[str, ...]] = ("before",)

    kind: str  # "year", "month" or "day"
    name: str
    path: str
    count: int
    undivided: int  # of them, those no month (or day) is known of
    months: tuple[Cell, ...]
    weekdays: tuple[Link, ...]  # the short name, and in place of a path the long one
    weeks: tuple[tuple[Cell, ...], ...]
    earlier: Link | None
    later: Link | None
    bundles: tuple[Bundle, ...]
    older: str
    later_page: bool


def stretch_page(stretch: Stretch, before: str, publication: PublicationFacts, now: datetime) -> StretchPage:
    """The page of ``stretch``. Raises 404 where nothing was published in it (or is yet to be)."""
    where = zone(publication.timezone)
    [*whole] = calendar.tallies([stretch], where, now)
    if not whole:
        raise Http404("Nothing was published then.")
    parts = [] if stretch.day else calendar.tallies(stretch.parts(), where, now)
    counts = {tally.stretch: tally.count for tally in parts}
    earlier, later = (calendar.nearest(stretch, where, now, later=later) for later in (False, True))
    page = cards.page_of(calendar.articles(stretch, where, now), before=before, size=SIZE)
    following = cards.read_mark(before) is not None
    with translation.override(supported(publication.language)):
        name = title_of(stretch)
        return StretchPage(
            title=f"{name}: older articles" if following else name,
            description=f"What {publication.name} published {'on' if stretch.day else 'in'} {name}.",
            canonical=f"{stretch.path}?before={before}" if following else stretch.path,
            crumbs=(
                Link("Home", "/"),
                ROOT,
                *(Link(_short(wider), wider.path) for wider in stretch.wider()),
                Link(_short(stretch), stretch.path),
            ),
            kind="day" if stretch.day else "month" if stretch.month else "year",
            name=name,
            path=stretch.path,
            count=whole[0].count,
            undivided=0 if stretch.day else whole[0].count - sum(counts.values()),
            months=() if stretch.month else tuple(_cell(part, counts) for part in stretch.parts()),
            weekdays=tuple(_weekdays()) if stretch.month and not stretch.day else (),
            weeks=tuple(_weeks(stretch, counts)) if stretch.month and not stretch.day else (),
            earlier=Link(title_of(earlier), earlier.path) if earlier else None,
            later=Link(title_of(later), later.path) if later else None,
            bundles=tuple(_bundles(stretch, page.articles, publication)),
            older=f"{stretch.path}?before={page.older}" if page.older else "",
            later_page=following,
        )


def title_of(stretch: Stretch) -> str:
    """ "2019", "March 2019" or "21 March 2019", as the language has it."""
    if stretch.day:
        return date_format(stretch.first, get_format("DATE_FORMAT").replace("M", "F").replace("N", "F"), use_l10n=False)
    return date_format(stretch.first, "YEAR_MONTH_FORMAT") if stretch.month else str(stretch.year)


def _short(stretch: Stretch) -> str:
    """ "2019", "March" or "21": in a line that names the wider ones first."""
    return str(stretch.day) if stretch.day else date_format(stretch.first, "F") if stretch.month else str(stretch.year)


def _cell(part: Stretch, counts: dict[Stretch, int]) -> Cell:
    count = counts.get(part, 0)
    return Cell(_short(part), title_of(part), part.path if count else "", count)


def _first_weekday() -> int:
    """The day weeks begin with in this language; Sunday is 0."""
    return int(get_format("FIRST_DAY_OF_WEEK"))


def _weekdays() -> Iterator[Link]:
    sunday = date(2023, 1, 1)
    for number in range(7):
        day = sunday + timedelta(days=(_first_weekday() + number) % 7)
        yield Link(date_format(day, "D"), date_format(day, "l"))


def _weeks(month: Stretch, counts: dict[Stretch, int]) -> Iterator[tuple[Cell, ...]]:
    blank = Cell("")
    cells = [blank] * ((month.first.isoweekday() - _first_weekday()) % 7)
    cells += [_cell(day, counts) for day in month.parts()]
    cells += [blank] * (-len(cells) % 7)
    for start in range(0, len(cells), 7):
        yield tuple(cells[start : start + 7])


def _bundles(stretch: Stretch, articles: list[Article], publication: PublicationFacts) -> Iterator[Bundle]:
    """By month on a year's page, by day on a month's. What is not known so exactly stands last, under no date it may not have."""
    where = zone(publication.timezone)
    bundles: dict[Stretch, list[Card]] = {}
    for article, card in zip(articles, cards.cards_of(articles), strict=True):
        part = stretch
        if not stretch.day and article.dated:
            day = day_of(article.dated, where)
            finer = Stretch(day.year, day.month, 0 if not stretch.month else day.day)
            if article.date_precision in finer.precisions:
                part = finer
        bundles.setdefault(part, []).append(card)
    for part in sorted(bundles, key=lambda part: (part != stretch, part), reverse=True):
        own = part == stretch
        unknown = f"{title_of(part)}, {'day' if stretch.month else 'month'} unknown"
        title = "" if stretch.day else unknown if own else title_of(part)
        yield Bundle(title, "" if own else part.path, tuple(bundles[part]), dateless=own or bool(part.day))
