"""Why a reader may or may not read an article: the page for support."""

from __future__ import annotations

from typing import Any

from masthead.access.explain import explain
from masthead.access.policy import ArticleFacts
from masthead.newsroom.cli import find
from masthead.newsroom.views.base import NewsroomPage


class ExplainPage(NewsroomPage):
    """The same as ``masthead explain``."""

    template_name = "newsroom/explain.html"
    page_title = "Explain"
    header_icon = "help"
    permissions = ("readers.view_reader",)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        address = self.request.GET.get("reader", "").strip()
        slug = self.request.GET.get("article", "").strip()
        context = super().get_context_data(**kwargs) | {"address": address, "slug": slug}
        if not address and not slug:
            return context
        if not (address and slug):
            return context | {"error": "Please give both: a reader's address and an article."}
        try:
            reader, article = find(address, slug)
        except LookupError as error:
            return context | {"error": str(error)}
        told = explain(reader=reader, article=ArticleFacts(article.pk, article.access))
        return context | {"told": told, "reader": reader, "article": article, "slug": article.slug}
