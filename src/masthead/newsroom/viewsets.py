"""How the newsroom lists and edits articles, authors, advertisements, prices. Topics: ``guides``; newsletters: ``mailroom``."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import Count, Q
from django.utils.functional import cached_property
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, HelpPanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import BooleanColumn, Column, DateColumn, TitleColumn
from wagtail.admin.ui.tables.pages import PageStatusColumn, PageTitleColumn
from wagtail.admin.views import generic
from wagtail.admin.views.pages.listing import IndexView as PageIndexView
from wagtail.admin.viewsets.chooser import ChooserViewSet
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.viewsets.pages import PageListingViewSet

from masthead.access import networks
from masthead.access.models import Network
from masthead.ads.models import Advertisement
from masthead.articles.models import Article, Author, Topic
from masthead.billing import money
from masthead.billing.models import Checkout, Offer, Plan, Price, PromotionCode
from masthead.core import changelog

# Articles -------------------------------------------------------------------------------------------------------------


def _status(rows: Any, _name: str, value: str) -> Any:
    return {
        "live": lambda: rows.filter(live=True),
        "draft": lambda: rows.filter(live=False),
        "changed": lambda: rows.filter(live=True, has_unpublished_changes=True),
        "scheduled": lambda: rows.filter(pk__in=_numbers(_scheduled())),
        "review": lambda: rows.filter(pk__in=_numbers(_reviewed())),
    }.get(value, lambda: rows)()


def _scheduled() -> Any:
    from wagtail.models import Revision

    return Revision.page_revisions.filter(approved_go_live_at__isnull=False)


def _reviewed() -> Any:
    from wagtail.models import WorkflowState

    return WorkflowState.objects.filter(status__in=[WorkflowState.STATUS_IN_PROGRESS, WorkflowState.STATUS_NEEDS_CHANGES])


def _numbers(rows: Any) -> list[int]:
    # object ids are text in both tables, and PostgreSQL does not compare text with numbers
    return [int(number) for number in rows.values_list("object_id", flat=True)]


class ArticleFilters(WagtailFilterSet):
    """What an editor looks for. Authors are found by name: an archive has thousands of them."""

    status = django_filters.ChoiceFilter(
        label="Status",
        method=_status,
        choices=[
            ("live", "Published"),
            ("changed", "Published, with changes not published yet"),
            ("scheduled", "Scheduled"),
            ("review", "In review"),
            ("draft", "Not published"),
        ],
        widget=forms.RadioSelect,
        empty_label="Any",
    )
    format = django_filters.MultipleChoiceFilter(
        label="Format", choices=Article.Format.choices, widget=forms.CheckboxSelectMultiple
    )
    access = django_filters.MultipleChoiceFilter(
        label="Access", choices=Article.Access.choices, widget=forms.CheckboxSelectMultiple
    )
    topics = django_filters.ModelMultipleChoiceFilter(
        label="Topic",
        queryset=lambda request: Topic.objects.order_by("name"),
        widget=forms.CheckboxSelectMultiple,
    )
    author = django_filters.CharFilter(label="Author's name", method="by_author")
    owner = django_filters.ChoiceFilter(
        label="Whose", method="by_me", choices=[("me", "Begun by me")], widget=forms.RadioSelect, empty_label="Anybody's"
    )

    class Meta:
        model = Article
        fields: list[str] = []

    def by_author(self, rows: Any, _name: str, value: str) -> Any:
        return rows.filter(pk__in=Article.objects.filter(bylines__author__name__icontains=value).values("pk"))

    def by_me(self, rows: Any, _name: str, value: str) -> Any:
        return rows.filter(owner=self.request.user) if value else rows


class Chosen(Column):
    """A choice field's label."""

    def get_value(self, instance: Any) -> str:
        return str(getattr(instance, f"get_{self.name}_display")()).partition(":")[0]


class Authors(Column):
    """The authors in their order, from rows fetched for the whole page."""

    def get_value(self, instance: Any) -> str:
        return ", ".join(author.name for author in instance.author_list)


