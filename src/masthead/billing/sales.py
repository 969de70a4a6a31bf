"""What sold: which articles, gates, codes and prices the subscriptions of a time came from. Read off paid checkouts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from masthead.billing.lifecycle import State
from masthead.billing.models import Checkout

MOST = 25  # rows of each table
OVER = (State.ENDED, State.REFUNDED, State.DISPUTED)


@dataclass(frozen=True, slots=True)
class Sold:
    """How many were bought by one way, and how many of them run still. ``about`` is the article's slug, where it is one."""

    name: str
    bought: int
    running: int
    about: str = ""


@dataclass(frozen=True, slots=True)
class Sales:
    """What sold since a moment."""

    bought: int
    begun: int  # checkouts, paid or not
    by_article: list[Sold]
    by_gate: list[Sold]
    by_code: list[Sold]
    by_price: list[Sold]


def since(moment: datetime) -> Sales:
    """What was bought since ``moment``. A checkout that was made in vain is counted as begun alone."""
    begun = Checkout.objects.filter(created__gte=moment)
    paid = begun.filter(state=Checkout.State.PAID)
    return Sales(
        bought=paid.count(),
        begun=begun.count(),
        by_article=[_sold(row, row["article"] or "no article", row["article"]) for row in _by(paid, "article")],
        by_gate=[_sold(row, row["decision"] or "no gate") for row in _by(paid, "decision")],
        by_code=[
            _sold(row, f"{row['promotion__code']} ({row['promotion__offer__name']})")
            for row in _by(paid.exclude(promotion=None), "promotion__code", "promotion__offer__name")
        ],
        by_price=[
            _sold(row, f"{row['price__plan__name']}, {row['price__interval']}ly, {row['price__rate']}, {row['price__currency']}")
            for row in _by(paid, "price__plan__name", "price__interval", "price__rate", "price__currency")
        ],
    )


def _by(rows: QuerySet[Checkout], *fields: str) -> Iterable[dict[str, Any]]:
    running = Count("pk", filter=Q(subscription__isnull=False) & ~Q(subscription__state__in=OVER))
    return rows.values(*fields).annotate(bought=Count("pk"), running=running).order_by("-bought", *fields)[:MOST]


def _sold(row: dict[str, Any], name: str, about: str = "") -> Sold:
    return Sold(name, row["bought"], row["running"], about)
