"""The newsroom's menu, pages, home and look, hung into Wagtail."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.components import Component
from wagtail.models import Page

from masthead.articles.models import Article, ArticleIndex
from masthead.front.visitors import at_desk
from masthead.library import suggestions
from masthead.newsroom import guides, mailroom, merging, panels, viewsets
from masthead.newsroom.menu import Guarded
from masthead.newsroom.views.base import may
from masthead.newsroom.views.explain import ExplainPage
from masthead.newsroom.views.insights import InsightsPage
from masthead.newsroom.views.merging import MergePage
from masthead.newsroom.views.payments import SEE as SEE_PAYMENTS
from masthead.newsroom.views.payments import AuditPage, LedgerPage, PaymentsPage, WebhookPage
from masthead.newsroom.views.planner import PlannerPage
from masthead.newsroom.views.planner import move as move_article
from masthead.newsroom.views.policy import PolicyPage
from masthead.newsroom.views.readers import SEE, ReaderPage, ReadersPage
from masthead.newsroom.views.sales import SalesPage
from masthead.newsroom.views.suggestions import SuggestionsPage
from masthead.newsroom.views.suggestions import answer as answer_suggestion

# What Wagtail shows and we have a better place for, or no use: the tree has one page under which all articles lie.
HIDDEN = {"explorer", "documents", "help", "snippets"}


def add_article(request: HttpRequest) -> HttpResponse:
    """An empty article, in one click from anywhere."""
    index = ArticleIndex.objects.first()
    if index is None or not index.permissions_for_user(request.user).can_add_subpage():
        raise PermissionDenied
    return HttpResponseRedirect(reverse("wagtailadmin_pages:add", args=["articles", "article", index.pk]))


@hooks.register("register_admin_urls")
def urls() -> list[Any]:
    return [
        path("write/", add_article, name="newsroom_write"),
        path("planner/", PlannerPage.as_view(), name="newsroom_planner"),
        path("planner/move/", move_article, name="newsroom_move"),
        path("insights/", InsightsPage.as_view(), name="newsroom_insights"),
        path("policy/", PolicyPage.as_view(), name="newsroom_policy"),
        path("explain/", ExplainPage.as_view(), name="newsroom_explain"),
        path("payments/", PaymentsPage.as_view(), name="newsroom_payments"),
        path("payments/log/", AuditPage.as_view(), name="newsroom_audit"),
        path("payments/sales/", SalesPage.as_view(), name="newsroom_sales"),
        path("payments/webhooks/<int:number>/", WebhookPage.as_view(), name="newsroom_webhook"),
        path("payments/subscriptions/<str:subject>/", LedgerPage.as_view(), name="newsroom_ledger"),
        path("readers/", ReadersPage.as_view(), name="newsroom_readers"),
        path("topics/merge/<int:number>/", MergePage.as_view(), name="newsroom_topic_merge"),
        path("topics-found/<int:article>/", SuggestionsPage.as_view(), name="newsroom_topics_found"),
        path("topics-found/<int:article>/answer/", answer_suggestion, name="newsroom_topics_answer"),
        path("readers/<str:subject>/", ReaderPage.as_view(), name="newsroom_reader"),
        *mailroom.urls(),
    ]


@hooks.register("register_admin_viewset")
def views() -> list[Any]:
    return [
        viewsets.ArticleViewSet(),
        guides.TopicViewSet(),
        guides.TopicChooser("topic_chooser"),
        guides.RelationViewSet(),
        viewsets.AuthorViewSet(),
        viewsets.AuthorChooser("author_chooser"),
        viewsets.AdvertisementViewSet(),
        viewsets.NetworkViewSet(),
        viewsets.PlanViewSet(),
        viewsets.PriceViewSet(),
        viewsets.OfferViewSet(),
        viewsets.PromotionCodeViewSet(),
        *mailroom.viewsets(),
    ]


def _item(label: str, name: str, icon: str, order: int, *permissions: str) -> None:
    @hooks.register("register_admin_menu_item")
    def item() -> MenuItem:
        url = reverse(name) if ":" not in name else reverse(name, args=["core", "publication"])
        return Guarded(label, url, name=name.replace(":", "-"), icon_name=icon, order=order, permissions=permissions)


_item("Planner", "newsroom_planner", "calendar-alt", 110, *PlannerPage.permissions)
_item("Insights", "newsroom_insights", "view", 115)
_item("Readers", "newsroom_readers", "group", 170, *SEE)
_item("Explain", "newsroom_explain", "help", 175, *ExplainPage.permissions)
_item("Payments", "newsroom_payments", "history", 178, *SEE_PAYMENTS)
_item("What sold", "newsroom_sales", "tag", 186, *SalesPage.permissions)
_item("Policy", "newsroom_policy", "sliders", 180, *PolicyPage.permissions)
_item("Publication settings", "wagtailsettings:edit", "site", 200, "core.change_publication")


@hooks.register("register_admin_menu_item")
def newsletters() -> MenuItem:
    return mailroom.menu()


@hooks.register("register_log_actions")
def log_actions(actions: Any) -> None:
    mailroom.register_log_actions(actions)
    actions.register_action(merging.ACTION)(merging.Told)


@hooks.register("construct_main_menu")
def main_menu(request: HttpRequest, items: list[Any]) -> None:
    hidden = HIDDEN if at_desk(request.user) else HIDDEN | {"articles"}  # the door would refuse it
    items[:] = [item for item in items if item.name not in hidden]
    for item in items:
        if item.name == "images":
            item.label, item.order = "Pictures", 140


@hooks.register("construct_settings_menu")
def settings_menu(request: HttpRequest, items: list[Any]) -> None:
    # the publication has its place in the main menu; sites and collections have nothing to set: there is one of each
    # mailing has its place among the newsletters
    items[:] = [item for item in items if item.name not in {"publication", "mailing", "sites", "locales"}]


@hooks.register("construct_homepage_panels")
def home(request: HttpRequest, shown: list[Component]) -> None:
    shown.append(panels.NoticesPanel())
    if may(request, *mailroom.DESK):
        shown.append(panels.EditionsPanel())
    if may(request, *PlannerPage.permissions):
        shown += [panels.TodayPanel(), panels.DraftsPanel()]


@hooks.register("register_account_menu_item")
def how_you_log_in(request: HttpRequest) -> dict[str, str]:
    return {
        "url": reverse("mfa_index"),
        "label": "How you log in",
        "help_text": "Change your password, set up a second factor, add a passkey.",
    }


@hooks.register("after_create_page")
@hooks.register("after_edit_page")
def find_topics(request: HttpRequest, page: Page) -> None:
    """An article was saved: what is it about now?"""
    if isinstance(page, Article):
        suggestions.refresh(article=page)


@hooks.register("insert_editor_js")
def editor_js() -> str:
    return format_html_join(
        "", '<script src="{}" defer></script>', ((static(f"newsroom/{name}.js"),) for name in ("suggestions", "typed"))
    )


@hooks.register("insert_global_admin_css")
def css() -> str:
    return format_html('<link rel="stylesheet" href="{}">', static("newsroom/newsroom.css"))
