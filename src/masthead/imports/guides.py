"""Topics with all that belongs to them, and relations with their milestones, from a file that ``masthead export`` wrote.

Articles are imported first (``imports.services``); what a topic or a relation says of an article it says by the ``id`` of the
article's line, which comes later in the same file. What is there already is left alone, unless an update is asked for; nothing is
ever deleted but what an update replaces.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.db.models import Q
from django.utils.text import slugify

from masthead.articles.models import Article, KeyArticle, Milestone, Relation, Topic
from masthead.core import changelog
from masthead.imports import jsonl
from masthead.imports.jsonl import Refused

PRECISIONS = ("day", "month", "year")
_ROUND = 500  # articles looked for at a time


@dataclass(slots=True)
class Outcome:
    """What an import did; ``problems`` are sentences, each with its line."""

    topics: Counter[str] = field(default_factory=Counter)  # by "added", "updated", "there"
    relations: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    record: dict[str, Any]


def import_guides(path: Path, *, update: bool = False) -> Outcome:
    """Bring in every topic and relation of ``path``, in one transaction. Raises :class:`jsonl.Unreadable`."""
    outcome = Outcome()
    topics: list[_Line] = []
    relations: list[_Line] = []
    wanted: set[str] = set()
    named: dict[str, str] = {}  # an article's id in the file, and the key it is imported under
    for line in jsonl.read(path):
        if line.record is None:
            outcome.problems.append(f"Line {line.number} is {line.error}.")
            continue
        kind = line.record.get("kind")
        if kind in ("topic", "relation"):
            (topics if kind == "topic" else relations).append(_Line(line.number, line.record))
            wanted.update(_mentioned(line.record))
        elif kind == "article" and str(line.record.get("id")) in wanted:
            named[str(line.record["id"])] = _key(line.record)
    articles = _Articles(named, wanted)
    with changelog.transaction():
        fresh = [each for each in topics if _attempt(outcome, each, lambda line: _topic(line, update, outcome))]
        for each in fresh:  # once every topic is there: members come before or after
            _attempt(outcome, each, lambda line: _belongings(line, articles, outcome))
        for each in relations:
            _attempt(outcome, each, lambda line: _relation(line, update, articles, outcome))
    return outcome


def _attempt(outcome: Outcome, line: _Line, work: Any) -> bool:
    """Do ``work`` with ``line``; whether it is to be gone on with. A line that will not do is told, and the next one is next."""
    try:
        return bool(work(line))
    except Refused as refused:
        outcome.problems.append(f"Line {line.number} {refused}.")
    return False


def _mentioned(record: dict[str, Any]) -> Iterator[str]:
    for value in record.get("key_articles") or ():
        yield str(value)
    for milestone in record.get("milestones") or ():
        if isinstance(milestone, dict) and milestone.get("article"):
            yield str(milestone["article"])


def _key(record: dict[str, Any]) -> str:
    try:
        return jsonl.key(record)
    except Refused:
        return ""


class _Articles:
    """Articles by their id in the file: imported from it, or the very ones it was written from."""

    def __init__(self, named: dict[str, str], wanted: Iterable[str]) -> None:
        ids = sorted(wanted)
        self._found: dict[str, Article] = {}
        by_key: dict[str, Article] = {}
        by_slug: dict[str, Article] = {}
        keys = sorted({*ids, *filter(None, named.values())})
        slugs = [each.removeprefix("masthead:") for each in ids]
        for start in range(0, max(len(keys), len(slugs)), _ROUND):
            some = Q(import_key__in=keys[start : start + _ROUND]) | Q(slug__in=slugs[start : start + _ROUND])
            for article in Article.objects.filter(some).only("import_key", "slug", "title"):
                by_slug[article.slug] = article
                if article.import_key:
                    by_key[article.import_key] = article
        for each in ids:
            found = by_key.get(named.get(each, "")) or by_key.get(each) or by_slug.get(each.removeprefix("masthead:"))
            if found is not None:
                self._found[each] = found

    def get(self, identity: str, line: _Line, outcome: Outcome) -> Article | None:
        """The article, or None with a word on it."""
        found = self._found.get(identity)
        if found is None:
            outcome.problems.append(f"Line {line.number} names the article {identity[:120]!r}, which is not here: left out.")
        return found


def _text(record: dict[str, Any], name: str, most: int = 20_000) -> str:
    value = record.get(name) or ""
    if not isinstance(value, str) or len(value) > most:
        raise Refused(f"has a {name} that is no text of at most {most:,} characters")
    return value.replace("\0", "").strip()


def _list(record: dict[str, Any], name: str) -> list[Any]:
    value = record.get(name) or []
    if not isinstance(value, list):
        raise Refused(f"has {name} that are no list")
    return value


def _topic(line: _Line, update: bool, outcome: Outcome) -> bool:
    """Add the topic of ``line`` (True) or update it (True, where asked for); False where it is there and stays."""
    name, slug = _text(line.record, "name", 80), _text(line.record, "slug", 80)
    kind = _text(line.record, "topic_kind") or Topic.Kind.THEME
    if not name or not slug or slugify(slug, allow_unicode=False) != slug.lower():
        raise Refused("is a topic without a name, or without a slug of letters, digits and hyphens")
    if kind not in Topic.Kind.values:
        raise Refused(f"is a topic of a kind we do not know ({kind[:30]!r})")
    row = Topic.objects.filter(slug=slug).first()
    other = Topic.objects.filter(name=name).exclude(slug=slug).first()
    if other is not None:
        raise Refused(f"is a topic called {name}, and the topic {other.slug} is called that already")
    if row is not None and not update:
        outcome.topics["there"] += 1
        return False
    outcome.topics["added" if row is None else "updated"] += 1
    row = row or Topic(slug=slug)
    row.name, row.kind, row.introduction = name, kind, _text(line.record, "introduction")
    row.code = _text(line.record, "code", 2).upper()
    row.aliases = "\n".join(str(alias).strip() for alias in _list(line.record, "aliases") if str(alias).strip())
    row.save()
    return True


def _belongings(line: _Line, articles: _Articles, outcome: Outcome) -> bool:
    """Its members and key articles, as the file has them."""
    row = Topic.objects.get(slug=line.record["slug"])
    slugs = [str(slug) for slug in _list(line.record, "members")]
    members = Topic.objects.in_bulk(slugs, field_name="slug")
    for slug in slugs:
        if slug not in members:
            outcome.problems.append(f"Line {line.number} names the topic {slug[:80]!r}, which is not here: left out.")
    row.members.set(members.values())
    found = [articles.get(str(identity), line, outcome) for identity in _list(line.record, "key_articles")]
    row.key_articles = [
        KeyArticle(article=article, sort_order=place) for place, article in enumerate(dict.fromkeys(filter(None, found)))
    ]
    row.save()
    return True


def _relation(line: _Line, update: bool, articles: _Articles, outcome: Outcome) -> bool:
    slugs = [str(slug) for slug in _list(line.record, "pair")]
    pair = Topic.objects.in_bulk(slugs, field_name="slug")
    if len(slugs) != 2 or len(pair) != 2:
        raise Refused("is a relation of topics that are not here, or not two")
    row = Relation.objects.filter(first__in=pair.values(), second__in=pair.values()).first()
    if row is not None and not update:
        outcome.relations["there"] += 1
        return False
    milestones = [_milestone(each, line, articles, outcome) for each in _list(line.record, "milestones")]
    outcome.relations["added" if row is None else "updated"] += 1
    row = row or Relation(first=pair[slugs[0]], second=pair[slugs[1]])
    row.introduction = _text(line.record, "introduction")
    row.milestones = [Milestone(**each, sort_order=place) for place, each in enumerate(milestones)]
    row.save()
    return True


def _milestone(told: Any, line: _Line, articles: _Articles, outcome: Outcome) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise Refused("has a milestone that is no object")
    text, precision = _text(told, "text", 300), told.get("date_precision") or "day"
    try:
        day = date.fromisoformat(_text(told, "date", 10))
    except ValueError as error:
        raise Refused("has a milestone without a date such as 1971-08-09") from error
    if not text or precision not in PRECISIONS:
        raise Refused("has a milestone without a text, or known to something else than the day, the month or the year")
    article = articles.get(str(told["article"]), line, outcome) if told.get("article") else None
    return {"date": day, "date_precision": precision, "text": text, "article": article}
