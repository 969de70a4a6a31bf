"""The planner's page, and the POST that moves an article to another day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from masthead.articles.models import Article
from masthead.core.models import Publication
from masthead.newsroom import planner, services
from masthead.newsroom.views.base import NewsroomPage, may

DESK = ("articles.view_topic",)  # whoever writes or edits has it, support has not: titles of drafts are content


class PlannerPage(NewsroomPage):
    """This and the coming weeks, with what is drafted, in review, scheduled and published on each day."""

    template_name = "newsroom/planner.html"
    page_title = "Planner"
    header_icon = "calendar-alt"
    permissions = DESK

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | board_context(self.request)


def board_context(request: HttpRequest) -> dict[str, Any]:
    """What the board's template needs, from ``?from=`` (or the form's ``from``)."""
    start = _day(request.POST.get("from") or request.GET.get("from"))
    board = planner.board(reader=request.user, start=start)
    step = timedelta(days=7 * (planner.WEEKS - 1))
    return {
        "board": board,
        "earlier": board.start - step,
        "later": board.start + step,
        "timezone": Publication.load().timezone,
        "this_week": planner.monday_of(board.today),
        "states": planner.STATES,
    }


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if 1990 <= day.year <= 2200 else None


@require_POST
def move(request: HttpRequest) -> HttpResponse:
    """Move ``article`` to ``day`` (empty: into the tray). A script gets the new board; a form is sent back to it."""
    if not may(request, *DESK):
        raise PermissionDenied
    number = request.POST.get("article", "")
    article = get_object_or_404(Article.objects.defer("body"), pk=number if number.isdecimal() and len(number) < 19 else 0)
    text = request.POST.get("day", "").strip()
    day = _day(text)
    try:
        if text and day is None:
            raise services.CannotMove(f"{text!r} is not a date; write for example {date.today():%Y-%m-%d}.")  # noqa: DTZ011
        moved = services.move(article=article, day=day, by=request.user)
        done, sentence = True, _sentence(moved)
    except services.CannotMove as error:
        done, sentence = False, str(error)
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        html = render_to_string("newsroom/_board.html", board_context(request), request)
        return JsonResponse({"done": done, "sentence": sentence, "html": html}, status=200 if done else 409)
    (messages.success if done else messages.error)(request, sentence)
    query = urlencode({"from": request.POST["from"]}) if _day(request.POST.get("from")) else ""
    response = HttpResponseRedirect(f"/newsroom/planner/{'?' if query else ''}{query}")
    response.status_code = 303
    return response


def _sentence(moved: services.Moved) -> str:
    title = moved.article.draft_title
    if moved.day is None:
        return f"“{title}” is in the tray again."
    day = f"{moved.day:%A} {moved.day.day} {moved.day:%B}"
    if moved.at:
        return f"“{title}” goes live on {day} at {moved.at:%H:%M}."
    return f"“{title}” is planned for {day}."
