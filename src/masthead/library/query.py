"""What somebody searches for: read from an address or a search field, and written back as one canonical address. Pure.

Nothing a reader types is an error. What cannot be understood is searched for as words; what is too much is cut, with a note.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import quote, unquote

from masthead.library import languages

LONGEST = 300  # characters of text
MOST_WORDS = 60
MOST_FILTERS = 8  # values of one filter
PAGE = 15
DEEPEST = 200  # pages; who wants more is told to narrow

FILTERS = ("topic", "region", "author", "format", "access")


class Order(StrEnum):
    """How results are sorted."""

    RELEVANCE = "relevance"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that stand together, or (of one word) a word as such."""

    text: str
    excluded: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """The search field's text, taken apart."""

    words: tuple[str, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    excluded: tuple[str, ...] = ()
    prefix: str = ""  # the word that may go on: starred, or the last one while it is typed
    authors: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None  # not included
    notes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for, so that filters alone decide."""
        return not (self.words or self.phrases or self.prefix or self.authors or self.topics or self.since or self.until)


@dataclass(frozen=True, slots=True)
class Request:
    """A search, as its address says it."""

    text: str = ""
    topic: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    author: tuple[str, ...] = ()
    format: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    year: int | None = None
    month: int | None = None
    order: Order = Order.RELEVANCE
    page: int = 1
    typing: bool = False  # the last word may go on; never part of an address that is kept
    notes: tuple[str, ...] = ()

    @property
    def filtered(self) -> bool:
        """Whether anything but the text narrows it."""
        return bool(self.topic or self.region or self.author or self.format or self.access or self.year)

    def query_string(self, **changes: object) -> str:
        """The canonical query string, with ``changes`` to fields; page 1 unless ``page`` is given. Empty for an empty search."""
        # by hand: a page of results has a hundred of these, and making as many requests takes milliseconds
        changed: dict[str, Any] = {name: getattr(self, name) for name in _KEPT} | changes
        text, year, month, order = (changed[name] for name in ("text", "year", "month", "order"))
        pairs: list[tuple[str, str]] = [("q", text)] if text else []
        for name in FILTERS:
            pairs += [(name, value) for value in changed[name]]
        if year is not None:
            pairs.append(("year", str(year)))
            if month is not None:
                pairs.append(("month", str(month)))
        if order != _default_order(text):
            pairs.append(("order", order.value))
        # whoever narrows or sorts anew begins on the first page
        page = changes.get("page", 1)
        if page != 1:
            pairs.append(("page", str(page)))
        return "&".join([f"{name}={_quoted(value)}" for name, value in pairs])

    @property
    def default_order(self) -> Order:
        """The best first where there are words to judge by, else the newest."""
        return _default_order(self.text)

    def toggled(self, name: str, value: str) -> str:
        """The query string with ``value`` added to the filter ``name``, or taken away where it is there."""
        held: tuple[str, ...] = getattr(self, name)
        return self.query_string(**{name: tuple(v for v in held if v != value) if value in held else (*held, value)})


_KEPT = ("text", *FILTERS, "year", "month", "order")


def _default_order(text: str) -> Order:
    return Order.RELEVANCE if text else Order.NEWEST


@lru_cache(maxsize=4096)
def _quoted(value: str) -> str:
    return quote(value, safe="").replace("%20", "+")


class Parameters(Protocol):
    """A ``QueryDict``, or what looks like one."""

    def getlist(self, name: str) -> Sequence[str]:
        """All values given for ``name``."""


class FromMapping:
    """A mapping of lists as :class:`Parameters`."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = values

    def getlist(self, name: str) -> Sequence[str]:
        """All values given for ``name``."""
        return self._values.get(name, ())


_SLUG = re.compile(r"[\w-]{1,120}")
_SPACE = re.compile(r"\s+")


def parse(given: Parameters) -> Request:
    """The search that ``given`` parameters ask for. Never fails: what makes no sense is left out, with a note."""
    notes: list[str] = []
    text = clean(" ".join(given.getlist("q")[:1]))
    if len(text) > LONGEST:
        text = text[:LONGEST].rpartition(" ")[0] or text[:LONGEST]
        notes.append(f"That was long: we searched for its first {len(text)} characters.")
    filters = {name: _slugs(given.getlist(name)) for name in FILTERS}
    year = _number(given.getlist("year"), 1, 9999)
    month = _number(given.getlist("month"), 1, 12) if year is not None else None
    page = _number(given.getlist("page"), 1, 10**9) or 1
    if page > DEEPEST:
        notes.append(f"We show the first {DEEPEST} pages. Please narrow the search by a topic, an author or a year.")
        page = DEEPEST
    request = replace(
        Request(text=text, year=year, month=month, page=page, typing="1" in given.getlist("typing")),
        **filters,  # type: ignore[arg-type]
    )
    wanted = "".join(given.getlist("order")[:1])
    order = Order(wanted) if wanted in set(Order) else request.default_order
    if order == Order.RELEVANCE and not text:
        order = Order.NEWEST
    return replace(request, order=order, notes=tuple(notes))


def clean(text: str) -> str:
    """``text`` in composed form, on one line, without what cannot be seen."""
    text = languages.composed(text[: LONGEST * 8])
    text = "".join(c if c.isprintable() else " " for c in text)
    return _SPACE.sub(" ", text).strip()


def _slugs(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if _SLUG.fullmatch(value)))[:MOST_FILTERS]


