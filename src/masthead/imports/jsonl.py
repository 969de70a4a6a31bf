"""Articles from a file with one JSON object on each line, plain or gzipped: reading it, and judging records. No Django.

A line is a record with ``id``, ``title``, ``date`` and ``body`` (plain text with empty lines between paragraphs, or Markdown
where ``format`` says so). It may have ``date_precision``, ``source``, ``url``, ``licence``, ``author`` or ``authors``,
``topics``, ``country``, ``lang`` and ``deck``.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from masthead.imports import markdown, text
from masthead.library import world

FEWEST_WORDS = 20
LONGEST_LINE = 16_000_000  # bytes; one record of more is a mistake
KEY_LENGTH = 160

# What readers are told where the archive only has a short code.
SOURCES = {
    "digitalgov": "Digital.gov, US General Services Administration",
    "factbook": "The World Factbook, CIA",
    "globalvoices-eo": "Global Voices en Esperanto",
    "history-milestones": "Milestones, US Office of the Historian",
    "history-rdcr": "Countries, US Office of the Historian",
    "state-hr": "Country Reports on Human Rights Practices, US Department of State",
    "ungdc": "United Nations General Debate Corpus",
    "wikinews-en": "Wikinews",
    "wp-current-events": "Wikipedia, Portal:Current events",
}
_PRECISION = {"day": "day", "month": "month", "year": "year", "period": "none"}
_COUNTRY = re.compile(r"(?=.{4,40}$)[A-ZÀ-Þ][^\W\d_]+(?:[ '’.-]+(?:[^\W\d_]+))*")
_SEVERAL = re.compile(r",\s*(?:and\s+)?|\s+and\s+|\s+-\s+")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


class Unreadable(Exception):
    """The file cannot be read any further; the message is one sentence."""


class Refused(Exception):
    """A record that will not be imported; the message says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its record, or what is wrong with it."""

    number: int
    record: dict[str, Any] | None
    error: str = ""
    position: int = 0  # bytes of the file read so far, for progress


@dataclass(frozen=True, slots=True)
class Entry:
    """A record, judged and cleaned; authors and topics still by name."""

    title: str
    dated: datetime
    body: list[dict[str, Any]]
    date_precision: str = "day"
    draft: bool = False
    standfirst: str = ""
    source: str = ""
    source_url: str = ""
    licence: str = ""
    authors: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    language: str = ""
    notes: tuple[str, ...] = field(default=())


# Reading --------------------------------------------------------------------------------------------------------------


def read(path: Path) -> Iterator[Line]:
    """The lines of ``path``, one at a time; empty ones are passed over."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            stream: BinaryIO = gzip.GzipFile(fileobj=raw) if packed else raw  # type: ignore[assignment]
            number = 0
            while data := stream.readline(LONGEST_LINE + 1):
                number += 1
                if len(data) > LONGEST_LINE:
                    while data and not data.endswith(b"\n"):
                        data = stream.readline(LONGEST_LINE)
                    yield Line(number, None, f"longer than {LONGEST_LINE // 1_000_000} megabytes", raw.tell())
                elif data.strip(b"\xef\xbb\xbf \t\r\n"):
                    yield _parse(number, data, raw.tell())
    except FileNotFoundError as error:
        raise Unreadable(f"There is no file {path}.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Unreadable(
            f"{path.name} is damaged after line {number}: the compressed data ends early or is broken. What was read is imported."
        ) from error
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror or error}.") from error


def _parse(number: int, data: bytes, position: int) -> Line:
    try:
        record = json.loads(data.decode("utf-8-sig").lstrip("\ufeff"))
    except UnicodeDecodeError as error:
        return Line(number, None, f"not UTF-8 at byte {error.start + 1}", position)
    except json.JSONDecodeError as error:
        return Line(number, None, f"not JSON at character {error.pos + 1} ({error.msg})", position)
    except RecursionError:
        return Line(number, None, "nested too deeply", position)
    except ValueError as error:  # a number with thousands of digits
        return Line(number, None, f"not usable JSON ({error})", position)
    if not isinstance(record, dict):
        return Line(number, None, "not a JSON object", position)
    return Line(number, record, "", position)


