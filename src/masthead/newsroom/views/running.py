"""An edition on its way: how far it is, what became of each address, and the buttons that stop it or let it go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe
from wagtail.log_actions import log

from masthead.core import clock
from masthead.newsletters import editions as services
from masthead.newsletters import settling
from masthead.newsletters.models import Edition, Mailing
from masthead.newsletters.progress import Progress, progress
from masthead.newsroom import editions
from masthead.newsroom.refusals import refusals
from masthead.newsroom.views.base import NewsroomPage, may
from masthead.newsroom.views.editions import COMING, DESK, REFUSED, crumbs, ensure_editor, found, plain, see_other, title_of

# What a row of the outbox may be, in the order it becomes so: its name, its tone in the bar, and what it means
STATES = (
    ("submitted", "Submitted", "c", "The mail server took it. Whether it arrived, only bounces tell."),
    ("pending", "Waiting", "d", "Its turn is still to come."),
    ("claimed", "In hand", "a", "A sender has it this moment."),
    ("deferred", "Later", "b", "The mail server asked us to try again; we do."),
    ("refused", "Refused", "e", "The mail server will not take it: the address is wrong, or it does not want our mail."),
    ("suppressed", "Left out", "d", "Unsubscribed, deleted, bounced or complained before its turn."),
    ("in_doubt", "In doubt", "doubt", "The connection broke before the answer. It is not mailed again by itself."),
    ("cancelled", "Cancelled", "d", "Somebody cancelled the edition before its turn."),
)
SETTLE = {
    "count": "Counted as submitted.",
    "resend": "They are mailed again; some will get it twice.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One state: how many addresses are in it, and what that means."""

    key: str
    name: str
    tone: str
    count: int
    meaning: str
    start: float
    percent: float


def rows_of(numbers: Progress) -> list[Row]:
    """The states of ``numbers`` that hold any address, each with its stretch of the bar in hundredths."""
    rows: list[Row] = []
    start = 0.0
    for key, name, tone, meaning in STATES:
        count = numbers.counts[key]
        percent = 100 * count / numbers.total if numbers.total else 0.0
        if count or key == "submitted":
            rows.append(Row(key, name, tone, count, meaning, start, percent))
        start += percent
    return rows


def live_context(edition: Edition) -> dict[str, Any]:
    """What the part that renews itself shows."""
    told = progress(edition)
    return {
        "edition": edition,
        "going": told,
        "rows": rows_of(told),
        "sentence": sentence(edition, told),
        "refusals": refusals(edition) if told.counts["refused"] or told.counts["deferred"] else [],
        "now": clock.now(),
    }


def sentence(edition: Edition, numbers: Progress) -> str:
    """How it stands, in words."""
    match edition.state:
        case Edition.State.SENDING:
            if edition.subject_b and not edition.winner:
                return "The two subjects are tried on a part of the readers; the others wait for the better one."
            if numbers.left == numbers.waiting:
                return "On its way. Those who are left get it at an hour of their own, or when the mail server is asked again."
            if not numbers.per_second:
                return "On its way. No mail was taken in the last seconds: is a worker running, and does the mail server answer?"
            about = f" Done at about {_at(numbers.done_at)}." if numbers.done_at else ""
            return f"On its way: {round(numbers.per_second):,} a second.{about}"
        case Edition.State.PAUSED:
            return f"Paused: {edition.reason}" if edition.reason else "Paused."
        case Edition.State.DONE:
            return "Gone out."
        case Edition.State.CANCELLED:
            return f"Cancelled. {edition.reason}".strip()
        case Edition.State.SKIPPED:
            return f"Left out. {edition.reason}".strip()
    return "Not on its way yet."


def _at(moment: datetime) -> str:
    from django.utils.timezone import localtime

    return f"{localtime(moment):%H:%M}"


class RunningPage(NewsroomPage):
    """How an edition is doing. It renews itself each two seconds; without a script one loads it again."""

    template_name = "newsroom/newsletters/running.html"
    header_icon = "mail"
    permissions = DESK
    page_title = "An edition on its way"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        edition = found(kwargs["number"])
        if edition.state in COMING:
            return see_other(reverse("newsroom_edition", args=[edition.pk]))
        return super().get(request, *args, edition=edition, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        edition = kwargs["edition"]
        self.page_title = title_of(edition)
        self.breadcrumbs_items = crumbs(self)
        rule = Mailing.load().in_doubt
        return super().get_context_data(**kwargs) | live_context(edition) | {
            "history": editions.history(edition),
            "rule": Mailing.InDoubt(rule).label,
            "runs": edition.state == Edition.State.SENDING,
            "paused": edition.state == Edition.State.PAUSED,
            "may_settle": may(self.request, "newsletters.change_mailing"),
        }  # fmt: skip

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        edition, do = found(number), request.POST.get("do", "")
        here = reverse("newsroom_edition_sending", args=[number])
        by = request.user
        who = by.get_full_name() or by.email
        told = ""
        match do:
            case "pause":
                reason = plain(request.POST.get("reason", "")).strip()[:200] or f"{who} paused it."
                done, told = settling.pause(edition, reason), "Paused: nothing more is begun; what is in flight ends."
            case "resume" | "again":
                done, told = settling.resume(edition, refused_again=do == "again"), "On its way again."
            case "cancel":
                try:
                    services.cancel(edition=edition, by=by)
                    done, told = True, "Cancelled. What was submitted stays so."
                except REFUSED as error:
                    messages.error(request, str(error))
                    return see_other(here)
            case "count" | "resend":
                if not may(request, "newsletters.change_mailing"):
                    raise PermissionDenied
                count = settling.settle_doubt(edition, again=do == "resend")
                done, told = count > 0, f"{count} settled. {SETTLE[do]}"
            case _:
                done = False
        if not done:
            messages.error(request, f"Nothing was done: the edition is {edition.get_state_display().lower()} now.")
            return see_other(here)
        action = {"again": "resume", "count": "settle", "resend": "settle"}.get(do, do)
        log(edition, f"masthead.edition.{action}", user=by, data={"words": plain(request.POST.get("reason", ""))[:200]})
        messages.success(request, told)
        return see_other(here)


class StopPage(NewsroomPage):
    """Asks once more before an edition that is on its way is cancelled, or mail in doubt is mailed again."""

    template_name = "newsroom/newsletters/stop.html"
    header_icon = "warning"
    permissions = DESK
    page_title = "Sure?"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        edition, resend = found(kwargs["number"]), kwargs["action"] == "resend"
        self.page_title = "Mail those in doubt again?" if resend else "Cancel it on its way?"
        self.breadcrumbs_items = crumbs(self, edition)
        return super().get_context_data(**kwargs) | {
            "edition": edition,
            "going": progress(edition),
            "resend": resend,
        }


@require_safe
def live(request: HttpRequest, number: int) -> HttpResponse:
    """The part of the page that renews itself."""
    ensure_editor(request)
    response = HttpResponse(render_to_string("newsroom/newsletters/_live.html", live_context(found(number)), request))
    response["Cache-Control"] = "private, no-store"
    return response
