"""Sitemaps for search engines: an index of bounded parts, and the last two days for news search."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from math import ceil
from xml.sax.saxutils import escape

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from masthead.articles import calendar, cards
from masthead.articles.models import Article, Topic
from masthead.core import changelog, clock
from masthead.core.timezones import zone
from masthead.front import content, directory, editions, guides, headers
from masthead.front.marks import Mark
from masthead.front.pageview import view_of_all

PART = 5_000
MOST_PARTS = 50_000  # of one index; databases refuse to skip as many rows as an address can name
NEWS = timedelta(days=2)
NEWS_ARTICLES = 1_000  # what news search reads
FIXED = ("/", "/library/", "/topics/", "/authors/", "/subscribe/", "/newsletters/", "/about/")
SITEMAP = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The parts: of pages, of pairs, of the archive by date and of newsletters one each, and as many of articles as needed."""
    parts = ceil(Article.objects.live().count() / PART)
    articles = (f"/sitemap-articles-{part}.xml" for part in range(1, parts + 1))
    addresses = ["/sitemap-pages.xml", "/sitemap-relations.xml", "/sitemap-archive.xml", "/sitemap-newsletters.xml", *articles]
    entries = "".join(f"<sitemap><loc>{_address(path)}</loc></sitemap>" for path in addresses)
    return _xml(request, f"<sitemapindex {SITEMAP}>{entries}</sitemapindex>")


@require_safe
def pages(request: HttpRequest) -> HttpResponse:
    """Everything but articles: topics, and authors (the first 5,000)."""
    topics = Topic.objects.order_by("pk").values_list("slug", flat=True)[:PART]
    authors = directory.named().order_by("pk").values_list("slug", flat=True)[:PART]
    paths = [*FIXED, *(f"/topics/{slug}/" for slug in topics), *(f"/authors/{slug}/" for slug in authors)]
    return _urls(request, ((path, None) for path in paths))


@require_safe
def relations(request: HttpRequest) -> HttpResponse:
    """The pages of two topics that the editors told of, or that several articles have together (the first 5,000)."""
    return _urls(request, ((path, None) for path in guides.pair_paths(clock.now())))


@require_safe
def archive(request: HttpRequest) -> HttpResponse:
    """The years and months that hold articles; their days are found from there."""
    where, now = zone(content.publication_facts().timezone), clock.now()
    years = [tally.stretch for tally in calendar.years(where, now)]
    months = calendar.tallies([month for year in years for month in year.parts()], where, now)
    paths = ["/archive/", *(year.path for year in years), *(tally.stretch.path for tally in months)]
    return _urls(request, ((path, None) for path in paths[:PART]))


@require_safe
def newsletters(request: HttpRequest) -> HttpResponse:
    """The newsletters' archives and their editions (the newest 5,000)."""
    return _urls(request, editions.addresses(PART), changelog.EDITIONS)


@require_safe
def articles(request: HttpRequest, part: int) -> HttpResponse:
    """One part of the articles, oldest of ours first, so that a full part changes no more."""
    rows = Article.objects.live().order_by("pk").values_list("slug", "last_published_at")
    rows = rows[(part - 1) * PART : part * PART] if 0 < part <= MOST_PARTS else []
    found = [(f"/articles/{slug}/", changed) for slug, changed in rows]
    if not found:
        raise Http404("There are fewer parts.")
    return _urls(request, found)


@require_safe
def news(request: HttpRequest) -> HttpResponse:
    """Articles of the last two days."""
    publication = content.publication_facts()
    now = clock.now()
    rows = cards.listed(now).filter(dated__gte=now - NEWS, date_precision=Article.Precision.DAY).only("slug", "title", "dated")
    name, language = escape(publication.name), escape(publication.language.partition("-")[0])
    entries = "".join(
        f"<url><loc>{_address(row.path_on_site)}</loc><news:news><news:publication><news:name>{name}</news:name>"
        f"<news:language>{language}</news:language></news:publication>"
        f"<news:publication_date>{row.dated:%Y-%m-%dT%H:%M:%SZ}</news:publication_date>"
        f"<news:title>{escape(row.title)}</news:title></news:news></url>"
        for row in rows[:NEWS_ARTICLES]
    )
    return _xml(request, f'<urlset {SITEMAP} xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">{entries}</urlset>')


def _urls(request: HttpRequest, entries: Iterable[tuple[str, datetime | None]], *keys: str) -> HttpResponse:
    urls = "".join(f"<url><loc>{_address(path)}</loc>{_changed(changed)}</url>" for path, changed in entries)
    return _xml(request, f"<urlset {SITEMAP}>{urls}</urlset>", *keys)


def _changed(moment: datetime | None) -> str:
    return f"<lastmod>{moment.isoformat(timespec='seconds')}</lastmod>" if moment else ""


def _address(path: str) -> str:
    return escape(f"{settings.MASTHEAD.base_url}{path}")


def _xml(request: HttpRequest, body: str, *keys: str) -> HttpResponse:
    response = HttpResponse(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n', content_type="application/xml; charset=utf-8")
    view = view_of_all(request.path, content.publication_facts().language)
    # what is new and what is old news moves on by itself
    return headers.variant(request, response, Mark(view, (changelog.LIST, *keys), fresh_until=clock.now() + timedelta(minutes=1)))