# Judging --------------------------------------------------------------------------------------------------------------


def key(record: dict[str, Any]) -> str:
    """What the record is known by from one run to the next. Raises :class:`Refused` where it has no id."""
    identity = record.get("id")
    if not isinstance(identity, str | int) or isinstance(identity, bool) or not text.line(str(identity)):
        raise Refused("has no id")
    full = f"{text.line(_string(record, 'source'))}:{text.line(str(identity))}"
    if len(full) <= KEY_LENGTH:
        return full
    return f"{full[: KEY_LENGTH - 17]}~{hashlib.blake2b(full.encode(), digest_size=8).hexdigest()}"


def fingerprint(record: dict[str, Any]) -> bytes:
    """The same for two bodies that differ at most in their white space and byte-order marks."""
    letters = _string(record, "body")
    for space in (" ", "\n", "\r", "\t", "\xa0", "\ufeff"):  # many times quicker than splitting
        letters = letters.replace(space, "")
    return hashlib.blake2b(letters.encode(errors="replace"), digest_size=12).digest()


def entry(record: dict[str, Any], zone: ZoneInfo, now: datetime, fewest_words: int = FEWEST_WORDS) -> Entry:
    """What will be an article. Raises :class:`Refused` with the reason where the record will not do."""
    title = _line(record, _string(record, "title"))
    if not title:
        raise Refused("has no title")
    body = _string(record, "body")
    words = len(body.split(None, fewest_words)[:fewest_words])
    if words < fewest_words:
        raise Refused(f"has a body of {words} words (fewer than {fewest_words})" if words else "has no body")
    notes: list[str] = []
    dated, precision = _dated(record, zone, now)
    draft = dated > now
    if draft:
        notes.append("dated in the future: imported as a draft")
    if precision == "year":
        notes.append("dated only by its year")
    if record.get("format") == "markdown":
        if "\ufeff" in body:
            notes.append("byte-order mark removed")
        blocks = markdown.blocks(text.characters(body))
        while blocks and blocks[0]["type"] == "heading" and blocks[0]["value"].casefold() == title.casefold():
            del blocks[0]
        while blocks and blocks[-1]["type"] == "heading":
            del blocks[-1]
    else:
        cleaned = text.clean(body, title)
        notes += cleaned.notes
        blocks = [
            markdown.block(piece.kind, f"<p>{markdown.escape(piece.text)}</p>" if piece.kind == "paragraph" else piece.text)
            for piece in cleaned.pieces
        ]
    if not blocks:
        raise Refused("has no text once markup is taken away")
    countries, country_note = _countries(record)
    notes += country_note
    language, language_note = _language(record)
    notes += language_note
    source = text.line(_string(record, "source"))
    return Entry(
        title=title[:255],
        dated=dated,
        body=markdown.identify(blocks, key(record)),
        date_precision=precision,
        draft=draft,
        standfirst=_standfirst(_line(record, _string(record, "deck") or _string(record, "standfirst"))),
        source=SOURCES.get(source, source)[:200],
        source_url=_address(_string(record, "url") or _string(record, "source_url")),
        licence=text.line(_string(record, "licence") or _string(record, "license"))[:200],
        authors=tuple(dict.fromkeys(_author(name) for name in _names(record, "author", "authors"))),
        topics=tuple(dict.fromkeys(_topic(name) for name in _names(record, "topics"))),
        countries=countries,
        language=language,
        notes=tuple(notes),
    )


