"""Readers, as support sees them: found by address, with standing, grants, payments, log-ins and mails; and what is done for them.

What a mail says and what a code is stand nowhere here. Every action needs a reason, which the audit log keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from masthead.access import policy as rules
from masthead.access import services
from masthead.access.explain import KINDS
from masthead.access.models import Grant
from masthead.articles.models import Article
from masthead.billing import money, twice
from masthead.billing import services as billing
from masthead.billing.models import AuditEntry, Invoice, Subscription
from masthead.billing.operations import NotPossibleError as NotPossibleAtProvider
from masthead.billing.providers import ProviderError
from masthead.billing.providers.choice import UnknownProviderError
from masthead.core import clock, limits
from masthead.core.models import OutgoingMail, Publication
from masthead.core.timezones import zone as zone_called
from masthead.newsletters import suppression
from masthead.newsletters.models import Delivery, Tick
from masthead.newsroom import support
from masthead.newsroom.services import today
from masthead.newsroom.views.base import NewsroomPage
from masthead.newsroom.views.payments import named
from masthead.readers import addresses
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
        until: date | None = cleaned.get("until")
        if until and until < today():
            self.add_error("until", "That day is over.")
        elif until and until.year > today().year + 100:
            self.add_error("until", "That is longer than anybody reads; give it without end.")
        return cleaned

    @property
    def ends(self) -> datetime | None:
        """The moment after the last day, in the publication's time zone."""
        day: date | None = self.cleaned_data.get("until")
        if day is None:
            return None
        return datetime.combine(day + timedelta(days=1), time.min, zone_called(Publication.load().timezone))


class ReasonForm(forms.Form):
    """Why: nothing is done for a reader without it."""

    reason = forms.CharField(
        max_length=200, label="Why", help_text="Kept in the log. No names or addresses: it outlives the account."
    )


class ExtendForm(ReasonForm):
    """So many days more."""

    days = forms.IntegerField(min_value=1, max_value=366, label="Days more", help_text="After what they have now.")
    field_order = ("days", "reason")


