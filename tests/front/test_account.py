"""The account page and its forms, each with an attempt to do to another's account what is for one's own."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from factories import make_article, make_comp, make_reader, move_clock, set_policy
from front.journey import Browser, code_for, link_for, mails_to
from masthead.access import networks
from masthead.access import services as access
from masthead.access.models import Grant
from masthead.access.policy import ArticleFacts
from masthead.articles import services as articles
from masthead.articles.models import Article
from masthead.core import clock
from masthead.core.models import OutgoingMail, Publication
from masthead.newsletters.models import Newsletter, Tick
from masthead.readers.models import Code, Login, Reader

pytestmark = pytest.mark.django_db

FORMS = [
    "/account/email/",
    "/account/email/confirm/",
    "/account/newsletters/",
    "/account/devices/revoke/",
    "/account/passkeys/begin/",
    "/account/passkeys/add/",
    "/account/passkeys/rename/",
    "/account/passkeys/remove/",
    "/account/delete/",
]


def choose(reader: Reader, *chosen: Article) -> None:
    for article in chosen:
        access.choose(reader=reader, device=None, article=ArticleFacts(article.pk, article.access))


def left(reader: Reader) -> int:
    return access.visitor_of(reader, None, access.current_policy(), clock.now()).choices_left


def words(html: str) -> str:
    """What of a page is read: without markup, spaces made single."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def page(browser: Browser, query: str = "") -> str:
    response = browser.get(f"/account/{query}")
    assert response.status_code == 200
    return words(response.content.decode())


# Who gets in ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/account/", "/account/data.json", "/account/delete/", "/account/email/confirm/"])
def test_who_is_not_logged_in_is_sent_to_log_in(path: str) -> None:
    response = Browser().get(path)
    assert (response.status_code, response["Location"]) == (302, "/login/")
    assert response["Cache-Control"] == "private, no-store"
    assert not response.cookies


@pytest.mark.parametrize("path", FORMS)
def test_a_form_of_nobody_does_nothing(path: str) -> None:
    make_reader()
    response = Browser().post(path, {"email": "ada@example.org", "id": "1"})
    assert (response.status_code, response["Location"]) == (303, "/login/")
    assert Reader.objects.count() == 1


@pytest.mark.parametrize("path", FORMS)
def test_every_form_needs_the_token_of_its_page(path: str) -> None:
    """Also when the browser says nothing of where the request comes from."""
    ada = make_reader()
    browser = Browser(enforce_csrf_checks=True).log_in(ada)
    response = browser.post(path, {"email": ada.email, "id": "1", "name": "x", "code": "123456"})
    assert response.status_code == 403
    assert Reader.objects.filter(pk=ada.pk).exists()


def test_the_page_is_kept_nowhere() -> None:
    response = Browser().log_in(make_reader()).get("/account/")
    assert response["Cache-Control"] == "private, no-store"
    assert "Cookie" in response["Vary"]


def test_the_page_asks_the_database_no_more_for_a_full_shelf() -> None:
    ada = make_reader()
    set_policy(allowance=100)
    browser = Browser().log_in(ada)

    def queries() -> int:
        networks.forget()  # licences are read once a second, in whichever request that falls: here in each that is counted
        with CaptureQueriesContext(connection) as captured:
            browser.get("/account/")
        return len(captured)

    articles_ = [make_article() for _ in range(12)]
    choose(ada, *articles_[:1])
    articles.save_for_later(reader=ada, article=articles_[0])
    browser.get("/account/")
    few = queries()
    choose(ada, *articles_)
    for article in articles_:
        articles.save_for_later(reader=ada, article=article)
    browser.get("/account/")
    assert queries() <= few


# What it says -----------------------------------------------------------------------------------------------------------


def test_choices_left_and_when_they_renew(settings: Any) -> None:
    move_clock(settings, day="2026-11-05")
    ada = make_reader()
    choose(ada, make_article())
    text = page(Browser().log_in(ada))
    assert "2 of your 3 free articles are left this month" in text
    assert "The next three come on Tuesday, 1 December 2026" in text


