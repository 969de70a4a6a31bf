"""All-Access, bought with Stripe in a real browser: web and worker as they are run, and the double in Stripe's place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import Server

from billing.stripe_double import Double
from publications import Publications


@pytest.fixture
def double() -> Iterator[Double]:
    found = Double()
    yield found
    found.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_bought_with_stripe_and_cancelled_in_its_portal(
    scripts: bool,
    publications: Publications,
    chromium: Any,
    tmp_path: Path,
    double: Double,
    picture: Callable[[Any, str], None],
) -> None:
    keys = {
        "MASTHEAD_STRIPE_API": double.url,
        "MASTHEAD_STRIPE_SECRET_KEY": double.key,
        "MASTHEAD_STRIPE_WEBHOOK_SECRET": double.secret,
    }
    with Server(publications.demo(tmp_path / "data"), **keys) as server:
        server.wait_until_ready()
        double.send_to(f"{server.url}/webhooks/stripe/")
        context = chromium.new_context(base_url=server.url, java_script_enabled=scripts)
        context.set_default_timeout(20_000)
        page = context.new_page()
        shut = _shut(page)
        page.locator("section.gate a", has_text="Subscribe").first.click()
        page.wait_for_url("**/subscribe/?article=*")
        page.locator("label.price", has_text="Monthly").first.click()
        page.locator("input[name=email]").fill("ada@example.org")
        # Chromium holds the redirect against the policy of the page the form was on
        page.get_by_role("button", name="Go to payment").click()
        page.wait_for_url(f"{double.url}/c/pay/**")
        page.get_by_role("button", name="pay").click()
        page.wait_for_url("**/subscribe/return/**")
        page.get_by_role("heading", name="Thank you. It is open").wait_for(timeout=30_000)
        picture(page, f"stripe-subscribed-{scripts}")
        page.goto(shut)
        assert page.locator("article[data-decision]").get_attribute("data-decision") == "subscription"
        assert page.locator(".ad").count() == 0

        (subscription,) = double.all("subscription")
        double.cancel_by_portal(subscription["id"])
        deadline = time.monotonic() + 20
        while _state(server) != "cancelling":
            assert time.monotonic() < deadline, "the webhook was not processed"
            time.sleep(0.2)
        page.goto(shut)
        assert page.locator("article[data-decision]").get_attribute("data-decision") == "subscription", "until its end"
        context.close()


def _state(server: Any) -> str:
    import sqlite3

    with sqlite3.connect(f"file:{server.data / 'masthead.sqlite3'}?mode=ro", uri=True) as database:
        return str(database.execute("SELECT state FROM billing_subscription").fetchone()[0])


def _shut(page: Any) -> str:
    """An article of the demo that is shut; the page is on it."""
    page.goto("/")
    for link in page.locator("main li a[href^='/articles/']").evaluate_all("links => links.map(link => link.pathname)"):
        page.goto(link)
        if page.locator("section.gate").count():
            return str(link)
    raise AssertionError("everything is open")
