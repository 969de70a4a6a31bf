"""What is compared with the library's index: an article as every engine is given it, and how engines are called."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from benchmarks.queries import Asked, Source

MOST = 20  # titles asked for


@dataclass(frozen=True, slots=True)
class Article:
    """One article as it is indexed. ``year`` as text; topics and authors by slug."""

    number: int
    title: str
    standfirst: str
    body: str
    year: str
    access: str
    topics: tuple[str, ...]
    authors: tuple[str, ...]

    @staticmethod
    def of(number: int, record: dict[str, Any]) -> Article:
        """From a line of ``masthead export``."""
        return Article(
            number,
            record["title"],
            record["standfirst"] or "",
            record["body"],
            (record["date"] or "")[:4],
            record["access"],
            tuple(record["topics"]),
            tuple(record["authors"]),
        )

    def tags(self) -> Iterator[tuple[str, str]]:
        """Its topics and authors, each with its kind."""
        yield from (("topic", slug) for slug in self.topics)
        yield from (("author", slug) for slug in self.authors)

    def source(self) -> Source:
        """What questions are drawn from."""
        return Source(self.body, self.topics, self.authors, self.year, self.access)


class Engine(Protocol):
    """Something that finds articles."""

    name: str
    settings: str
    corrects: bool  # whether it finds what is misspelt

    def build(self, articles: Iterable[Article]) -> float:
        """Index ``articles``; returns the seconds that took."""

    def size(self) -> int:
        """Bytes on disk."""

    def ask(self, asked: Asked) -> list[str]:
        """The titles of the first twenty."""

    def close(self) -> None:
        """Take away what must not stay."""


class Stopwatch:
    """Hands on what another gives, and knows how long that took: time that is not the engine's."""

    def __init__(self, articles: Iterable[Article]) -> None:
        self.articles = articles
        self.waited = 0.0

    def __iter__(self) -> Iterator[Article]:
        began = time.perf_counter()
        for article in self.articles:
            self.waited += time.perf_counter() - began
            yield article
            began = time.perf_counter()
        self.waited += time.perf_counter() - began
