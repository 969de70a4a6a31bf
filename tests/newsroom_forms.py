"""The article editor's form, as a browser sends it."""

from __future__ import annotations

from wagtail.test.utils.form_data import inline_formset, nested_form_data, rich_text, streamfield

from factories import make_author
from masthead.articles.models import Article, ArticleIndex


def form(article: Article | None = None, **changes: object) -> dict[str, str]:
    """The editor's form, filled in (for an ``article`` that is there: with the byline it has)."""
    bylines = (
        [{"author": row.author_id, "id": row.pk} for row in article.bylines.all()] if article else [{"author": make_author().pk}]
    )
    body = changes.pop("body", [("paragraph", rich_text(f"<p>Paragraph {n}</p>")) for n in range(6)])
    data = {
        "title": "The Strait That Everyone Watches",
        "slug": "the-strait",
        "standfirst": "Why a narrow sea keeps treasuries awake.",
        "format": "analysis",
        "access": "metered",
        "date_precision": "day",
        "bylines": inline_formset(bylines, initial=len(bylines) if article else 0),
        "comments": inline_formset([]),
        "body": streamfield(body),
    }
    return nested_form_data(data | changes)


def add_url() -> str:
    return f"/newsroom/pages/add/articles/article/{ArticleIndex.objects.get().pk}/"
