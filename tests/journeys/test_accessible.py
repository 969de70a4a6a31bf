"""axe finds nothing on any kind of page, narrow and wide, light and dark; nothing scrolls sideways at 320 pixels."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from masthead.demo.services import TIMEZONE, weekdays_back

Browse = Callable[..., Any]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
OPEN, METERED, SUBSCRIBERS = "how-to-read-a-communique", "the-arithmetic-of-malacca", "the-continent-nobody-owns"
YEAR = next(weekdays_back(datetime.now(ZoneInfo(TIMEZONE)))).year  # the demo's newest article is on trade
PAGES = [
    "/", f"/articles/{OPEN}/", f"/articles/{METERED}/", f"/articles/{SUBSCRIBERS}/", "/topics/", "/topics/trade/",
    "/topics/india/", "/topics/quad/", "/topics/india/russia/", f"/topics/trade/{YEAR}/", "/authors/",
    "/authors/samuel-aldred/", "/subscribe/", f"/subscribe/?article={METERED}",
    "/archive/", "/authors/?letter=s",
    "/newsletters/", "/newsletters/daily/", "/about/", "/login/", "/confirm/", "/no-such-page/",
    "/confirm/no-such-link/", "/logout/",
    "/library/", "/library/?q=straits", "/library/?q=treaty&topic=trade&year=2026", "/library/?q=xyzzy&topic=trade",
]  # fmt: skip


def violations(page: Any) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{page.url}: {v['id']}: {node['html'][:120]}" for v in found for node in v["nodes"]]


def overflows(page: Any) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize(("width", "dark"), [(320, True), (1280, False)])
def test_no_page_for_visitors_has_a_violation(width: int, dark: bool, browse: Browse) -> None:
    page = browse(width=width, dark=dark, bypass_csp=True)
    found: list[str] = []
    for path in PAGES:
        page.goto(path)
        found += violations(page)
        assert overflows(page) <= 0, path
    page.goto("/archive/")
    for link in (".decade a", ".months a", ".month a"):  # a year, a month, a day
        page.locator(link).first.click()
        page.wait_for_load_state()
        found += violations(page)
        assert overflows(page) <= 0, page.url
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("width", "dark"), [(320, False), (1280, True)])
def test_no_page_for_readers_has_a_violation(width: int, dark: bool, site: Any, browse: Browse) -> None:
    address = f"axe-{width}@example.org"
    page = browse(width=width, dark=dark, bypass_csp=True)
    found: list[str] = []

    def look(name: str) -> None:
        found.extend(violations(page))
        assert overflows(page) <= 0, name

    page.goto(f"/articles/{METERED}/")
    page.locator("section.gate input[name=email]").fill(address)
    page.locator('section.gate form[action="/keep-reading/"] button').first.click()
    page.wait_for_selector('article[data-decision="instant"]')
    look("instant")
    page.goto("/articles/a-canal-is-a-promise/")
    look("confirm")
    page.goto("/confirm/")
    look("code")
    page.locator("main input[name=code]").press_sequentially("000000")
    page.wait_for_selector("[role=alert]")
    look("wrong code")
    page.goto("/confirm/")
    page.locator("main input[name=code]").press_sequentially(site.code_to(address))
    page.wait_for_url(f"**/articles/{METERED}/")
    for slug in ("a-canal-is-a-promise", "montreux-and-the-gatekeeper", "a-market-of-fifty-four"):
        page.goto(f"/articles/{slug}/")
        look("choose")
        page.locator('form[action="/unlock/"] button').first.click()
        page.wait_for_selector('article[data-decision="unlock"]')
    look("unlock")
    page.goto("/articles/brazils-patient-neutrality/")
    look("spent")
    for path in ("/account/", "/account/delete/", "/newsletters/", "/logout/"):
        page.goto(path)
        look(path)
    assert not found, "\n".join(found)
