"""What the mail server said of an edition, and what a publisher decides about the addresses in doubt."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Count

from masthead.core import clock
from masthead.newsletters.models import Delivery, Edition

State = Delivery.State


def refusals(edition: Edition, most: int = 20) -> list[tuple[int, str, int]]:
    """What the mail server said to those it did not take, and to how many: code, words, count."""
    rows = Delivery.objects.filter(edition=edition, state__in=(State.REFUSED, State.DEFERRED)).order_by()
    return list(rows.values_list("code", "reply").annotate(count=Count("pk")).order_by("-count", "code")[:most])


def settle(*, edition: Edition, again: bool) -> int:
    """Count the addresses in doubt as submitted, or (``again``) mail them once more; returns how many.

    Nothing else decides so soon: the rule in the mailing settings waits a day.
    """
    now = clock.now()
    with transaction.atomic():
        # locked, so that nobody finishes it while rows become pending again
        row = Edition.objects.select_for_update().get(pk=edition.pk)
        doubtful = Delivery.objects.filter(edition=row, state=State.IN_DOUBT)
        if not again:
            return doubtful.update(state=State.SUBMITTED, settled=now)
        if row.state == Edition.State.CANCELLED:
            return 0  # nobody mails anything of it any more
        count = doubtful.update(state=State.PENDING, claim=None, due=now, settled=None)
        if count:
            Edition.objects.filter(pk=row.pk, state=Edition.State.DONE).update(state=Edition.State.SENDING, finished=None)
        return count
