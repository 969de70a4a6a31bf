"""The reading journey over HTTP, rule by rule (DESIGN 3), each with an attempt to break it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from factories import canary, make_article, make_comp, make_reader, move_clock, set_policy
from front.journey import Browser, code_for, link_for, mails_to
from masthead.access import networks
from masthead.access import services as access
from masthead.access.models import Grant
from masthead.core.models import Meter, OutgoingMail
from masthead.newsletters.models import Newsletter, Tick
from masthead.readers import services as readers
from masthead.readers.models import Device, Login, Reader

pytestmark = pytest.mark.django_db


# Looking ----------------------------------------------------------------------------------------------------------------


def test_an_anonymous_visitor_sees_the_teaser_and_the_register_gate() -> None:
    article = make_article()
    decision, html = Browser().open(article)
    assert decision == "register"
    assert "Teaser paragraph 3" in html
    assert canary(article) not in html


def test_looking_sets_no_cookie_and_spends_nothing() -> None:
    browser, article = Browser(), make_article()
    for path in (
        article.path_on_site,
        "/",
        "/login/",
        "/newsletters/",
        "/subscribe/",
        "/confirm/",
        f"/login/?article={article.slug}",
    ):
        for method in (browser.get, browser.head):
            response = method(path)
            assert response.status_code < 400, path
            assert not response.cookies, path
    assert Device.objects.count() == Meter.objects.count() == 0


@pytest.mark.parametrize("path", ["/keep-reading/", "/unlock/", "/confirm/resend/", "/save/", "/logout/"])
@pytest.mark.parametrize("method", ["get", "head", "options", "put", "delete", "patch"])
def test_only_a_post_does_anything(path: str, method: str) -> None:
    article, ada = make_article(), make_reader()
    browser = Browser().log_in(ada)
    before = Grant.objects.count(), Meter.objects.count(), Login.objects.count()
    response = getattr(browser, method)(f"{path}?article={article.slug}&email=x@example.org&everywhere=1")
    assert response.status_code in {200, 302, 303, 404, 405}
    assert (Grant.objects.count(), Meter.objects.count(), Login.objects.count()) == before


def test_a_prefetch_of_the_choice_spends_nothing() -> None:
    article = make_article()
    browser = Browser().log_in(make_reader())
    browser.get(f"/unlock/?article={article.slug}", headers={"Sec-Purpose": "prefetch", "Purpose": "prefetch"})
    assert browser.decision(article) == "choose"


# Keep reading -----------------------------------------------------------------------------------------------------------


def test_an_address_opens_the_rest_of_this_article_at_once() -> None:
    browser, article = Browser(), make_article()
    response = browser.keep_reading(article)
    assert (response.status_code, response["Location"]) == (303, article.path_on_site)
    decision, html = browser.open(article)
    assert decision == "instant"
    assert canary(article) in html


def test_typing_an_address_logs_nobody_in() -> None:
    make_comp(make_reader("rich@example.org"))
    browser, article, other = Browser(), make_article(), make_article("Another")
    browser.keep_reading(article, "rich@example.org")
    assert browser.decision(other) == "confirm"
    assert browser.get("/account/").status_code == 302
    assert "masthead_session" not in browser.cookies


def test_the_instant_grant_belongs_to_the_device_alone() -> None:
    article = make_article()
    Browser().keep_reading(article)
    assert Browser().decision(article) == "register"
    ada_at_home = Browser("192.0.2.9").log_in(make_reader("ada@example.org"))
    assert ada_at_home.decision(article) == "choose"


def test_a_second_article_asks_for_the_code() -> None:
    browser, first, second = Browser(), make_article("First"), make_article("Second")
    browser.keep_reading(first)
    assert browser.keep_reading(second).status_code == 303
    decision, html = browser.open(second)
    assert decision == "confirm"
    assert canary(second) not in html


def test_clearing_cookies_wins_instant_articles_up_to_the_networks_limit_and_never_a_choice() -> None:
    set_policy(instant_per_network=3)
    article = make_article()
    decisions = []
    for n in range(5):
        browser = Browser()
        browser.keep_reading(article, f"reader{n}@example.org")
        decisions.append(browser.decision(article))
    assert decisions == ["instant"] * 3 + ["confirm"] * 2
    assert not Grant.objects.filter(kind="unlock").exists()


def test_ipv6_neighbours_share_a_network() -> None:
    set_policy(instant_per_network=1)
    article = make_article()
    decisions = []
    for n in (1, 2):
        browser = Browser(f"2001:db8::{n}")
        browser.keep_reading(article, f"reader{n}@example.org")
        decisions.append(browser.decision(article))
    assert decisions == ["instant", "confirm"]


def test_the_register_gate_promises_instant_access_only_while_the_device_has_it() -> None:
    browser, first, second = Browser(), make_article("First"), make_article("Second")
    assert "instant access" in browser.open(second)[1].lower()
    browser.keep_reading(first)
    browser.confirm()
    browser.post("/logout/")
    decision, html = browser.open(second)
    assert decision == "register"
    assert "instant access" not in html.lower()


def test_new_known_and_odd_addresses_get_the_same_answer() -> None:
    make_reader("known@example.org")
    make_reader("staff@example.org", is_staff=True)
    make_comp(make_reader("subscriber@example.org"))
    make_reader("closed@example.org", is_active=False)
    article = make_article()
    for path in ("/keep-reading/", "/login/"):
        answers = set()
        for n, name in enumerate(["new", "known", "staff", "subscriber", "closed"]):
            response = Browser(f"192.0.2.{n}").post(path, {"email": f"{name}@example.org", "article": article.slug})
            answers.add(
                (
                    response.status_code,
                    response["Location"],
                    response.content,
                    tuple(sorted(response.headers)),
                    tuple(sorted(response.cookies)),
                )
            )
        assert len(answers) == 1, path


def test_new_and_known_addresses_cost_the_same_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "FRESH", 3600.0)  # licences are read once a second, in whichever request that falls
    make_reader("known@example.org")
    article = make_article()
    Browser("192.0.2.1").keep_reading(article, "warm@example.org")
    counts = []
    for n, name in enumerate(["new", "known"], start=2):
        with CaptureQueriesContext(connection) as queries:
            Browser(f"192.0.2.{n}").keep_reading(article, f"{name}@example.org")
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("typed", ["", "ada", "ada@", "a@b", "ada@example.org\r\nBcc: eve@example.org", "x" * 5000])
def test_a_bad_address_is_answered_with_a_sentence_and_loses_nothing(typed: str) -> None:
    article = make_article()
    response = Browser().keep_reading(article, typed)
    assert response.status_code == 422
    assert "address" in response.content.decode()
    assert canary(article) not in response.content.decode()
    assert not OutgoingMail.objects.exists() and not response.cookies


def test_an_unknown_article_is_404() -> None:
    response = Browser().post("/keep-reading/", {"email": "ada@example.org", "article": "no-such"})
    assert response.status_code == 404


def test_a_draft_cannot_be_opened_by_its_slug() -> None:
    draft = make_article(live=False)
    browser = Browser().log_in(make_reader())
    assert browser.choose(draft).status_code == 404
    assert browser.keep_reading(draft).status_code == 404
    assert browser.get(draft.path_on_site).status_code == 404


# Confirming -------------------------------------------------------------------------------------------------------------


def test_the_code_confirms_logs_in_and_leads_back_to_the_article() -> None:
    browser, article, other = Browser(), make_article(), make_article("Another")
    browser.keep_reading(article)
    response = browser.confirm()
    assert (response.status_code, response["Location"]) == (303, article.path_on_site)
    assert Reader.objects.get(email="ada@example.org").confirmed
    assert browser.decision(article) == "instant"
    decision, html = browser.open(other)
    assert decision == "choose"
    assert "3 of your 3" in " ".join(re.sub(r"<[^>]+>", "", html).split())


def test_the_code_is_good_in_the_browser_that_asked_only() -> None:
    article = make_article()
    Browser().keep_reading(article)
    thief = Browser()
    assert thief.confirm().status_code == 422
    thief.keep_reading(article, "eve@example.org")
    assert thief.post("/confirm/", {"code": code_for("ada@example.org")}).status_code == 422
    assert thief.get("/account/").status_code == 302


def test_a_code_is_good_once() -> None:
    browser, article = Browser(), make_article()
    browser.keep_reading(article)
    code = code_for("ada@example.org")
    assert browser.post("/confirm/", {"code": code}).status_code == 303
    browser.post("/logout/")
    assert browser.post("/confirm/", {"code": code}).status_code == 422


def test_spaces_in_a_typed_code_do_not_matter() -> None:
    browser, article = Browser(), make_article()
    browser.keep_reading(article)
    code = code_for("ada@example.org")
    assert browser.post("/confirm/", {"code": f" {code[:3]} {code[3:]} "}).status_code == 303


def test_after_five_wrong_guesses_the_right_code_is_void() -> None:
    browser, article = Browser(), make_article()
    browser.keep_reading(article)
    code = code_for("ada@example.org")
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(5):
        assert browser.post("/confirm/", {"code": wrong}).status_code == 422
    assert browser.post("/confirm/", {"code": code}).status_code == 422
    assert not Reader.objects.exists()
    assert browser.decision(make_article("Another")) == "confirm"


def test_a_code_expires_and_can_be_sent_again(settings: Any) -> None:
    browser, article = Browser(), make_article()
    move_clock(settings, day="2026-11-10")
    browser.keep_reading(article)
    old = code_for("ada@example.org")
    settings.MASTHEAD = _later(settings, 16 * 60)
    response = browser.post("/confirm/", {"code": old})
    assert response.status_code == 422 and "expired" in response.content.decode()
    assert browser.decision(make_article("Another")) == "confirm"
    assert browser.post("/confirm/resend/").status_code == 303
    assert browser.confirm().status_code == 303


def _later(settings: Any, seconds: int) -> Any:
    return replace(settings.MASTHEAD, clock_offset=settings.MASTHEAD.clock_offset + seconds)


def test_a_new_code_replaces_the_old_one_of_the_same_device(monkeypatch: pytest.MonkeyPatch) -> None:
    digits = iter([111111, 222222])
    monkeypatch.setattr("masthead.readers.codes.secrets.randbelow", lambda _: next(digits))
    browser, article = Browser(), make_article()
    browser.keep_reading(article)
    browser.post("/confirm/resend/")
    assert browser.post("/confirm/", {"code": "111111"}).status_code == 422
    assert browser.post("/confirm/", {"code": "222222"}).status_code == 303


def test_a_stranger_can_kill_nobodys_code() -> None:
    browser, article = Browser(), make_article()
    browser.keep_reading(article)
    code = code_for("ada@example.org")
    stranger = Browser("198.51.100.7")
    stranger.keep_reading(article, "ada@example.org")
    stranger.post("/confirm/", {"code": "000000"})
    assert browser.post("/confirm/", {"code": code}).status_code == 303


def test_without_an_open_code_the_confirm_page_shows_the_log_in_field() -> None:
    html = Browser().get("/confirm/").content.decode()
    assert 'name="email"' in html and 'name="code"' not in html


# The link ---------------------------------------------------------------------------------------------------------------


def test_opening_the_mailed_link_shows_a_button_and_does_nothing() -> None:
    browser, article = Browser(), make_article()
    browser.keep_reading(article)
    scanner = Browser("203.0.113.5")
    for _ in range(3):
        response = scanner.get(link_for("ada@example.org"))
        assert response.status_code == 200 and not response.cookies
    assert not Reader.objects.exists()
    assert "noindex" in response["X-Robots-Tag"]


def test_pressing_the_link_logs_in_the_browser_that_pressed_and_never_the_one_that_asked() -> None:
    browser, phone, article = Browser(), Browser("198.51.100.7"), make_article()
    other = make_article("Another")
    browser.keep_reading(article)
    response = phone.post(link_for("ada@example.org"))
    assert (response.status_code, response["Location"]) == (303, article.path_on_site)
    assert phone.decision(other) == "choose"
    assert browser.decision(other) == "confirm"


def test_code_and_link_are_each_good_once_independently() -> None:
    browser, phone, article = Browser(), Browser("198.51.100.7"), make_article()
    browser.keep_reading(article)
    link = link_for("ada@example.org")
    assert phone.post(link).status_code == 303
    assert Browser("198.51.100.8").post(link).status_code == 410
    assert browser.confirm().status_code == 303


def test_newsletter_ticks_count_once_from_the_first_of_code_and_link() -> None:
    daily = Newsletter.objects.create(slug="daily", title="The Daily")
    browser, phone, article = Browser(), Browser("198.51.100.7"), make_article()
    browser.keep_reading(article, newsletters=["daily", "no-such"])
    assert not Tick.objects.exists()
    phone.post(link_for("ada@example.org"))
    assert Tick.objects.get().newsletter == daily
    Tick.objects.all().delete()  # and taken back
    browser.confirm()
    assert not Tick.objects.exists()


@pytest.mark.parametrize("token", ["x", "A" * 32, "..", "%00", "a" * 300])
def test_a_made_up_link_is_gone(token: str) -> None:
    assert Browser().get(f"/confirm/{token}/").status_code in {404, 410}
    assert Browser().post(f"/confirm/{token}/").status_code in {404, 410}


# Choosing ---------------------------------------------------------------------------------------------------------------


def test_three_articles_of_your_choice_and_then_spent() -> None:
    browser = Browser().log_in(make_reader())
    articles = [make_article(f"Article {n}") for n in range(4)]
    for n, article in enumerate(articles[:3]):
        decision, html = browser.open(article)
        assert decision == "choose" and canary(article) not in html
        response = browser.choose(article)
        assert (response.status_code, response["Location"]) == (303, article.path_on_site)
        decision, html = browser.open(article)
        assert decision == "unlock" and canary(article) in html, n
    decision, html = browser.open(articles[3])
    assert decision == "spent" and canary(articles[3]) not in html
    response = browser.choose(articles[3])
    assert response.status_code == 303
    assert browser.decision(articles[3]) == "spent"


def test_the_gate_counts_down() -> None:
    browser = Browser().log_in(make_reader())
    seen = []
    for n in range(3):
        article = make_article(f"Article {n}")
        text = " ".join(re.sub(r"<[^>]+>", "", browser.open(article)[1]).split())
        found = re.search(r"(\d) of your 3 free articles", text)
        seen.append(found and found[1])
        browser.choose(article)
    assert seen == ["3", "2", "1"]


def test_choosing_without_being_logged_in_leads_back_to_the_gate() -> None:
    browser, article = Browser(), make_article()
    assert browser.choose(article).status_code == 303
    browser.keep_reading(make_article("First"))
    browser.choose(article)
    assert browser.decision(article) == "confirm"


def test_subscribers_articles_cannot_be_chosen() -> None:
    article = make_article(access="subscribers")
    browser = Browser().log_in(make_reader())
    browser.choose(article)
    assert browser.decision(article) == "subscribe"
    assert not Grant.objects.exists()


def test_next_month_three_more_and_what_was_chosen_is_still_open(settings: Any) -> None:
    move_clock(settings, day="2026-11-20")
    browser = Browser().log_in(make_reader())
    old = [make_article(f"Article {n}") for n in range(3)]
    for article in old:
        browser.choose(article)
    fresh = make_article("Fresh")
    assert browser.decision(fresh) == "spent"
    move_clock(settings, day="2026-12-02")
    assert browser.decision(fresh) == "choose"
    assert browser.decision(old[0]) == "unlock"


def test_a_choice_in_another_browser_counts_at_once() -> None:
    ada = make_reader()
    laptop, phone = Browser().log_in(ada), Browser("198.51.100.7").log_in(ada)
    article = make_article()
    assert laptop.decision(article) == phone.decision(article) == "choose"
    phone.choose(article)
    assert laptop.decision(article) == "unlock"


def test_a_comp_opens_everything_and_leaves_no_advertisement() -> None:
    ada = make_reader()
    browser, article = Browser().log_in(ada), make_article(access="subscribers")
    assert browser.decision(article) == "subscribe"
    make_comp(ada)
    assert browser.decision(article) == "comp"


# Log-in, log-out --------------------------------------------------------------------------------------------------------


def test_log_in_leads_back_to_the_article() -> None:
    make_reader()
    browser, article = Browser(), make_article()
    response = browser.post("/login/", {"email": "ada@example.org", "article": article.slug})
    assert (response.status_code, response["Location"]) == (303, "/confirm/")
    assert browser.confirm()["Location"] == article.path_on_site


def test_log_in_leads_nowhere_else() -> None:
    browser = Browser()
    for evil in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        assert browser.post("/login/", {"email": "ada@example.org", "article": evil}).status_code == 404
    browser.post("/login/?next=https://evil.example/", {"email": "ada@example.org", "next": "https://evil.example/"})
    assert browser.confirm()["Location"] == "/account/"


def test_logging_out_ends_the_session_and_copies_of_the_pass() -> None:
    ada = make_reader()
    browser, article = Browser().log_in(ada), make_article()
    browser.choose(article)
    stolen = {name: morsel.value for name, morsel in browser.cookies.items()}
    browser.post("/logout/")
    assert browser.decision(article) != "unlock"
    thief = Browser("203.0.113.66")
    for name, value in stolen.items():
        thief.cookies[name] = value
    assert thief.decision(article) == "register"


def test_logging_out_everywhere_ends_every_session() -> None:
    ada = make_reader()
    laptop, phone, article = Browser().log_in(ada), Browser("198.51.100.7").log_in(ada), make_article()
    laptop.post("/logout/", {"everywhere": "1"})
    assert phone.decision(article) == "register"
    assert phone.get("/account/").status_code == 302
    assert not Login.objects.exists()


def test_a_closed_account_cannot_log_in() -> None:
    ada = make_reader()
    ada.is_active = False
    ada.save()
    browser = Browser()
    browser.post("/login/", {"email": ada.email})
    assert browser.confirm().status_code == 422
    assert browser.get("/account/").status_code == 302


def test_a_code_log_in_carries_no_staff_standing() -> None:
    editor = make_reader("editor@example.org", is_staff=True, is_superuser=True)
    browser, article = Browser().log_in(editor), make_article()
    assert browser.decision(article) == "choose"
    response = browser.get("/newsroom/")
    assert response.status_code in {302, 403}


# Forms from elsewhere ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}],
)
@pytest.mark.parametrize(
    "path", ["/keep-reading/", "/unlock/", "/confirm/", "/confirm/resend/", "/login/", "/logout/", "/save/", "/newsletters/"]
)
def test_forms_sent_from_another_site_are_refused(path: str, headers: dict[str, str]) -> None:
    article = make_article()
    client = Client(enforce_csrf_checks=True)
    response = client.post(path, {"article": article.slug, "email": "ada@example.org", "code": "123456"}, headers=headers)
    assert response.status_code == 403
    assert not OutgoingMail.objects.exists()


def test_a_form_sent_without_a_browser_is_accepted() -> None:
    article = make_article()
    response = Client(enforce_csrf_checks=True).post("/keep-reading/", {"article": article.slug, "email": "ada@example.org"})
    assert response.status_code == 303


# Limits -----------------------------------------------------------------------------------------------------------------


def test_an_address_may_ask_five_times_an_hour(settings: Any) -> None:
    article = make_article()
    statuses = [Browser(f"192.0.2.{n}").keep_reading(article).status_code for n in range(6)]
    assert statuses == [303] * 5 + [429]
    response = Browser("192.0.2.99").keep_reading(article, "ADA@EXAMPLE.ORG")
    assert response.status_code == 429 and response["Retry-After"]
    assert len(mails_to("ada@example.org")) == 5
    move_clock(settings, day="2030-01-01")
    assert Browser().keep_reading(article).status_code == 303


def test_a_device_may_ask_ten_times_an_hour() -> None:
    article, browser = make_article(), Browser()
    statuses = [browser.post("/login/", {"email": f"r{n}@example.org"}).status_code for n in range(12)]
    assert statuses.count(303) in {10, 11} and statuses[-1] == 429
    assert browser.decision(article) == "confirm"


def test_a_network_may_ask_sixty_times_an_hour_whatever_its_headers_say() -> None:
    statuses = [
        Browser().post("/login/", {"email": f"r{n}@example.org"}, headers={"X-Forwarded-For": f"203.0.113.{n}"}).status_code
        for n in range(61)
    ]
    assert statuses == [303] * 60 + [429]


# Passes -----------------------------------------------------------------------------------------------------------------


def test_with_a_good_pass_no_session_is_looked_up() -> None:
    browser, article = Browser().log_in(make_reader()), make_article()
    browser.open(article)
    with CaptureQueriesContext(connection) as queries:
        browser.open(article)
    assert not [q for q in queries if "django_session" in q["sql"] or "access_grant" in q["sql"] or "core_meter" in q["sql"]]


def test_a_session_without_a_pass_is_never_taken_for_anonymous() -> None:
    browser, article = Browser().log_in(make_reader()), make_article()
    del browser.cookies["masthead_pass"]
    assert browser.decision(article) == "choose"
    assert "masthead_pass" in browser.cookies


@pytest.mark.parametrize("forged", ["x", "a.b.c", "", "eyJhbGciOiJub25lIn0.e30.", "\x00", "é" * 50])
def test_a_forged_pass_is_ignored(forged: str) -> None:
    browser, article = Browser(), make_article()
    browser.cookies["masthead_pass"] = forged
    assert browser.decision(article) == "register"


def test_a_forged_device_cookie_is_nobody() -> None:
    article, browser = make_article(), Browser()
    browser.keep_reading(article)
    subject = Device.objects.get().subject
    for forged in (subject, f"{subject}:x", f"{subject}:{'A' * 43}"):
        thief = Browser()
        thief.cookies["masthead_device"] = forged
        assert thief.decision(article) == "register"


def test_a_replayed_pass_regains_no_choice() -> None:
    browser = Browser().log_in(make_reader())
    articles = [make_article(f"Article {n}") for n in range(4)]
    browser.open(articles[0])
    early = browser.cookies["masthead_pass"].value
    for article in articles[:3]:
        browser.choose(article)
    browser.cookies["masthead_pass"] = early
    browser.choose(articles[3])
    assert browser.decision(articles[3]) == "spent"
    assert Grant.objects.filter(kind="unlock").count() == 3


def test_a_policy_change_voids_passes() -> None:
    browser, article = Browser().log_in(make_reader()), make_article()
    browser.open(article)
    set_policy(allowance=7)
    text = " ".join(re.sub(r"<[^>]+>", "", browser.open(article)[1]).split())
    assert "7 of your 7" in text


def test_pages_of_visitors_with_our_cookies_are_private_and_all_others_public() -> None:
    article = make_article()
    assert Browser().get(article.path_on_site)["Cache-Control"].startswith("public")
    browser = Browser()
    browser.cookies["someone_elses"] = "1"
    assert browser.get(article.path_on_site)["Cache-Control"].startswith("public")
    browser.keep_reading(article)
    response = browser.get(article.path_on_site)
    assert response["Cache-Control"] == "private, no-cache" and "Cookie" in response["Vary"]


# Saving, moving ---------------------------------------------------------------------------------------------------------


def test_a_reader_keeps_an_article_for_later() -> None:
    article, ada = make_article(), make_reader()
    browser = Browser().log_in(ada)
    assert 'action="/save/"' in browser.open(article)[1]
    response = browser.post("/save/", {"article": article.slug})
    assert (response.status_code, response["Location"]) == (303, f"{article.path_on_site}#saved")
    browser.post("/save/", {"article": article.slug})
    assert [row.article for row in ada.saved.all()] == [article]
    browser.post("/save/", {"article": article.slug, "forget": "1"})
    assert not ada.saved.exists()


def test_who_is_not_logged_in_saves_nothing_and_is_led_to_the_log_in() -> None:
    article = make_article()
    response = Browser().post("/save/", {"article": article.slug})
    assert (response.status_code, response["Location"]) == (303, f"/login/?article={article.slug}")


def test_the_owner_of_a_mistyped_address_cannot_take_the_account_by_its_link() -> None:
    ada = make_reader()
    laptop = Browser().log_in(ada)
    laptop.post("/account/email/", {"email": "stranger@example.org"})
    stranger = Browser("203.0.113.7")
    link = link_for("stranger@example.org")
    assert "Log in first" in stranger.get(link).content.decode()
    assert stranger.post(link).status_code == 403
    ada.refresh_from_db()
    assert ada.email == "ada@example.org"
    assert laptop.post(link).status_code == 303  # the link is still good where the account is logged in
    ada.refresh_from_db()
    assert ada.email == "stranger@example.org"


def test_a_choice_of_an_account_deleted_meanwhile_is_answered_as_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    article, ada = make_article(), make_reader()
    browser = Browser().log_in(ada)
    choose = access.choose

    def late(**chosen: Any) -> access.Choice:
        readers.delete(reader=Reader.objects.get(pk=ada.pk))
        return choose(**chosen)

    monkeypatch.setattr(access, "choose", late)
    response = browser.choose(article)
    assert (response.status_code, response["Location"]) == (303, article.path_on_site)
    assert not Grant.objects.filter(kind=Grant.Kind.UNLOCK).exists()
    assert browser.decision(article) == "register"