class ArticleIndexView(PageIndexView):
    """Articles, newest change first; bodies stay in the database."""

    add_item_label = "Add article"
    default_ordering = "-latest_revision_created_at"

    def get_base_queryset(self) -> Any:
        return super().get_base_queryset().prefetch_related("bylines__author")


class ArticleViewSet(PageListingViewSet):
    model = Article
    name = "articles"
    url_prefix = "articles"
    icon = "doc-full"
    menu_label = "Articles"
    menu_order = 100
    add_to_admin_menu = True
    index_view_class = ArticleIndexView
    filterset_class = ArticleFilters
    columns = [
        PageTitleColumn("title", label="Headline", sort_key="title", classname="title"),
        Authors("authors", label="Authors", width="16%"),
        Chosen("format", label="Format", sort_key="format", width="9%"),
        Chosen("access", label="Access", sort_key="access", width="9%"),
        DateColumn("dated", label="Date", sort_key="dated", width="10%"),
        DateColumn("latest_revision_created_at", label="Changed", sort_key="latest_revision_created_at", width="10%"),
        PageStatusColumn("status", label="Status", sort_key="live", width="10%"),
    ]


# What articles name ---------------------------------------------------------------------------------------------------


class AuthorViewSet(ModelViewSet):
    model = Author
    icon = "user"
    menu_label = "Authors"
    menu_order = 130
    add_to_admin_menu = True
    list_display = [
        TitleColumn("name", label="Name", url_name="author:edit", sort_key="name"),
        Column("role", label="Role"),
        Column("article_count", label="Articles"),
        BooleanColumn("has_portrait", label="Portrait"),
    ]
    list_per_page = 50
    ordering = ["name"]
    name = "author"
    url_prefix = "authors"
    copy_view_enabled = False

    class IndexView(generic.IndexView):
        def get_base_queryset(self) -> Any:
            return Author.objects.annotate(
                article_count=Count("bylines", filter=Q(bylines__article__live=True)),
                has_portrait=Q(portrait__isnull=False),
            )

    class DeleteView(generic.DeleteView):
        @cached_property
        def confirmation_message(self) -> str:
            count = self.object.bylines.count()
            if not count:
                return "Nobody's byline names this author."
            return f"{count} {'article names' if count == 1 else 'articles name'} this author, and would go without that byline."

    index_view_class = IndexView
    delete_view_class = DeleteView


class AuthorChooser(ChooserViewSet):
    """An author is found by typing; an archive has too many for a list."""

    model = Author
    icon = "user"
    choose_one_text = "Choose an author"
    choose_another_text = "Choose another"
    edit_item_text = "Edit this author"
    form_fields = ["name", "slug", "role"]
    creation_tab_label = "New author"
    create_action_label = "Add"
    per_page = 20


# What pages show besides -------------------------------------------------------------------------------------------------


class Logged:
    """Views whose writes make every page stale: the change is logged in the write's own transaction."""

    def save_instance(self) -> Any:
        with changelog.transaction() as changes:
            changes.add(changelog.EVERYTHING)
            return super().save_instance()  # type: ignore[misc]

    def delete_action(self) -> Any:
        with changelog.transaction() as changes:
            changes.add(changelog.EVERYTHING)
            return super().delete_action()  # type: ignore[misc]


class LoggedCreate(Logged, generic.CreateView):
    pass


class LoggedEdit(Logged, generic.EditView):
    pass


class LoggedDelete(Logged, generic.DeleteView):
    pass


class Everywhere(ModelViewSet):
    """A viewset of something that may stand on any page."""

    add_view_class = LoggedCreate
    edit_view_class = LoggedEdit
    delete_view_class = LoggedDelete
    copy_view_enabled = False
    add_to_admin_menu = True


