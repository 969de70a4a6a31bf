"""Payments, as the newsroom inspects them: webhooks as received, with replay; each subscription's ledger; the audit log."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from masthead.billing import inbox, money, operations, twice
from masthead.billing.models import AuditEntry, Subscription, Webhook
from masthead.billing.providers import Purpose, choice
from masthead.newsroom import support
from masthead.newsroom.views.base import NewsroomPage
from masthead.readers.models import Reader

SEE = ("billing.view_webhook",)
PER_PAGE = 50


class _Paged(NewsroomPage):
    """A page of rows."""

    permissions = SEE
    header_icon = "history"

    def rows(self) -> Any:
        """What there is, in order."""
        raise NotImplementedError

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        page = Paginator(self.rows(), PER_PAGE).get_page(self.request.GET.get("p"))
        return super().get_context_data(**kwargs) | {"rows": page}


class PaymentsPage(_Paged):
    """Webhooks, newest first; those that wait or were given up can be picked out."""

    template_name = "newsroom/payments.html"
    page_title = "Payments"

    def rows(self) -> Any:
        rows = Webhook.objects.defer("body").order_by("-received", "-pk")
        state = self.request.GET.get("state", "")
        return rows.filter(state=state) if state in Webhook.State.values else rows

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | {
            "states": Webhook.State.choices,
            "state": self.request.GET.get("state", ""),
            "provider": choice.STRIPE if choice.current_is_real() else choice.SANDBOX,
            "real": choice.current_is_real(),
            "twice": self._twice(),
            "may_give_back": self.request.user.has_perm("billing.change_subscription"),
            "running": Subscription.objects.filter(renews__isnull=False).count(),
        }

    def _twice(self) -> list[dict[str, Any]]:
        """Readers of whom more than one subscription collects; ``second``: it came on top, and can go back with one press."""
        rows = []
        for reader, held in twice.readers()[:PER_PAGE]:
            seconds = {found.second.pk for found in twice.of(reader)}
            rows.append({"reader": reader, "held": [{"row": row, "second": row.pk in seconds} for row in held]})
        return rows

    def post(self, request: HttpRequest) -> HttpResponse:
        """Give one back that was bought on top of another."""
        if not request.user.has_perm("billing.change_subscription"):
            raise PermissionDenied
        found = get_object_or_404(Subscription.objects.select_related("reader"), subject=request.POST.get("give back", ""))
        try:
            if support.give_back(subscription=found, reason="paid twice", by=request.user):
                messages.success(request, "It has ended, its newest payment goes back, and they were told.")
            else:
                messages.warning(request, "It is noted: the payment provider does not answer, and the worker goes on trying.")
        except (support.NotPossibleError, operations.NotPossibleError) as error:
            messages.error(request, str(error))
        response = HttpResponseRedirect(request.path)
        response.status_code = 303
        return response


class WebhookPage(NewsroomPage):
    """One webhook as received, what came of it, and a button that has it processed again."""

    template_name = "newsroom/webhook.html"
    header_icon = "history"
    permissions = SEE

    def get_page_title(self) -> str:
        return self.row.event_id

    def get_breadcrumbs_items(self) -> list[dict[str, str]]:
        up = {"url": reverse("newsroom_payments"), "label": "Payments"}
        return [*self.breadcrumbs_items, up, {"url": "", "label": self.row.event_id}]

    @property
    def row(self) -> Webhook:
        if not hasattr(self, "_row"):
            self._row = get_object_or_404(Webhook, pk=self.kwargs["number"])
        return self._row

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = Subscription.objects.filter(ledger__provider=self.row.provider, ledger__event_id=self.row.event_id).first()
        may_replay = self.request.user.has_perm("billing.change_webhook") and choice.in_use(self.row.provider)
        return super().get_context_data(**kwargs) | {"row": self.row, "subscription": found, "may_replay": may_replay}

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        if not request.user.has_perm("billing.change_webhook"):
            raise PermissionDenied
        if choice.in_use(self.row.provider):
            inbox.replay(webhook=self.row)
            messages.success(request, "It is processed again within a second. What it says stands in the ledger once.")
        else:
            messages.error(request, f"{self.row.provider} is not in use here.")
        response = HttpResponseRedirect(request.path)
        response.status_code = 303
        return response


class LedgerPage(NewsroomPage):
    """One subscription: what it is, the ledger it follows from, its payments and its audit log."""

    template_name = "newsroom/ledger.html"
    header_icon = "history"
    permissions = ("billing.view_ledgerevent",)

    @property
    def subscription(self) -> Subscription:
        if not hasattr(self, "_subscription"):
            rows = Subscription.objects.select_related("reader", "price__plan", "checkout", "customer")
            self._subscription = get_object_or_404(rows, subject=self.kwargs["subject"])
        return self._subscription

    def get_page_title(self) -> str:
        return self.subscription.external_id

    def get_breadcrumbs_items(self) -> list[dict[str, str]]:
        up = {"url": reverse("newsroom_payments"), "label": "Payments"}
        return [*self.breadcrumbs_items, up, {"url": "", "label": self.subscription.external_id}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        row = self.subscription
        return super().get_context_data(**kwargs) | {
            "row": row,
            "ledger": row.ledger.order_by("at", "pk"),
            "invoices": [
                {"row": invoice, "amount": money.exact(invoice.amount, invoice.currency, "en-GB")}
                for invoice in row.invoices.all()
            ],
            "stretches": row.stretches.select_related("grant").order_by("grant__since"),
            "log": named(AuditEntry.objects.filter(subscription=row.subject).order_by("-pk")[:100]),
            "desk": self._desk(),
        }

    def _desk(self) -> str:
        """Where the sandbox lets things happen to this subscription; empty where money is real, or this is not its."""
        row = self.subscription
        if row.provider != choice.SANDBOX or not choice.in_use(row.provider) or row.customer is None:
            return ""
        return operations.portal(subscription=row, purpose=Purpose.MANAGE, return_path=self.request.path)


class AuditPage(_Paged):
    """Money, grants and support actions, newest first. Nobody edits it."""

    template_name = "newsroom/audit.html"
    page_title = "Audit log"
    permissions = ("billing.view_auditentry",)

    def rows(self) -> Any:
        return AuditEntry.objects.order_by("-pk")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return context | {"log": named(context["rows"])}


def named(entries: Any) -> list[dict[str, Any]]:
    """``entries`` with the addresses of those who are still readers here; the log itself holds none."""
    entries = list(entries)
    subjects = {entry.actor for entry in entries} | {entry.subject for entry in entries}
    names = dict(Reader.objects.filter(subject__in=subjects).values_list("subject", "email"))
    return [
        {
            "row": entry,
            "actor": names.get(entry.actor, entry.actor),
            "subject": names.get(entry.subject, ""),
            "amount": money.exact(entry.amount, entry.currency, "en-GB") if entry.amount is not None and entry.currency else "",
        }
        for entry in entries
    ]
