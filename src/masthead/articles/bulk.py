"""Articles by the thousand, and the one page they all lie under.

Wagtail's ``add_child`` and publishing take some 20 ms an article. Here a batch is written in a handful of statements: the page
and article rows, bylines, topics, renderings, and the newsroom's search and reference indexes. What comes out is what Wagtail
would have made, without a revision: the editor's first change makes that. Signals are not sent; whoever follows articles reads
the change log.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.db import connection, models, transaction
from django.db.models import Avg, F
from django.db.models.base import ModelState
from django.db.models.functions import Length
from django.utils.text import slugify
from wagtail.models import Locale, Page, ReferenceIndex, Revision, Site
from wagtail.search.backends import get_search_backends
from wagtail.search.index import AutocompleteField, SearchField
from wagtail.search.models import IndexEntry

from masthead.articles.models import Article, ArticleIndex, Author, Byline, Rendering, Topic
from masthead.articles.rendering import render_stored
from masthead.core import changelog, clock

SLUG_LENGTH = 90
Raw = list[dict[str, Any]]

# What every database driver takes as it is.
_AS_THEY_ARE = {"CharField", "TextField", "SlugField", "URLField", "ForeignKey", "OneToOneField", "AutoField", "BigAutoField",
                "IntegerField", "PositiveIntegerField", "BooleanField"}  # fmt: skip
_PLAIN_TYPES = {str, int, bool, type(None)}


@dataclass(frozen=True, slots=True)
class NewArticle:
    """One article to be made. ``body`` is in the StreamField's stored form: type, value and id of each block."""

    title: str
    body: Raw
    dated: datetime
    access: str = Article.Access.METERED
    format: str = Article.Format.ANALYSIS
    date_precision: str = Article.Precision.DAY
    standfirst: str = ""
    source: str = ""
    source_url: str = ""
    licence: str = ""
    language: str = ""  # empty: the publication's
    import_key: str | None = None
    authors: tuple[int, ...] = ()
    topics: tuple[int, ...] = ()
    live: bool = True
    slug: str = ""


# The tree -------------------------------------------------------------------------------------------------------------


def ensure_index() -> ArticleIndex:
    """The page all articles lie under, with the root above it and the site that shows it; made where any is missing.

    The site's host and port are the base URL's, so that Wagtail's *view live* leads where readers go.
    """
    with transaction.atomic():
        root = Page.get_first_root_node()
        if root is None:
            Locale.objects.get_or_create(language_code=settings.LANGUAGE_CODE)
            root = Page.add_root(
                instance=Page(title="Root", slug="root", content_type=ContentType.objects.get_for_model(Page), url_path="/")
            )
        index = ArticleIndex.objects.first()
        if index is None:
            index = ArticleIndex(title="Articles", slug=_free_index_slug(root))
            root.add_child(instance=index)
        address = urlsplit(settings.MASTHEAD.base_url)
        port = address.port or (443 if address.scheme == "https" else 80)
        host = address.hostname or "localhost"
        site = Site.objects.filter(is_default_site=True).first() or Site(is_default_site=True)
        if (site.hostname, site.port, site.root_page_id) != (host, port, index.pk):
            site.hostname, site.port, site.root_page = host, port, index
            site.save()
    return index


def _free_index_slug(root: Page) -> str:
    taken = set(root.get_children().values_list("slug", flat=True))
    return next(slug for slug in ("articles", *(f"articles-{n}" for n in range(2, 99))) if slug not in taken)


# Slugs ----------------------------------------------------------------------------------------------------------------


def base_slug(title: str, key: str = "") -> str:
    """The slug ``title`` would like: at most :data:`SLUG_LENGTH` characters, cut between words."""
    slug = slugify(title)
    if len(slug) > SLUG_LENGTH:
        slug = slug[: SLUG_LENGTH + 1].rpartition("-")[0] or slug[:SLUG_LENGTH]
    return slug.strip("-_") or f"article-{uuid.uuid5(uuid.NAMESPACE_OID, key or title).hex[:10]}"


def free_slugs(wanted: Sequence[tuple[str, datetime, str]]) -> list[str]:
    """A slug for each (title, date, precision), unique site-wide: a title used before gets its date, then a number.

    In order, and looking only at what is there: the same records in the same order get the same slugs, however often interrupted.
    """
    bases = [base_slug(title, f"{title} {dated}") for title, dated, _ in wanted]
    shapes = {"year": "%Y", "none": "%Y", "month": "%Y-%m"}
    dates = [dated.strftime(shapes.get(precision, "%Y-%m-%d")) for _, dated, precision in wanted]
    candidates = {*bases, *(f"{base}-{date}" for base, date in zip(bases, dates, strict=True))}
    taken = _taken(candidates)
    slugs = []
    for base, date in zip(bases, dates, strict=True):
        slug = base
        if slug in taken:
            slug = dated_slug = f"{base}-{date}"
            number = 2
            while slug in taken:
                slug = f"{dated_slug}-{number}"
                number += 1
                if slug not in candidates:
                    candidates.add(slug)
                    taken |= _taken([slug])
        taken.add(slug)
        slugs.append(slug)
    return slugs


