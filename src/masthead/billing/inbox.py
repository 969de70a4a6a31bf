"""Webhooks: verified and stored by a web process in one statement, made something of by a worker.

A row is claimed for a minute before a provider is asked anything, and settled in the transaction of what follows from it: killed
in between, it is due again. One that cannot be processed is tried again, later and later; given up, the newsroom replays it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from masthead.billing import retries, services
from masthead.billing.models import LedgerEvent, Webhook
from masthead.billing.providers import choice
from masthead.core import clock, notices

log = logging.getLogger(__name__)

CLAIM = timedelta(minutes=1)


def receive(*, provider: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Verify and store a webhook; False where it was stored before. Raises ``Refused`` for what is not to be believed.

    What names a person is left out already here: from this row it would go to the ledger, to replays and to back-ups.
    """
    now = clock.now()
    desk = choice.named(provider)
    found = desk.receive(body, headers, now)
    stored = Webhook.objects.bulk_create(
        [
            Webhook(
                provider=provider,
                event_id=found.id,
                kind=found.kind[:80],
                at=found.at,
                received=now,
                body=desk.without_persons(body.decode()),
                due=now,
            )
        ],
        ignore_conflicts=True,
    )
    return bool(stored)


def work(most: int = 20) -> int:
    """Process up to ``most`` webhooks that are due, oldest first; returns how many were claimed."""
    rows = _claim(most)
    for row in rows:
        process(row)
    return len(rows)


def is_due() -> bool:
    """Whether there is anything to do. Looks before it claims: on SQLite a claim takes the one write lock."""
    return _due().exists()


def _due() -> object:
    now = clock.now()
    return Webhook.objects.filter(Q(claimed_until=None) | Q(claimed_until__lt=now), state=Webhook.State.WAITING, due__lte=now)


def _claim(most: int) -> list[Webhook]:
    with transaction.atomic():
        rows = list(_due().select_for_update(skip_locked=True).order_by("due", "pk")[:most])  # type: ignore[attr-defined]
        Webhook.objects.filter(pk__in=[row.pk for row in rows]).update(claimed_until=clock.now() + CLAIM)
    return rows


def process(row: Webhook) -> bool:
    """Make of ``row`` what follows from it; whether that worked."""
    try:
        event = choice.named(row.provider).read(row.body)
        with transaction.atomic():
            if event is not None:
                services.take(provider=row.provider, event=event, origin=LedgerEvent.Origin.WEBHOOK, payload=row.body)
            Webhook.objects.filter(pk=row.pk).update(
                state=Webhook.State.DONE if event is not None else Webhook.State.IGNORED,
                attempts=row.attempts + 1,
                settled=clock.now(),
                claimed_until=None,
                error="",
            )
    except Exception as error:  # whatever one webhook does must not hold up those behind it
        _failed(row, error)
        return False
    return True


def _failed(row: Webhook, error: Exception) -> None:
    attempts = row.attempts + 1
    given_up = attempts >= retries.MOST
    log.warning("webhook %s %s: %s", row.kind, "given up" if given_up else "deferred", error, exc_info=error)
    Webhook.objects.filter(pk=row.pk).update(
        state=Webhook.State.FAILED if given_up else Webhook.State.WAITING,
        attempts=attempts,
        due=clock.now() + retries.wait(attempts),
        claimed_until=None,
        error=f"{type(error).__name__}: {error}"[:500],
    )
    if given_up:
        notices.tell("webhooks", f"A {row.provider} webhook ({row.kind}) was given up. Look at it in the newsroom and replay it.")


def replay(*, webhook: Webhook) -> None:
    """Let the worker process ``webhook`` once more, now. What it says is in the ledger once, however often it is read."""
    Webhook.objects.filter(pk=webhook.pk).update(
        state=Webhook.State.WAITING, attempts=0, due=clock.now(), claimed_until=None, settled=None, error=""
    )
