"""Pages by their names: topics, authors, two topics with each other. Whoever searches for India and Russia is shown the way.

Looked up in memory: names are read anew when the change log says that they may have changed, and cost a search no query.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, islice
from operator import itemgetter

from masthead.articles import cards
from masthead.articles.addresses import pair as pair_path
from masthead.articles.cards import Link
from masthead.articles.models import Relation, Topic
from masthead.core import changelog
from masthead.core.remembered import Remembered
from masthead.front.pairs import pair_name
from masthead.library import languages, world
from masthead.library.query import read

MOST = 3  # pages of one that a search names; the pages of two come besides
MOST_TOLD = 5_000  # relations

Words = tuple[str, ...]  # folded


@dataclass(frozen=True, slots=True)
class Named:
    """A topic or an author. ``names`` are the words of its own name, then of others that mean it; ``kind`` is a topic's.

    ``about`` are single words of them all, and of what else a theme is found by.
    """

    name: str
    slug: str
    kind: str
    names: tuple[Words, ...]
    about: frozenset[str] = frozenset()

    @property
    def link(self) -> Link:
        """Its page."""
        return Link(self.name, f"/{'topics' if self.kind else 'authors'}/{self.slug}/")


@dataclass(frozen=True, slots=True)
class Names:
    """All topics and authors by slug, in order of their names.

    ``index`` has by the first word of a name its words, and whose it is; ``words`` each word of a name in order, and whose.
    """

    topics: Mapping[str, Named]
    authors: Mapping[str, Named]
    index: Mapping[str, Sequence[tuple[Words, Named]]]
    words: Sequence[tuple[str, Named]]

    def in_text(self, text: str) -> tuple[Link, ...]:
        """The pages that ``text`` (of a search field) names: of two with each other first, if the editors tell of them."""
        wanted = read(text)
        runs = [(*wanted.words, wanted.prefix), *((phrase.text,) for phrase in wanted.phrases if not phrase.excluded)]
        found = list(dict.fromkeys(each for run in runs for each in self._along(_words_of(" ".join(run)))))[:MOST]
        return (*told_of(each.link for each in found if each.kind), *(each.link for each in found))

    def _along(self, words: Words) -> Iterator[Named]:
        """Who is named along ``words``: at each place by the longest name that stands there."""
        place = 0
        while place < len(words):
            here = [(name, each) for name, each in self.index.get(words[place], ()) if words[place : place + len(name)] == name]
            longest = max((len(name) for name, _ in here), default=1)
            yield from (each for name, each in here if len(name) == longest)
            place += longest


    def beginning(self, typed: Words) -> list[Named]:
        """Those in whose names ``typed`` stands, its last word perhaps unfinished. Own names that begin so come first."""
        candidates: dict[Named, None] = {}
        for word, each in islice(self.words, bisect_left(self.words, typed[-1], key=itemgetter(0)), None):
            if not word.startswith(typed[-1]):
                break
            candidates[each] = None
        ranked = [(rank, each.name, each.slug, each) for each in candidates if (rank := _rank(each, typed)) is not None]
        return [each for *_, each in sorted(ranked, key=itemgetter(0, 1, 2))]


def names() -> Names:
    """What everything is called."""
    return _names.get()


def told_of(topics: Iterable[Link]) -> tuple[Link, ...]:
    """The pages of any two of ``topics`` that the editors told something of."""
    by_slug = sorted((topic.path.strip("/").rpartition("/")[2], topic.name) for topic in topics)
    told = _told.get() if len(by_slug) > 1 else ()
    return tuple(
        Link(pair_name(one, other), pair_path(first, second))
        for (first, one), (second, other) in combinations(by_slug, 2)
        if (first, second) in told
    )


# --- what an unfinished text may name


def _rank(each: Named, typed: Words) -> int | None:
    own, *others = each.names
    if _begins(own, typed, 0):
        return 0
    if any(_begins(other, typed, 0) for other in others):
        return 1
    return 2 if any(_begins(own, typed, place) for place in range(1, len(own))) else None


def _begins(name: Words, typed: Words, place: int) -> bool:
    *whole, last = typed
    end = place + len(whole)
    return end < len(name) and name[place:end] == tuple(whole) and name[end].startswith(last)


# --- kept in memory


def _load_topics() -> dict[str, Named]:
    rows = Topic.objects.order_by("name").values_list("name", "slug", "kind", "code", "aliases")
    found = {}
    for name, slug, kind, code, aliases in rows:
        names = _named(name, *_others(kind, code, aliases))
        about = frozenset(word for words in (*names, _words_of(aliases)) for word in words)
        found[slug] = Named(name, slug, kind, names, about)
    return found


def _others(kind: str, code: str, aliases: str) -> Iterator[str]:
    if kind != Topic.Kind.THEME:  # the other words of a theme are about it, and no names of it
        yield from aliases.splitlines()
    country = world.country(code) if kind == Topic.Kind.COUNTRY and code else None
    if country:
        others = (country.name, country.formal, *country.names, *country.demonyms)
        yield from (other for other in others if other not in country.unsearchable)


def _load_authors() -> dict[str, Named]:
    rows = cards.named_authors().order_by("name").values_list("slug", "name")
    return {slug: Named(name, slug, "", _named(name)) for slug, name in rows}


def _named(own: str, *others: str) -> tuple[Words, ...]:
    return (_words_of(own), *dict.fromkeys(words for other in others if (words := _words_of(other))))


@lru_cache(maxsize=20_000)  # thousands of names are read anew whenever something is published, and are mostly the same
def _words_of(name: str) -> Words:
    return tuple(languages.words(name))


def _load() -> Names:
    topics, authors = _load_topics(), _load_authors()
    index: dict[str, list[tuple[Words, Named]]] = defaultdict(list)
    for topic in topics.values():
        own = topic.names[0]
        for name in dict.fromkeys((*topic.names, own[1:] if own[0] == "the" else own) if own else topic.names):
            if name:
                index[name[0]].append((name, topic))
    for author in authors.values():
        if len(author.names[0]) > 1:  # a first name alone means nobody
            index[author.names[0][0]].append((author.names[0], author))
    everybody = (*topics.values(), *authors.values())
    words = sorted(((word, each) for each in everybody for word in {w for name in each.names for w in name}), key=itemgetter(0))
    return Names(topics, authors, index, words)


def _load_told() -> frozenset[tuple[str, str]]:
    rows = Relation.objects.order_by("pk").values_list("first__slug", "second__slug")[:MOST_TOLD]
    return frozenset((min(pair), max(pair)) for pair in rows)


_names = Remembered(_load, changelog.LIST)  # an import makes authors with their articles
_told = Remembered(_load_told, changelog.LIST)