def test_the_date_is_that_of_the_publications_time_zone(settings: Any) -> None:
    """At noon UTC of the last of the month it is the first already in Kiritimati, and the next choices come a month later."""
    move_clock(settings, day="2026-11-30")
    publication = Publication.load()
    publication.timezone = "Pacific/Kiritimati"
    publication.save()
    assert "Friday, 1 January 2027" in page(Browser().log_in(make_reader()))


def test_none_left() -> None:
    ada = make_reader()
    choose(ada, *(make_article() for _ in range(3)))
    assert "You have read your three free articles this month" in page(Browser().log_in(ada))


def test_all_access_is_shown_with_its_end(settings: Any) -> None:
    move_clock(settings, day="2026-11-05")
    ada = make_reader()
    browser = Browser().log_in(ada)
    make_comp(ada, days=30)
    text = page(browser)
    assert "All-Access" in text
    assert "a gift from us, until 5 December 2026" in text
    assert "free articles" not in text
    make_comp(ada)
    assert "without end" in page(browser)


def test_a_reader_who_works_here_is_staff_only_once_in_the_newsroom() -> None:
    text = page(Browser().log_in(make_reader(is_staff=True)))
    assert "3 of your 3 free articles are left" in text
    assert "log in to the newsroom" in text


def test_the_shelf_is_newest_first_and_paged() -> None:
    ada = make_reader()
    set_policy(allowance=100)
    chosen = [make_article(f"Number {n:02}") for n in range(14)]
    choose(ada, *chosen)
    # chosen in one second: as if on different days
    for n, grant in enumerate(Grant.objects.filter(reader=ada).order_by("pk")):
        Grant.objects.filter(pk=grant.pk).update(since=clock.now() - timedelta(days=14 - n))
    browser = Browser().log_in(ada)
    html = browser.get("/account/").content.decode()
    assert re.findall(r"Number \d\d", html) == [f"Number {n:02}" for n in range(13, 1, -1)]
    assert 'href="/account/?shelf=2#shelf"' in html
    html = browser.get("/account/?shelf=2").content.decode()
    assert re.findall(r"Number \d\d", html) == ["Number 01", "Number 00"]
    for nonsense in ("0", "-1", "999", "x", "٣"):
        assert browser.get("/account/", {"shelf": nonsense}).status_code == 200


def test_an_article_chosen_again_stands_on_the_shelf_once_and_one_that_is_gone_is_no_link() -> None:
    ada = make_reader()
    again, gone = make_article("Chosen Again"), make_article("Gone Since")
    then = clock.now() - timedelta(days=90)
    Grant.objects.create(kind="unlock", reader=ada, article=again, period="2020-01", since=then, until=then + timedelta(days=30))
    choose(ada, again, gone)
    gone.unpublish()
    html = Browser().log_in(ada).get("/account/").content.decode()
    assert html.count("Chosen Again") == 1
    assert "open to you until" in html
    assert f'href="{gone.path_on_site}"' not in html
    assert "no longer published" in html


def test_saved_articles_can_be_removed_from_the_page() -> None:
    ada, article = make_reader(), make_article("Keep Me")
    articles.save_for_later(reader=ada, article=article)
    browser = Browser().log_in(ada)
    assert "Keep Me" in page(browser)
    response = browser.post("/save/", {"article": article.slug, "forget": "1"})
    assert (response.status_code, response["Location"]) == (303, "/account/#saved")
    assert "Keep Me" not in page(browser)


def test_another_readers_things_are_not_on_the_page() -> None:
    bob, article = make_reader("bob@example.org"), make_article("Bobs Choice")
    choose(bob, article)
    articles.save_for_later(reader=bob, article=article)
    Browser().log_in(bob)
    html = Browser().log_in(make_reader()).get("/account/").content.decode()
    assert "Bobs Choice" not in html
    assert "bob@" not in html
    assert html.count("This browser</span>") == 1
    assert "/account/devices/revoke/" not in html


# Newsletters ------------------------------------------------------------------------------------------------------------


