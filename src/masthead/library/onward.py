"""What an article leads on to: chosen after its publication from what reads like it, is about the same, and lies near in time.

Compared by what anybody may see of an article (headline, standfirst, topics, opening): a list that depended on the rest would
tell of it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from django.db.models import F, Q
from tantivy import Occur, Query

from masthead.access.services import current_policy
from masthead.articles.models import Article, Byline, Rendering, Topic
from masthead.articles.rendering import cut, plain
from masthead.articles.services import store_more
from masthead.core import changelog, clock
from masthead.library import unspaced
from masthead.library.reading import State
from masthead.library.schema import SCHEMA
from masthead.library.search import library

log = logging.getLogger("masthead.library")

KEPT = 12  # a page shows six: the others stand in for what is withdrawn
LOOKED_AT = 60
BATCH = 50  # articles at a time: others want to write, too
MANY = 10  # articles at once, from which on their neighbours are left as they are: it is an import
NEIGHBOURS = 6

# What one thing in common is worth beside the likeness of the texts, which seldom goes beyond 30
ONE_TOPIC, ONE_AUTHOR = 4.0, 1.5
NEAR_IN_TIME, HALF_LIFE = 0.5, 2 * 365.25 * 86400  # at most so much more for articles of the same days; seconds


def waiting(most: int = BATCH) -> list[int]:
    """Published articles for which nothing has been chosen since they were rendered, the newest first."""
    rows = Rendering.objects.filter(article__live=True, article__dated__isnull=False).filter(
        Q(article__more_from=None) | Q(article__more_from__made__lt=F("rendered"))
    )
    return list(rows.order_by("-rendered").values_list("article_id", flat=True)[:most])


class Chooser:
    """Chooses whenever something was published. Several machines may run one: what two of them choose is the same."""

    def __init__(self) -> None:
        self._seen = -1  # the change of the lists up to which nobody waits

    def tick(self) -> int:
        """Choose for a batch of those that wait. Returns how many; 0 also while this machine's index has not caught up."""
        number = changelog.latest(changelog.LIST)
        if number == self._seen:
            return 0
        state = library().state()
        if state is None or state.about.number < number:
            return 0
        numbers = waiting()
        if not numbers:
            self._seen = number
            return 0
        choose(numbers, state)
        return len(numbers)


def choose(numbers: Sequence[int], state: State) -> None:
    """Choose for ``numbers``, and for the neighbours a new article joins."""
    chosen = alike(numbers, state)
    if len(numbers) <= MANY:
        neighbours = {n for found in chosen.values() for n in found[:NEIGHBOURS]} - chosen.keys()
        chosen |= alike(sorted(neighbours), state)
    store_more(more=chosen)


def alike(numbers: Sequence[int], state: State) -> dict[int, list[int]]:
    """For each of ``numbers`` the articles to go on to, best first."""
    policy = current_policy()
    rows = Rendering.objects.filter(article_id__in=numbers).values_list(
        "article_id", "blocks", "gate", "article__title", "article__standfirst", "article__dated"
    )
    topics: dict[int, list[tuple[str, str]]] = {}
    named = Article.topics.through.objects.filter(article_id__in=numbers)
    for article, slug, kind in named.values_list("article_id", "topic__slug", "topic__kind"):
        topics.setdefault(article, []).append(("region" if kind == Topic.Kind.REGION else "topic", slug))
    authors: dict[int, list[str]] = {}
    for article, slug in Byline.objects.filter(article_id__in=numbers).values_list("article_id", "author__slug"):
        authors.setdefault(article, []).append(slug)
    found = {}
    for number, blocks, gate, title, standfirst, dated in rows:
        opening = plain("\n".join(html for _, html in cut(blocks, gate, policy).teaser))
        about = [
            *(_shared(field, slug, ONE_TOPIC) for field, slug in topics.get(number, ())),
            *(_shared("author", slug, ONE_AUTHOR) for slug in authors.get(number, ())),
        ]
        text = f"{title}\n{title}\n{standfirst}\n{opening}"
        moment = (dated or clock.now()).timestamp()
        found[number] = _nearest(state, number, text, about, moment)
    return found


def _shared(field: str, slug: str, worth: float) -> Query:
    return Query.const_score_query(Query.term_query(SCHEMA, field, slug), worth)


def _nearest(state: State, number: int, text: str, about: Sequence[Query], moment: float) -> list[int]:
    searcher = state.searcher
    like = Query.more_like_this_document_fields_query(
        SCHEMA,
        {"opening": [unspaced.cut(text)]},
        min_doc_frequency=2,
        # What stands in a third of all articles says nothing, and takes longest. Never more than there are: the dictionary counts
        # former versions, too, and tantivy panics over a word that stands in more articles than live.
        max_doc_frequency=min(max(50, searcher.num_docs // 3), searcher.num_docs),
        min_term_frequency=1,
        max_query_terms=20,
        min_word_length=3,
    )
    query = Query.boolean_query(
        [
            (Occur.Must, Query.boolean_query([(Occur.Should, like), *((Occur.Should, one) for one in about)])),
            (Occur.MustNot, Query.term_query(SCHEMA, "number", number)),
        ]
    )
    hits: list[tuple[Any, Any]] = searcher.search(query, LOOKED_AT, count=False).hits
    addresses = [address for _, address in hits]
    if not addresses:
        return []
    others = searcher.fast_field_values("number", addresses)
    dates = searcher.fast_field_values("dated", addresses)

    def worth(n: int) -> float:
        apart = abs(moment - float(dates[n] or 0))
        return float(hits[n][0]) * (1 + NEAR_IN_TIME * 0.5 ** (apart / HALF_LIFE))

    # of equals the newer: where a document lies differs from one machine to the next
    best = sorted(range(len(hits)), key=lambda n: (-worth(n), -int(others[n] or 0)))
    return [int(others[n] or 0) for n in best[:KEPT]]