class RefundForm(ReasonForm):
    """All of a payment, or a part of it."""

    invoice = forms.ModelChoiceField(Invoice.objects.none(), label="Payment", empty_label=None)
    amount = forms.DecimalField(
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=3,
        label="Amount",
        help_text="Such as 4.50; empty: all that is left.",
    )
    # what had been given back when the form was shown: the same press twice is one wish
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    field_order = ("invoice", "amount", "reason")

    def __init__(self, *args: Any, reader: Reader, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._given_back = Invoice.objects.filter(subscription__reader=reader).aggregate(sum=Sum("refunded"))["sum"] or 0
        self.fields["seen"].initial = self._given_back
        rows = Invoice.objects.filter(subscription__reader=reader, state__in=[Invoice.State.PAID, Invoice.State.REFUNDED])
        field = self.fields["invoice"]
        field.queryset = rows.order_by("-at", "-pk")
        field.label_from_instance = _invoice_label

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("seen") not in (None, self._given_back):
            raise forms.ValidationError("Something has been given back since this page was made. Please look at it again.")
        invoice, amount = cleaned.get("invoice"), cleaned.get("amount")
        if invoice is not None and amount is not None:
            minor = amount.scaleb(money.exponent(invoice.currency))
            if minor != int(minor) or minor <= 0:
                self.add_error("amount", f"{invoice.currency} has no such amount.")
            cleaned["minor"] = int(minor)
        return cleaned


def _invoice_label(invoice: Invoice) -> str:
    left = money.exact(invoice.amount - invoice.refunded, invoice.currency, "en-GB")
    return f"{invoice.at:%-d %b %Y}: {money.exact(invoice.amount, invoice.currency, 'en-GB')}, {left} left"


class MergeForm(ReasonForm):
    """The account that is carried here and then deleted."""

    other = forms.CharField(
        max_length=254, label="Address of the other account", help_text="It is deleted; all it had is carried here."
    )
    end = forms.ChoiceField(
        required=False,
        label="Where both have a subscription that renews",
        choices=[
            ("", "Tell me first"),
            ("kept", "End this account's"),
            ("gone", "End the other's"),
            ("neither", "Keep both: they pay twice"),
        ],
        help_text="What is ended runs to the end of what is paid for.",
    )
    field_order = ("other", "end", "reason")


class StopForm(ReasonForm):
    """One of several subscriptions that collect: it ends with what is paid for, or goes back."""

    subscription = forms.ModelChoiceField(Subscription.objects.none(), label="Which", empty_label=None)
    back = forms.BooleanField(
        required=False, label="Give its newest payment back", help_text="It ends at once then. Only for what came on top."
    )
    field_order = ("subscription", "back", "reason")

    def __init__(self, *args: Any, reader: Reader, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["subscription"]
        field.queryset = Subscription.objects.filter(pk__in=[row.pk for row in twice.collecting(reader)]).order_by("-created")
        field.label_from_instance = _subscription_label


def _subscription_label(row: Subscription) -> str:
    due = f"next payment {row.renews:%-d %b %Y}" if row.renews else row.get_state_display()
    return f"{row.price or 'unknown'}, since {row.created:%-d %b %Y}, {due}"


class AnonymiseForm(ReasonForm):
    """The address typed once more, so that it is meant."""

    address = forms.CharField(max_length=254, label="Type the reader's address", help_text="This cannot be undone.")
    field_order = ("address", "reason")


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
            "subscriptions": billing.held_by(reader).subscriptions,
            "collecting": len(twice.collecting(reader)),
            "may_see_ledger": self.request.user.has_perm("billing.view_ledgerevent"),
            "invoices": [
                {
                    "row": row,
                    "amount": money.exact(row.amount, row.currency, "en-GB"),
                    "refunded": money.exact(row.refunded, row.currency, "en-GB") if row.refunded else "",
                }
                for row in Invoice.objects.filter(subscription__reader=reader).order_by("-at", "-pk")[:30]
            ],
            "log": self._log(),
            "forms": {**self._forms(), **kwargs.get("wrong", {})},
            "newsletters": Tick.objects.filter(reader=reader).select_related("newsletter"),
            "refused": suppression.of(reader.email),
            "editions": Delivery.objects.filter(reader=reader).select_related("edition__newsletter").order_by("-pk")[:20],
            "comp_form": kwargs.get("comp_form") or CompForm(),
            "may_grant": self.may_grant,
            "may_end": self.may_end,
            "timezone": policy.timezone,
        }

    def _log(self) -> list[dict[str, Any]] | None:
        """What was done for this reader, and for those merged into them; None where that is not for whoever asks."""
        if not self.request.user.has_perm("billing.view_auditentry"):
            return None
        return named(AuditEntry.objects.filter(subject__in=support.subjects_of(self.reader)).order_by("-pk")[:60])

    def _forms(self) -> dict[str, forms.Form]:
        """The actions that whoever asks may take, each by its form."""
        user = self.request.user
        found: dict[str, forms.Form] = {}
        if user.has_perm("access.add_grant"):
            found["extend"] = ExtendForm(auto_id="extend-%s")
        if user.has_perm("billing.change_subscription"):
            form = RefundForm(reader=self.reader, auto_id="refund-%s")
            if form.fields["invoice"].queryset.exists():
                found["refund"] = form
            if len(twice.collecting(self.reader)) > 1:
                found["stop"] = StopForm(reader=self.reader, auto_id="stop-%s")
        if user.has_perm("readers.support_reader"):
            found["code"] = ReasonForm(auto_id="code-%s")
            action = "mail_again" if suppression.of(self.reader.email) else "stop_mail"
            found[action] = ReasonForm(auto_id=f"{action}-%s")
            if not self.reader.is_staff:
                found["merge"] = MergeForm(auto_id="merge-%s")
                found["anonymise"] = AnonymiseForm(auto_id="anonymise-%s")
        return found

    def post(self, request: HttpRequest, subject: str) -> HttpResponse:
        action = request.POST.get("action", "")
        if action == "comp" and self.may_grant:
            return self._comp(request)
        if action in {"end", "log out"} and self.may_end:
            return self._end(request, action)
        form = self._forms().get(action)
        if form is None:
            raise PermissionDenied
        more = {"reader": self.reader} if action in {"refund", "stop"} else {}
        form = type(form)(request.POST, auto_id=f"{action}-%s", **more)
        if not form.is_valid():
            return self._wrong(action, form)
        do: Callable[[Any], str] = getattr(self, f"_{action}")
        try:
            messages.success(request, do(form.cleaned_data))
        except (support.NotPossibleError, NotPossibleAtProvider) as error:
            form.add_error(None, str(error))
            return self._wrong(action, form)
        except (ProviderError, UnknownProviderError) as error:
            form.add_error(None, f"The payment provider did not do it: {error}. Nothing was changed here.")
            return self._wrong(action, form, status=503)
        return _back(reverse("newsroom_readers") if action == "anonymise" else request.path)

    def _wrong(self, action: str, form: forms.Form, status: int = 422) -> HttpResponse:
        return self.render_to_response(self.get_context_data(wrong={action: form}), status=status)

    def _comp(self, request: HttpRequest) -> HttpResponse:
        form = CompForm(request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(comp_form=form), status=422)
        try:
            support.comp(
                reader=self.reader,
                days=form.cleaned_data["days"],
                until=form.ends,
                reason=form.cleaned_data["reason"],
                by=request.user,
            )
        except support.NotPossibleError as error:
            form.add_error(None, str(error))
            return self.render_to_response(self.get_context_data(comp_form=form), status=422)
        messages.success(request, f"{self.reader} has All-Access, at their next click.")
        return _back(request.path)

    def _end(self, request: HttpRequest, action: str) -> HttpResponse:
        """End a grant, or every log-in. The page's one field for a reason is theirs both."""
        reason = ReasonForm(request.POST)
        grant = None
        if action == "end":
            number = request.POST.get("grant", "")
            wanted = Grant.objects.filter(reader=self.reader, pk=number if number.isdecimal() and len(number) < 19 else 0)
            grant = get_object_or_404(wanted)
        if not reason.is_valid():
            messages.error(request, "Please say why: nothing was done.")
        elif grant is not None:
            if not grant.fact().in_date(clock.now()):
                messages.error(request, "That grant has ended already.")
                return _back(request.path)
            try:
                support.end_grant(grant=grant, reason=reason.cleaned_data["reason"], by=request.user)
                messages.success(request, "The grant has ended.")
            except support.NotPossibleError as error:
                messages.error(request, str(error))
        elif self.reader.is_staff and not request.user.is_superuser and self.reader != request.user:
            messages.error(request, "Only an administrator logs out a colleague.")
        else:
            count = support.log_out(reader=self.reader, reason=reason.cleaned_data["reason"], by=request.user)
            messages.success(request, f"{self.reader} is logged out in {count} {'browser' if count == 1 else 'browsers'}.")
        return _back(request.path)

    def _extend(self, asked: dict[str, Any]) -> str:
        grant = support.extend(reader=self.reader, days=asked["days"], reason=asked["reason"], by=self.request.user)
        zone = zone_called(Publication.load().timezone)
        return f"Everything is open to them until {grant.until.astimezone(zone):%-d %B %Y}." if grant.until else "Extended."

    def _refund(self, asked: dict[str, Any]) -> str:
        support.refund(invoice=asked["invoice"], amount=asked.get("minor"), reason=asked["reason"], by=self.request.user)
        return "The money goes back by the way it came, within some days. The whole of a payment takes its period away."

    def _code(self, asked: dict[str, Any]) -> str:
        typed = support.send_code(reader=self.reader, reason=asked["reason"], by=self.request.user)
        if typed:
            return "A code is on its way. It is typed in the browser that asked for the last one; the mail's link works in any."
        return "A mail is on its way. No browser of theirs asked for a code lately: its link is what logs them in."

    def _mail_again(self, asked: dict[str, Any]) -> str:
        support.mail_again(reader=self.reader, reason=asked["reason"], by=self.request.user)
        return "They are mailed again, from the next edition on."

    def _stop_mail(self, asked: dict[str, Any]) -> str:
        support.stop_mail(reader=self.reader, reason=asked["reason"], by=self.request.user)
        return "Nothing is mailed to them any more but codes and receipts."

    def _merge(self, asked: dict[str, Any]) -> str:
        other = support.find_other(reader=self.reader, address=asked["other"])
        held = {"kept": twice.collecting(self.reader), "gone": twice.collecting(other)}
        both, end = all(held.values()), asked["end"]
        if both and not end:
            own, others = (", ".join(map(_subscription_label, held[name])) for name in ("kept", "gone"))
            raise support.NotPossibleError(
                f"Both have a subscription that renews; merged, they would pay twice. This account's: {own}. "
                f"The other's: {others}. Say below which of them is to end. Nothing was done."
            )
        support.merge(kept=self.reader, gone=other, reason=asked["reason"], by=self.request.user)
        if both and end in held:
            self._stop_merged(held[end], asked["reason"])
        if len(twice.collecting(self.reader)) > 1:
            messages.warning(self.request, "More than one subscription renews now, and they pay for each. End one of them below.")
        return "The two are one now, and both addresses were told."

    def _stop_merged(self, rows: list[Subscription], reason: str) -> None:
        for row in rows:
            try:
                row.refresh_from_db()
                support.stop(subscription=row, reason=reason, by=self.request.user)
            except (support.NotPossibleError, NotPossibleAtProvider, ProviderError, UnknownProviderError) as error:
                messages.error(self.request, f"{row.external_id} is not ended: {error}")

    def _stop(self, asked: dict[str, Any]) -> str:
        subscription, reason = asked["subscription"], asked["reason"]
        if not asked["back"]:
            support.stop(subscription=subscription, reason=reason, by=self.request.user)
            return "It ends with what is paid for, and nothing more is collected for it."
        if support.give_back(subscription=subscription, reason=reason, by=self.request.user):
            return "It has ended, its newest payment goes back, and they were told."
        return "It is noted: the payment provider does not answer, and the worker goes on trying."

    def _anonymise(self, asked: dict[str, Any]) -> str:
        if addresses.identity(asked["address"].strip().lower()) != addresses.identity(self.reader.email.lower()):
            raise support.NotPossibleError("That is not this reader's address.")
        support.anonymise(reader=self.reader, reason=asked["reason"], by=self.request.user)
        return "The account is deleted. Payments are kept, and point at nobody."


def _back(path: str) -> HttpResponse:
    response = HttpResponseRedirect(path)
    response.status_code = 303
    return response
