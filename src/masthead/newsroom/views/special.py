"""Special editions: written by hand to some of a newsletter's readers, and sent at a day and hour after one more look."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.text import slugify
from wagtail.log_actions import log

from masthead.core import clock
from masthead.core.models import Publication
from masthead.core.timezones import zone as zone_called
from masthead.newsletters import editions as services
from masthead.newsletters.models import Edition, Newsletter
from masthead.newsroom import editions
from masthead.newsroom.audience import recipients
from masthead.newsroom.views.base import NewsroomPage
from masthead.newsroom.views.editions import COMING, DESK, REFUSED, crumbs, found, see_other


class SpecialForm(forms.Form):
    """What is needed to begin. The rest is written on the desk."""

    newsletter = forms.ModelChoiceField(
        Newsletter.objects.order_by("position"), empty_label=None, label="To readers of", help_text="Nobody else gets it."
    )
    segment = forms.ChoiceField(choices=Edition.Segment.choices, widget=forms.RadioSelect, initial="all", label="Of these")
    subject = forms.CharField(max_length=150)
    body = forms.CharField(
        label="What it says", widget=forms.Textarea(attrs={"rows": 12}), required=False, help_text="In Markdown."
    )
    once = forms.UUIDField(widget=forms.HiddenInput, required=False, initial=uuid4)

    def press(self) -> UUID | None:
        """A name for this form as it was filled in: whoever presses twice, or comes back and presses again, says the same."""
        given = self.cleaned_data
        said = [given["newsletter"].pk, given["segment"], given["subject"], given["body"]]
        return uuid5(given["once"], json.dumps(said)) if given["once"] else None


class SpecialPage(NewsroomPage):
    """Begins a special edition; it is a draft until somebody approves it with its day and hour."""

    template_name = "newsroom/newsletters/special.html"
    header_icon = "mail"
    page_title = "Write a special edition"
    permissions = ("newsletters.add_edition",)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.breadcrumbs_items = crumbs(self)
        return super().get_context_data(**kwargs) | {"form": kwargs.get("form") or SpecialForm()}

    def post(self, request: HttpRequest) -> HttpResponse:
        form = SpecialForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(form=form), status=422)
        given = form.cleaned_data
        key = key_for(given["newsletter"], given["subject"])
        try:
            edition, made = services.make_special(
                newsletter=given["newsletter"],
                key=key,
                subject=given["subject"],
                body=given["body"],
                segment=given["segment"],
                press=form.press(),
            )
        except REFUSED as error:
            form.add_error(None, str(error))
            return self.render_to_response(self.get_context_data(form=form), status=422)
        if made:
            log(edition, "masthead.edition.special", user=request.user)
            messages.success(request, "A draft. Look at it, mail yourself a test, then approve it with its day and hour.")
        else:
            messages.success(request, "This one was begun already; here it is.")
        return see_other(reverse("newsroom_edition", args=[edition.pk]))


def key_for(newsletter: Newsletter, subject: str) -> str:
    """A name for the edition's address, from its subject; it begins with a letter and is new."""
    wanted = slugify(subject)[:48].strip("-") or "special"
    wanted = wanted if wanted[0].isalpha() else f"special-{wanted}"
    key, number = wanted, 2
    while Edition.objects.filter(newsletter=newsletter, key=key).exists():
        key, number = f"{wanted}-{number}", number + 1
    return key


class WhenForm(forms.Form):
    """A day and an hour on the publication's clock; none: now."""

    day = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}), label="Day")
    hour = forms.TimeField(required=False, widget=forms.TimeInput(attrs={"type": "time"}), label="Hour")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["due"] = None
        day, hour = cleaned.get("day"), cleaned.get("hour")
        if not self.errors and (day is None) != (hour is None):
            self.add_error("day" if day is None else "hour", "Please give both a day and an hour, or neither: then it goes now.")
        elif day and hour:
            where = zone_called(Publication.load().timezone)
            cleaned["due"] = datetime.combine(day, hour, tzinfo=where)
            if cleaned["due"] <= clock.now():
                self.add_error("hour", "That is over. Leave both empty to let it go now.")
        return cleaned


class ApprovePage(NewsroomPage):
    """The last look at a special edition: to whom, to how many, when."""

    template_name = "newsroom/newsletters/when.html"
    header_icon = "mail"
    page_title = "When does it go?"
    permissions = DESK

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        edition = found(kwargs["number"])
        if edition.kind != Edition.Kind.SPECIAL or edition.state not in COMING:
            raise PermissionDenied
        self.breadcrumbs_items = crumbs(self, edition)
        return super().get_context_data(**kwargs) | {
            "edition": edition,
            "form": kwargs.get("form") or WhenForm(),
            "recipients": recipients(edition),
            "remarks": editions.remarks(editions.sheet(edition)),
            "timezone": Publication.load().timezone,
        }

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        edition, form = found(number), WhenForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(number=number, form=form), status=422)
        try:
            row = services.approve(edition=edition, by=request.user, due=form.cleaned_data["due"])
        except REFUSED as error:
            messages.error(request, str(error))
            return see_other(reverse("newsroom_edition", args=[number]))
        log(edition, "masthead.edition.approve", user=request.user)
        where = zone_called(Publication.load().timezone)
        when = row.due.astimezone(where)
        now = "in a moment" if form.cleaned_data["due"] is None else f"on {when:%A} {when.day} {when:%B} at {when:%H:%M}"
        messages.success(request, f"Approved: it goes {now}.")
        return see_other(reverse("newsroom_edition", args=[number]))
