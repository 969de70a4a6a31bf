"""The story of DESIGN 1, lived in a real browser with the real mails, with and without scripts."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

Browse = Callable[..., Any]


def article(slug: str) -> str:
    return f"/articles/{slug}/"


def decision(page: Any) -> str:
    """The decision on the article page, with everything DESIGN 7 says of its markup."""
    found = page.locator("article[data-decision]")
    assert found.count() == 1
    assert found.get_attribute("data-access") in {"open", "metered", "subscribers"}
    said = str(found.get_attribute("data-decision"))
    shut = said in {"register", "confirm", "choose", "spent", "subscribe"}
    assert page.locator("article section.gate").count() == page.locator("section.gate").count() == int(shut)
    return said


def length(page: Any) -> int:
    return len(page.locator("article").inner_text())


def choices_said(page: Any) -> str:
    return " ".join(page.locator("section.gate").inner_text().split())


def submit(page: Any, action: str) -> None:
    page.locator(f'main form[action="{action}"] button').first.click()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_from_a_link_to_three_articles_a_month(
    scripts: bool, site: Any, browse: Browse, picture: Callable[[Any, str], None]
) -> None:
    address = f"ada-{'with' if scripts else 'without'}@example.org"
    wanted, *others = site.articles[:6]
    page = browse(scripts=scripts)

    # 1 the teaser and the gate
    page.goto(article(wanted))
    assert decision(page) == "register"
    assert page.context.cookies() == []
    assert "Keep reading for free" in choices_said(page)
    shut = length(page)
    picture(page, f"1-register-{scripts}")

    # 2 an address, and at once the rest of this article
    before = time.time() - 1
    page.locator('main form[action="/keep-reading/"] input[name=email]').fill(address)
    submit(page, "/keep-reading/")
    page.wait_for_url(f"**{article(wanted)}")
    assert decision(page) == "instant"
    assert length(page) > shut
    picture(page, f"2-instant-{scripts}")

    # elsewhere the gate asks for the code that was mailed
    page.goto(article(others[0]))
    assert decision(page) == "confirm"
    picture(page, f"3-confirm-{scripts}")
    code = site.code_to(address, after=before)
    field = page.locator("section.gate input[name=code]")
    field.press_sequentially(code)
    if not scripts:
        submit(page, "/confirm/")
    # confirmed, and back at the article the code was asked for
    page.wait_for_url(f"**{article(wanted)}")
    assert decision(page) == "instant"

    # 3 three of their own choice: looking never spends, choosing does
    for left, slug in zip((3, 2, 1), others, strict=False):
        for _ in range(2):
            page.goto(article(slug))
            assert decision(page) == "choose"
            assert f"{left} of your 3 free articles" in choices_said(page)
        if left == 2:
            picture(page, f"4-choose-{scripts}")
        submit(page, "/unlock/")
        page.wait_for_url(f"**{article(slug)}")
        assert decision(page) == "unlock"

    # 4 when the three are gone
    page.goto(article(others[3]))
    assert decision(page) == "spent"
    assert re.search(r"1 \w+", choices_said(page)), "the gate says when the next three come"
    picture(page, f"5-spent-{scripts}")
    page.goto(article(others[0]))
    assert decision(page) == "unlock"

    # the account knows all of it
    page.goto("/account/")
    text = page.locator("main").inner_text()
    assert address in text
    for slug in others[:3]:
        assert page.locator(f'main a[href="{article(slug)}"]').count() >= 1
    picture(page, f"6-account-{scripts}")

    # log out, and in again by code, from an article and back to it
    page.goto(article(others[1]))
    page.goto("/logout/")
    submit(page, "/logout/")
    page.goto(article(others[1]))
    assert decision(page) == "register"
    page.locator('section.gate a[href^="/login/"]').click()
    picture(page, f"7-login-{scripts}")
    before = time.time() - 0.5
    page.locator("main input[name=email]").fill(address)
    submit(page, "/login/")
    page.wait_for_url("**/confirm/")
    picture(page, f"8-code-{scripts}")
    page.locator("main input[name=code]").press_sequentially(site.code_to(address, after=before))
    if not scripts:
        submit(page, "/confirm/")
    page.wait_for_url(f"**{article(others[1])}")
    assert decision(page) == "unlock"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_the_link_logs_in_the_telephone_it_was_pressed_on(scripts: bool, site: Any, browse: Browse) -> None:
    address = f"phone-{scripts}@example.org".lower()
    wanted, other = site.articles[:2]
    laptop, phone = browse(scripts=scripts), browse(scripts=scripts, width=360)
    laptop.goto(article(wanted))
    laptop.locator('main form[action="/keep-reading/"] input[name=email]').fill(address)
    submit(laptop, "/keep-reading/")
    link = site.link_to(address)
    phone.goto(link)
    assert phone.context.cookies() == []
    phone.locator("main form button").first.click()
    phone.wait_for_url(f"**{article(wanted)}")
    phone.goto(article(other))
    assert decision(phone) == "choose"
    laptop.goto(article(other))
    assert decision(laptop) == "confirm"


def test_the_back_button_shows_no_gate_that_is_gone(site: Any, browse: Browse) -> None:
    page = browse()
    page.goto("/")
    page.goto(article(site.articles[0]))
    page.locator('main form[action="/keep-reading/"] input[name=email]').fill("back@example.org")
    submit(page, "/keep-reading/")
    page.wait_for_function("document.querySelector('article').dataset.decision === 'instant'")
    page.goto("/")
    page.go_back()
    page.wait_for_function("document.querySelector('article').dataset.decision === 'instant'")


def test_a_slip_in_the_address_is_explained_and_kept(site: Any, browse: Browse) -> None:
    page = browse(scripts=False)
    page.goto(article(site.articles[0]))
    page.locator('main form[action="/keep-reading/"] input[name=email]').fill("ada@example")
    submit(page, "/keep-reading/")
    assert page.locator("main input[name=email]").input_value() == "ada@example"
    assert "does not look like" in page.locator("main").inner_text()


def test_the_whole_gate_works_by_keyboard(site: Any, browse: Browse) -> None:
    page = browse()
    page.goto(article(site.articles[0]))
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "email":
            break
    page.keyboard.type("keyboard@example.org")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('article').dataset.decision === 'instant'")


def test_explain_tells_the_operator_why(site: Any, browse: Browse) -> None:
    page = browse()
    page.goto(article(site.articles[0]))
    page.locator('main form[action="/keep-reading/"] input[name=email]').fill("why@example.org")
    submit(page, "/keep-reading/")
    site.mail_to("why@example.org")
    page.goto("/confirm/")
    page.locator("main input[name=code]").press_sequentially(site.code_to("why@example.org"))
    page.wait_for_url(f"**{article(site.articles[0])}")
    said = site.masthead("explain", "--reader", "why@example.org", "--article", site.articles[1])
    assert "choose" in said