def _taken(slugs: Iterable[str]) -> set[str]:
    return set(Page.objects.filter(slug__in=list(slugs)).values_list("slug", flat=True))


# Authors and topics ---------------------------------------------------------------------------------------------------


def authors(names: Iterable[str]) -> dict[str, int]:
    """The primary key of the author of each of ``names``, found by slug and made where there is none."""
    return _by_slug(Author, names, 120, {})


def topics(names: Iterable[str], kind: str = Topic.Kind.THEME) -> dict[str, int]:
    """The primary key of the topic of each of ``names``, found by slug or name and made where there is none."""
    return _by_slug(Topic, names, 80, {"kind": kind})


def countries(codes: Mapping[str, str]) -> dict[str, int]:
    """The primary key of the topic of each country: ``codes`` has names, each with its ISO code (empty where it has none).

    A country is found by its code first, under whatever name the editors gave it. One that is found by name gets its code.
    """
    wanted = {code for code in codes.values() if code}
    coded = dict(Topic.objects.filter(kind=Topic.Kind.COUNTRY, code__in=wanted).order_by("-pk").values_list("code", "pk"))
    found = {name: coded[code] for name, code in codes.items() if code in coded}
    others = topics([name for name in codes if name not in found], Topic.Kind.COUNTRY)
    missing = {others[name]: codes[name] for name in others if codes[name]}
    if missing:
        for topic in Topic.objects.filter(pk__in=missing, kind=Topic.Kind.COUNTRY, code=""):
            Topic.objects.filter(pk=topic.pk).update(code=missing[topic.pk])  # not save(): nothing readers see is another
    return found | others


def _by_slug(model: type[Any], names: Iterable[str], length: int, fields: dict[str, str]) -> dict[str, int]:
    slugs = {name: (slugify(name)[:length].strip("-") or f"n-{uuid.uuid5(uuid.NAMESPACE_OID, name).hex[:10]}") for name in names}
    if not slugs:
        return {}
    found = dict(model.objects.filter(slug__in=set(slugs.values())).values_list("slug", "pk"))
    missing = {slug: name[:length] for name, slug in reversed(slugs.items()) if slug not in found}
    if missing and model is Topic:  # a topic's name is unique too, and may have another slug
        named = dict(model.objects.filter(name__in=missing.values()).values_list("name", "pk"))
        found |= {slug: named[name] for slug, name in missing.items() if name in named}
        missing = {slug: name for slug, name in missing.items() if name not in named}
    if missing:
        made = model.objects.bulk_create([model(slug=slug, name=name, **fields) for slug, name in missing.items()])
        found |= {each.slug: each.pk for each in made}
        _search_index(model, made)
    return {name: found[slug] for name, slug in slugs.items()}


# Articles -------------------------------------------------------------------------------------------------------------


def create(new: Sequence[NewArticle]) -> list[int]:
    """Make all of ``new`` in one transaction, published unless ``live`` is false, and log one change of the lists.

    Returns their primary keys, in order.
    """
    if not new:
        return []
    with changelog.transaction() as changes:
        keys = _create(new)
        changes.add(changelog.articles(min(keys), max(keys)), changelog.LIST)
    return keys


