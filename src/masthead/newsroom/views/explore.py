"""Wagtail's tree has one page of ours under which all articles lie: where Wagtail leads there, our list is meant."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from wagtail.admin.auth import require_admin_access
from wagtail.admin.viewsets.pages import page_viewset_registry

from masthead.articles.models import ArticleIndex


@require_admin_access
def explore(request: HttpRequest, parent_page_id: int) -> HttpResponse:
    """The list of articles; any other page as Wagtail shows it."""
    if ArticleIndex.objects.filter(pk=parent_page_id).exists():
        return HttpResponseRedirect(reverse("articles:index"))
    return page_viewset_registry.as_view("index", parent_page_id_kwarg="parent_page_id")(request, parent_page_id=parent_page_id)