def _number(values: Sequence[str], least: int, most: int) -> int | None:
    text = values[0] if values else ""
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        return None
    return int(text) if least <= int(text) <= most else None


_TOKEN = re.compile(
    r"""(?P<sign>-)?
        (?:(?P<name>author|topic|before|after):(?=\S))?
        (?: ["“„«](?P<phrase>[^"”“»]*)["”“»]? | (?P<bare>\S+) )""",
    re.VERBOSE | re.IGNORECASE,
)
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s/]+(/[^\s?#]*).*", re.IGNORECASE)
_DATE = re.compile(r"(\d{1,4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")


def read(text: str, *, typing: bool = False, most: int = MOST_WORDS) -> Wanted:
    """Take the search field's ``text`` apart: words, "phrases", -exclusions, author:, topic:, before:, after:, prefix*."""
    words: list[str] = []
    phrases: list[Phrase] = []
    excluded: list[str] = []
    people: list[str] = []
    topics: list[str] = []
    notes: list[str] = []
    since: date | None = None
    until: date | None = None
    prefix = ""
    for match in _TOKEN.finditer(text):
        name = (match["name"] or "").lower()
        phrase, bare = match["phrase"], match["bare"]
        value = (phrase if phrase is not None else bare or "").strip()
        if not any(c.isalnum() for c in value):
            continue
        if name in ("before", "after"):
            moment = _read_date(value)
            if moment is None:
                notes.append(f"“{value[:20]}” is no date we can read: write {name}:2019 or {name}:2019-03-21.")
            elif name == "before":
                until = min(until, moment) if until else moment
            else:
                since = max(since, moment) if since else moment
        elif name == "author":
            people.append(value)
        elif name == "topic":
            topics.append(value)
        elif phrase is not None:
            phrases.append(Phrase(value, excluded=bool(match["sign"])))
        elif match["sign"]:
            excluded.append(value)
        else:
            goes_on = value.endswith("*") and len(value) > 2
            unfinished = typing and match.end() == len(text) and len(value) > 1
            value = value.rstrip("*") or value
            if said := _of_address(value):
                words += said
                continue
            if goes_on or unfinished:
                # one word can: of two the last, and the other is a word
                words += [prefix] if prefix else []
                prefix = value
            else:
                words.append(value)
    if len(words) > most:
        notes.append(f"That was long: we searched for its first {most} words.")
    return Wanted(
        words=tuple(words[:most]),
        phrases=tuple(phrases[:6]),
        excluded=tuple(excluded[:12]),
        prefix=prefix,
        authors=tuple(people[:4]),
        topics=tuple(topics[:4]),
        since=since,
        until=until,
        notes=tuple(notes),
    )


def _of_address(text: str) -> list[str]:
    """What the address of a page says of it: the words of the part that has most of them. Nothing of what is no address."""
    match = _ADDRESS.fullmatch(text)
    parts = [re.findall(r"[^\W_]+", unquote(part.partition(".")[0])) for part in match[1].split("/")] if match else []
    said = [(sum(not word.isdigit() for word in words), words) for words in reversed(parts)]
    number, most = max(said, key=lambda each: each[0], default=(0, []))
    return most if number else []


def _read_date(text: str) -> date | None:
    match = _DATE.fullmatch(text)
    if not match:
        return None
    year, month, day = (int(part) if part else 1 for part in match.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None
