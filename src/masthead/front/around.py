"""What lies around a topic: the dialogues it is in, its members, its neighbours, and the pages of two it leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from masthead.articles import coverage
from masthead.articles.addresses import pair as pair_path
from masthead.articles.cards import Link
from masthead.articles.coverage import Counted
from masthead.articles.models import Relation, Topic
from masthead.front.pairs import pair_name

PAIRS = 8
MOST_MEMBERS = 12  # of a dialogue whose every pair is looked for: 66 pairs
PAIRED = (Topic.Kind.COUNTRY, Topic.Kind.ORGANISATION, Topic.Kind.GROUP)  # what has pages with one another


@dataclass(frozen=True, slots=True)
class Named:
    """A topic, as far as a link and a pair need it."""

    number: int
    name: str
    slug: str
    kind: str

    @classmethod
    def of(cls, row: Topic) -> Named:
        """What ``row`` is called."""
        return cls(row.pk, row.name, row.slug, row.kind)

    @property
    def link(self) -> Link:
        """Its page."""
        return Link(self.name, f"/topics/{self.slug}/")


@dataclass(frozen=True, slots=True)
class PairLink:
    """The page of two. ``told``: the editors wrote about it. ``count`` articles are on both, where that is known."""

    name: str
    path: str
    told: bool
    count: int = 0


_AROUND = """
SELECT 'groups', t.id, t.name, t.slug, t.kind, '' AS code, 0 AS place FROM articles_topic_members m
JOIN articles_topic t ON t.id = m.from_topic_id WHERE m.to_topic_id = %(me)s
UNION ALL SELECT 'members', t.id, t.name, t.slug, t.kind, t.code, 0 FROM articles_topic_members m
JOIN articles_topic t ON t.id = m.to_topic_id WHERE m.from_topic_id = %(me)s
UNION ALL SELECT 'told', t.id, t.name, t.slug, t.kind, '', 0 FROM articles_relation r
JOIN articles_topic t ON t.id = CASE WHEN r.first_id = %(me)s THEN r.second_id ELSE r.first_id END
WHERE r.first_id = %(me)s OR r.second_id = %(me)s
UNION ALL SELECT 'key', k.article_id, '', '', '', '', COALESCE(k.sort_order, 0) FROM articles_keyarticle k
WHERE k.topic_id = %(me)s
"""
_NEIGHBOURS = """
UNION ALL SELECT 'neighbours', t.id, t.name, t.slug, t.kind, '', 0 FROM articles_topic t
WHERE t.kind = 'country' AND t.code IN ({})
"""


@dataclass(frozen=True, slots=True)
class Around:
    """What rows elsewhere say of a topic. ``told``: with whom the editors told its relation; ``key``: numbers of articles."""

    groups: tuple[Named, ...]
    members: tuple[Named, ...]
    told: tuple[Named, ...]
    neighbours: tuple[Named, ...]
    key: tuple[int, ...]
    codes: tuple[str, ...]  # of the countries among the members


def look_around(me: int, codes: Sequence[str]) -> Around:
    """All of it in one query; ``codes`` are the countries' next to it."""
    values = {"me": me} | {f"c{place}": code for place, code in enumerate(codes)}
    sql = _AROUND + (_NEIGHBOURS.format(", ".join(f"%(c{place})s" for place in range(len(codes)))) if codes else "")
    found: dict[str, list[tuple[int, Named]]] = {}
    marked: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        for what, number, name, slug, kind, code, place in cursor.fetchall():
            found.setdefault(what, []).append((place, Named(number, name, slug, kind)))
            if what == "members" and code and len(marked) < MOST_MEMBERS:
                marked.append(code)

    def by_name(what: str) -> tuple[Named, ...]:
        return tuple(each for _, each in sorted(found.get(what, ()), key=lambda row: row[1].name))

    key = tuple(each.number for _, each in sorted(found.get("key", ()), key=lambda row: row[0]))
    return Around(by_name("groups"), by_name("members"), by_name("told"), by_name("neighbours"), key, tuple(sorted(marked)))


def pairs_of(me: Named, around: Around, beside: Sequence[Counted], now: datetime) -> tuple[PairLink, ...]:
    """The pairs a topic's page leads to: those the editors told, and those most is written on. A dialogue's are its members'."""
    told = [pair(me, other, told=True) for other in around.told]
    if me.kind == Topic.Kind.GROUP and len(around.members) > 1:
        return (*told, *_pairs_among(around.members, now))
    if me.kind not in PAIRED:
        return tuple(told)
    known = {other.number for other in (*around.told, *around.groups)}
    others = [Named(each.number, each.name, each.slug, each.kind) for each in beside if each.kind in PAIRED]
    written = [pair(me, other) for other in others if other.number not in known]
    return tuple(told + written)[: max(PAIRS, len(told))]


def _pairs_among(members: Sequence[Named], now: datetime) -> tuple[PairLink, ...]:
    by_number = {member.number: member for member in members}
    told = set(
        Relation.objects.filter(first__in=by_number, second__in=by_number).values_list("first_id", "second_id")[: MOST_MEMBERS**2]
    )
    written = coverage.pairs_among(by_number, now) if len(members) <= MOST_MEMBERS else []
    pairs = dict.fromkeys(told, 0) | {(pair.first, pair.second): pair.count for pair in written}
    return tuple(
        sorted(
            (
                pair(by_number[first], by_number[second], told=(first, second) in told, count=count)
                for (first, second), count in pairs.items()
            ),
            key=lambda pair: (not pair.told, pair.name),
        )
    )


def pair(one: Named, other: Named, *, told: bool = False, count: int = 0) -> PairLink:
    """The page of ``one`` and ``other``, whichever way round."""
    first, second = sorted((one, other), key=lambda each: each.slug)
    return PairLink(pair_name(first.name, second.name), pair_path(first.slug, second.slug), told, count)
