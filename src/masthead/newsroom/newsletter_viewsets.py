"""Newsletters, holidays, the welcome series, watched feeds and radar events, as Wagtail lists and edits them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import validate_email
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.admin.panels import FieldPanel, FieldRowPanel, HelpPanel, InlinePanel, MultiFieldPanel, ObjectList
from wagtail.admin.ui.tables import BooleanColumn, Column, DateColumn, TitleColumn
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.admin.widgets import AdminAutoHeightTextInput

from masthead.core import clock
from masthead.newsletters.models import Holiday, Newsletter, RadarEvent, WelcomeStep, WireSource
from masthead.newsroom import due
from masthead.newsroom.viewsets import Everywhere, LoggedEdit

DAYS = (
    ("1", "Monday"),
    ("2", "Tuesday"),
    ("3", "Wednesday"),
    ("4", "Thursday"),
    ("5", "Friday"),
    ("6", "Saturday"),
    ("7", "Sunday"),
)
SHORT = {digit: name[:3] for digit, name in DAYS}


class Weekdays(forms.MultipleChoiceField):
    """Seven boxes to tick; what is kept is their digits, in order."""

    widget = forms.CheckboxSelectMultiple

    def prepare_value(self, value: Any) -> Any:
        return list(value) if isinstance(value, str) else value

    def clean(self, value: Any) -> str:
        return "".join(sorted(super().clean(value)))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return "".join(sorted(initial or "")) != "".join(sorted(data or []))


class NewsletterForm(WagtailAdminModelForm):
    """Weekdays as boxes; editors' addresses one a line and each of them an address."""

    weekdays = Weekdays(choices=DAYS, required=False, label="Days", help_text="None ticked: only special editions.")
    accent = forms.CharField(
        required=False,
        max_length=7,
        label="Colour",
        widget=forms.TextInput(attrs={"placeholder": "#8a1c1c", "pattern": "#[0-9a-fA-F]{6}", "data-colour": ""}),
        validators=Newsletter._meta.get_field("accent").validators[:1],
        help_text="Of its rules and links. Empty: the publication's own.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # the name stands in the mail that went: in its unsubscribe addresses, which are good for ever, and its Message-IDs
        if self.instance.pk and self.instance.editions.exclude(frozen=None).exists():
            self.fields["slug"].disabled = True
            self.fields["slug"].help_text = "It stands in mail that has gone out, and stays."

    def clean_editors(self) -> str:
        lines = list(dict.fromkeys(line.strip() for line in self.cleaned_data["editors"].splitlines() if line.strip()))
        for line in lines:
            try:
                validate_email(line)
            except forms.ValidationError:
                raise forms.ValidationError(f"“{line}” is not an e-mail address. Please write one a line.") from None
        return "\n".join(lines)


class Days(Column):
    """Monday to Friday, or the days by name."""

    def get_value(self, instance: Any) -> str:
        return day_words(instance.weekdays) + (f" at {instance.hour:%H:%M}" if instance.weekdays else "")


class Runs(Column):
    """Whether it runs; if not, why not."""

    def get_value(self, instance: Any) -> str:
        return f"Paused: {instance.paused}" if instance.paused else "Runs"


def day_words(digits: str) -> str:
    """The days of ``digits`` as people say them."""
    known = {"": "No day", "12345": "Monday to Friday", "67": "Weekends", "1234567": "Every day", "123456": "Monday to Saturday"}
    if len(digits) == 1:
        return f"{dict(DAYS)[digits]}s"
    return known.get(digits) or ", ".join(SHORT[digit] for digit in digits if digit in SHORT)


class NewsletterViewSet(Everywhere):
    model = Newsletter
    icon = "mail"
    name = "newsletter"
    url_prefix = "newsletter-list"
    add_to_admin_menu = False
    menu_label = "Newsletters"
    list_display = [
        TitleColumn("title", label="Name", url_name="newsletter:edit"),
        Days("weekdays", label="Days"),
        Column("get_audience_display", label="For"),
        Runs("paused", label="State"),
    ]
    ordering = ["position"]
    edit_handler = ObjectList(
        [
            MultiFieldPanel(
                [
                    FieldRowPanel([FieldPanel("title"), FieldPanel("slug")]),
                    FieldPanel("description"),
                    FieldRowPanel([FieldPanel("schedule"), FieldPanel("position")]),
                    FieldPanel("audience", help_text="Of editions to come. Those that went stay as public as they were."),
                ],
                heading="What readers are told",
            ),
            MultiFieldPanel(
                [FieldRowPanel([FieldPanel("from_name"), FieldPanel("from_address"), FieldPanel("reply_to")])],
                heading="Who it comes from",
            ),
            MultiFieldPanel(
                [
                    FieldPanel("weekdays", classname="nr-seven"),
                    FieldRowPanel([FieldPanel("hour"), FieldPanel("cutoff"), FieldPanel("too_late")]),
                    FieldPanel("goes", widget=forms.RadioSelect),
                    FieldPanel("editors", widget=AdminAutoHeightTextInput),
                ],
                heading="When, and who lets it go",
            ),
            InlinePanel(
                "blocks",
                heading="What an edition is composed of",
                label="Block",
                help_text="In this order. Our latest, the wire and the radar bring what came since the last edition.",
                panels=[FieldRowPanel([FieldPanel("kind"), FieldPanel("heading"), FieldPanel("most", heading="At most")])],
            ),
            MultiFieldPanel(
                [
                    FieldPanel("accent"),
                    FieldPanel("opening", widget=AdminAutoHeightTextInput),
                    FieldPanel("closing", widget=AdminAutoHeightTextInput),
                ],
                heading="How it looks",
            ),
        ],
        base_form_class=NewsletterForm,
    )

    class EditView(LoggedEdit):
        template_name = "newsroom/newsletters/newsletter.html"

        def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
            return super().get_context_data(**kwargs) | {
                "coming": due.coming(self.object, clock.now()) if self.object.weekdays else []
            }

    edit_view_class = EditView


class HolidayForm(WagtailAdminModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        same = Holiday.objects.filter(day=cleaned.get("day"), newsletter=cleaned.get("newsletter")).exclude(pk=self.instance.pk)
        if cleaned.get("day") and same.exists():
            self.add_error("day", f"That day is a holiday already: {same[0].name}.")
        return cleaned


class Whose(Column):
    """Which newsletter rests."""

    def get_value(self, instance: Any) -> str:
        return str(instance.newsletter) if instance.newsletter else "All newsletters"


class HolidayViewSet(ModelViewSet):
    model = Holiday
    icon = "calendar-alt"
    name = "holiday"
    url_prefix = "holidays"
    add_to_admin_menu = False
    copy_view_enabled = False
    list_display = [
        TitleColumn("name", label="Holiday", url_name="holiday:edit"),
        DateColumn("day", label="Day", sort_key="day"),
        Whose("newsletter", label="Who rests"),
    ]
    ordering = ["day"]
    list_filter = ["newsletter"]
    edit_handler = ObjectList(
        [
            HelpPanel(content="<p>On this day no edition is composed or mailed. The next one brings what this day missed.</p>"),
            FieldRowPanel([FieldPanel("day"), FieldPanel("name")]),
            FieldPanel("newsletter", help_text="Empty: all newsletters rest."),
        ],
        base_form_class=HolidayForm,
    )


class After(Column):
    """When a step comes, in words."""

    def get_value(self, instance: Any) -> str:
        days = instance.after
        return "At once" if not days else f"After {days} day{'s' if days > 1 else ''}"


class WelcomeStepViewSet(ModelViewSet):
    model = WelcomeStep
    icon = "user"
    name = "welcomestep"
    url_prefix = "welcome"
    add_to_admin_menu = False
    copy_view_enabled = False
    list_display = [
        TitleColumn("subject", label="Subject", url_name="welcomestep:edit"),
        After("after", label="Comes"),
        BooleanColumn("active", label="Goes out"),
    ]
    ordering = ["after", "pk"]
    edit_handler = ObjectList(
        [
            HelpPanel(
                content="<p>Mails to those who confirmed their address and asked for a newsletter, each once, in this order. A "
                "step added later goes only to those whose day is still to come.</p>"
            ),
            FieldRowPanel([FieldPanel("after"), FieldPanel("active")]),
            FieldPanel("subject"),
            FieldPanel("text", widget=AdminAutoHeightTextInput),
        ]
    )


class Health(Column):
    """How the last fetching went."""

    def get_value(self, instance: Any) -> Any:
        return health(instance)


def health(source: WireSource) -> Any:
    """A feed's state in a few words, with a mark for what is wrong."""
    if not source.active:
        return "Not watched"
    if source.problem:
        times = f" ({source.failures} times in a row)" if source.failures > 1 else ""
        return format_html('<span class="nr-bad">{}{}</span>', source.problem, times)
    return mark_safe('<span class="nr-good">Well</span>') if source.fetched else "Not fetched yet"


class WireSourceViewSet(ModelViewSet):
    model = WireSource
    icon = "globe"
    name = "wiresource"
    url_prefix = "feeds-watched"
    add_to_admin_menu = False
    menu_label = "Feeds we watch"
    copy_view_enabled = False
    list_display = [
        TitleColumn("name", label="Feed", url_name="wiresource:edit", sort_key="name"),
        Health("problem", label="Health"),
        DateColumn("fetched", label="Fetched", sort_key="fetched"),
        BooleanColumn("active", label="Watched"),
    ]
    search_fields = ["name", "url"]
    ordering = ["name"]
    edit_handler = ObjectList(
        [
            HelpPanel(content="<p>RSS or Atom. What it brings stands on the <em>wire desk</em>; nothing goes into an edition "
                      "unless an editor picks it.</p>"),
            FieldPanel("name"),
            FieldPanel("url"),
            FieldPanel("active", help_text="Watched. Switched off, what came stays and nothing more is fetched."),
        ]
    )  # fmt: skip


class RadarForm(WagtailAdminModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("ends") and cleaned.get("starts") and cleaned["ends"] < cleaned["starts"]:
            self.add_error("ends", "It cannot end before it begins.")
        return cleaned


class RadarEventViewSet(ModelViewSet):
    """The form; the list is a calendar of our own (``views.radar``)."""

    model = RadarEvent
    icon = "date"
    name = "radarevent"
    url_prefix = "radar-events"
    add_to_admin_menu = False
    menu_label = "Radar"
    copy_view_enabled = False
    list_display = [
        TitleColumn("title", label="Event", url_name="radarevent:edit"),
        DateColumn("starts", label="Begins", sort_key="starts"),
        Column("place", label="Where"),
    ]
    search_fields = ["title", "text", "place"]
    ordering = ["-starts"]
    edit_handler = ObjectList(
        [
            FieldPanel("title"),
            FieldRowPanel([FieldPanel("starts"), FieldPanel("ends"), FieldPanel("hour")]),
            FieldRowPanel([FieldPanel("place"), FieldPanel("url")]),
            FieldPanel("text", widget=AdminAutoHeightTextInput),
            FieldPanel("topics", widget=forms.CheckboxSelectMultiple),
        ],
        base_form_class=RadarForm,
    )