def _create(new: Sequence[NewArticle]) -> list[int]:
    now = clock.now()
    # The parent's row is the lock for paths and numchild (on SQLite the IMMEDIATE transaction is)
    parent = Page.objects.select_for_update().get(pk=ensure_index().pk)
    step = _last_step(parent)
    slugs = free_slugs([(item.slug or item.title, item.dated, item.date_precision) for item in new])
    keys = _allot(Page, len(new))
    stream_block = Article._meta.get_field("body").stream_block
    page_defaults = _defaults(Page) | {
        "depth": parent.depth + 1,
        "content_type_id": ContentType.objects.get_for_model(Article).pk,
        "locale_id": parent.locale_id,
    }
    article_defaults = _defaults(Article)
    pages, articles, renderings, bylines, topics_of, indexed = [], [], [], [], [], []
    for number, (pk, item, slug) in enumerate(zip(keys, new, slugs, strict=True), start=step + 1):
        title = item.title[:255]
        pages.append(
            page_defaults
            | {
                "id": pk,
                "path": Page._get_path(parent.path, parent.depth + 1, number),
                "title": title,
                "draft_title": title,
                "slug": slug,
                "url_path": f"{parent.url_path}{slug}/",
                "translation_key": uuid.uuid4(),
                "live": item.live,
                "has_unpublished_changes": not item.live,
                "first_published_at": now if item.live else None,
                "last_published_at": now if item.live else None,
            }
        )
        own = {
            "page_ptr_id": pk,
            "standfirst": item.standfirst[:500],
            "format": item.format,
            "access": item.access,
            "dated": item.dated,
            "date_precision": item.date_precision,
            "source": item.source[:200],
            "source_url": item.source_url,
            "licence": item.licence[:200],
            "language": item.language,
            "import_key": item.import_key,
        }
        articles.append(article_defaults | own | {"body": stream_block.to_python(item.body)})
        if item.live:
            rendered, words = render_stored(item.body, stream_block)
            renderings.append(
                {"article_id": pk, "blocks": rendered.blocks, "gate": rendered.gate, "words": words, "rendered": now}
            )
        bylines += [
            {"article_id": pk, "author_id": author, "sort_order": order}
            for order, author in enumerate(dict.fromkeys(item.authors))
        ]
        topics_of += [{"article_id": pk, "topic_id": topic} for topic in dict.fromkeys(item.topics)]
        indexed.append(_indexable(pk, title, own))
    for byline, pk in zip(bylines, _allot(Byline, len(bylines)), strict=True):
        byline["id"] = pk
    _write(Page, pages)
    _write(Article, articles)
    _write(Rendering, renderings)
    _write(Byline, bylines)
    _write(Article.topics.through, topics_of)
    Page.objects.filter(pk=parent.pk).update(numchild=F("numchild") + len(pages))
    _reference_index(bylines)
    _search_index(Article, indexed)
    return keys


def add_topics(found: Mapping[int, Iterable[int]]) -> int:
    """Give articles (by primary key) more topics, in one transaction, and log what changed. Never takes one away.

    A draft that waits gets them too, or publishing it would take them off again. Returns how many were added.
    """
    with changelog.transaction() as changes:
        # rows written by nobody else until this is done: whoever publishes an article writes its topics anew
        articles = Article.objects.select_for_update(of=("self",)).filter(pk__in=found).values_list("pk", "latest_revision_id")
        revisions = dict(articles.order_by("pk"))
        there = set(Article.topics.through.objects.filter(article_id__in=revisions).values_list("article_id", "topic_id"))
        wanted = [(pk, topic) for pk in revisions for topic in dict.fromkeys(found[pk]) if (pk, topic) not in there]
        _write(Article.topics.through, [{"article_id": pk, "topic_id": topic} for pk, topic in wanted])
        drafts = Revision.objects.in_bulk([number for number in revisions.values() if number])
        for pk, number in revisions.items():
            if draft := drafts.get(number):
                topics = draft.content.get("topics", [])
                draft.content["topics"] = [*topics, *(topic for topic in found[pk] if topic not in topics)]
        Revision.objects.bulk_update(drafts.values(), ["content"])
        changed = dict.fromkeys(pk for pk, _ in wanted)
        if changed:
            changes.add(*(changelog.article(pk) for pk in changed), changelog.LIST)
    return len(wanted)


def remove_topics(found: Mapping[int, Iterable[int]]) -> int:
    """Take topics off articles (both by primary key) that have them, and off drafts that wait, in one transaction; log it.

    Returns how many were taken off articles.
    """
    with changelog.transaction() as changes:
        articles = Article.objects.select_for_update(of=("self",)).filter(pk__in=found).values_list("pk", "latest_revision_id")
        revisions = dict(articles.order_by("pk"))
        rows = Article.topics.through.objects.filter(article_id__in=revisions).values_list("pk", "article_id", "topic_id")
        gone = [(row, article) for row, article, topic in rows if topic in found[article]]
        Article.topics.through.objects.filter(pk__in=[row for row, _ in gone]).delete()
        drafts = Revision.objects.in_bulk([number for number in revisions.values() if number])
        for pk, number in revisions.items():
            if draft := drafts.get(number):
                draft.content["topics"] = [topic for topic in draft.content.get("topics", []) if topic not in found[pk]]
        Revision.objects.bulk_update(drafts.values(), ["content"])
        if gone:
            changes.add(*dict.fromkeys(changelog.article(article) for _, article in gone), changelog.LIST)
    return len(gone)


def _indexable(pk: int, title: str, own: dict[str, Any]) -> Article:
    """As much of an article as the search index asks for. Making a whole one takes longer than writing it."""
    article = Article.__new__(Article)
    article._state = ModelState()
    article.__dict__.update(own, id=pk, title=title, get_search_fields=_text_fields)
    return article


