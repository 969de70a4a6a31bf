"""A guide before it is public."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from wagtail.admin.widgets.button import Button

from masthead.access.policy import Standing
from masthead.articles.models import Topic
from masthead.core import changelog, clock
from masthead.front import guides, headers
from masthead.front.content.publication import publication_facts
from masthead.front.pageview import view_of
from masthead.front.render import render_page


class _Undone(Exception):
    """Ends the transaction in which something was only looked at."""


def page_of(instance: Model) -> HttpResponse:
    """The page of a topic or a relation as a visitor without any standing sees it."""
    publication, now = publication_facts(), clock.now()
    if isinstance(instance, Topic):
        page = guides.topic(instance.slug, "", publication, now)
    else:
        page = guides.relation(guides.two(instance.first.slug, instance.second.slug), "", publication, now)  # type: ignore[attr-defined]
    view = view_of(page.canonical, Standing.ANONYMOUS, None, institution=None, locale=publication.language)
    return headers.preview(HttpResponse(render_page(view, page, publication, now).html))


class Previewed:
    """A form whose *Preview* shows the page as it would be, in a tab of its own. Nothing is kept.

    It is saved in a transaction that is undone: so what is seen is the page itself, not a likeness of it.
    """

    template_name = "newsroom/guide_form.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if "preview" not in request.POST:
            return super().post(request, *args, **kwargs)  # type: ignore[misc, no-any-return]
        self.object = self.get_object() if "pk" in kwargs else None  # type: ignore[attr-defined]
        form = self.get_form()  # type: ignore[attr-defined]
        shown: list[HttpResponse] = []
        try:
            with changelog.transaction():
                if form.is_valid():
                    shown.append(page_of(form.save()))
                raise _Undone
        except _Undone:
            pass
        return shown[0] if shown else render(request, "newsroom/guide_not_yet.html", {"sentences": _sentences(form)}, status=422)

    @property
    def header_more_buttons(self) -> list[Button]:
        """Besides what Wagtail offers: the page readers see, and for a topic, merging it."""
        buttons = list(super().header_more_buttons)  # type: ignore[misc]
        instance = getattr(self, "object", None)
        if instance is None:
            return buttons
        buttons.append(Button("See its page", url=instance.get_absolute_url(), icon_name="view", priority=5))
        if isinstance(instance, Topic) and self.can_delete:  # type: ignore[attr-defined]
            url = reverse("newsroom_topic_merge", args=[instance.pk])
            buttons.append(Button("Merge into another", url=url, icon_name="resubmit", priority=15))
        return buttons


def _sentences(form: Any) -> list[str]:
    """What is wrong with ``form`` and the rows in it, each with the name of its field."""
    forms_ = [("", form)]
    for formset in getattr(form, "formsets", {}).values():
        what = formset.model._meta.verbose_name.capitalize()
        forms_ += [(f"{what} {place}: ", row) for place, row in enumerate(formset, start=1)]
        forms_ += [("", _Errors(formset.non_form_errors()))]
    return [
        f"{where}{row.fields[name].label or name}: {sentence}" if name in row.fields else f"{where}{sentence}"
        for where, row in forms_
        for name, sentences in row.errors.items()
        for sentence in sentences
    ]


class _Errors:
    """What is wrong with a formset as a whole, as a form tells it."""

    fields: dict[str, Any] = {}

    def __init__(self, sentences: Any) -> None:
        self.errors = {"": list(sentences)}
