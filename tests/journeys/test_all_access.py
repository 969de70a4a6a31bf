"""All-Access, bought in a real browser from the sandbox: read to the gate, pay, read on without advertisement, cancel, end."""

from __future__ import annotations

import email
import email.policy
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import Server

from publications import Publications

DAY = 24 * 3600


class Moved:
    """One publication, whose clock is moved on by starting it again."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.server = Server(data)
        self.server.wait_until_ready()

    def on(self, days: float) -> None:
        """Start it again ``days`` later."""
        self.server.stop()
        self.server.__exit__()
        self.server = Server(self.data, MASTHEAD_CLOCK_OFFSET=str(int(days * DAY)))
        self.server.wait_until_ready()


def decision(page: Any) -> str:
    return str(page.locator("article[data-decision]").get_attribute("data-decision"))


@pytest.fixture
def moved(publications: Publications, tmp_path: Path) -> Iterator[Moved]:
    site = Moved(publications.demo(tmp_path / "data"))
    yield site
    site.server.__exit__()


def test_from_the_gate_to_all_access_and_back(moved: Moved, chromium: Any, picture: Callable[[Any, str], None]) -> None:
    """Two readers, one of them without scripts: the clock is moved for both at once."""
    opened = []
    for scripts in (True, False):
        window = {"width": 1280, "height": 900}
        context = chromium.new_context(base_url=moved.server.url, java_script_enabled=scripts, viewport=window)
        context.set_default_timeout(15_000)
        page = context.new_page()
        opened.append((scripts, page, _bought(moved, page, scripts, picture)))
    for days, said, advertised in ((26, "subscription", False), (33, None, True)):
        moved.on(days)
        for scripts, page, wanted in opened:
            page.goto(wanted.replace(re.findall(r":(\d+)/", wanted)[0], str(moved.server.port)))
            assert (decision(page) == "subscription") == (said == "subscription"), (scripts, days, decision(page))
            assert (page.locator(".ad").count() > 0) == advertised, (scripts, days)
    for scripts, page, _ in opened:
        assert page.locator("section.gate").count() == 1
        picture(page, f"gate-again-{scripts}")


def _bought(site: Moved, page: Any, scripts: bool, picture: Callable[[Any, str], None]) -> str:
    """From the gate to All-Access, read and cancelled; the address of the article that was wanted."""
    address = f"ada-{'with' if scripts else 'without'}@example.org"

    # the gate, with advertisements around it
    page.goto(_shut(page))
    wanted = page.url
    assert decision(page) in {"register", "subscribe"}
    assert page.locator(".ad").count() > 0
    page.locator("section.gate a", has_text="Subscribe").first.click()
    page.wait_for_url("**/subscribe/?article=*")
    assert page.locator(".came-from a").get_attribute("href") in wanted
    picture(page, f"subscribe-{scripts}")

    # the form, and the sandbox's page
    page.locator("label.price", has_text="Monthly").first.click()
    page.locator("input[name=email]").fill(address)
    page.get_by_role("button", name="Go to payment").click()
    page.wait_for_url("**/sandbox/checkout/**")
    picture(page, f"sandbox-checkout-{scripts}")
    page.get_by_role("button", name="The card is declined").click()
    assert "declined" in page.get_by_role("alert").inner_text()
    page.get_by_role("button", name=re.compile("^Pay £")).click()
    page.wait_for_url("**/subscribe/return/**")
    page.get_by_role("heading", name="Thank you. It is open").wait_for(timeout=20_000)
    assert page.locator(".ad").count() == 0
    picture(page, f"subscribed-{scripts}")

    # at once open, and without advertisement; nobody is logged in
    page.get_by_role("link", name="Read on").click()
    page.wait_for_url(wanted)
    assert decision(page) == "subscription"
    assert page.locator(".ad").count() == 0
    assert "masthead_session" not in {cookie["name"] for cookie in page.context.cookies()}

    # the mailed code logs in, on the article
    page.go_back()
    code = _code(site.data, address)
    page.locator("#code").press_sequentially(code)
    if not scripts:
        page.get_by_role("button", name="Log in and read on").click()
    page.wait_for_url(wanted)
    assert decision(page) == "subscription"
    page.goto("/account/")
    assert address in page.locator("main").inner_text()

    # cancelled, and read on to the period's end
    _cancel(page)
    picture(page, f"cancelled-{scripts}")
    page.goto(wanted)
    assert decision(page) == "subscription"
    return str(wanted)


def _shut(page: Any) -> str:
    """An article of the demo that is shut."""
    page.goto("/")
    for link in page.locator("main li a[href^='/articles/']").evaluate_all("links => links.map(link => link.pathname)"):
        page.goto(link)
        if page.locator("section.gate").count():
            return str(link)
    raise AssertionError("everything is open")


def _code(data: Path, address: str) -> str:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for path in sorted((data / "mail").glob("*.eml"), reverse=True):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            body = message.get_body(("plain",))
            found = re.findall(r"^(\d{6})\r?$", str(body.get_content()) if body else "", re.MULTILINE)
            if found and address in str(message["To"]):
                return str(found[0])
        time.sleep(0.1)
    raise AssertionError("no code came")


def _cancel(page: Any) -> None:
    """Two clicks on the account's page, and nothing asked."""
    page.goto("/account/")
    section = page.locator("#subscription")
    section.get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Cancel my subscription").click()
    page.wait_for_url("**/account/?done=cancelled*")
    assert "It is cancelled. Nothing more is collected" in section.inner_text()
    assert section.get_by_role("link", name="Cancel").count() == 0
