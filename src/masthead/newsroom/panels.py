"""What stands on the newsroom's home: notices, the editions that go next, today's plan, what waits, and the promise."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Count
from wagtail.admin.ui.components import Component

from masthead.articles.models import ArticleIndex
from masthead.core import clock, notices
from masthead.newsletters.models import Edition, Newsletter
from masthead.newsroom import planner


class NoticesPanel(Component):
    """What the operator should know and mend (``core.notices``)."""

    name = "notices"
    order = 10
    template_name = "newsroom/home/notices.html"

    def get_context_data(self, parent_context: Any) -> dict[str, Any]:
        return {"notices": notices.recent()}


class TodayPanel(Component):
    """This week on one strip (at a weekend the one to come), the promise in a sentence, and one button to begin writing."""

    name = "today"
    order = 100
    template_name = "newsroom/home/today.html"

    def get_context_data(self, parent_context: Any) -> dict[str, Any]:
        request = parent_context["request"]
        board = planner.board(reader=request.user, weeks=2)
        index = ArticleIndex.objects.first()
        may_add = index is not None and index.permissions_for_user(request.user).can_add_subpage()
        return {"board": board, "week": planner.days_at_hand(board), "weekend": board.today.weekday() > 4, "may_add": may_add}


class DraftsPanel(Component):
    """Drafts of whoever looks, without a day or with one."""

    name = "my-drafts"
    order = 230
    template_name = "newsroom/home/drafts.html"

    def get_context_data(self, parent_context: Any) -> dict[str, Any]:
        from masthead.articles.models import Article

        reader = parent_context["request"].user
        drafts = (
            Article.objects.filter(live=False, owner=reader, first_published_at=None)
            .defer("body")
            .select_related("plan")
            .order_by("-latest_revision_created_at")[:6]
        )
        return {"drafts": drafts}


class EditionsPanel(Component):
    """The newsletters that go next, and those on their way: what an editor looks for first in the morning."""

    name = "editions"
    order = 90
    template_name = "newsroom/home/editions.html"

    def get_context_data(self, parent_context: Any) -> dict[str, Any]:
        from masthead.newsroom.views.editions import COMING, RUNNING, words

        now = clock.now()
        rows = Edition.objects.select_related("newsletter", "approved_by").order_by("due")
        coming = rows.filter(state__in=COMING, due__lte=now + timedelta(days=1)).annotate(things=Count("items"))[:6]
        return {
            "coming": [(row, words(row, now)) for row in coming],
            "running": rows.filter(state__in=RUNNING)[:6],
            "paused": Newsletter.objects.exclude(paused=""),
        }