class AdvertisementForm(WagtailAdminModelForm):
    """Slots as boxes to tick; what is stored is their list."""

    slots = forms.MultipleChoiceField(
        choices=Advertisement.Slot.choices,
        widget=forms.CheckboxSelectMultiple,
        label="Where it may stand",
        error_messages={"required": "Please tick at least one place, or switch the advertisement off."},
    )


class AdvertisementViewSet(Everywhere):
    model = Advertisement
    icon = "desktop"
    menu_label = "Advertisements"
    menu_order = 150
    name = "advertisement"
    url_prefix = "advertisements"
    list_display = [
        TitleColumn("name", label="Name", url_name="advertisement:edit", sort_key="name"),
        Column("places", label="Where"),
        Column("weight", label="Weight", sort_key="weight"),
        Column("running", label="Now"),
        DateColumn("ends", label="Ends", sort_key="ends"),
    ]
    list_filter = ["active"]
    search_fields = ["name", "headline"]
    ordering = ["-active", "name"]
    edit_handler = ObjectList(
        [
            FieldPanel("name"),
            FieldPanel("slots", widget=forms.CheckboxSelectMultiple),
            MultiFieldPanel(
                [
                    FieldPanel("headline"),
                    FieldPanel("text"),
                    FieldPanel("link"),
                    FieldRowPanel([FieldPanel("picture"), FieldPanel("picture_alt")]),
                ],
                heading="What readers see",
            ),
            MultiFieldPanel([FieldPanel("tag")], heading="Or a pasted tag", classname="collapsed"),
            MultiFieldPanel(
                [FieldPanel("active"), FieldRowPanel([FieldPanel("starts"), FieldPanel("ends")]), FieldPanel("weight")],
                heading="When, and how often",
            ),
        ],
        base_form_class=AdvertisementForm,
    )

    class EditView(LoggedEdit):
        template_name = "newsroom/advertisement.html"

    edit_view_class = EditView


class Amount(Column):
    """Minor units as people write them."""

    def get_value(self, instance: Any) -> str:
        return money.exact(instance.amount, instance.currency, "en-GB")


class PlanViewSet(Everywhere):
    model = Plan
    icon = "pick"
    menu_label = "Plans"
    menu_order = 182
    name = "plan"
    url_prefix = "plans"
    list_display = [
        TitleColumn("name", label="Name", url_name="plan:edit", sort_key="name"),
        Column("grace_days", label="Grace days"),
        BooleanColumn("active", label="On sale"),
    ]
    ordering = ["position"]
    inspect_view_enabled = False
    edit_handler = ObjectList(
        [
            HelpPanel(content="<p>What readers subscribe to. What it costs is under <em>Prices</em>; what it promises is "
                      "listed in the publication settings.</p>"),
            FieldRowPanel([FieldPanel("name"), FieldPanel("slug")]),
            FieldPanel("description"),
            FieldRowPanel([FieldPanel("active"), FieldPanel("position"), FieldPanel("grace_days")]),
        ]
    )  # fmt: skip


class PriceViewSet(Everywhere):
    model = Price
    icon = "tag"
    menu_label = "Prices"
    menu_order = 183
    name = "price"
    url_prefix = "prices"
    list_display = [
        TitleColumn("plan", label="Plan", url_name="price:edit"),
        Chosen("rate", label="For"),
        Amount("amount", label="Price", sort_key="amount"),
        Chosen("interval", label="Each", sort_key="interval"),
        Column("trial_days", label="Trial days"),
        BooleanColumn("active", label="On sale"),
    ]
    list_filter = ["plan", "currency", "interval", "rate", "active"]
    edit_handler = ObjectList(
        [
            HelpPanel(content="<p>Amounts are in minor units: <b>900</b> is 9.00 EUR, and 900 JPY. A price that somebody pays "
                      "is not changed: take it off sale and add another, and they keep theirs.</p>"),
            FieldPanel("plan"),
            FieldRowPanel([FieldPanel("currency"), FieldPanel("amount"), FieldPanel("interval"), FieldPanel("rate")]),
            FieldRowPanel([FieldPanel("active"), FieldPanel("tax_included")]),
            MultiFieldPanel(
                [FieldRowPanel([FieldPanel("trial_days"), FieldPanel("first_amount"), FieldPanel("first_payments")])],
                heading="To begin with",
            ),
        ]
    )  # fmt: skip


