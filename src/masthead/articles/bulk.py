"""Articles by the thousand, and the one page they all lie under.

Wagtail's ``add_child`` and publishing take some 20 ms an article. Here a batch is written in a handful of statements: the page and
article rows, bylines, topics, renderings, and the newsroom's search and reference indexes. What comes out is what Wagtail would have
made, without a revision: the editor's first change makes that. Signals are not sent; whoever follows articles reads the change log.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import F
from django.utils.text import slugify
from wagtail.models import Locale, Page, ReferenceIndex, Site
from wagtail.search.backends import get_search_backends

from masthead.articles.models import Article, ArticleIndex, Author, Byline, Rendering, Topic
from masthead.articles.rendering import render_stored
from masthead.core import changelog, clock

SLUG_LENGTH = 90
Raw = list[dict[str, Any]]


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
    dates = [dated.strftime("%Y") if precision == "year" else f"{dated:%Y-%m}" if precision == "month" else f"{dated:%Y-%m-%d}"
             for _, dated, precision in wanted]  # fmt: skip
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
        made = _create(new)
        changes.add(changelog.LIST)
    return [article.pk for article in made]


def _create(new: Sequence[NewArticle]) -> list[Article]:
    now = clock.now()
    # The parent's row is the lock for paths and numchild (on SQLite the IMMEDIATE transaction is)
    parent = Page.objects.select_for_update().get(pk=ensure_index().pk)
    step = _last_step(parent)
    slugs = free_slugs([(item.slug or item.title, item.dated, item.date_precision) for item in new])
    stream_block = Article._meta.get_field("body").stream_block
    content_type = ContentType.objects.get_for_model(Article)
    articles = []
    for number, (item, slug) in enumerate(zip(new, slugs, strict=True), start=step + 1):
        articles.append(
            Article(
                path=Page._get_path(parent.path, parent.depth + 1, number),
                depth=parent.depth + 1,
                numchild=0,
                title=item.title[:255],
                draft_title=item.title[:255],
                slug=slug,
                url_path=f"{parent.url_path}{slug}/",
                content_type=content_type,
                locale_id=parent.locale_id,
                translation_key=uuid.uuid4(),
                live=item.live,
                has_unpublished_changes=not item.live,
                first_published_at=now if item.live else None,
                last_published_at=now if item.live else None,
                standfirst=item.standfirst[:500],
                format=item.format,
                access=item.access,
                body=stream_block.to_python(item.body),
                dated=item.dated,
                date_precision=item.date_precision,
                source=item.source[:200],
                source_url=item.source_url,
                licence=item.licence[:200],
                import_key=item.import_key,
            )
        )
    _insert(articles)
    Page.objects.filter(pk=parent.pk).update(numchild=F("numchild") + len(articles))

    renderings = []
    for article, item in zip(articles, new, strict=True):
        if item.live:
            rendered, words = render_stored(item.body, stream_block)
            renderings.append(
                Rendering(article_id=article.pk, blocks=rendered.blocks, gate=rendered.gate, words=words, rendered=now)
            )
    Rendering.objects.bulk_create(renderings)
    bylines = Byline.objects.bulk_create(
        [
            Byline(article_id=article.pk, author_id=author, sort_order=order)
            for article, item in zip(articles, new, strict=True)
            for order, author in enumerate(dict.fromkeys(item.authors))
        ]
    )
    through = Article.topics.through
    through.objects.bulk_create(
        [
            through(article_id=article.pk, topic_id=topic)
            for article, item in zip(articles, new, strict=True)
            for topic in dict.fromkeys(item.topics)
        ]
    )
    _reference_index(bylines)
    _search_index(Article, articles)
    return articles


def _last_step(parent: Page) -> int:
    last = (
        Page.objects.filter(depth=parent.depth + 1, path__range=Page._get_children_path_interval(parent.path))
        .order_by("-path")
        .values_list("path", flat=True)
        .first()
    )
    return Page._str2int(last[-Page.steplen :]) if last else 0


def _insert(articles: list[Article]) -> None:
    """The rows of both tables. Django's ``bulk_create`` refuses a model with a parent table, so each table is written by itself."""
    attributes = [field.attname for field in Page._meta.concrete_fields if not field.primary_key]
    pages = Page._base_manager.bulk_create(
        [Page(**{name: getattr(article, name) for name in attributes}) for article in articles]
    )
    for article, page in zip(articles, pages, strict=True):
        article.page_ptr_id = article.id = page.pk
        article._state.adding = False
        article._state.db = page._state.db
    own: list[models.Field[Any, Any]] = list(Article._meta.local_concrete_fields)
    Article._base_manager.all()._batched_insert(articles, own, None)


def _reference_index(bylines: Sequence[Byline]) -> None:
    """The rows ``ReferenceIndex.create_or_update_for_object`` would make for new articles: plain text refers to its authors only."""
    page, article, author = (
        ContentType.objects.get_for_model(model, for_concrete_model=False).pk for model in (Page, Article, Author)
    )
    rows = []
    for byline in bylines:
        path = f"bylines.{byline.pk}.author"
        rows.append(
            ReferenceIndex(
                base_content_type_id=page,
                content_type_id=article,
                object_id=str(byline.article_id),
                to_content_type_id=author,
                to_object_id=str(byline.author_id),
                model_path="bylines.item.author",
                content_path=path,
                content_path_hash=ReferenceIndex._get_content_path_hash(path),
            )
        )
    ReferenceIndex.objects.bulk_create(rows)


def _search_index(model: type[Any], objects: Sequence[Any]) -> None:
    for backend in get_search_backends(with_auto_update=True):
        backend.get_index_for_model(model).add_items(model, objects)
