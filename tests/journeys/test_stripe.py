"""All-Access, bought with Stripe in a real browser: web and worker as they are run, and the double in Stripe's place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from servers import Server

from billing.stripe_double import Double
from publications import Publications

STATE = "SELECT s.state FROM billing_subscription s JOIN readers_reader r ON r.id = s.reader_id WHERE r.email = ?"


@dataclass
class Shop:
    """A publication that sells by the double."""

    server: Server
    double: Double


@pytest.fixture(scope="module")
def shop(publications: Publications, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    double = Double()
    keys = {
        "MASTHEAD_STRIPE_API": double.url,
        "MASTHEAD_STRIPE_SECRET_KEY": double.key,
        "MASTHEAD_STRIPE_WEBHOOK_SECRET": double.secret,
    }
    try:
        with Server(publications.demo(tmp_path_factory.mktemp("stripe") / "data"), **keys) as server:
            server.wait_until_ready()
            double.send_to(f"{server.url}/webhooks/stripe/")
            yield Shop(server, double)
    finally:
        double.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_bought_with_stripe_and_cancelled_in_its_portal(
    scripts: bool, shop: Shop, chromium: Any, picture: Callable[[Any, str], None]
) -> None:
    address = f"ada-{'with' if scripts else 'without'}@example.org"
    others = {each["id"] for each in shop.double.all("subscription")}
    context = chromium.new_context(base_url=shop.server.url, java_script_enabled=scripts)
    context.set_default_timeout(20_000)
    page = context.new_page()
    shut = _shut(page)
    page.locator("section.gate a", has_text="Subscribe").first.click()
    page.wait_for_url("**/subscribe/?article=*")
    page.locator("label.price", has_text="Monthly").first.click()
    page.locator("input[name=email]").fill(address)
    # Chromium holds the redirect against the policy of the page the form was on
    page.get_by_role("button", name="Go to payment").click()
    page.wait_for_url(f"{shop.double.url}/c/pay/**")
    page.get_by_role("button", name="pay").click()
    page.wait_for_url("**/subscribe/return/**")
    page.get_by_role("heading", name="Thank you. It is open").wait_for(timeout=30_000)
    picture(page, f"stripe-subscribed-{scripts}")
    page.goto(shut)
    assert page.locator("article[data-decision]").get_attribute("data-decision") == "subscription"
    assert page.locator(".ad").count() == 0

    (subscription,) = (each for each in shop.double.all("subscription") if each["id"] not in others)
    shop.double.cancel_by_portal(subscription["id"])
    deadline = time.monotonic() + 20
    while _state(shop.server, address) != "cancelling":
        assert time.monotonic() < deadline, "the webhook was not processed"
        time.sleep(0.2)
    page.goto(shut)
    assert page.locator("article[data-decision]").get_attribute("data-decision") == "subscription", "until its end"
    context.close()


def _state(server: Server, address: str) -> str:
    import sqlite3

    with sqlite3.connect(f"file:{server.data / 'masthead.sqlite3'}?mode=ro", uri=True) as database:
        return str(database.execute(STATE, [address]).fetchone()[0])


def _shut(page: Any) -> str:
    """An article of the demo that is shut; the page is on it."""
    page.goto("/")
    for link in page.locator("main li a[href^='/articles/']").evaluate_all("links => links.map(link => link.pathname)"):
        page.goto(link)
        if page.locator("section.gate").count():
            return str(link)
    raise AssertionError("everything is open")