def _string(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(f"has a {name} that is not text")
    return value


def _line(record: dict[str, Any], given: str) -> str:
    """A title or a name as one line, entities decoded; but those of an export of ours are what they are."""
    return text.line(given) if record.get("kind") == "article" else text.decoded(given)


def _names(record: dict[str, Any], *fields: str) -> list[str]:
    names: list[str] = []
    for name in fields:
        value = record.get(name)
        if value is None:
            continue
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(each, str) for each in values):
            raise Refused(f"has {name} that are no list of names")
        names += [line for each in values if (line := _line(record, each))]
    return names


def _author(name: str) -> str:
    """A name as given; a login such as gsa-blog-team with spaces."""
    if "-" in name and " " not in name and name.islower():
        name = " ".join(part.capitalize() for part in name.split("-"))
    return name[:120]


def _topic(name: str) -> str:
    """A slug such as content-strategy as a reader would write it."""
    if " " not in name and name.islower():
        name = name.replace("-", " ")
    return (name[:1].upper() + name[1:])[:80]


def _countries(record: dict[str, Any]) -> tuple[tuple[str, ...], list[str]]:
    """The countries a text is about, by the names they have now; one that is no more by its own, if that is a plain name.

    A code of two letters is believed where all lists agree on it. The Factbook's are known to be FIPS.
    """
    given = text.line(_string(record, "country"))
    if not given:
        return (), []
    code = len(given) == 2
    found = world.fips(given) if code and _string(record, "source") == "factbook" else world.named(given)
    if found:
        return (found.name,), []
    name = given.rstrip("*").strip()
    parts = _SEVERAL.split(re.sub(r"\(.*?\)", "", name))
    if several := [part.name for each in parts if len(parts) > 1 and (part := world.named(each))]:
        return tuple(dict.fromkeys(several)), []
    if name.endswith(", The"):
        name = f"The {name.removesuffix(', The')}"
    if _COUNTRY.fullmatch(name) and not name.isupper():
        return (name,), []
    return (), ["country is an unknown code or no plain name: left out"]


def _language(record: dict[str, Any]) -> tuple[str, list[str]]:
    """The text's language as a tag such as eo or pt-BR. Some sources write eng_US or English (UK): those tell too little."""
    given = text.line(_string(record, "lang")).replace("_", "-")
    if not given:
        return "", []
    if len(given) > 12 or not _LANGUAGE.fullmatch(given):
        return "", ["in an unknown language"]
    first, dash, rest = given.partition("-")
    tag = f"{first.lower()}{dash}{rest}"
    return tag, [] if first.lower() == "en" else [f"in another language ({tag})"]


def _dated(record: dict[str, Any], zone: ZoneInfo, now: datetime) -> tuple[datetime, str]:
    """When it is dated, and how exactly. Noon where it is published, so that it is the same day wherever it is shown."""
    given = text.line(_string(record, "date"))
    precision = _PRECISION.get(_string(record, "date_precision") or "day", "day")
    match = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:[T ].*)?", given)
    if not match:
        raise Refused(f"has no date that can be read ({given[:30]!r})" if given else "has no date")
    year, month, day = match.groups()
    if month is None and precision != "none":
        precision = "year"
    elif day is None and precision == "day":
        precision = "month"
    try:
        on = date(int(year), int(month or 1), int(day or 1))
        moment = datetime.combine(on, time(12), zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Refused(f"has a date that does not exist ({given[:30]!r})") from error
    moment = moment.replace(second=0, microsecond=0)  # local mean time before time zones has odd seconds
    if on == now.astimezone(zone).date():
        moment = min(moment, now)
    return moment, precision


def _standfirst(deck: str) -> str:
    """A deck that fits; a longer one is a text, not a standfirst."""
    return deck if len(deck) <= 500 else ""


def _address(url: str) -> str:
    """A web address, or nothing."""
    url = text.line(url)
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname or " " in url or len(url) > 500:
        return ""
    return parts._replace(path=re.sub(r"/{2,}", "/", parts.path)).geturl()
