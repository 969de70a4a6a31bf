"""Milestones as editors write them: one field for the date, with as much of it as is known."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import forms
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.admin.panels import InlinePanel

from masthead.articles.models import Milestone
from masthead.front.when import MONTHS

EXAMPLES = "9 June 1952, June 1952 or 1952"
_ISO = re.compile(r"(\d{3,4})(?:-(\d{1,2}))?(?:-(\d{1,2}))?")
_WORDS = (
    re.compile(r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?(?: of)? )?(?P<month>[a-z]{3,9})\.?,? (?P<year>\d{3,4})"),
    re.compile(r"(?P<month>[a-z]{3,9})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{3,4})"),
)


def read(text: str) -> tuple[date, str] | None:
    """The first day of what ``text`` says, and how exactly it says so (a ``date_precision``); None for no date.

    1952, 1952-06, 1952-06-09, June 1952, 9 June 1952, June 9, 1952; a month may be cut to three letters or more.
    """
    text = " ".join(text.lower().split())
    if match := _ISO.fullmatch(text):
        year, month, day = match.groups()
    else:
        found = next((match for pattern in _WORDS if (match := pattern.fullmatch(text))), None)
        month = str(_month(found["month"])) if found else None
        if found is None or month == "0":
            return None
        year, day = found["year"], found["day"]
    try:
        return date(int(year), int(month or 1), int(day or 1)), "day" if day else "month" if month else "year"
    except ValueError:
        return None


def _month(text: str) -> int:
    """A month by its name or its beginning; 0 for none."""
    text = "sep" if text == "sept" else text
    return next((number for number, name in enumerate(MONTHS, 1) if name.lower().startswith(text)), 0)


def written(day: date, precision: str) -> str:
    """A date as :func:`read` takes it."""
    parts = (str(day.day), MONTHS[day.month - 1], f"{day.year:04}")
    return " ".join(parts[{"month": 1, "year": 2}.get(precision, 0) :])


class MilestoneForm(WagtailAdminModelForm):
    """What happened, and when: a day, a month or a year."""

    date = forms.CharField(
        label="Date",
        max_length=40,
        help_text=f"As much of it as is known: {EXAMPLES}.",
        error_messages={"required": f"When did it happen? Write {EXAMPLES}."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.date:
            self.initial["date"] = written(self.instance.date, self.instance.date_precision)

    def clean_date(self) -> date:
        """The day the date begins with; how exactly it is known goes to the milestone."""
        found = read(self.cleaned_data["date"])
        if found is None:
            raise forms.ValidationError(f"Enter a valid date. Write as much of it as is known: {EXAMPLES}.")
        day, self.instance.date_precision = found
        return day

    class Meta:
        model = Milestone
        fields = ("date", "text", "article")


class MilestonesPanel(InlinePanel):
    """A relation's milestones, each in a form of ours."""

    def get_form_options(self) -> dict[str, Any]:
        options = super().get_form_options()
        options["formsets"][self.relation_name]["form"] = MilestoneForm
        return options
