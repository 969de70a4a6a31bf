"""axe finds nothing on any kind of page, narrow and wide, light and dark; nothing scrolls sideways at 320 pixels.

In the newsroom at 360: an editor's telephone is not the smallest there is.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from masthead.demo.services import TIMEZONE, weekdays_back

Browse = Callable[..., Any]
# What passes is neither written down node by node nor carried out of the browser: that took longer than all the rules.
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
LOOK = "([theirs, rules]) => axe.run({exclude: theirs}, rules).then(found => found.violations)"
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

# Wagtail's own: Draftail's text field has no name, Handsontable a field for what is copied, the minimap no place to stop at
THEIRS = [[".Draftail-Editor"], ["#HandsontableCopyPaste"], [".w-minimap"], [".messages"]]  # the last fades in, pale at first
NEWSROOM = [
    "", "articles/", "topics/", "topics/new/", "topics/edit/{topic}/", "topics/merge/{topic}/", "topics/delete/{topic}/",
    "topics-found/{article}/", "relations/", "relations/edit/{relation}/", "authors/", "settings/library/ranking/", "planner/",
    "insights/", "newsletters/editions/", "newsletters/editions/{edition}/sending/", "newsletters/editions/{edition}/insight/",
    "newsletters/editions/insight/", "newsletters/wire/", "newsletters/radar/", "readers/", "explain/", "policy/", "payments/",
    "payments/log/", "payments/sales/",
]  # fmt: skip
NUMBERS = """
from masthead.articles.models import Article, Relation, Topic
from masthead.library import suggestions
from masthead.newsletters.models import Edition
from masthead.readers.models import Reader
article = Article.objects.get(slug="the-arithmetic-of-malacca")
draft = article.get_latest_revision_as_object()
draft.topics = []
draft.save_revision()
suggestions.refresh(article=Article.objects.get(pk=article.pk))
assert suggestions.offered(article.pk)
print(article.pk, Topic.objects.get(slug="quad").pk, Relation.objects.first().pk, Edition.objects.first().pk)
"""


def violations(page: Any) -> list[str]:
    from axe_playwright_python.base import AXE_SCRIPT

    page.evaluate(AXE_SCRIPT)
    found = page.evaluate(LOOK, [THEIRS, RULES])
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


@pytest.mark.parametrize(("width", "dark"), [(320, False), (1280, True)])
def test_no_page_of_buying_and_of_a_subscription_has_a_violation(
    width: int, dark: bool, site: Any, browse: Browse, picture: Callable[[Any, str], None]
) -> None:
    address = f"buyer-{width}@example.org"
    page = browse(width=width, dark=dark, bypass_csp=True)
    found: list[str] = []

    def look(name: str, on: Any = page) -> None:
        found.extend(f"{name}: {each}" for each in violations(on))
        assert overflows(on) <= 0, name
        picture(on, f"{name.replace(' ', '-')}-{width}")

    def to_payment(on: Any) -> None:
        on.goto(f"/subscribe/?article={SUBSCRIBERS}")
        on.locator("label.price", has_text="Monthly").first.click()
        on.locator("input[name=email]").fill(address)
        on.get_by_role("button", name="Go to payment").click()
        on.wait_for_url("**/sandbox/checkout/**")

    def pressed(name: str, looked: str) -> None:
        page.get_by_role("button", name=name).first.click()
        page.wait_for_load_state()
        look(looked)

    page.goto("/subscribe/")
    page.locator("summary", has_text="I have a code").click()
    page.locator("input[name=email]").fill(address)
    page.locator("input[name=code]").fill("NOSUCH")
    page.get_by_role("button", name="Go to payment").click()
    page.wait_for_selector("[role=alert]")
    look("wrong offer code")
    to_payment(page)
    look("checkout")
    pressed("The card is declined", "declined")
    pressed("The bank wants to be asked", "the bank asks")
    page.get_by_role("button", name="Yes, I agree").click()
    page.get_by_role("heading", name="Thank you. It is open").wait_for(timeout=20_000)
    look("paid")
    page.locator("main input[name=code]").press_sequentially(site.code_to(address))
    page.wait_for_url(f"**/articles/{SUBSCRIBERS}/")

    stranger = browse(width=width, dark=dark, bypass_csp=True)
    to_payment(stranger)
    stranger.get_by_role("button", name="Pay £").click()
    stranger.get_by_role("heading", name="Thank you. It is open").wait_for(timeout=20_000)

    page.goto("/account/")
    look("account with two")
    page.get_by_role("button", name="Give it back").click()
    page.wait_for_url("**/account/?done=giv*")
    look("given back")
    section = page.locator("#subscription")
    for name in ("Change plan", "Pause", "Cancel"):
        page.goto("/account/")
        section.get_by_role("link", name=name, exact=True).click()
        page.wait_for_load_state()
        look(name)
    page.goto("/account/")
    section.get_by_role("link", name="Receipt").first.click()
    page.wait_for_load_state()
    look("receipt")
    page.goto("/account/delete/")
    look("delete with a subscription")
    page.goto("/account/")
    section.get_by_role("button", name="Update card").first.click()
    page.wait_for_url("**/sandbox/portal/**")
    look("card")
    printed = site.masthead(
        "manage",
        "shell",
        "-c",
        "from masthead.billing import operations as o; from masthead.billing.models import Subscription as S; "
        f"print(o.portal(subscription=S.objects.filter(reader__email={address!r})[0], purpose=o.Purpose.MANAGE))",
    )
    page.goto(printed.strip().splitlines()[-1])
    look("portal")
    page.goto("/account/")
    section.get_by_role("link", name="Pause", exact=True).click()
    page.locator("input[name=months]").first.check()
    page.get_by_role("button", name="Pause").click()
    page.wait_for_url("**/account/?done=paused*")
    look("paused")
    assert not found, "\n".join(found)


def test_no_screen_of_the_newsroom_has_a_violation(site: Any, browse: Browse) -> None:
    names = ("article", "topic", "relation", "edition")
    numbers = dict(zip(names, site.masthead("manage", "shell", "-c", NUMBERS).split()[-4:], strict=True))
    page = browse(bypass_csp=True)
    address = site.enter_newsroom(page)
    found: list[str] = []

    def look(name: str) -> None:
        found.extend(f"{name}: {each}" for each in violations(page))
        page.set_viewport_size({"width": 360, "height": 900})
        if overflows(page) > 0:
            found.append(f"{name} scrolls sideways on a telephone")
        page.set_viewport_size({"width": 1280, "height": 900})

    for path in NEWSROOM:
        page.goto("/newsroom/" + path.format(**numbers))
        look(path)
    page.goto(f"/newsroom/pages/{numbers['article']}/edit/")
    page.locator("[data-found-accept]").first.wait_for()
    look("an article's editor, with topics found")
    page.goto("/newsroom/newsletters/editions/special/")
    look("a special edition")
    page.locator("input[name=subject]").fill("A word")
    page.locator("textarea[name=body]").fill("What happened, in short.")
    page.locator("form button").last.click()
    page.wait_for_url("**/editions/*/")
    look("the desk")
    page.goto(f"/newsroom/readers/?q={address}")
    page.locator('a[href*="/newsroom/readers/"]').last.click()
    page.wait_for_load_state()
    look("one reader")
    assert not found, "\n".join(found)
