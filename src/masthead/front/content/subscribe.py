"""What All-Access promises and costs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar
from urllib.parse import urlencode

from masthead.access.policy import Policy
from masthead.articles.cards import Link
from masthead.articles.models import Article
from masthead.billing import money
from masthead.billing.models import Price
from masthead.billing.providers import choice
from masthead.core.remembered import Remembered
from masthead.front.content.page import Page
from masthead.front.content.publication import PublicationFacts


@dataclass(frozen=True, slots=True)
class PriceFacts:
    """A price as the form offers it: ``shown`` in words of the page's locale, ``note`` for a trial or an introduction."""

    id: int
    interval: str
    rate: str
    shown: str
    note: str = ""
    saving: str = ""


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """A plan with its prices in one currency: the standard ones, and those for who has less."""

    name: str
    description: str
    prices: tuple[PriceFacts, ...]
    reduced: tuple[PriceFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscribePage(Page):
    template: ClassVar[str] = "front/subscribe.html"
    parameters: ClassVar[tuple[str, ...]] = ("article", "currency")

    came_from: Link | None = None
    slug: str = ""
    allowance: int = 0
    period: str = "month"
    plans: tuple[PlanFacts, ...] = ()
    currency: str = ""
    currencies: tuple[str, ...] = ()
    tax_included: bool = True
    sandbox: bool = False

    @property
    def address(self) -> str:
        """The path with what of the query makes it another page."""
        query = [("article", self.slug)] if self.slug else []
        if self.currency and self.currencies and self.currency != self.currencies[0]:
            query.append(("currency", self.currency))
        return "/subscribe/" + (f"?{urlencode(query)}" if query else "")


def subscribe_page(slug: str, currency: str, policy: Policy, publication: PublicationFacts) -> SubscribePage:
    """What All-Access promises and costs, and the article that made a reader ask (where ``slug`` is one)."""
    row = Article.objects.live().filter(slug=slug).only("title", "slug").first() if slug else None
    prices = _prices.get()
    currencies = _currencies(prices, publication.language)
    chosen = currency if currency in currencies else currencies[0] if currencies else ""
    return SubscribePage(
        title="All-Access",
        description="Everything we publish, the whole archive, without advertisements.",
        canonical="/subscribe/",
        crumbs=(Link("Home", "/"), Link("All-Access", "/subscribe/")),
        came_from=Link(row.title, row.path_on_site) if row else None,
        slug=row.slug if row else "",
        allowance=policy.allowance,
        period=policy.period,
        plans=_plans([price for price in prices if price.currency == chosen], publication.language),
        currency=chosen,
        currencies=currencies,
        tax_included=all(price.tax_included for price in prices if price.currency == chosen),
        sandbox=not choice.current_is_real(),
    )


def _load_prices() -> list[Price]:
    rows = Price.objects.filter(active=True, plan__active=True).select_related("plan")
    return list(rows.order_by("plan__position", "plan_id", "currency", "interval", "rate"))


_prices = Remembered(_load_prices)


def _currencies(prices: list[Price], language: str) -> tuple[str, ...]:
    """The currencies on offer, that of the publication's country first."""
    offered = sorted({price.currency for price in prices})
    home = money.currency_of(language)
    return tuple(sorted(offered, key=lambda currency: (currency != home, currency)))


def _plans(prices: list[Price], locale: str) -> tuple[PlanFacts, ...]:
    plans = []
    for plan, priced in groupby(prices, key=lambda price: price.plan):
        offered = list(priced)
        facts = [_price_facts(price, offered, locale) for price in offered]
        plans.append(
            PlanFacts(
                plan.name,
                plan.description,
                prices=tuple(sorted((f for f in facts if not f.rate), key=lambda f: f.interval, reverse=True)),
                reduced=tuple(sorted((f for f in facts if f.rate), key=lambda f: (f.rate, f.interval))),
            )
        )
    return tuple(plans)


def _price_facts(price: Price, others: list[Price], locale: str) -> PriceFacts:
    note = ""
    if price.trial_days:
        note = f"The first {price.trial_days} days are free, once for each reader."
    if price.first_amount is not None:
        first = money.shown(price.first_amount, price.currency, locale)
        times = f"the first {price.first_payments} payments" if price.first_payments > 1 else f"the first {price.interval}"
        note = f"{note} {first} for {times}.".strip()
    return PriceFacts(
        price.pk,
        price.interval,
        "" if price.rate == Price.Rate.STANDARD else price.get_rate_display().capitalize(),
        money.shown(price.amount, price.currency, locale),
        note,
        _saving(price, others, locale),
    )


def _saving(price: Price, others: list[Price], locale: str) -> str:
    """What a year costs less than its twelve months, in words; nothing where it does not."""
    if price.interval != Price.Interval.YEAR:
        return ""
    monthly = next((p for p in others if p.interval == Price.Interval.MONTH and p.rate == price.rate), None)
    saved = 12 * monthly.amount - price.amount if monthly else 0
    return money.shown(saved, price.currency, locale) if saved > 0 else ""
