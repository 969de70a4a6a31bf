"""Articles as the index takes them, read from the database in batches; and what else an index depends on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from tantivy import Document

from masthead.access.policy import Access, Policy
from masthead.access.services import current_policy
from masthead.articles.models import Article, Author, Byline, Rendering, Topic
from masthead.articles.rendering import cut, plain
from masthead.core import changelog
from masthead.core.models import Publication
from masthead.core.timezones import zone
from masthead.library import languages, schema, unspaced
from masthead.library.place import About

BATCH = 400


def about_now(number: int) -> About:
    """What an index made now would say of itself, having followed the log to ``number``."""
    publication = Publication.load()
    return About(
        version=schema.VERSION,
        language=languages.base(publication.language),
        timezone=zone(publication.timezone).key,
        teaser=current_policy().teaser_paragraphs,
        number=number,
        moment=logged(number),
        names=tuple(sorted(_names().items())),
    )


def logged(number: int) -> str:
    """When ``number`` was logged; empty where nobody knows."""
    moment = changelog.moment_of(number)
    return moment.isoformat() if moment else ""


def _names() -> dict[str, str]:
    """The slug of each topic and author, and a digest of what is indexed of it."""
    found = {f"topic:{row[0]}": _digest(row) for row in Topic.objects.values_list("pk", "name", "slug", "kind", "aliases")}
    found |= {f"author:{row[0]}": _digest(row) for row in Author.objects.values_list("pk", "name", "slug")}
    return found


def _digest(row: tuple[object, ...]) -> str:
    return f"{row[2]}:{sha256(repr(row).encode()).hexdigest()[:12]}"


def named(changed: set[str]) -> set[int]:
    """The articles that carry one of the topics or authors in ``changed`` ("topic:3")."""
    topics = [int(name.partition(":")[2]) for name in changed if name.startswith("topic:")]
    authors = [int(name.partition(":")[2]) for name in changed if name.startswith("author:")]
    found = set(Article.topics.through.objects.filter(topic_id__in=topics).values_list("article_id", flat=True))
    return found | set(Byline.objects.filter(author_id__in=authors).values_list("article_id", flat=True))


def count() -> int:
    """How many articles an index holds."""
    return Rendering.objects.filter(article__live=True, article__dated__isnull=False).count()


def versions() -> dict[int, int]:
    """Every article an index should hold, with when it was rendered, in microseconds."""
    rows = Rendering.objects.filter(article__live=True, article__dated__isnull=False).values_list("article_id", "rendered")
    return {number: microseconds(moment) for number, moment in rows.iterator(5_000)}


def microseconds(moment: datetime) -> int:
    """``moment`` as a whole number."""
    return int(moment.timestamp() * 1_000_000)


def batches() -> Iterator[list[int]]:
    """The numbers of all articles to index, in batches."""
    last = 0
    live = Rendering.objects.filter(article__live=True, article__dated__isnull=False).order_by("article_id")
    while numbers := list(live.filter(article_id__gt=last).values_list("article_id", flat=True)[:BATCH]):
        yield numbers
        last = numbers[-1]


def between(first: int, last: int) -> set[int]:
    """The numbers of the articles made in one go, from ``first`` to ``last``."""
    return set(Article.objects.filter(pk__gte=first, pk__lte=last).values_list("pk", flat=True))


def _said_and_called(topics: Sequence[tuple[str, str, str, str]], language: str) -> tuple[list[str], list[str]]:
    """Of ``topics`` what each word is found by, and the terms of their other names that mean them only as a whole.

    The Turkish Straits are Türkiye's, but whoever searches for straits does not mean Türkiye.
    """
    said: list[str] = []
    called: list[str] = []
    for own, _, _, aliases in topics:
        said.append(own)
        for other in filter(None, (line.strip() for line in aliases.splitlines())):
            words = languages.words(other)
            if unspaced.unusual(other) or sum(not languages.is_function_word(word, language) for word in words) < 2:
                said.append(other)
            else:
                called.append(schema.name_of(words, language))
    return said, called


class Maker:
    """Makes documents for an index that is ``about`` something. ``languages`` gathers those of its texts."""

    def __init__(self, about: About) -> None:
        self._about = about
        self._zone = ZoneInfo(about.timezone)
        self._policy = Policy(teaser_paragraphs=about.teaser)
        self._topics = {
            pk: (name, slug, kind, aliases)
            for pk, name, slug, kind, aliases in Topic.objects.values_list("pk", "name", "slug", "kind", "aliases")
        }
        self.languages: dict[str, None] = dict.fromkeys((about.language, *about.languages))

    def documents(self, numbers: Sequence[int]) -> Iterator[Document]:
        """A document for each of ``numbers`` that is live, in four queries for all of them."""
        topics: dict[int, list[int]] = defaultdict(list)
        tagged = Article.topics.through.objects.filter(article_id__in=numbers).order_by("pk")
        for article, topic in tagged.values_list("article_id", "topic_id"):
            topics[article].append(topic)
        authors: dict[int, list[tuple[str, str]]] = defaultdict(list)
        bylines = Byline.objects.filter(article_id__in=numbers).order_by("sort_order")
        for article, name, slug in bylines.values_list("article_id", "author__name", "author__slug"):
            authors[article].append((name, slug))
        # values, not models: making fifty thousand of them takes longer than indexing their texts
        # in one order: a database gives back first what it likes, and equal articles would be indexed differently on two machines
        found = Rendering.objects.filter(article_id__in=numbers, article__live=True, article__dated__isnull=False)
        rows = found.order_by("article_id").values_list(
            "article_id", "blocks", "gate", "rendered", "article__title", "article__standfirst", "article__format",
            "article__access", "article__dated", "article__date_precision", "article__language",
        )  # fmt: skip
        for number, blocks, gate, rendered, title, standfirst, format_, access, dated, precision, language in rows:
            if unknown := [topic for topic in topics[number] if topic not in self._topics]:
                self._learn(unknown)
            about = [self._topics[topic] for topic in topics[number] if topic in self._topics]
            own = languages.base(language) or self._about.language
            self.languages[own] = None
            words, names = _said_and_called(about, self._about.language)
            parts = cut(blocks, gate, self._policy)
            teaser = plain("\n".join(html for _, html in parts.teaser))
            rest = plain("\n".join(html for _, html in parts.rest))
            whole = f"{teaser}\n{rest}"
            local = self._local(dated)
            exact = precision in (Article.Precision.DAY, Article.Precision.MONTH)
            yield schema.document(
                number=number,
                language=self._about.language,
                own_language=own,
                texts={
                    "title": title,
                    "standfirst": standfirst,
                    "topics": "\n".join(words),
                    # what everybody may read is searched in full by everybody
                    "opening": whole if access == Access.OPEN else teaser,
                    "body": whole,
                },
                authors="\n".join(name for name, _ in authors[number]),
                facets={
                    "topic": tuple(slug for _, slug, kind, _ in about if kind != Topic.Kind.REGION),
                    "region": tuple(slug for _, slug, kind, _ in about if kind == Topic.Kind.REGION),
                    "author": tuple(slug for _, slug in authors[number]),
                    "format": (format_,),
                    "access": (access,),
                },
                # what bears no date that is shown stands in no year; its date only says where it stands among others
                year=None if precision == Article.Precision.NONE else local.year,
                month=f"{local.year:04}-{local.month:02}" if exact else "",
                dated=int(dated.astimezone(UTC).timestamp()),
                rendered=microseconds(rendered),
                names=names,
            )

    def _local(self, moment: datetime) -> datetime:
        try:
            return moment.astimezone(self._zone)
        except OverflowError:  # the calendar's first and last day
            return moment

    def _learn(self, topics: Sequence[int]) -> None:
        for pk, *rest in Topic.objects.filter(pk__in=topics).values_list("pk", "name", "slug", "kind", "aliases"):
            self._topics[pk] = tuple(rest)  # type: ignore[assignment]