def _getter(field: Any) -> Callable[[Article], Any]:
    """What reads ``field`` of an article. Of a plain column nothing need be looked up for each article anew."""
    try:
        column = field.get_field(Article)
    except FieldDoesNotExist:
        return field.get_value
    plain = isinstance(column, models.CharField | models.TextField) and not hasattr(column, "get_searchable_content")
    return attrgetter(column.attname) if plain else field.get_value


@cache
def _text_fields() -> list[Any]:
    """The search fields that hold text; the index would look at each of the others three times, for nothing."""
    return [field for field in Article.get_search_fields() if isinstance(field, SearchField | AutocompleteField)]


def _defaults(model: type[models.Model]) -> dict[str, Any]:
    """What a new row of ``model``'s own table holds where nothing is said."""
    return {field.attname: field.get_default() for field in model._meta.local_concrete_fields if not field.primary_key}


def _last_step(parent: Page) -> int:
    last = (
        Page.objects.filter(depth=parent.depth + 1, path__range=Page._get_children_path_interval(parent.path))
        .order_by("-path")
        .values_list("path", flat=True)
        .first()
    )
    return Page._str2int(last[-Page.steplen :]) if last else 0


def _allot(model: type[models.Model], count: int) -> list[int]:
    """The primary keys of the next ``count`` rows, so that rows of other tables can be made before these are written."""
    table, column = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)", [table, column, count])
            return [row[0] for row in cursor.fetchall()]
        # the IMMEDIATE transaction keeps every other writer out until these are used
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        row = cursor.fetchone()
        first = (row[0] if row else 0) + 1
    return list(range(first, first + count))


def _write(model: type[models.Model], rows: Sequence[dict[str, Any]]) -> None:
    """Insert ``rows`` (values by attribute name, the same names in each) into ``model``'s own table.

    Django's ``bulk_create`` refuses a model with a parent table, and spends most of an import on building statements.
    """
    if not rows:
        return
    own = {field.attname: field for field in model._meta.local_concrete_fields}
    fields = [own[name] for name in rows[0]]
    columns: list[list[Any]] = []
    for field in fields:
        values = [row[field.attname] for row in rows]
        if all(value is values[0] for value in values):
            columns.append([field.get_db_prep_save(values[0], connection)] * len(rows))
        elif field.get_internal_type() in _AS_THEY_ARE and {type(value) for value in values} <= _PLAIN_TYPES:
            columns.append(values)
        else:
            columns.append([field.get_db_prep_save(value, connection) for value in values])
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({marks})",  # noqa: S608 - names from our own models
            list(zip(*columns, strict=True)),
        )


def _reference_index(bylines: Sequence[dict[str, Any]]) -> None:
    """What ``ReferenceIndex.create_or_update_for_object`` would write for new articles: they refer to their authors only."""
    page, article, author = (
        ContentType.objects.get_for_model(model, for_concrete_model=False).pk for model in (Page, Article, Author)
    )
    rows = []
    for byline in bylines:
        path = f"bylines.{byline['id']}.author"
        rows.append(
            {
                "base_content_type_id": page,
                "content_type_id": article,
                "object_id": str(byline["article_id"]),
                "to_content_type_id": author,
                "to_object_id": str(byline["author_id"]),
                "model_path": "bylines.item.author",
                "content_path": path,
                "content_path_hash": ReferenceIndex._get_content_path_hash(path),
            }
        )
    _write(ReferenceIndex, rows)


def _search_index(model: type[Any], objects: Sequence[Any]) -> None:
    for backend in get_search_backends(with_auto_update=True):
        index = backend.get_index_for_model(model)
        if connection.vendor == "sqlite" and model is Article and type(index).__name__ == "SQLiteIndex":
            _search_rows(objects)
        else:
            index.add_items(model, objects)


def _search_rows(articles: Sequence[Article]) -> None:
    """What ``add_items`` writes, which on SQLite takes as long as all other tables together: it puts each row in twice."""
    content_type = ContentType.objects.get_for_model(Article).pk
    length = IndexEntry.objects.annotate(length=Length("title")).filter(length__gt=0).aggregate(mean=Avg("length"))["mean"]
    columns: dict[str, list[Callable[[Article], Any]]] = {"title": [], "autocomplete": [], "body": []}
    for field in _text_fields():
        kind = "autocomplete" if isinstance(field, AutocompleteField) else "title" if field.field_name == "title" else "body"
        columns[kind].append(_getter(field))
    rows = []
    for article in articles:
        texts = {kind: [str(value(article)) for value in values] for kind, values in columns.items()}
        row = {name: " ".join(parts) for name, parts in texts.items()}
        norm = (length or len(row["title"])) / (len(row["title"]) or 1)
        rows.append({**row, "content_type_id": content_type, "object_id": str(article.pk), "title_norm": norm})
    _write(IndexEntry, rows)