def test_newsletters_are_what_is_ticked() -> None:
    for slug in ("daily", "weekly"):
        Newsletter.objects.get_or_create(slug=slug, defaults={"title": slug})
    ada = make_reader()
    browser = Browser().log_in(ada)
    response = browser.post("/account/newsletters/", {"newsletters": ["daily", "no-such-thing"]})
    assert (response.status_code, response["Location"]) == (303, "/account/?done=newsletters#newsletters")
    assert list(Tick.objects.filter(reader=ada).values_list("newsletter__slug", "origin")) == [("daily", "account")]
    assert "Your newsletters are saved." in page(browser, "?done=newsletters")
    browser.post("/account/newsletters/", {})
    assert not Tick.objects.filter(reader=ada).exists()


def test_the_page_says_only_sentences_of_ours() -> None:
    assert "owned" not in page(Browser().log_in(make_reader()), "?done=owned")


# The address ------------------------------------------------------------------------------------------------------------


def ask(browser: Browser, address: str) -> Any:
    return browser.post("/account/email/", {"email": address})


def test_an_address_is_changed_once_the_new_one_is_proved_and_the_old_one_is_told() -> None:
    ada, article = make_reader(), make_article()
    choose(ada, article)
    browser = Browser().log_in(ada)
    response = ask(browser, "ada@new.example")
    assert (response.status_code, response["Location"]) == (303, "/account/email/confirm/")
    ada.refresh_from_db()
    assert ada.email == "ada@example.org", "asking changes nothing"
    assert "ada@new.example" in browser.get("/account/email/confirm/").content.decode()
    response = browser.post("/account/email/confirm/", {"code": code_for("ada@new.example")})
    assert (response.status_code, response["Location"]) == (303, "/account/?done=address#address")
    ada.refresh_from_db()
    assert ada.email == "ada@new.example"
    told = mails_to("ada@example.org")[-1]
    assert told.kind == "address_changed"
    assert "ada@new.example" not in told.text, "the new address is hinted at, not shown"
    assert "ada@new.example" in page(browser), "still logged in"
    assert left(ada) == 2
    assert browser.decision(article) == "unlock"


def test_a_changed_address_carries_the_higher_count() -> None:
    """To an address whose account was deleted after it read three: nothing is refilled. To a fresh one: neither."""
    bob = make_reader("bob@example.org")
    choose(bob, *(make_article() for _ in range(3)))
    Browser().log_in(bob).post("/account/delete/", {"email": bob.email})
    ada = make_reader()
    choose(ada, make_article())
    browser = Browser().log_in(ada)
    for address, count in (("ada@fresh.example", 2), ("bob@example.org", 0), ("ada@third.example", 0)):
        ask(browser, address)
        assert browser.post("/account/email/confirm/", {"code": code_for(address)}).status_code == 303
        ada.refresh_from_db()
        assert (ada.email, left(ada)) == (address, count)
    assert left(make_reader("ada@example.org")) == 2, "and the address left behind keeps its own"


def test_the_mailed_link_changes_the_address_too() -> None:
    ada = make_reader()
    browser = Browser().log_in(ada)
    ask(browser, "ada@new.example")
    code, link = code_for("ada@new.example"), link_for("ada@new.example")
    assert "Use this address" in browser.get(link).content.decode()
    assert browser.post(link)["Location"] == "/account/"
    ada.refresh_from_db()
    assert ada.email == "ada@new.example"
    # the code is good once more, and changes nothing more
    assert browser.post("/account/email/confirm/", {"code": code}).status_code == 303
    assert [mail.kind for mail in mails_to("ada@new.example")].count("address_changed") == 0


def test_a_taken_address_looks_like_a_free_one() -> None:
    make_reader("bob@example.org")
    answers = []
    for reader, address in ((make_reader(), "bob@example.org"), (make_reader("eve@example.org"), "sob@example.org")):
        browser = Browser().log_in(reader)
        browser.cookies.pop("masthead_device")
        asked = ask(browser, address)
        shown = browser.get("/account/email/confirm/")
        wrong = browser.post("/account/email/confirm/", {"code": "111111" if _code(address) == "000000" else "000000"})
        answers.append(
            [
                (
                    answer.status_code,
                    answer.get("Location"),
                    sorted(answer.cookies),
                    sorted(answer.headers),
                    _comparable(answer.content.decode(), address, reader.email),
                )
                for answer in (asked, shown, wrong)
            ]
        )
    assert answers[0] == answers[1]
    assert [mail.kind for mail in mails_to("bob@example.org")] == ["address_taken"]
    assert not re.search(r"\d{6}", mails_to("bob@example.org")[0].text)


