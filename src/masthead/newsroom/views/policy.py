"""The publisher's rules: the newest version in a form, and what they were before."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from masthead.access import services
from masthead.access.models import PolicyVersion
from masthead.newsroom.views.base import NewsroomPage

FIELDS = (
    "teaser_paragraphs",
    "allowance",
    "period",
    "unlock_days",
    "instant",
    "instant_per_device",
    "instant_per_address",
    "instant_per_network",
    "gifts",
    "gift_uses",
    "gift_days",
)
WORDS = {
    "teaser_paragraphs": (
        "Paragraphs everyone sees",
        "With 3, a reader who follows a link sees headline, standfirst, picture and the first three paragraphs; then the gate. "
        "Where an editor put “the gate goes here”, that counts instead.",
    ),
    "allowance": (
        "Articles of their choice",
        "With 3 a calendar month, a confirmed reader who opens three articles on 5 November sees a fourth one's gate say that "
        "the next three come on 1 December. Looking never spends one.",
    ),
    "period": ("Counted in", "A calendar month, or a week from Monday to Sunday, in the publication's time zone."),
    "unlock_days": (
        "Days a chosen article stays open",
        "With 30, an article chosen on 20 November can be read until 20 December; never shorter than to the period's end.",
    ),
    "instant": (
        "Instant access",
        "On: whoever types an address at a gate reads the rest of that article at once, while the mail is on its way. "
        "Off: the code from the mail comes first.",
    ),
    "instant_per_device": (
        "Instant articles a browser",
        "With 1, the second article in the same browser and period asks for the code first. Clearing cookies wins another one, "
        "up to the network's limit.",
    ),
    "instant_per_address": (
        "Instant articles an address",
        "With 2, one address typed in many browsers opens two articles a period; tags such as name+1@ count as one address.",
    ),
    "instant_per_network": (
        "Instant articles a network",
        "With 20, an office, school or household behind one address shares twenty a period. Too few turn honest readers away.",
    ),
    "gifts": (
        "Gift links",
        "With 5, a subscriber gives five articles away each month, by links that open one article each. With 0 nobody gives.",
    ),
    "gift_uses": (
        "Browsers a gift link opens",
        "With 10, whoever comes eleventh sees the gate: a link posted in public is soon used up.",
    ),
    "gift_days": (
        "Days a gift is good",
        "With 30, a link opens nothing after thirty days; what it opened on the last of them stays open another thirty.",
    ),
}


class PolicyForm(forms.ModelForm):
    """All the numbers of one version. ``base`` is the version the form was filled from."""

    base = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = PolicyVersion
        fields = FIELDS

    def __init__(self, *args: Any, current: PolicyVersion | None, **kwargs: Any) -> None:
        self.current = current
        super().__init__(*args, **kwargs)
        self.fields["base"].initial = current.pk if current else 0
        for name, (label, example) in WORDS.items():
            self.fields[name].label = label
            self.fields[name].help_text = example

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors:
            return cleaned
        newest = self.current.pk if self.current else 0
        if cleaned["base"] != newest:
            raise forms.ValidationError(
                "Somebody changed the policy while you were filling in this form. Below is what you wanted; the version in force "
                "is at the top of the history. Please check and save again."
            )
        if not cleaned["allowance"]:
            self.add_error(
                "allowance",
                "With no articles to choose, the gate would promise choices that never come. To sell everything, mark articles "
                "“subscribers only” instead.",
            )
        if not cleaned["unlock_days"]:
            self.add_error("unlock_days", "An article has to stay open for a day at least: readers come back to finish it.")
        if cleaned["instant"]:
            for name in ("instant_per_device", "instant_per_address", "instant_per_network"):
                if not cleaned[name]:
                    self.add_error(
                        name, "With 0 nobody would get instant access: switch instant access off, or allow 1 at least."
                    )
            if not self.errors and cleaned["instant_per_network"] < cleaned["instant_per_device"]:
                self.add_error(
                    "instant_per_network", "A network holds many browsers: it cannot be allowed less than a single one."
                )
        base = self.current or PolicyVersion()
        if not self.errors and all(cleaned[name] == getattr(base, name) for name in FIELDS):
            raise forms.ValidationError("Nothing is changed, so there is no new version to keep.")
        return cleaned


def history(most: int = 50) -> list[dict[str, Any]]:
    """The newest versions, each with who made it, when, and what it changed from the one before."""
    rows = list(PolicyVersion.objects.select_related("changed_by").order_by("-pk")[: most + 1])
    told = []
    for row, before in zip(rows, [*rows[1:], None], strict=False):
        older = before or PolicyVersion()
        changed = [
            {"label": WORDS[name][0], "before": _shown(older, name), "after": _shown(row, name)}
            for name in FIELDS
            if getattr(row, name) != getattr(older, name)
        ]
        told.append({"version": row, "changes": changed, "first": before is None and len(rows) <= most})
    return told[:most]


def _shown(row: PolicyVersion, name: str) -> str:
    value = getattr(row, name)
    if isinstance(value, bool):
        return "on" if value else "off"
    return row.get_period_display() if name == "period" else str(value)


class PolicyPage(NewsroomPage):
    """The form and the history. Saving adds a version and changes none."""

    template_name = "newsroom/policy.html"
    page_title = "Policy"
    header_icon = "sliders"
    permissions = ("access.view_policyversion", "access.add_policyversion")

    @property
    def may_change(self) -> bool:
        return self.request.user.has_perm("access.add_policyversion")

    def _form(self, data: Any = None) -> PolicyForm:
        current = PolicyVersion.objects.order_by("-pk").first()
        # a copy: the form writes what is typed on its instance
        filled = PolicyVersion(**{name: getattr(current, name) for name in FIELDS}) if current else PolicyVersion()
        return PolicyForm(data, instance=filled, current=current)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs.pop("form", None) or self._form()
        return super().get_context_data(**kwargs) | {"form": form, "history": history(), "may_change": self.may_change}

    def post(self, request: HttpRequest) -> HttpResponse:
        if not self.may_change:
            raise PermissionDenied
        form = self._form(request.POST)
        if not form.is_valid():
            if form.data.get("base") != str(form.current.pk if form.current else 0):
                form.data = form.data.copy()
                form.data["base"] = form.current.pk if form.current else 0
            return self.render_to_response(self.get_context_data(form=form), status=422)
        kept = services.change_policy(changes=form.instance, by=request.user)
        messages.success(request, f"Version {kept.pk} of the policy counts from now on, for every page within two seconds.")
        return HttpResponseRedirect(request.path)
