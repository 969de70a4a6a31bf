"""The radar: what is to come, by date; an .ics taken in after a look at what it would do, and the whole handed out as one."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from datetime import date
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from masthead.newsletters import radar
from masthead.newsletters.models import RadarEvent
from masthead.newsroom.services import today
from masthead.newsroom.views.base import NewsroomPage, may
from masthead.newsroom.views.editions import see_other

DESK = ("newsletters.change_radarevent",)
LARGEST = 1_000_000  # bytes of a calendar
FAR = 300  # events on one page


class RadarPage(NewsroomPage):
    """What is to come by month, or what was."""

    template_name = "newsroom/newsletters/radar.html"
    page_title = "Radar"
    header_icon = "date"
    permissions = DESK

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        day, past = today(), bool(self.request.GET.get("past"))
        text = self.request.GET.get("q", "").strip()[:100]
        to_come = Q(starts__gte=day) | Q(ends__gte=day)
        rows = RadarEvent.objects.exclude(to_come) if past else RadarEvent.objects.filter(to_come)
        if text:
            rows = rows.filter(Q(title__icontains=text) | Q(text__icontains=text) | Q(place__icontains=text))
        rows = rows.order_by(*(["-starts", "-hour", "-pk"] if past else ["starts", "hour", "pk"]))[:FAR]
        months = [(first, list(group)) for first, group in groupby(rows, key=lambda row: _month(row, day, past))]
        return super().get_context_data(**kwargs) | {"months": months, "past": past, "q": text, "today": day}


def _month(row: RadarEvent, day: date, past: bool) -> date:
    # what goes on already stands under today's month
    return (row.starts if past else max(row.starts, day)).replace(day=1)


class ImportPage(NewsroomPage):
    """An .ics: first what it would do, then, pressed again, done."""

    template_name = "newsroom/newsletters/radar_import.html"
    page_title = "Take in a calendar"
    header_icon = "upload"
    permissions = DESK

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.breadcrumbs_items = [{"url": reverse("newsroom_radar"), "label": "Radar"}]
        return super().get_context_data(**kwargs)

    def post(self, request: HttpRequest) -> HttpResponse:
        data = _sent(request)
        try:
            if not data:
                raise radar.CannotRead("Please choose a calendar: a file that ends in .ics.")
            if len(data) > LARGEST:
                raise radar.CannotRead("That is more than a megabyte. Please export a shorter stretch of the calendar.")
            if "take" in request.POST:
                planned = radar.take(data)
                new, changed = len(planned.new), len(planned.changed)
                messages.success(request, f"Taken in: {new} new, {changed} changed.")
                return see_other(reverse("newsroom_radar"))
            planned = radar.plan(data)
        except radar.CannotRead as error:
            return self.render_to_response(self.get_context_data(error=str(error)), status=422)
        return self.render_to_response(self.get_context_data(planned=planned, kept=b64encode(data).decode()))


def _sent(request: HttpRequest) -> bytes:
    """The calendar: uploaded now, or kept in the page that showed what it would do."""
    uploaded = request.FILES.get("calendar")
    if uploaded is not None:
        return bytes(uploaded.read(LARGEST + 1))
    try:
        return b64decode(request.POST.get("kept", ""), validate=True)
    except (NotBase64, ValueError):
        return b""


@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """The radar as an .ics, from today on (``?all``: everything)."""
    if not may(request, *DESK):
        raise PermissionDenied
    rows = RadarEvent.objects.order_by("starts", "hour", "pk")
    if "all" not in request.GET:
        rows = rows.filter(Q(starts__gte=today()) | Q(ends__gte=today()))
    response = HttpResponse(radar.export(rows), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="radar.ics"'
    return response