class OfferViewSet(Everywhere):
    model = Offer
    icon = "tag"
    menu_label = "Offers"
    menu_order = 184
    name = "offer"
    url_prefix = "offers"
    list_display = [
        TitleColumn("name", label="Name", url_name="offer:edit", sort_key="name"),
        Column("percent", label="Percent off"),
        Column("amount", label="Or minor units off"),
        Column("trial_days", label="Or free days"),
        DateColumn("ends", label="Ends"),
        BooleanColumn("active", label="Good"),
    ]
    ordering = ["-active", "name"]
    edit_handler = ObjectList(
        [
            HelpPanel(content="<p>Something off the price. Readers come by it with a code; codes are listed by themselves.</p>"),
            FieldPanel("name"),
            FieldRowPanel([FieldPanel("percent"), FieldPanel("amount"), FieldPanel("currency"), FieldPanel("payments")]),
            FieldPanel("trial_days"),
            FieldRowPanel([FieldPanel("plan"), FieldPanel("interval")]),
            FieldRowPanel([FieldPanel("active"), FieldPanel("starts"), FieldPanel("ends")]),
        ]
    )


class PromotionCodeViewSet(ModelViewSet):
    model = PromotionCode
    icon = "key"
    menu_label = "Offer codes"
    menu_order = 185
    name = "promotion_code"
    url_prefix = "offer-codes"
    add_to_admin_menu = True
    copy_view_enabled = False
    list_display = [
        TitleColumn("code", label="Code", url_name="promotion_code:edit", sort_key="code"),
        Column("offer", label="Offer"),
        Column("source", label="Given out"),
        Column("most_uses", label="At most"),
        Column("used", label="Used"),
        DateColumn("ends", label="Ends"),
    ]
    search_fields = ["code", "source"]
    ordering = ["-pk"]
    edit_handler = ObjectList(
        [
            FieldRowPanel([FieldPanel("code"), FieldPanel("offer")]),
            FieldRowPanel([FieldPanel("source"), FieldPanel("most_uses")]),
            FieldRowPanel([FieldPanel("active"), FieldPanel("starts"), FieldPanel("ends")]),
        ]
    )

    class IndexView(generic.IndexView):
        def get_base_queryset(self) -> Any:
            paid = Q(checkouts__state=Checkout.State.PAID)
            return PromotionCode.objects.select_related("offer").annotate(used=Count("checkouts", filter=paid))

    index_view_class = IndexView


class NetworkForm(WagtailAdminModelForm):
    """An institution's addresses; what was just saved counts at once in this process, and within two seconds in others."""

    def save(self, commit: bool = True) -> Any:
        self.instance.cidr = self.instance.cidr.strip()
        saved = super().save(commit)
        networks.forget()
        return saved


class NetworkViewSet(Everywhere):
    model = Network
    icon = "globe"
    menu_label = "Networks"
    menu_order = 190
    name = "network"
    url_prefix = "networks"
    list_display = ["institution", "cidr", DateColumn("since", label="Since"), DateColumn("until", label="Until")]
    search_fields = ["institution", "cidr"]
    ordering = ["institution", "cidr"]
    edit_handler = ObjectList(
        [
            HelpPanel(
                content="<p>Whoever reads from these addresses reads everything, without logging in and without advertisements. "
                "An institution with several networks has one entry for each.</p>"
            ),
            FieldPanel("institution"),
            FieldPanel("cidr"),
            MultiFieldPanel([FieldRowPanel([FieldPanel("since"), FieldPanel("until")])], heading="Licence"),
        ],
        base_form_class=NetworkForm,
    )
