"""The wire desk's page: what came in beside what is picked, and the POST that picks, orders and puts away."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_POST

from masthead.newsletters.models import Block, Newsletter, WireEntry, WireSource
from masthead.newsroom import wire
from masthead.newsroom.editions import CannotEdit
from masthead.newsroom.newsletter_viewsets import health
from masthead.newsroom.views.base import NewsroomPage, may
from masthead.newsroom.views.editions import numbers, plain, scripted, see_other

DESK = ("newsletters.change_wireentry",)
PAGE = 50


class ByHandForm(forms.Form):
    """What no feed brought."""

    url = forms.URLField(max_length=1000, label="Address", assume_scheme="https")
    headline = forms.CharField(max_length=200)
    publisher = forms.CharField(max_length=120, required=False, label="Whose it is")
    comment = forms.CharField(max_length=wire.COMMENT, required=False, label="Why it matters")


class WirePage(NewsroomPage):
    """What came in, newest first; what is picked, in order; the feeds and how they are."""

    template_name = "newsroom/newsletters/wire.html"
    page_title = "Wire desk"
    header_icon = "list-ul"
    permissions = DESK

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        ask = self.request.GET
        text = ask.get("q", "").strip()[:100]
        shown = {"source": ask.get("source", ""), "q": text, "away": "1" if ask.get("away") else ""}
        rows = wire.incoming(source=shown["source"], text=shown["q"], dismissed=bool(shown["away"]))
        page = Paginator(rows, PAGE).get_page(ask.get("p"))
        chosen = newsletter_of(ask.get("for", ""), default=True)
        query = {**{name: value for name, value in shown.items() if value}, "for": chosen.slug if chosen else "any"}
        return super().get_context_data(**kwargs) | {
            "entries": page,
            "shown": shown,
            "sources": WireSource.objects.all(),
            "feeds": [(row, health(row)) for row in WireSource.objects.all()],
            "query": urlencode(query),
            "form": kwargs.get("form") or ByHandForm(),
            "may_feeds": may(self.request, "newsletters.change_wiresource"),
            **picked_context(chosen),
        }


def picked_context(chosen: Newsletter | None) -> dict[str, Any]:
    """What the list of picked entries needs."""
    return {
        "newsletters": with_wire(),
        "chosen": chosen,
        "chosen_slug": chosen.slug if chosen else "any",
        "waiting": wire.waiting(chosen),
    }


def with_wire() -> list[Newsletter]:
    """The newsletters whose editions have a wire."""
    return list(Newsletter.objects.filter(blocks__kind=Block.WIRE).distinct().order_by("position", "slug"))


def newsletter_of(slug: str, *, default: bool = False) -> Newsletter | None:
    """For which newsletter somebody picks. "any" is none in particular; nothing said is the first."""
    rows = with_wire()
    found = next((row for row in rows if row.slug == slug), None)
    return found or (rows[0] if default and rows and slug != "any" else None)


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """Do what the pressed button says. A script gets the picked list back; a form is sent to the page it came from."""
    if not may(request, *DESK):
        raise PermissionDenied
    do, _, number = request.POST.get("do", "").partition(":")
    chosen = newsletter_of(request.POST.get("for", ""))
    back = f"{reverse('newsroom_wire')}?{request.POST.get('back', '')[:500]}"
    try:
        if do == "hand":
            form = ByHandForm(request.POST)
            if not form.is_valid():
                problem = next(iter(form.errors.items()))
                raise wire.CannotPick(f"{form.fields[problem[0]].label or problem[0].capitalize()}: {problem[1][0]}")
            _, sentence = wire.by_hand(**form.cleaned_data, newsletter=chosen, by=request.user)
        elif do == "order":
            sentence = wire.order(numbers=numbers(request.POST.getlist("picked")))
        elif do == "fetch":
            sentence = wire.fetch_soon(source=get_object_or_404(WireSource, pk=(numbers([number]) or [0])[0]))
        else:
            entry = get_object_or_404(WireEntry, pk=(numbers([number]) or [0])[0])
            sentence = _with_entry(request, do, entry, chosen)
        done = True
    except (wire.CannotPick, CannotEdit) as error:
        done, sentence = False, str(error)
    if scripted(request):
        html = render_to_string("newsroom/newsletters/_picked.html", picked_context(chosen), request)
        return JsonResponse({"done": done, "sentence": sentence, "picked": html}, status=200 if done else 409)
    (messages.success if done else messages.error)(request, sentence)
    return see_other(back)


def _with_entry(request: HttpRequest, do: str, entry: WireEntry, chosen: Newsletter | None) -> str:
    comment = plain(request.POST.get(f"comment-{entry.pk}", ""))
    match do:
        case "pick":
            return wire.pick(entry=entry, newsletter=chosen, comment=comment, by=request.user)
        case "unpick":
            return wire.unpick(entry=entry)
        case "dismiss":
            return wire.dismiss(entry=entry)
        case "restore":
            return wire.restore(entry=entry)
        case "say":
            return wire.say(entry=entry, comment=comment)
        case "up" | "down":
            return wire.move(entry=entry, newsletter=chosen, steps=-1 if do == "up" else 1)
    raise wire.CannotPick("That button is not known here.")
