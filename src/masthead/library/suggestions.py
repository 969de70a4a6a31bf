"""Topics found in articles' texts: offered to whoever edits one, or added to a whole archive.

A suggestion is kept once an editor has answered it: what was dismissed, or taken and ticked off again, does not come back.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from typing import Any

from django.db import transaction
from django.utils.html import strip_tags

from masthead.articles import bulk
from masthead.articles.models import Article, Topic
from masthead.core import clock
from masthead.library import world
from masthead.library.models import TopicSuggestion
from masthead.library.suggesting import THRESHOLD, Matcher, Subject, Suggestion
from masthead.readers.models import Reader

State = TopicSuggestion.State

BATCH = 500
_NO_TEXT = {"id", "type", "url", "image", "embed", "provider"}  # parts of a block that hold no prose


class CannotAccept(Exception):
    """The article cannot be changed now; the message says why."""


# One article ----------------------------------------------------------------------------------------------------------


def refresh(*, article: Article) -> None:
    """Look at ``article`` as its newest draft has it, and keep what is offered up to date."""
    draft = article.get_latest_revision_as_object()
    chosen = {topic.pk for topic in draft.topics.all()}
    standfirst, text = draft.standfirst, plain_body(draft.body.get_prep_value())
    found = {each.key: each for each in _matcher(tuple(subjects())).suggest(draft.title, standfirst, text)}
    now = clock.now()
    with transaction.atomic():
        known = {each.topic_id: each for each in TopicSuggestion.objects.select_for_update().filter(article=article.pk)}
        for topic, each in known.items():
            state = _state(each, topic in chosen)
            if state == State.OFFERED and topic not in found:
                each.delete()
            elif state != each.state or (topic in found and each.found != found[topic].found):
                each.state = state
                if topic in found:
                    each.found, each.score = found[topic].found, found[topic].score
                each.save(update_fields=["state", "found", "score"])
        TopicSuggestion.objects.bulk_create(
            [
                TopicSuggestion(article_id=article.pk, topic_id=topic, found=each.found, score=each.score, made=now)
                for topic, each in found.items()
                if topic not in known and topic not in chosen
            ],
            ignore_conflicts=True,  # two windows may save at once
        )


@lru_cache(maxsize=2)
def _matcher(known: tuple[Subject, ...]) -> Matcher:
    """The matcher for these topics: drafts are saved while one writes, topics hardly ever."""
    return Matcher(known)


def _state(suggestion: TopicSuggestion, chosen: bool) -> str:
    """What became of a suggestion: whether its topic is ticked is the editor's answer."""
    if chosen:
        return State.ACCEPTED
    return State.DISMISSED if suggestion.state == State.ACCEPTED else suggestion.state


def offered(article: int) -> list[TopicSuggestion]:
    """What an editor of the article with primary key ``article`` is asked about, the surest first."""
    found = TopicSuggestion.objects.filter(article=article, state=State.OFFERED).select_related("topic")
    return list(found.order_by("-score", "topic__name"))


def accept(*, article: Article, topic: Topic, by: Reader) -> None:
    """Add ``topic`` to the newest draft of ``article``; nothing is published. Raises :class:`CannotAccept`."""
    _may_change(article, by)
    with transaction.atomic():
        Article.objects.select_for_update(of=("self",)).get(pk=article.pk)
        draft = article.get_latest_revision_as_object()
        if topic not in draft.topics.all():
            draft.topics = [*draft.topics.all(), topic]
            draft.save_revision(user=by, log_action=True, clean=False)  # a draft may be unfinished
        TopicSuggestion.objects.filter(article=article.pk, topic=topic).update(state=State.ACCEPTED)


def dismiss(*, article: Article, topic: Topic, by: Reader) -> None:
    """Do not offer ``topic`` for ``article`` again. Raises :class:`CannotAccept`."""
    _may_change(article, by)
    TopicSuggestion.objects.filter(article=article.pk, topic=topic, state=State.OFFERED).update(state=State.DISMISSED)


