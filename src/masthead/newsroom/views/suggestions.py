"""Topics found in an article's text: a page of plain forms, the list the script asks for, and the POST that answers one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_POST

from masthead.articles.models import Article, Topic
from masthead.library import suggestions
from masthead.newsroom.views.base import NewsroomPage


class SuggestionsPage(NewsroomPage):
    """The topics found in one article. For the script (``?list``): the list alone."""

    template_name = "newsroom/suggestions/page.html"
    page_title = "Topics found in the text"
    header_icon = "tag"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.article = _article(request, kwargs["article"])
        if "list" in request.GET:
            return HttpResponse(render_to_string("newsroom/suggestions/_list.html", self._found(), request))
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | self._found() | {"title": self.article.draft_title}

    def _found(self) -> dict[str, Any]:
        return {"article": self.article.pk, "suggestions": suggestions.offered(self.article.pk)}


@require_POST
def answer(request: HttpRequest, article: int) -> HttpResponse:
    """Take the topic ``accept`` into the draft, or leave ``dismiss`` out for good. A form is sent back to the page."""
    found = _article(request, article)
    chosen = request.POST.get("accept") or request.POST.get("dismiss") or ""
    topic = get_object_or_404(Topic, pk=chosen if chosen.isdecimal() and len(chosen) < 19 else 0)
    try:
        if "accept" in request.POST:
            suggestions.accept(article=found, topic=topic, by=request.user)
            sentence = f"{topic.name} is among the draft's topics now."
        else:
            suggestions.dismiss(article=found, topic=topic, by=request.user)
            sentence = f"{topic.name} will not be offered for this article again."
        done = True
    except suggestions.CannotAccept as error:
        sentence, done = str(error), False
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return JsonResponse({"done": done, "sentence": sentence}, status=200 if done else 409)
    (messages.success if done else messages.error)(request, sentence)
    response = HttpResponseRedirect(reverse("newsroom_topics_found", args=[found.pk]))
    response.status_code = 303
    return response


def _article(request: HttpRequest, number: int) -> Article:
    article = get_object_or_404(Article, pk=number)
    if not article.permissions_for_user(request.user).can_edit():
        raise PermissionDenied
    return article
