"""Two topics become one: all that hangs on the first goes to the second, and the first's address and names lead there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Q
from wagtail.log_actions import LogFormatter, log
from wagtail.models import Revision

from masthead.articles import addresses
from masthead.articles.models import Article, KeyArticle, Milestone, Relation, Topic
from masthead.core import changelog
from masthead.library import keeping
from masthead.library.models import Follow, PrivateFeed, TopicSuggestion
from masthead.newsletters.models import RadarEvent
from masthead.readers.models import Reader

ACTION = "masthead.topic.merge"
_AT_ONCE = 500


class Told(LogFormatter):
    """A merger in the words of the topic's history."""

    label = "Merge topics"

    def format_message(self, log_entry: Any) -> str:
        return f"{log_entry.data.get('merged', 'Another topic')} was merged into it"


class CannotMerge(ValueError):
    """These two cannot become one; the message says why."""


@dataclass(frozen=True, slots=True)
class Held:
    """What hangs on a topic, in numbers."""

    articles: int
    relations: int
    followers: int


def held(topic: Topic) -> Held:
    """What would go with ``topic``."""
    return Held(
        topic.articles.count(),
        Relation.objects.filter(Q(first=topic) | Q(second=topic)).count(),
        Follow.objects.filter(topic=topic).count(),
    )


def merge(*, topic: Topic, into: Topic, by: Reader) -> int:
    """Make ``topic`` and ``into`` one, called as ``into`` is. Says how many articles got another topic.

    Raises :class:`CannotMerge`. One transaction, which nothing can take back.
    """
    if topic.pk == into.pk:
        raise CannotMerge("A topic cannot be merged into itself.")
    if topic.code and into.code and topic.code != into.code:
        raise CannotMerge(f"{topic.name} and {into.name} are two countries ({topic.code} and {into.code}).")
    with changelog.transaction() as changes:
        rows = Topic.objects.select_for_update().in_bulk([topic.pk, into.pk])
        topic, into = rows[topic.pk], rows[into.pk]
        numbers = list(topic.articles.order_by("pk").values_list("pk", flat=True))
        _drafts(topic.pk, into.pk)
        _articles(topic.pk, into.pk)
        _key_articles(topic, into)
        _members(topic, into)
        _relations(topic, into)
        _readers(topic, into)
        _suggestions(topic.pk, into.pk)
        for event in RadarEvent.objects.filter(topics=topic):
            event.topics.add(into)
        old, old_slug, name = topic.get_absolute_url(), topic.slug, topic.name
        into.aliases = _names(topic, into)
        into.introduction = into.introduction or topic.introduction
        if into.kind == Topic.Kind.COUNTRY:
            into.code = into.code or topic.code
        topic.delete()
        into.save()
        addresses.moved(old, into.get_absolute_url())
        keeping.readdress(old=old_slug, new=into.slug)
        log(instance=into, action=ACTION, user=by, data={"merged": name}, content_changed=True)
        changes.add(*(changelog.article(number) for number in numbers), changelog.LIST)
    return len(numbers)


def _names(topic: Topic, into: Topic) -> str:
    names = [*into.aliases.splitlines(), topic.name, *topic.aliases.splitlines()]
    return "\n".join(dict.fromkeys(name for name in map(str.strip, names) if name and name != into.name))


def _articles(old: int, new: int) -> None:
    through = Article.topics.through.objects
    through.filter(topic_id=old, article_id__in=through.filter(topic_id=new).values("article_id")).delete()
    through.filter(topic_id=old).update(topic_id=new)


def _drafts(old: int, new: int) -> None:
    """What waits to be published names topics by their number, too: newest drafts, and what is scheduled."""
    waiting = Article.objects.filter(Q(topics=old) | Q(live=False) | Q(has_unpublished_changes=True))
    keys = set(waiting.values_list("latest_revision_id", flat=True)) - {None}
    keys |= set(Revision.page_revisions.filter(approved_go_live_at__isnull=False).values_list("pk", flat=True))
    for some in _chunks(sorted(keys)):
        changed = []
        for revision in Revision.objects.filter(pk__in=some):
            topics = revision.content.get("topics") or []
            if old in topics:
                revision.content["topics"] = list(dict.fromkeys(new if number == old else number for number in topics))
                changed.append(revision)
        Revision.objects.bulk_update(changed, ["content"])


def _chunks(keys: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(keys), _AT_ONCE):
        yield keys[start : start + _AT_ONCE]


def _key_articles(topic: Topic, into: Topic) -> None:
    there = set(KeyArticle.objects.filter(topic=into).values_list("article_id", flat=True))
    last = KeyArticle.objects.filter(topic=into).aggregate(last=Max("sort_order"))["last"] or 0
    moving = KeyArticle.objects.filter(topic=topic).exclude(article__in=there).order_by("sort_order")
    for place, key in enumerate(moving, start=1):
        KeyArticle.objects.filter(pk=key.pk).update(topic=into, sort_order=last + place)


def _members(topic: Topic, into: Topic) -> None:
    if into.kind == Topic.Kind.GROUP:
        into.members.add(*topic.members.exclude(pk=into.pk))
    for group in topic.member_of.exclude(pk=into.pk):
        group.members.add(into)


def _relations(topic: Topic, into: Topic) -> None:
    """Two relations with the same other one become one. One between the two themselves goes."""
    for relation in Relation.objects.filter(Q(first=topic) | Q(second=topic)).select_related("first", "second"):
        other = relation.second if relation.first_id == topic.pk else relation.first
        if other.pk == into.pk:
            continue  # goes with the topic
        old_path, new_path = relation.get_absolute_url(), addresses.pair(into.slug, other.slug)
        pair = (into.pk, other.pk)
        there = Relation.objects.filter(first__in=pair, second__in=pair).first()
        if there is None:
            relation.first, relation.second = into, other
            relation.save()
        else:
            told = dict.fromkeys(text for text in (there.introduction.strip(), relation.introduction.strip()) if text)
            there.introduction = "\n\n".join(told)
            Milestone.objects.filter(relation=relation).update(relation=there)
            there.save()
            Relation.objects.get(pk=relation.pk).delete()
        addresses.moved(old_path, new_path)


def _readers(topic: Topic, into: Topic) -> None:
    """Who followed the one follows the other. Of two private feeds a reader has of them, the second's stays."""
    both = {each.reader_id: each for each in Follow.objects.filter(topic=into)}
    for follow in Follow.objects.filter(topic=topic):
        kept = both.get(follow.reader_id)
        if kept is None:
            Follow.objects.filter(pk=follow.pk).update(topic=into)
        elif not PrivateFeed.objects.filter(follow=kept).exists():
            PrivateFeed.objects.filter(follow=follow).update(follow=kept)


def _suggestions(old: int, new: int) -> None:
    """What editors answered of the one counts for the other, unless they answered that one, too."""
    moving = TopicSuggestion.objects.filter(topic=old)
    moving.filter(article__in=TopicSuggestion.objects.filter(topic=new).values("article")).delete()
    moving.update(topic=new)