def _may_change(article: Article, by: Reader) -> None:
    permissions = article.permissions_for_user(by)
    if not permissions.can_edit():
        raise CannotAccept(f"You may not edit “{article.draft_title}”.")
    if permissions.page_locked():
        raise CannotAccept(f"“{article.draft_title}” is locked; somebody else works on it.")


# Many articles --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Found:
    """One topic found for one article."""

    article: int
    slug: str
    title: str
    topic: str
    words: str
    score: float
    context: str = ""


@dataclass(slots=True)
class Outcome:
    """What was found in an archive, and what was done."""

    read: int = 0
    articles: int = 0  # with at least one
    added: int = 0
    there: int = 0  # found, and on the article already
    topics: Counter[str] = field(default_factory=Counter)
    created: list[str] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    sample: list[Found] = field(default_factory=list)
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    pk: int
    slug: str
    title: str
    standfirst: str
    text: str


def suggest(
    *,
    apply: bool = False,
    threshold: float = THRESHOLD,
    limit: int | None = None,
    create_countries: bool = False,
    sample: int = 0,
    seed: int | None = None,
    progress: Callable[[int, int, Outcome], None] = lambda done, total, outcome: None,
) -> Outcome:
    """Find the topics of all live articles (the newest ``limit``), and with ``apply`` add what scores ``threshold`` or more.

    Nothing is ever taken away, and what an editor dismissed stays away. With ``create_countries`` the topics of countries are
    made where there is something to add to them. Interrupted, or repeated, it goes on with what is not there yet.
    ``progress`` is told how many articles were read of how many. ``sample`` of the suggestions are kept with their context.
    """
    outcome = Outcome()
    known = subjects()
    missing = missing_countries() if create_countries else {}
    matcher = Matcher([*known, *(Subject(key, each.name, Topic.Kind.COUNTRY, each.code) for key, each in missing.items())])
    names = {each.key: each.name for each in known} | {key: each.name for key, each in missing.items()}
    chance = random.Random(seed)  # noqa: S311 - which are looked at, not a secret
    numbers = list(Article.objects.filter(live=True).order_by("-pk").values_list("pk", flat=True)[:limit])
    try:
        for start in range(0, len(numbers), BATCH):
            batch = _batch(matcher, numbers[start : start + BATCH], threshold, outcome)
            for row, each in batch:
                _keep(outcome, row, each, names, chance, sample)
            if apply and batch:
                made = _make_countries({each.key for _, each in batch}, missing, outcome)
                outcome.added += _add([(row.pk, made.get(each.key, each.key), each) for row, each in batch])
            progress(min(start + BATCH, len(numbers)), len(numbers), outcome)
    except KeyboardInterrupt:
        outcome.interrupted = True
    return outcome


def _batch(matcher: Matcher, numbers: list[int], threshold: float, outcome: Outcome) -> list[tuple[_Row, Suggestion]]:
    """The suggestions for some articles that are neither there nor answered."""
    there = set(Article.topics.through.objects.filter(article__in=numbers).values_list("article_id", "topic_id"))
    answered = set(
        TopicSuggestion.objects.filter(article__in=numbers).exclude(state=State.OFFERED).values_list("article_id", "topic_id")
    )
    batch = []
    for row in _rows(numbers):
        outcome.read += 1
        some = False
        for each in matcher.suggest(row.title, row.standfirst, row.text):
            if each.score < threshold or (row.pk, each.key) in answered - there:
                continue
            if (row.pk, each.key) in there:
                outcome.there += 1
                continue
            batch.append((row, each))
            some = True
        outcome.articles += some
    return batch


