"""Buying as a browser does it, and the worker's part done by hand."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from factories import make_price
from front.journey import Browser
from masthead.articles.models import Article
from masthead.billing import inbox
from masthead.billing.models import Checkout, Subscription
from masthead.billing.providers.sandbox import books
from masthead.billing.providers.sandbox.provider import deliver


def work() -> None:
    """What the worker does with the webhooks that came."""
    while inbox.work():
        pass


def press(browser: Client, url: str, action: str) -> Any:
    """Press a button of the sandbox's."""
    return browser.post(_path(url), {"action": action})


def begin(browser: Browser, article: Article | None = None, email: str = "ada@example.org", **fields: Any) -> str:
    """Send the form of the subscribe page; the address of the payment page."""
    data = {"email": email, **(fields if "price" in fields else {"price": str(make_price().pk), **fields})}
    if article is not None:
        data["article"] = article.slug
    response = browser.post("/subscribe/checkout/", data)
    assert response.status_code == 303, response.content.decode()[:2000]
    return str(response["Location"])


def pay(browser: Browser, url: str, action: str = "pay") -> str:
    """Pay on the sandbox's page; the path of the way back."""
    response = press(browser, url, action)
    assert response.status_code == 303, response.content.decode()[:2000]
    return _path(response["Location"])


def buy(browser: Browser, article: Article | None = None, email: str = "ada@example.org", **fields: Any) -> Subscription:
    """The whole purchase, with the webhook processed."""
    back = pay(browser, begin(browser, article, email, **fields))
    work()
    assert browser.get(back).status_code in (200, 303)
    reference = re.search(r"checkout=([\w-]+)", back)
    assert reference
    return Subscription.objects.get(checkout__reference=reference[1])


def happens(subscription: Subscription, what: Any, **more: Any) -> Subscription:
    """Let ``what`` (a function of the sandbox's books) happen to ``subscription``, and be told."""
    deliver(what(subscription.external_id, **more))
    work()
    subscription.refresh_from_db()
    return subscription


def checkout_of(url: str) -> Checkout:
    """The checkout whose payment page is at ``url``."""
    return Checkout.objects.get(url=url)


def _path(url: str) -> str:
    return re.sub(r"^https?://[^/]+", "", url)


__all__ = ["begin", "books", "buy", "checkout_of", "happens", "pay", "press", "work"]
