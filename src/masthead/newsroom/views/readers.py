"""Readers, as support sees them: found by address, with standing, grants, log-ins and mails; comps given, grants ended."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from masthead.access import policy as rules
from masthead.access import services
from masthead.access.explain import KINDS
from masthead.access.models import Grant
from masthead.articles.models import Article
from masthead.core import clock, limits
from masthead.core.models import OutgoingMail, Publication
from masthead.core.timezones import zone as zone_called
from masthead.newsletters.models import Tick
from masthead.newsroom.services import today
from masthead.newsroom.views.base import NewsroomPage
from masthead.readers import addresses, sessions
from masthead.readers.models import Reader

MOST = 25
SHORTEST = 3  # letters of an address before we look: this is for support, not for browsing readers
SEE = ("readers.view_reader",)


class ReadersPage(NewsroomPage):
    """Search by an address, or by its beginning."""

    template_name = "newsroom/readers.html"
    page_title = "Readers"
    header_icon = "group"
    permissions = SEE

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        typed = self.request.GET.get("q", "").strip()
        context = super().get_context_data(**kwargs) | {"typed": typed}
        if not typed:
            return context | {"count": Reader.objects.exclude(confirmed=None).count()}
        if len(typed) < SHORTEST:
            return context | {"error": f"Please type at least {SHORTEST} characters of the address."}
        local, _, domain = typed.rpartition("@")
        start = f"{local.casefold()}@{domain.lower()}" if local else typed.casefold()
        found = list(Reader.objects.filter(identity__startswith=start).order_by("identity")[: MOST + 1])
        return context | {"found": found[:MOST], "more": len(found) > MOST, "searched": True}


class CompForm(forms.Form):
    """All-Access for a time, and why."""

    days = forms.IntegerField(
        required=False, min_value=1, max_value=3650, label="For how many days", help_text="For example 30. Or give a last day."
    )
    until = forms.DateField(required=False, label="Or up to and including", widget=forms.DateInput(attrs={"type": "date"}))
    endless = forms.BooleanField(required=False, label="Without end")
    reason = forms.CharField(
        max_length=200,
        label="Why",
        help_text="Kept with the grant, for whoever asks later: “Guest author”, “Complaint of 3 May”.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        given = [name for name in ("days", "until", "endless") if cleaned.get(name)]
        if not self.errors and len(given) != 1:
            raise forms.ValidationError("Please say how long: a number of days, a last day, or without end; exactly one of them.")
        if cleaned.get("until") and cleaned["until"] < today():
            self.add_error("until", "That day is over.")
        return cleaned

    @property
    def ends(self) -> datetime | None:
        """The moment after the last day, in the publication's time zone."""
        day: date | None = self.cleaned_data.get("until")
        if day is None:
            return None
        return datetime.combine(day + timedelta(days=1), time.min, zone_called(Publication.load().timezone))


class ReaderPage(NewsroomPage):
    """One reader. Mails are listed by kind, state and time: what they say is nobody's business here."""

    template_name = "newsroom/reader.html"
    header_icon = "user"
    permissions = SEE

    @property
    def reader(self) -> Reader:
        if not hasattr(self, "_reader"):
            self._reader = get_object_or_404(Reader, subject=self.kwargs["subject"])
        return self._reader

    def get_page_title(self) -> str:
        return self.reader.email

    def get_breadcrumbs_items(self) -> list[dict[str, str]]:
        here = {"url": "", "label": self.reader.email}
        return [*self.breadcrumbs_items, {"url": reverse("newsroom_readers"), "label": "Readers"}, here]

    @property
    def may_grant(self) -> bool:
        return self.request.user.has_perm("access.add_grant")

    @property
    def may_end(self) -> bool:
        return self.request.user.has_perm("access.change_grant")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        reader, now = self.reader, clock.now()
        policy = services.current_policy()
        visitor = services.visitor_of(reader, None, policy, now)
        grants = list(Grant.objects.filter(reader=reader).select_related("given_by").order_by("-since", "-pk")[:100])
        titles = dict(
            Article.objects.filter(pk__in=[grant.article_id for grant in grants if grant.article_id]).values_list("pk", "title")
        )
        try:
            period = policy.period_at(now)
        except ValueError:
            period = None
        return super().get_context_data(**kwargs) | {
            "reader": reader,
            "standing": rules.standing(visitor, now),
            "period": period,
            "allowance": policy.allowance,
            "used": limits.used(services.CHOICE, addresses.canonical(reader.email), period.name) if period else 0,
            "left": visitor.choices_left,
            "grants": [
                {
                    "row": grant,
                    "title": KINDS.get(grant.kind, grant.kind),
                    "article": titles.get(grant.article_id, ""),
                    "in_date": grant.fact().in_date(now),
                }
                for grant in grants
            ],
            "logins": reader.logins.order_by("-last_seen")[:50],
            "mails": OutgoingMail.objects.filter(Q(to=reader.email) | Q(to__iexact=reader.email))
            .order_by("-created")
            .values("kind", "state", "created", "settled")[:30],
            "newsletters": Tick.objects.filter(reader=reader).select_related("newsletter"),
            "comp_form": kwargs.get("comp_form") or CompForm(),
            "may_grant": self.may_grant,
            "may_end": self.may_end,
            "timezone": policy.timezone,
        }

    def post(self, request: HttpRequest, subject: str) -> HttpResponse:
        action = request.POST.get("action")
        if action == "comp" and self.may_grant:
            form = CompForm(request.POST)
            if not form.is_valid():
                return self.render_to_response(self.get_context_data(comp_form=form), status=422)
            services.give_comp(
                reader=self.reader,
                days=form.cleaned_data["days"],
                until=form.ends,
                reason=form.cleaned_data["reason"],
                by=request.user,
            )
            messages.success(request, f"{self.reader} has All-Access, at their next click.")
        elif action == "end" and self.may_end:
            number = request.POST.get("grant", "")
            wanted = Grant.objects.filter(reader=self.reader, pk=number if number.isdecimal() and len(number) < 19 else 0)
            grant = get_object_or_404(wanted)
            if not grant.fact().in_date(clock.now()):
                messages.error(request, "That grant has ended already.")
            else:
                services.end_grant(grant=grant, by=request.user)
                messages.success(request, "The grant has ended.")
        elif action == "log out" and self.may_end:
            if self.reader.is_staff and not request.user.is_superuser and self.reader != request.user:
                messages.error(request, "Only an administrator logs out a colleague.")
            else:
                count = sessions.log_out_everywhere(reader=self.reader)
                messages.success(request, f"{self.reader} is logged out in {count} {'browser' if count == 1 else 'browsers'}.")
        else:
            raise PermissionDenied
        response = HttpResponseRedirect(request.path)
        response.status_code = 303
        return response