def _rows(numbers: list[int]) -> Iterator[_Row]:
    fields = ("pk", "slug", "title", "standfirst", "rendering__blocks")
    for pk, slug, title, standfirst, blocks in Article.objects.filter(pk__in=numbers).values_list(*fields):
        yield _Row(pk, slug, title, standfirst, "\n".join(plain(html) for _, html in blocks or []))


def _keep(outcome: Outcome, row: _Row, each: Suggestion, names: Mapping[int, str], chance: random.Random, sample: int) -> None:
    found = Found(row.pk, row.slug, row.title, names[each.key], each.found, each.score)
    outcome.topics[names[each.key]] += 1
    outcome.found.append(found)
    count = len(outcome.found)
    place = count - 1 if count <= sample else chance.randrange(count)  # each has the same chance, however many come
    if place < sample:
        with_context = Found(row.pk, row.slug, row.title, names[each.key], each.found, each.score, context(row.text, each.found))
        outcome.sample[place : place + 1] = [with_context]


def _make_countries(keys: set[int], missing: dict[int, world.Country], outcome: Outcome) -> dict[int, int]:
    """The topics of those countries among ``keys`` that had none, now made."""
    wanted = {missing[key].name: missing[key].code for key in keys if key in missing}
    made = bulk.countries(wanted) if wanted else {}
    outcome.created += [name for name in wanted if name not in outcome.created]
    return {key: made[each.name] for key, each in missing.items() if each.name in made}


def _add(found: list[tuple[int, int, Suggestion]]) -> int:
    now = clock.now()
    topics: dict[int, list[int]] = {}
    for article, topic, _ in found:
        topics.setdefault(article, []).append(topic)
    with transaction.atomic():
        added = bulk.add_topics(topics)
        TopicSuggestion.objects.bulk_create(
            [
                TopicSuggestion(
                    article_id=article, topic_id=topic, found=each.found, score=each.score, state=State.ACCEPTED, made=now
                )
                for article, topic, each in found
            ],
            update_conflicts=True,
            unique_fields=["article", "topic"],
            update_fields=["found", "score", "state"],
        )
    return added


# What is matched ------------------------------------------------------------------------------------------------------


def subjects() -> list[Subject]:
    """All topics, as the matcher wants them."""
    rows = Topic.objects.values_list("pk", "name", "kind", "code", "aliases")
    return [
        Subject(pk, name, kind, code.upper(), tuple(line.strip() for line in aliases.splitlines() if line.strip()))
        for pk, name, kind, code, aliases in rows
    ]


def missing_countries() -> dict[int, world.Country]:
    """The states without a topic of their own, each under a key that no topic has."""
    there = {code.upper() for code in Topic.objects.exclude(code="").values_list("code", flat=True)}
    return {-number: each for number, each in enumerate(world.countries(), start=1) if each.state and each.code not in there}


def plain(html: str) -> str:
    """The words of some HTML."""
    return unescape(strip_tags(html.replace("<", " <")))


def plain_body(body: Iterable[Mapping[str, Any]]) -> str:
    """The words of a body in its stored form."""
    return "\n".join(plain(part) for block in body for part in _strings(block.get("value")))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            if name not in _NO_TEXT:
                yield from _strings(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _strings(part)


def context(text: str, words: str, around: int = 90) -> str:
    """Where the first of ``words`` (a suggestion's ``found``) stand in ``text``: up to three places, to judge by."""
    pieces = []
    flat = " ".join(text.split())
    for word in words.split(", ")[:3]:
        word = word.partition(" (")[0]
        # however its parts are joined there: Cote d'Ivoire, COVID-19, U.S.
        parts = [r"\.?".join(part) if part.isupper() and len(part) < 5 else part for part in re.findall(r"\w+", word)]
        if place := re.search(r"\b" + r"\W+".join(parts), flat):
            start, end = max(0, place.start() - around), place.end() + around
            pieces.append(f"{'…' if start else ''}{flat[start:end]}{'…' if end < len(flat) else ''}")
    return " | ".join(dict.fromkeys(pieces))
