"""What came of one edition, and how the newsletters grow: figures to look at, each with its table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.safestring import mark_safe

from masthead.core import clock
from masthead.core.models import Publication
from masthead.core.timezones import zone as zone_called
from masthead.insights import editions as reports
from masthead.insights import plots
from masthead.insights.plots import Plot, Series
from masthead.newsletters.models import Delivery, MailEvent, Newsletter
from masthead.newsroom.views import insights
from masthead.newsroom.views.base import NewsroomPage
from masthead.newsroom.views.editions import DESK, crumbs, found, title_of
from masthead.newsroom.views.insights import Figure, Tile
from masthead.newsroom.views.running import STATES

ORIGINS = {
    "gate": "At a gate",
    "account": "On their account",
    "page": "On the newsletters' page",
    "mail": "From a mail",
    "one-click": "Their mail program's button",
    "unsubscribe": "The link in a mail",
    "complaint": "Called it spam",
    "": "Not known",
}


class EditionInsightPage(NewsroomPage):
    """Recipients by state, clicks by link, standing, subject and hour, and what followed."""

    template_name = "newsroom/newsletters/insight.html"
    header_icon = "view"
    permissions = DESK
    page_title = "What came of it"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        edition = found(kwargs["number"])
        self.breadcrumbs_items = crumbs(self, edition)
        told = reports.edition_report(edition)
        where = zone_called(Publication.load().timezone)
        starts = [start.astimezone(where) for start in told.starts]
        kinds = MailEvent.Kind
        return super().get_context_data(**kwargs) | {
            "edition": edition,
            "title": title_of(edition),
            "told": told,
            "tiles": {
                "tiles": [
                    Tile("Addresses", sum(told.states.values())),
                    Tile("Submitted", told.submitted),
                    Tile("Clicks", told.clicks, _of_hundred(told.clicks, told.submitted)),
                    Tile("Unsubscribed", told.left),
                    Tile("Bounced", told.told.get(kinds.BOUNCED, 0)),
                    Tile("Called it spam", told.told.get(kinds.COMPLAINED, 0)),
                ]
            },
            "followed": {
                "tiles": [
                    Tile("Articles chosen", told.followed.get("unlock", 0)),
                    Tile("Registrations", told.followed.get("registration", 0)),
                    Tile("Subscriptions", told.followed.get("subscription", 0)),
                ]
            },
            "states": insights.shares([(name, told.states.get(_name(key), 0)) for key, name, _, _ in STATES]),
            "hourly": insights.bars(
                "Clicks in the first 48 hours",
                [
                    Series("Registered", "a", told.hourly["registered"]),
                    Series("Subscribers", "b", told.hourly["subscriber"]),
                ],
                [f"{start:%A %H}:00" for start in starts],
                [f"{start:%H}:00" if start.hour % 6 == 0 else "" for start in starts],
                "A click is counted, never who clicked. Most programs that look at links before people do are left out;"
                " one that behaves as a browser does is not.",
            ),
            "trial": len(told.subjects) > 1,
        }


def _name(key: str) -> str:
    return Delivery.State[key.upper()].name


def _of_hundred(clicks: int, mails: int) -> str:
    return f"{100 * clicks / mails:.1f} from a hundred mails" if mails else ""


class NewslettersInsightPage(NewsroomPage):
    """How each newsletter grew in the last 60 days, where readers came from and how they left, and what its editions did."""

    template_name = "newsroom/newsletters/newsletters_insight.html"
    header_icon = "view"
    permissions = DESK
    page_title = "What came of the newsletters"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        newsletters = list(Newsletter.objects.order_by("position", "slug"))
        asked = self.request.GET.get("newsletter", "")
        chosen = next((row for row in newsletters if row.slug == asked), newsletters[0] if newsletters else None)
        self.breadcrumbs_items = crumbs(self)
        return super().get_context_data(**kwargs) | {
            "newsletters": newsletters,
            "chosen": chosen,
            **(self._told(chosen) if chosen else {}),
        }

    def _told(self, newsletter: Newsletter) -> dict[str, Any]:
        told = reports.newsletter_report(newsletter, clock.now())
        noon = [datetime.combine(day, datetime.min.time()) for day in told.days]
        names, axis = [insights.day_name(day) for day in noon], _mondays_apart(noon)
        editions = [row for row in reversed(told.editions) if row.submitted]
        labels = [f"{row.edition.date:%a} {row.edition.date.day} {row.edition.date:%B}" for row in editions]
        return {
            "told": told,
            "tiles": {
                "tiles": [
                    Tile("Readers now", told.now),
                    Tile("Came in 60 days", sum(told.ticked)),
                    Tile("Left in 60 days", sum(told.left)),
                ]
            },
            "moved": insights.bars(
                "Who came and who left, by day", [Series("Came", "c", told.ticked), Series("Left", "e", told.left)], names, axis
            ),
            "readers": _level(
                "Readers",
                [Series("Readers", "a", told.readers)],
                names,
                axis,
                "Reckoned back from today by who came and who left. Deleted accounts leave no trace, so that days far "
                "back may lie too low.",
            ),
            "clicks": _done(
                "Clicks by edition",
                [Series("Clicks", "a", [row.clicks for row in editions])],
                labels,
                [f"{row.edition.date.day} {row.edition.date:%b}" if n % 4 == 0 else "" for n, row in enumerate(editions)],
            ),
            "origins": insights.shares([(ORIGINS.get(key, key), n) for key, n in told.origins.items()]),
            "reasons": insights.shares([(ORIGINS.get(key, key), n) for key, n in told.reasons.items()]),
        }


def _mondays_apart(days: list[datetime]) -> list[str]:
    """Every other Monday: the names of all would run into each other."""
    mondays = [n for n, name in enumerate(insights.mondays(days)) if name]
    return [f"{day.day} {day:%b}" if n in mondays[::2] else "" for n, day in enumerate(days)]


def _level(title: str, series: list[Series], names: list[str], axis: list[str], note: str) -> Figure:
    """What stands at each day's end: there is no sum of it."""
    plot = Plot(title, series, names, axis, summable=False)
    return Figure(plot, mark_safe(plots.lines(plot)), note)


def _done(title: str, series: list[Series], names: list[str], axis: list[str]) -> Figure:
    """Bars of what is over."""
    plot = Plot(title, series, names, axis)
    return Figure(plot, mark_safe(plots.bars(plot)))
