"""Importing: batches in, each one transaction; what is in is known by its key and left alone the next time."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import IntegrityError
from wagtail.models import Page

from masthead.articles import bulk
from masthead.articles import services as articles
from masthead.articles.models import Article, Byline, Topic
from masthead.core import changelog, clock
from masthead.core.models import Publication
from masthead.imports import jsonl
from masthead.imports.judges import Judges, Verdicts
from masthead.library import world
from masthead.library.models import TopicSuggestion

BATCH = 500
FOR_GUIDES = ("topic", "relation")  # kinds of lines of an export
_AHEAD = 2  # batches read while one is written
_SMALL = 1_000_000  # bytes; below, a second process takes longer to start than it saves
_MOST_ROWS = 100_000  # of the report; a file in which everything is wrong must not fill the memory


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report: what was not simply imported, and why."""

    line: int
    id: str
    title: str
    action: str  # skipped, draft, updated, kept, bad line
    reason: str


@dataclass(slots=True)
class Outcome:
    """What an import did."""

    imported: int = 0
    drafts: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    rows: list[Row] = field(default_factory=list)
    read: int = 0
    failure: str = ""
    interrupted: bool = False

    def row(self, line: int, record: dict[str, Any] | None, action: str, reason: str) -> None:
        if len(self.rows) < _MOST_ROWS:
            record = record or {}
            self.rows.append(Row(line, str(record.get("id", ""))[:200], str(record.get("title", ""))[:255], action, reason))

    def skip(self, line: int, record: dict[str, Any] | None, reason: str, kind: str = "") -> None:
        self.skipped[kind or reason] += 1
        self.row(line, record, "skipped", reason)


@dataclass(frozen=True, slots=True)
class _Candidate:
    line: int
    key: str
    record: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Batch:
    """Some lines on their way: what of them is there already (key to article), and what is made of the others."""

    candidates: list[_Candidate]
    found: dict[str, int]
    verdicts: Future[Verdicts]
    position: int