def _code(address: str) -> str:
    mail = mails_to(address)[-1]
    return code_for(address) if mail.kind == "code" else ""


def _comparable(html: str, *addresses: str) -> str:
    for address in addresses:
        html = html.replace(address, "ADDRESS")
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "TOKEN", html)


def test_another_readers_change_cannot_be_confirmed_in_a_browser_they_used_before() -> None:
    """Ada asks in a shared browser and her session ends without a log-out; Eve logs in there and knows the code."""
    ada, eve = make_reader(), make_reader("eve@example.org")
    browser = Browser().log_in(ada)
    ask(browser, "ada@new.example")
    code = code_for("ada@new.example")
    browser.cookies.pop("masthead_session")
    browser.log_in(eve)
    assert browser.get("/account/email/confirm/")["Location"] == "/account/#address"
    assert browser.post("/account/email/confirm/", {"code": code}).status_code == 422
    for reader, address in ((ada, "ada@example.org"), (eve, "eve@example.org")):
        reader.refresh_from_db()
        assert reader.email == address
    assert Code.objects.get(purpose="change").code_used is None, "and it is not used up for Ada"


def test_the_code_is_good_only_in_the_browser_that_asked() -> None:
    ada = make_reader()
    asking, other = Browser().log_in(ada), Browser().log_in(ada)
    ask(asking, "ada@new.example")
    assert other.post("/account/email/confirm/", {"code": code_for("ada@new.example")}).status_code == 422
    ada.refresh_from_db()
    assert ada.email == "ada@example.org"


def test_a_code_to_log_in_changes_no_address_and_one_to_change_it_logs_nobody_in() -> None:
    ada = make_reader()
    browser = Browser().log_in(ada)
    ask(browser, "eve@new.example")
    code = code_for("eve@new.example")
    assert browser.post("/confirm/", {"code": code}).status_code == 422
    assert not Reader.objects.filter(email="eve@new.example").exists()


def test_five_wrong_codes_are_the_end() -> None:
    ada = make_reader()
    browser = Browser().log_in(ada)
    ask(browser, "ada@new.example")
    right = code_for("ada@new.example")
    wrong = "000000" if right != "000000" else "111111"
    for tries in ("4 tries are left", "3 tries are left", "2 tries are left", "one try is left"):
        response = browser.post("/account/email/confirm/", {"code": wrong})
        assert response.status_code == 422
        assert tries in response.content.decode()
    assert browser.post("/account/email/confirm/", {"code": wrong}).status_code == 422
    assert browser.post("/account/email/confirm/", {"code": right}).status_code == 422
    ada.refresh_from_db()
    assert ada.email == "ada@example.org"


@pytest.mark.parametrize("typed", ["", "nope", "a@b", "x" * 300 + "@example.org", "ada@example.org", "a b@example.org"])
def test_a_bad_address_is_answered_beside_its_field(typed: str) -> None:
    browser = Browser().log_in(make_reader())
    response = ask(browser, typed)
    html = response.content.decode()
    assert response.status_code == 422
    assert 'href="#new-email"' in html
    assert 'role="alert"' in html
    assert 'aria-describedby="new-email-error new-email-hint"' in html


def test_asking_shares_the_limits_of_codes() -> None:
    browser = Browser().log_in(make_reader())
    statuses = [ask(browser, "ada@new.example").status_code for _ in range(7)]
    assert statuses[:5] == [303] * 5
    assert statuses[-1] == 429


def test_someone_who_works_here_changes_their_address_only_with_a_strong_log_in() -> None:
    """Else six digits would lead to another inbox, and from there to a new password."""
    ada = make_reader(is_staff=True)
    browser = Browser().log_in(ada)
    assert ask(browser, "eve@new.example").status_code == 422
    assert mails_to("eve@new.example") == []


# Log-ins ----------------------------------------------------------------------------------------------------------------


