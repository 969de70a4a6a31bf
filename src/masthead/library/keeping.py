"""What readers keep of the library: topics and authors they follow, searches they saved, and the private feed of each.

A feed's address is a secret like a password: its token is told once, when it is made, and only a keyed hash of it stays here.
Whoever holds the address reads the feed, so it says nothing that not everybody may know: teasers, and of a saved search what a
visitor without any standing would find.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import parse_qs, urlencode

from django.db import transaction
from django.db.models import Q, QuerySet

from masthead.access.policy import Policy
from masthead.articles import cards
from masthead.articles.models import Article, Author, Byline, Topic
from masthead.core import clock, keys
from masthead.library import query, search
from masthead.library.models import Follow, PrivateFeed, SavedSearch
from masthead.library.renamed import renamed
from masthead.readers.models import Reader

MOST_FOLLOWS = 200
MOST_SEARCHES = 100
LONGEST_NAME = 120
LONGEST_QUERY = 500
PURPOSE = "private feed"  # of the keyed hash


class TooMany(Exception):
    """The reader keeps as much as anyone may; ``str()`` is a sentence for them."""


class Empty(ValueError):
    """Nothing is searched for; ``str()`` is a sentence for the reader."""


class Gone(Exception):
    """What a feed was asked for is kept no longer."""


def _lock(reader: Reader) -> None:
    """Let no other request of ``reader`` count or give up what they keep until this transaction ends."""
    Reader.objects.select_for_update().only("pk").get(pk=reader.pk)


# --- following


@transaction.atomic
def follow(*, reader: Reader, thing: Topic | Author) -> Follow:
    """Have ``reader`` follow a topic or an author; twice is once. Raises :class:`TooMany`."""
    _lock(reader)
    which = {"topic": thing} if isinstance(thing, Topic) else {"author": thing}
    found = Follow.objects.filter(reader=reader, **which).first()
    if found is not None:
        return found
    if Follow.objects.filter(reader=reader).count() >= MOST_FOLLOWS:
        raise TooMany(f"You follow {MOST_FOLLOWS} topics and authors already. Let go of one first.")
    return Follow.objects.create(reader=reader, created=clock.now(), **which)


@transaction.atomic
def unfollow(*, reader: Reader, number: int) -> bool:
    """End one of ``reader``'s follows, and its feed; False where it is not theirs."""
    _lock(reader)
    return bool(Follow.objects.filter(reader=reader, pk=number).delete()[0])


def followed_articles(*, follows: Sequence[Follow], now: datetime, most: int) -> list[int]:
    """The numbers of the newest articles, at most ``most``, that stand under any of ``follows``; newest first."""
    topics = [row.topic_id for row in follows if row.topic_id]
    authors = [row.author_id for row in follows if row.author_id]
    # lists of numbers, not joins: an article of three followed topics is one article
    chosen = Q(pk__in=Article.topics.through.objects.filter(topic__in=topics).values("article_id")) if topics else Q(pk__in=[])
    if authors:
        chosen |= Q(pk__in=Byline.objects.filter(author__in=authors).values("article_id"))
    return list(cards.listed(now).filter(chosen).values_list("pk", flat=True)[:most])


# --- saved searches


@transaction.atomic
def save_search(*, reader: Reader, address: str, name: str = "") -> SavedSearch:
    """Keep the search that the query string ``address`` asks for; twice is once. Raises :class:`Empty`, :class:`TooMany`."""
    canonical = canonical_query(address)
    if not canonical:
        raise Empty("There is nothing in that search to save. Type what you look for first.")
    if len(canonical) > LONGEST_QUERY:
        raise Empty("That search is too long to be saved. Please shorten it.")
    _lock(reader)
    found = SavedSearch.objects.filter(reader=reader, query=canonical).first()
    if found is not None:
        return found
    if SavedSearch.objects.filter(reader=reader).count() >= MOST_SEARCHES:
        raise TooMany(f"You keep {MOST_SEARCHES} searches already. Remove one first.")
    named = _printable(name) or name_for(canonical)
    return SavedSearch.objects.create(reader=reader, query=canonical, name=named[:LONGEST_NAME], created=clock.now())


@transaction.atomic
def rename_search(*, reader: Reader, number: int, name: str) -> bool:
    """Call one of ``reader``'s searches ``name``, or what it asks for where nothing of that can be seen; False if not theirs."""
    saved = SavedSearch.objects.filter(reader=reader, pk=number).first()
    if saved is None:
        return False
    saved.name = (_printable(name) or name_for(saved.query))[:LONGEST_NAME]
    saved.save(update_fields=["name"])
    return True


@transaction.atomic
def remove_search(*, reader: Reader, number: int) -> bool:
    """Keep one of ``reader``'s searches no longer, nor its feed; False where it is not theirs."""
    _lock(reader)
    return bool(SavedSearch.objects.filter(reader=reader, pk=number).delete()[0])