def import_jsonl(
    path: Path,
    *,
    access: str = Article.Access.METERED,
    update: bool = False,
    fewest_words: int = jsonl.FEWEST_WORDS,
    batch: int = BATCH,
    helper: bool = (os.cpu_count() or 1) > 1,
    progress: Callable[[int, Outcome], None] = lambda position, outcome: None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Import every record of ``path``. Interrupted at any point, the next run goes on after the last complete batch.

    ``progress`` is told, after each batch, how many bytes of the file have been dealt with, and what was done so far; ``stop`` is
    asked before each batch whether to end there. With a ``helper``, texts are cleaned in a process beside the one that writes.
    """
    outcome = Outcome()
    lines = jsonl.read(path)
    zone = Publication.load().timezone
    with Judges(zone, fewest_words, now=clock.now(), helper=helper and path.is_file() and path.stat().st_size > _SMALL) as judges:
        run = _Run(access, update, judges, outcome)
        waiting: deque[_Batch] = deque()
        try:
            while not (stopped := stop()) and (some := list(islice(_readable(lines, outcome), batch))):
                waiting.append(run.begin(some))
                if len(waiting) > _AHEAD:
                    progress(run.finish(waiting.popleft()), outcome)
            while waiting and not (stopped := stop()):
                progress(run.finish(waiting.popleft()), outcome)
            outcome.interrupted = stopped
        except BrokenProcessPool:
            outcome.failure = "The process that reads texts ended unexpectedly. Give the same command again to go on."
        except KeyboardInterrupt:
            outcome.interrupted = True
    outcome.rows.sort(key=lambda row: row.line)
    return outcome


def _readable(lines: Iterator[jsonl.Line], outcome: Outcome) -> Iterator[jsonl.Line]:
    """The lines that are records. A file that breaks off ends here once, after what came before it has been dealt with."""
    try:
        for line in lines:
            outcome.read += 1
            if line.record is None:
                outcome.skipped["bad line"] += 1
                outcome.row(line.number, None, "skipped", f"Line {line.number} is {line.error}.")
            else:
                yield line
    except jsonl.Unreadable as error:
        outcome.failure = str(error)


class _Run:
    """One import: what it was asked, and what it has seen."""

    def __init__(self, access: str, update: bool, judges: Judges, outcome: Outcome) -> None:
        self.access, self.update, self.judges, self.outcome = access, update, judges, outcome
        self.keys: set[str] = set()  # with ``bodies`` the only things that grow with the file: some 200 bytes a record
        self.bodies: dict[bytes, int] = {}
        self.at_home = Publication.load().language.partition("-")[0].lower()

    def begin(self, lines: list[jsonl.Line]) -> _Batch:
        """Look up what is there, and have the rest judged."""
        candidates = list(self._candidates(lines))
        found = dict(Article.objects.filter(import_key__in=[each.key for each in candidates]).values_list("import_key", "pk"))
        records = [each.record for each in candidates if self.update or each.key not in found]
        return _Batch(candidates, found, self.judges.judge(records), lines[-1].position)

    def finish(self, batch: _Batch) -> int:
        """Write what was judged, in one transaction; returns how far into the file that was."""
        verdicts = iter(batch.verdicts.result())
        entries: list[tuple[_Candidate, jsonl.Entry]] = []
        changed: list[tuple[_Candidate, jsonl.Entry, int]] = []
        for each in batch.candidates:
            present = batch.found.get(each.key)
            if present is not None and not self.update:
                self.outcome.unchanged += 1
                self._remember(each)
                continue
            verdict, fingerprint = next(verdicts)
            if isinstance(verdict, jsonl.Entry) and (first := self.bodies.setdefault(fingerprint, each.line)) != each.line:
                verdict = f"has the same text as line {first}"
            if isinstance(verdict, str):
                self.outcome.skip(each.line, each.record, verdict, _kind(verdict))
            elif present is None:
                entries.append((each, verdict))
            else:
                changed.append((each, verdict, present))
        if entries:
            self._create(entries)
        for each, entry, present in changed:
            self._change(each, entry, present)
        return batch.position

    def _remember(self, candidate: _Candidate) -> None:
        """Note the text of what is there already, so that another record with it is known for what it is."""
        with suppress(jsonl.Refused):
            self.bodies.setdefault(jsonl.fingerprint(candidate.record), candidate.line)

    def _candidates(self, lines: Iterable[jsonl.Line]) -> Iterator[_Candidate]:
        for line in lines:
            record = line.record or {}
            if record.get("kind") in FOR_GUIDES:
                self.outcome.skip(line.number, record, "is a topic or a relation, which `masthead import guides` reads")
                continue
            try:
                key = jsonl.key(record)
            except jsonl.Refused as refused:
                self.outcome.skip(line.number, record, str(refused))
                continue
            if key in self.keys:
                self.outcome.skip(line.number, record, "has an id that came before in this file")
                continue
            self.keys.add(key)
            yield _Candidate(line.number, key, record)

    def _create(self, entries: list[tuple[_Candidate, jsonl.Entry]]) -> None:
        for attempt in range(3):
            try:
                with changelog.transaction():
                    found = Article.objects.filter(import_key__in=[each.key for each, _ in entries])
                    others = set(found.values_list("import_key", flat=True)) if attempt else set()
                    fresh = [(each, entry) for each, entry in entries if each.key not in others]
                    bulk.create(self._articles(fresh))
                break
            except IntegrityError:  # an editor or another import was quicker: look again
                if attempt == 2:
                    raise
        self.outcome.unchanged += len(entries) - len(fresh)
        for each, entry in fresh:
            self.outcome.notes.update(entry.notes)
            if entry.draft:
                self.outcome.drafts += 1
                self.outcome.row(each.line, each.record, "draft", f"dated in the future ({entry.dated:%Y-%m-%d})")
            else:
                self.outcome.imported += 1

    def _articles(self, entries: list[tuple[_Candidate, jsonl.Entry]]) -> list[bulk.NewArticle]:
        people = bulk.authors(dict.fromkeys(name for _, entry in entries for name in entry.authors))
        themes = bulk.topics(dict.fromkeys(name for _, entry in entries for name in entry.topics))
        countries = _countries(name for _, entry in entries for name in entry.countries)
        return [
            bulk.NewArticle(
                title=entry.title,
                body=entry.body,
                dated=entry.dated,
                access=self.access,
                date_precision=entry.date_precision,
                standfirst=entry.standfirst,
                source=entry.source,
                source_url=entry.source_url,
                licence=entry.licence,
                language=self._language(entry),
                import_key=each.key,
                authors=tuple(people[name] for name in entry.authors),
                topics=(*(countries[name] for name in entry.countries), *(themes[name] for name in entry.topics)),
                live=not entry.draft,
            )
            for each, entry in entries
        ]

    def _language(self, entry: jsonl.Entry) -> str:
        """The text's language where it is not the publication's, which goes without saying."""
        return "" if entry.language.partition("-")[0] == self.at_home else entry.language

    def _change(self, candidate: _Candidate, entry: jsonl.Entry, pk: int) -> None:
        """Bring one article up to its record: only where they differ, and never over an editor's work."""
        with changelog.transaction():
            article = Article.objects.get(pk=pk)
            body = Article._meta.get_field("body").stream_block.to_python(entry.body)
            fields = {
                "title": entry.title,
                "dated": entry.dated,
                "date_precision": entry.date_precision,
                "standfirst": entry.standfirst,
                "source": entry.source,
                "source_url": entry.source_url,
                "licence": entry.licence,
                "language": self._language(entry),
            }
            people = bulk.authors(entry.authors)
            wanted_authors = list(dict.fromkeys(people[name] for name in entry.authors))
            wanted_topics = {*bulk.topics(entry.topics).values(), *_countries(entry.countries).values()}
            # what was found in the text, and taken, stays: no record knows of it
            accepted = TopicSuggestion.objects.filter(article=pk, state=TopicSuggestion.State.ACCEPTED)
            wanted_topics |= {topic.pk for topic in article.topics.all()} & set(accepted.values_list("topic", flat=True))
            same = (
                all(getattr(article, name) == value for name, value in fields.items())
                and article.body.get_prep_value() == body.get_prep_value()
                and [byline.author_id for byline in article.bylines.all()] == wanted_authors
                and {topic.pk for topic in article.topics.all()} == wanted_topics
            )
            if same:
                self.outcome.unchanged += 1
                return
            if article.latest_revision_id is not None:
                self.outcome.unchanged += 1
                self.outcome.row(candidate.line, candidate.record, "kept", "edited in the newsroom since: left as it is")
                self.outcome.notes["edited in the newsroom since: left as it is"] += 1
                return
            if candidate.record.get("trimmed") and len(entry.body) <= len(article.body):
                self.outcome.unchanged += 1
                self.outcome.row(candidate.line, candidate.record, "kept", "the record is trimmed: the longer text stays")
                self.outcome.notes["the record is trimmed: the longer text stays"] += 1
                return
            for name, value in fields.items():
                setattr(article, name, value)
            article.draft_title = entry.title
            article.body = body
            article.bylines = [Byline(author_id=author, sort_order=order) for order, author in enumerate(wanted_authors)]
            article.topics = list(Topic.objects.filter(pk__in=wanted_topics))
            article.save(clean=False)
            if article.live and entry.draft:
                Page.objects.filter(pk=pk).update(live=False, has_unpublished_changes=True)
                articles.withdrawn(article=article)
            elif article.live:
                articles.render(article=article)
        self.outcome.updated += 1
        self.outcome.row(candidate.line, candidate.record, "updated", "the record differs from what was imported")


def _countries(names: Iterable[str]) -> dict[str, int]:
    """The topic of each country, by name; made where there is none."""
    known = {name: world.named(name) for name in dict.fromkeys(names)}
    return bulk.countries({name: found.code if found else "" for name, found in known.items()})


def _kind(reason: str) -> str:
    """Reasons with their particulars left out, to be counted."""
    for start in ("has a body of", "has the same text", "has no date that", "has a date that"):
        if reason.startswith(start):
            return {
                "has a body of": "has a body of a few words",
                "has the same text": "has the same text as an earlier record",
            }.get(start, "has no usable date")
    return reason


# Reports --------------------------------------------------------------------------------------------------------------


def write_report(path: Path, outcome: Outcome, source: Path) -> None:
    """The report as a file: CSV where its name says so, JSON otherwise."""
    columns = ["line", "id", "title", "action", "reason"]
    if path.suffix.lower() == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows([_harmless(getattr(row, name)) for name in columns] for row in outcome.rows)
        return
    report = {
        "file": source.name,
        "lines": outcome.read,
        "imported": outcome.imported,
        "drafts": outcome.drafts,
        "updated": outcome.updated,
        "already there": outcome.unchanged,
        "skipped": dict(outcome.skipped.most_common()),
        "notes": dict(outcome.notes.most_common()),
        "interrupted": outcome.interrupted,
        "failure": outcome.failure,
        "rows": [{name: getattr(row, name) for name in columns} for row in outcome.rows],
    }
    path.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")


def _harmless(value: Any) -> Any:
    """A cell that a spreadsheet will not take for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value