def test_log_ins_are_listed_and_one_is_ended() -> None:
    ada, article = make_reader(), make_article()
    choose(ada, article)
    telephone, browser = Browser().log_in(ada), Browser().log_in(ada)
    assert telephone.decision(article) == "unlock"
    html = browser.get("/account/").content.decode()
    assert html.count("with a mailed code") == 2
    assert html.count("This browser</span>") == 1
    (number,) = re.findall(r'action="/account/devices/revoke/">.*?name="id" value="(\d+)"', html)
    response = browser.post("/account/devices/revoke/", {"id": number})
    assert response["Location"] == "/account/?done=revoked#browsers"
    assert telephone.get("/account/").status_code == 302
    assert telephone.decision(article) != "unlock", "a pass minted before is void at once"
    assert browser.get("/account/").status_code == 200


def test_another_readers_log_in_cannot_be_ended() -> None:
    ada = make_reader()
    theirs = Browser().log_in(ada)
    eve = Browser().log_in(make_reader("eve@example.org"))
    number = Login.objects.get(reader=ada).pk
    for text in (str(number), f"0{number}", "", "x", "9" * 30, "-1", "²"):
        assert eve.post("/account/devices/revoke/", {"id": text}).status_code == 422
    assert theirs.get("/account/").status_code == 200


def test_ending_ones_own_is_logging_out() -> None:
    ada = make_reader()
    browser = Browser().log_in(ada)
    assert browser.post("/account/devices/revoke/", {"id": Login.objects.get().pk})["Location"] == "/#logged-out"
    assert browser.get("/account/").status_code == 302
    assert not Login.objects.exists()


# Deleting ---------------------------------------------------------------------------------------------------------------


def test_the_account_is_deleted_and_the_reader_told() -> None:
    ada, article = make_reader(), make_article()
    choose(ada, article)
    articles.save_for_later(reader=ada, article=article)
    other, browser = Browser().log_in(ada), Browser().log_in(ada)
    said = words(browser.get("/account/delete/").content.decode())
    assert "How many free articles were chosen this month is kept until" in said
    response = browser.post("/account/delete/", {"email": " Ada@Example.org "})
    assert (response.status_code, response["Location"]) == (303, "/#deleted")
    assert not Reader.objects.exists()
    assert not Login.objects.exists()
    assert not Code.objects.exists()
    assert not Grant.objects.exists()
    assert [mail.kind for mail in OutgoingMail.objects.all()] == ["account_deleted"]
    for each in (browser, other):
        assert each.get("/account/").status_code == 302
        assert each.decision(article) in {"register", "confirm"}


@pytest.mark.parametrize("typed", ["", "eve@example.org", "yes", "ada@example.com"])
def test_nothing_is_deleted_unless_the_address_is_typed(typed: str) -> None:
    browser = Browser().log_in(make_reader())
    response = browser.post("/account/delete/", {"email": typed})
    assert response.status_code == 422
    assert 'aria-describedby="email-error' in response.content.decode()
    assert browser.get("/account/").status_code == 200


def test_deleting_and_coming_back_refills_nothing() -> None:
    ada = make_reader()
    choose(ada, *(make_article() for _ in range(3)))
    Browser().log_in(ada).post("/account/delete/", {"email": ada.email})
    browser, article = Browser(), make_article()
    browser.post("/login/", {"email": "ada@example.org"})
    browser.confirm()
    assert browser.decision(article) == "spent"
    browser.choose(article)
    assert browser.decision(article) == "spent"


def test_six_digits_do_not_delete_someone_who_works_here_nor_anything_the_last_of_them() -> None:
    ada = make_reader(is_staff=True, is_superuser=True)
    browser = Browser().log_in(ada)
    assert browser.post("/account/delete/", {"email": ada.email}).status_code == 422
    session = browser.session
    session["masthead_newsroom"] = "passkey"
    session.save()
    assert browser.post("/account/delete/", {"email": ada.email}).status_code == 422
    make_reader("grace@example.org", is_staff=True, is_superuser=True)
    assert browser.post("/account/delete/", {"email": ada.email}).status_code == 303