@transaction.atomic
def readdress(*, old: str, new: str) -> int:
    """Have saved searches among a topic's articles look under its slug ``new`` instead of ``old``. Says how many did."""
    count = 0
    for saved in SavedSearch.objects.filter(query__contains=old):
        fields = parse_qs(saved.query)
        for name in ("topic", "region"):
            if old in fields.get(name, ()):
                fields[name] = list(dict.fromkeys(new if value == old else value for value in fields[name]))
        changed = canonical_query(urlencode(fields, doseq=True))
        if changed == saved.query or len(changed) > LONGEST_QUERY:
            continue
        count += 1
        if SavedSearch.objects.filter(reader=saved.reader_id, query=changed).exists():
            saved.delete()
        else:
            SavedSearch.objects.filter(pk=saved.pk).update(query=changed)
    return count


def _printable(name: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())


def name_for(canonical: str) -> str:
    """What a search is called whose reader gave it no name: what they typed, else its filters."""
    fields = parse_qs(canonical)
    return " ".join(fields.get("q", [])) or ", ".join(value for values in fields.values() for value in values)


def _request(text: str) -> query.Request:
    """The search a query string asks for."""
    try:
        given = parse_qs(text[: 8 * LONGEST_QUERY].lstrip("?"), max_num_fields=50)
    except ValueError:  # more fields than any search has
        given = {}
    return replace(query.parse(query.FromMapping(given)), page=1, typing=False)


def canonical_query(text: str) -> str:
    """The query string ``text`` with what the search page knows and nothing else, in its order; empty for no search."""
    request = _request(text)
    return request.query_string() if request.text or request.filtered else ""


def results_of(saved: SavedSearch, *, policy: Policy, now: datetime, most: int, whole: bool = False) -> list[int] | None:
    """The numbers of what ``saved`` finds, the newest ``most``, as anybody would find them: whoever holds the feed's address may
    ask. ``whole``: as its reader does, to whom everything is open. None while the library is being prepared. The one place that
    asks the engine.
    """
    request = replace(renamed(_request(saved.query)), order=query.Order.NEWEST)
    found: list[int] = []
    while len(found) < most:
        results = search.search(request, whole=whole, policy=policy, now=now, facets=False)
        if not results.ready:
            return None
        found += results.numbers
        if request.page >= results.pages:
            break
        request = replace(request, page=request.page + 1)
    return found[:most]


# --- private feeds


@transaction.atomic
def make_feed(
    *, reader: Reader, search: SavedSearch | None = None, follow: Follow | None = None, instead_of: int | None = None
) -> str | None:
    """A new address for the feed of a search, of a follow, or (with neither) of all ``reader`` follows; the old one ends.

    ``instead_of`` is the generation the reader saw (:func:`generation`): where there is another by now, nothing is done and None
    answered, so that a form sent twice does not end the address it was just answered with. Else the token, told this once.
    Raises :class:`Gone` where the search or the follow was given up meanwhile.
    """
    _lock(reader)
    for row in (search, follow):
        if row is not None and not type(row).objects.filter(pk=row.pk).exists():
            raise Gone
    feed = PrivateFeed.objects.filter(reader=reader, search=search, follow=follow).first()
    if generation(feed) != (instead_of or 0):
        return None
    token = secrets.token_urlsafe(32)
    values = {"token_hash": keys.keyed_hash(PURPOSE, token), "created": clock.now(), "revoked": None}
    if feed is None:
        PrivateFeed.objects.create(reader=reader, search=search, follow=follow, **values)
    else:
        PrivateFeed.objects.filter(pk=feed.pk).update(**values)
    return token


def generation(feed: PrivateFeed | None) -> int:
    """A number that changes whenever the feed's address does; 0 where there is none."""
    return int(feed.created.timestamp() * 1_000_000) if feed and not feed.revoked else 0


@transaction.atomic
def revoke_feed(*, reader: Reader, number: int) -> bool:
    """End the address of one of ``reader``'s feeds; False where it is not theirs or has ended."""
    return bool(PrivateFeed.objects.filter(reader=reader, pk=number, revoked=None).update(revoked=clock.now()))


def feed_of(token: str) -> PrivateFeed | None:
    """The feed whose address holds ``token``. Looked up by its hash: what is compared tells nothing of what is asked for."""
    if not token.isascii() or not 40 <= len(token) <= 64:
        return None
    rows = PrivateFeed.objects.select_related("search", "follow__topic", "follow__author")
    return rows.filter(token_hash=keys.keyed_hash(PURPOSE, token), revoked=None, reader__is_active=True).first()


def articles_of(feed: PrivateFeed, *, policy: Policy, now: datetime, most: int) -> QuerySet[Article] | None:
    """What ``feed`` carries: at most ``most`` of the newest listed articles. None while that cannot be said."""
    if feed.search is not None:
        found = results_of(feed.search, policy=policy, now=now, most=most)
        if found is None:
            return None
        numbers = found
    elif feed.follow is not None:
        numbers = followed_articles(follows=[feed.follow], now=now, most=most)
    else:
        numbers = followed_articles(follows=list(Follow.objects.filter(reader=feed.reader_id)), now=now, most=most)
    return cards.listed(now).filter(pk__in=numbers)
