"""What sold: by article and gate, by code, by price."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from masthead.articles.models import Article
from masthead.billing import sales
from masthead.core import clock
from masthead.newsroom.views.base import NewsroomPage

SPANS = {"7": "7 days", "30": "30 days", "365": "a year"}


class SalesPage(NewsroomPage):
    """The last week, month or year, for those who make offers."""

    template_name = "newsroom/sales.html"
    page_title = "What sold"
    header_icon = "tag"
    permissions = ("billing.view_offer",)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        days = self.request.GET.get("days", "30")
        days = days if days in SPANS else "30"
        sold = sales.since(clock.now() - timedelta(days=int(days)))
        titles = dict(Article.objects.filter(slug__in=[row.about for row in sold.by_article]).values_list("slug", "title"))
        return super().get_context_data(**kwargs) | {
            "sold": sold,
            "spans": SPANS,
            "days": days,
            "articles": [{"row": row, "title": titles.get(row.about, row.name)} for row in sold.by_article],
            "tables": [("Gate", sold.by_gate), ("Code", sold.by_code), ("Price", sold.by_price)],
        }
