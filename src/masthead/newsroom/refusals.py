"""What the mail server said of an edition."""

from __future__ import annotations

from django.db.models import Count

from masthead.newsletters.models import Delivery, Edition

State = Delivery.State


def refusals(edition: Edition, most: int = 20) -> list[tuple[int, str, int]]:
    """What the mail server said to those it did not take, and to how many: code, words, count."""
    rows = Delivery.objects.filter(edition=edition, state__in=(State.REFUSED, State.DEFERRED)).order_by()
    return list(rows.values_list("code", "reply").annotate(count=Count("pk")).order_by("-count", "code")[:most])
