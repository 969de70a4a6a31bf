"""The audit log: money, grants and support actions, in the transaction of what was done."""

from __future__ import annotations

from typing import Any

from masthead.billing.models import AuditEntry, Subscription
from masthead.core import clock

PROVIDER = "provider"  # actors that are nobody
RECONCILE = "reconcile"


def note(
    *,
    action: str,
    actor: str = PROVIDER,
    subject: str = "",
    subscription: Subscription | None = None,
    amount: int | None = None,
    currency: str = "",
    reason: str = "",
    **data: Any,
) -> AuditEntry:
    """Keep that ``actor`` (a subject, or a name above) did ``action``. No addresses in ``data``: rows outlive accounts."""
    if subscription is not None and not subject and subscription.reader is not None:
        subject = subscription.reader.subject
    return AuditEntry.objects.create(
        at=clock.now(),
        actor=actor,
        action=action,
        subject=subject,
        subscription=subscription.subject if subscription else "",
        amount=amount,
        currency=currency,
        reason=reason[:300],
        data=data,
    )
