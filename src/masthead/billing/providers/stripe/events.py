"""The events listened to: the one list that the webhook endpoint, the doctor and the how-to are made from. Pure."""

from __future__ import annotations

CHECKOUT = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
)
SUBSCRIPTION = (
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "customer.subscription.trial_will_end",
)
INVOICE = ("invoice.paid", "invoice.payment_failed", "invoice.payment_action_required", "invoice.upcoming")
REFUND = ("charge.refunded", "refund.created", "refund.updated", "refund.failed")
DISPUTE = (
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
)
CARD = (
    "customer.updated",
    "customer.source.expiring",
    "payment_method.updated",
    "payment_method.automatically_updated",
)
ALL = (*CHECKOUT, *SUBSCRIPTION, *INVOICE, *REFUND, *DISPUTE, *CARD)
