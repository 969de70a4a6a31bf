"""The newsletters' part of the newsroom: its menu, its addresses, its lists, and the words of its log."""

from __future__ import annotations

from typing import Any

from django.urls import path, reverse
from wagtail.admin.menu import Menu, MenuItem, SubmenuMenuItem

from masthead.newsroom import newsletter_viewsets as lists
from masthead.newsroom.editions import LOGGED
from masthead.newsroom.menu import Guarded
from masthead.newsroom.views import editions, preview, radar, running, special, wire
from masthead.newsroom.views.newsletter_insight import EditionInsightPage, NewslettersInsightPage
from masthead.newsroom.views.newsletters import PauseNewsletter

DESK = editions.DESK

ITEMS = (
    ("Editions", "newsroom_editions", "mail", DESK),
    ("Wire desk", "newsroom_wire", "list-ul", wire.DESK),
    ("Radar", "newsroom_radar", "date", radar.DESK),
    ("Feeds we watch", "wiresource:index", "globe", ("newsletters.change_wiresource",)),
    ("Holidays", "holiday:index", "calendar-alt", ("newsletters.change_holiday",)),
    ("Newsletters", "newsletter:index", "form", ("newsletters.change_newsletter",)),
    ("Welcome series", "welcomestep:index", "user", ("newsletters.change_welcomestep",)),
    ("Mailing rules", "wagtailsettings:edit", "cog", ("newsletters.change_mailing",)),
    ("What came of them", "newsroom_newsletter_insight", "view", DESK),
)


def menu() -> MenuItem:
    """The group in the main menu; whoever may open none of it does not see it."""
    items = [
        Guarded(label, _address(name), name=f"newsletters-{order}", icon_name=icon, order=order, permissions=permissions)
        for order, (label, name, icon, permissions) in enumerate(ITEMS)
    ]
    return SubmenuMenuItem("Newsletters", Menu(items=items), name="newsletters", icon_name="mail", order=160)


def _address(name: str) -> str:
    return reverse(name, args=["newsletters", "mailing"]) if name == "wagtailsettings:edit" else reverse(name)


ONE = "newsletters/editions/<int:number>/"


def urls() -> list[Any]:
    """Under /newsroom/."""
    return [
        path("newsletters/editions/", editions.EditionsPage.as_view(), name="newsroom_editions"),
        path("newsletters/editions/special/", special.SpecialPage.as_view(), name="newsroom_special"),
        path("newsletters/<int:number>/prepare/", editions.PrepareView.as_view(), name="newsroom_edition_prepare"),
        path(f"{ONE}when/", special.ApprovePage.as_view(), name="newsroom_special_approve"),
        path("newsletters/editions/insight/", NewslettersInsightPage.as_view(), name="newsroom_newsletter_insight"),
        path(f"{ONE}", editions.EditionPage.as_view(), name="newsroom_edition"),
        path(f"{ONE}add/<slug:block>/", editions.AddPage.as_view(), name="newsroom_edition_add"),
        path(f"{ONE}sure/<slug:action>/", editions.SurePage.as_view(), name="newsroom_edition_sure"),
        path(f"{ONE}test/", preview.send_test, name="newsroom_edition_test"),
        path(f"{ONE}preview/", preview.preview, name="newsroom_edition_preview"),
        path(f"{ONE}sending/", running.RunningPage.as_view(), name="newsroom_edition_sending"),
        path(f"{ONE}sending/now/", running.live, name="newsroom_edition_live"),
        path(f"{ONE}sending/<slug:action>/", running.StopPage.as_view(), name="newsroom_edition_stop"),
        path(f"{ONE}insight/", EditionInsightPage.as_view(), name="newsroom_edition_insight"),
        path("newsletters/wire/", wire.WirePage.as_view(), name="newsroom_wire"),
        path("newsletters/wire/do/", wire.act, name="newsroom_wire_do"),
        path("newsletters/radar/", radar.RadarPage.as_view(), name="newsroom_radar"),
        path("newsletters/radar/import/", radar.ImportPage.as_view(), name="newsroom_radar_import"),
        path("newsletters/radar/export.ics", radar.export, name="newsroom_radar_export"),
        path("newsletters/<int:number>/pause/", PauseNewsletter.as_view(), name="newsroom_newsletter_pause"),
    ]


def viewsets() -> list[Any]:
    """Lists and forms that are Wagtail's."""
    return [
        lists.NewsletterViewSet(),
        lists.HolidayViewSet(),
        lists.WelcomeStepViewSet(),
        lists.WireSourceViewSet(),
        lists.RadarEventViewSet(),
    ]


def register_log_actions(actions: Any) -> None:
    """What is logged of an edition, in words for the log's pages."""
    for action, (label, message) in LOGGED.items():
        actions.register_action(f"masthead.{action}", label, message)
