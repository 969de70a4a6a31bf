"""``masthead search-trec``: a search test collection, searched by the library's own analyzer, schema, query and weights.

The index is made in a temporary directory and thrown away. Nothing is known of the collection beforehand; nothing is set for it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
from tantivy import Index, Query, Searcher

from masthead.library import schema, world
from masthead.library.matching import Counts, Matcher, combined, synonyms_of
from masthead.library.query import read

HEAP = 60_000_000  # bytes
LONGEST_QUESTION = 2_000  # words; a reader's search field takes fewer
ALL_WORDS = 1_000.0  # more for a document that has every word: whoever reads a run sorts it by score


@click.command("search-trec")
@click.argument("documents", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("questions", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--run", "name", default="masthead", show_default=True, help="The run's name, in the last column.")
@click.option("--depth", type=click.IntRange(1, 100_000), default=1_000, show_default=True, help="Documents for each question.")
@click.option("--language", default="en", show_default=True, help="The language of the collection, as in ISO 639-1.")
@click.option(
    "--open-words",
    type=click.IntRange(0),
    help="Search as somebody to whom only so many words of each document are open (default: all of it).",
)
def command(documents: Path, questions: Path, name: str, depth: int, language: str, open_words: int | None) -> None:
    """Search a test collection with the library's own code, and print a TREC run.

    DOCUMENTS has a JSON object on each line: id, title, body, and perhaps author. QUESTIONS: id, text. Printed are lines of
    question, Q0, document, rank, score and the run's name, as trec_eval reads them.
    """
    if not name or len(name.split()) != 1:
        raise click.ClickException("A run's name is one word.")
    with tempfile.TemporaryDirectory(prefix="masthead-trec-") as folder:
        collection = Collection(rows(documents, "body"), Path(folder), language=language, open_words=open_words)
        for question in rows(questions, "text"):
            found = collection.search(question["text"], depth)
            for rank, (document, score) in enumerate(found, start=1):
                click.echo(f"{question['id']} Q0 {document} {rank} {score:.6f} {name}")


def rows(path: Path, wanted: str) -> Iterator[dict[str, str]]:
    """The objects of ``path``, one a line, each with an ``id`` and the text ``wanted``; all values as text."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError as error:
                raise click.ClickException(f"Line {number} of {path} is no JSON: {error}.") from None
            if not isinstance(record, dict) or record.get("id") is None or not isinstance(record.get(wanted), str):
                raise click.ClickException(f"Line {number} of {path} has no id or no {wanted}.")
            found = {key: "" if value is None else str(value) for key, value in record.items()}
            if len(found["id"].split()) != 1:
                raise click.ClickException(f"Line {number} of {path}: an id in a TREC run is one word, not {found['id']!r}.")
            yield found


class Collection:
    """An index of ``documents`` in ``folder``. With ``open_words`` it is searched as by somebody to whom no more is open."""

    def __init__(
        self, documents: Iterable[dict[str, str]], folder: Path, *, language: str = "en", open_words: int | None = None
    ) -> None:
        self._names: list[str] = []
        index = Index(schema.SCHEMA, path=str(folder))
        schema.register(index, language)
        writer = index.writer(HEAP, 1)
        for document in documents:
            self._names.append(document["id"])
            writer.add_document(self._made(document, language, open_words))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self._searcher: Searcher = index.searcher()
        self._matcher = Matcher(
            languages=(language,),
            counts=Counts(self._searcher),
            synonyms=synonyms_of(world.synonyms(), world.overlapping()),
            whole=open_words is None,
            most=LONGEST_QUESTION,
        )

    def _made(self, document: dict[str, str], language: str, open_words: int | None) -> Any:
        title, body = document.get("title", ""), document["body"]
        opening = body if open_words is None else " ".join(body.split()[:open_words])
        return schema.document(
            number=len(self._names) - 1,
            language=language,
            own_language=language,
            texts={"title": title, "standfirst": "", "topics": "", "opening": opening, "body": body},
            authors=document.get("author", ""),
            facets={},
            year=None,
            month="",
            dated=0,
            rendered=0,
        )

    def search(self, text: str, most: int) -> list[tuple[str, float]]:
        """The best ``most`` documents for ``text``, with falling scores: first those with all of its words, then those with some.

        Readers get the same order, and of it only the former while those are enough (``search.ENOUGH``).
        """
        wanted = read(text, most=LONGEST_QUESTION)
        found: dict[int, float] = {}
        for at_least, more in ((None, ALL_WORDS), (1, 0.0)):
            apart = at_least is not None
            groups = [*self._matcher.groups(wanted, apart=apart), *self._matcher.phrases(wanted)]
            extras, excluded = self._matcher.extras(wanted, apart=apart), self._matcher.excluded(wanted)
            if groups:
                for number, score in self._hits(combined(groups, at_least=at_least, extras=extras, excluded=excluded), most):
                    found.setdefault(number, score + more)
        ranked = sorted(found.items(), key=lambda hit: (-hit[1], hit[0]))[:most]
        return [(self._names[number], score) for number, score in ranked]

    def _hits(self, query: Query, most: int) -> Iterator[tuple[int, float]]:
        hits = self._searcher.search(query, most, count=False).hits
        numbers = self._searcher.fast_field_values("number", [address for _, address in hits]) if hits else []
        return zip((int(number or 0) for number in numbers), (float(score or 0.0) for score, _ in hits), strict=True)
