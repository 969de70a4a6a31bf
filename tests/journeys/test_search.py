"""The library in a real browser: found as one types, and every search has an address and a way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Browse = Callable[..., Any]


def count(page: Any) -> str:
    return " ".join(page.locator("#count").inner_text().split())


def type_in(page: Any, text: str) -> None:
    page.locator("#q").fill("")
    page.locator("#q").press_sequentially(text, delay=20)
    page.wait_for_function("text => document.querySelector('#count')?.textContent.includes(text)", arg=f"for {text}")


def test_what_was_typed_is_one_step_of_the_way_back(browse: Browse) -> None:
    page = browse()
    page.goto("/library/?q=straits")
    type_in(page, "canal")
    assert page.url.endswith("/library/?q=canal"), "an address that can be kept"
    page.locator("#count").click()  # out of the field: what is typed next is another search
    type_in(page, "treaty")
    assert page.url.endswith("/library/?q=treaty")
    for text in ("canal", "straits"):
        page.go_back()
        page.wait_for_function("text => document.querySelector('#count').textContent.includes(text)", arg=f"for {text}")
        assert page.locator("#q").input_value() == text and page.url.endswith(f"?q={text}")
    page.go_forward()
    page.wait_for_function("() => document.querySelector('#q').value === 'canal'")


def test_the_way_to_the_results_within_the_page_asks_for_nothing_again(browse: Browse) -> None:
    page = browse()
    page.goto("/library/?q=straits")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator(".facets-body .skip").focus()
    page.keyboard.press("Enter")
    page.go_back()
    page.wait_for_timeout(300)
    assert not [url for url in asked if "/library/" in url]


def test_offers_are_taken_by_keyboard_and_leave_results_in_sight(browse: Browse) -> None:
    page = browse(width=1280)
    page.goto("/library/")
    page.locator("#q").press_sequentially("ind", delay=20)
    page.wait_for_selector("#offers li >> text=India >> nth=0")
    bottom = page.evaluate("document.querySelector('#offers').getBoundingClientRect().bottom")
    assert bottom < page.viewport_size["height"], "all of them are seen"
    page.keyboard.press("ArrowUp")  # from below: pages come last
    chosen = page.locator("#offers [aria-selected=true]")
    assert chosen.count() == 1 and page.locator("#q").get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    page.keyboard.press("Escape")
    assert page.locator("#offers").is_hidden() and page.locator("#q").input_value() == "ind"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_phone_shows_a_result_at_once_and_narrows_by_years(scripts: bool, browse: Browse) -> None:
    page = browse(width=320, scripts=scripts)
    page.goto("/library/?q=straits")
    assert page.locator(".result .card-title").first.bounding_box()["y"] < 600
    page.locator(".when > summary").click()
    page.locator("#from").fill("1990")
    page.locator("#to").fill("2100")
    page.locator("form.within button").click()
    page.wait_for_url("**/library/?q=straits+after%3A1990+before%3A2101")
    assert "for straits" in count(page) and page.locator("#from").input_value() == "1990"
