"""What is held about a reader here: the articles they keep for later."""

from __future__ import annotations

from typing import Any

from masthead.articles.models import SavedArticle
from masthead.core import privacy
from masthead.readers.models import Reader

COVERS = ("articles.SavedArticle",)


def register() -> None:
    """Add this part to "everything held about me"."""
    privacy.register("saved", export=_saved, erase=lambda reader: SavedArticle.objects.filter(reader=reader).delete())


def _saved(reader: Reader) -> list[dict[str, Any]]:
    rows = SavedArticle.objects.filter(reader=reader).select_related("article").order_by("pk")
    return [{"article": row.article.slug, "title": row.article.title, "since": row.created} for row in rows]
