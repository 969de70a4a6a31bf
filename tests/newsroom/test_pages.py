"""Policy, explain, readers, advertisements, staff: what each page does, for whom, and what it refuses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from factories import make_article, make_reader
from masthead.access import services
from masthead.access.models import Grant, Network, PolicyVersion
from masthead.ads.models import Advertisement
from masthead.core import clock, mail, notices
from masthead.core.models import Change, Event, OutgoingMail
from masthead.readers.models import Login, Reader

pytestmark = pytest.mark.django_db

# page -> the roles it opens for
PAGES = {
    "/newsroom/": {"Writer", "Editor", "Publisher", "Support"},
    "/newsroom/planner/": {"Writer", "Editor", "Publisher"},
    "/newsroom/articles/": {"Writer", "Editor", "Publisher"},
    "/newsroom/topics/": {"Writer", "Editor", "Publisher"},
    "/newsroom/topics/new/": {"Editor", "Publisher"},
    "/newsroom/authors/": {"Writer", "Editor", "Publisher"},
    "/newsroom/authors/new/": {"Editor", "Publisher"},
    "/newsroom/images/": {"Writer", "Editor", "Publisher"},
    "/newsroom/advertisements/new/": {"Publisher"},
    "/newsroom/newsletter-list/new/": {"Publisher"},
    "/newsroom/networks/new/": {"Publisher"},
    "/newsroom/policy/": {"Publisher"},
    "/newsroom/readers/": {"Publisher", "Support"},
    "/newsroom/explain/": {"Publisher", "Support"},
    "/newsroom/settings/core/publication/1/": {"Publisher"},
    "/newsroom/users/new/": set(),
    "/newsroom/groups/new/": set(),
}


@pytest.mark.parametrize("role", ["Writer", "Editor", "Publisher", "Support", ""])
def test_each_page_opens_for_its_roles_and_no_other(as_role, role):
    client = as_role(role)
    from masthead.core.models import Publication

    number = Publication.load().pk  # another one on a database whose counters go on
    for path, roles in PAGES.items():
        path = path.replace("publication/1/", f"publication/{number}/")
        answer = client.get(path, follow=False)
        opens = answer.status_code == 200
        assert opens == (role in roles or not role), (path, role, answer.status_code)


def test_the_menu_names_what_one_may_open(as_role):
    def menu(role: str) -> str:
        return as_role(role).get("/newsroom/").content.decode()

    publisher = menu("Publisher")
    for label in (
        "Articles",
        "Planner",
        "Topics",
        "Authors",
        "Pictures",
        "Advertisements",
        "Readers",
        "Explain",
        "Policy",
        "Networks",
    ):
        assert f'"{label}"' in publisher or f">{label}<" in publisher, label
    assert '"/newsroom/policy/"' not in menu("Writer")
    assert "wagtail.org" not in publisher
    assert "gravatar" not in publisher


def test_notices_stand_on_the_home(as_role):
    notices._told.clear()
    client = as_role("Writer")
    client.get("/newsroom/", headers={"X-Forwarded-For": "198.51.100.7"})
    assert b"MASTHEAD_TRUSTED_PROXIES" in client.get("/newsroom/").content


# Policy ---------------------------------------------------------------------------------------------------------------

GOOD = {
    "base": 0,
    "teaser_paragraphs": 3,
    "allowance": 5,
    "period": "month",
    "unlock_days": 30,
    "instant": "on",
    "instant_per_device": 1,
    "instant_per_address": 2,
    "instant_per_network": 20,
    "gifts": 5,
    "gift_uses": 10,
    "gift_days": 30,
}


def test_a_policy_is_a_new_version_with_who_and_what(as_role):
    client = as_role("Publisher")
    answer = client.post("/newsroom/policy/", GOOD)
    assert answer.status_code == 302
    version = PolicyVersion.objects.get()
    assert (version.allowance, version.changed_by) == (5, client.reader)
    assert services.current_policy().allowance == 5
    assert Change.objects.filter(key="policy").exists()
    page = client.get("/newsroom/policy/").content.decode()
    assert "<del>3</del>" in page and "<ins>5</ins>" in page
    client.post("/newsroom/policy/", GOOD | {"base": version.pk, "allowance": 2})
    assert PolicyVersion.objects.count() == 2
    version.refresh_from_db()
    assert version.allowance == 5, "versions are added, never changed"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"allowance": 0}, "never come"),
        ({"allowance": 101}, "less than or equal to 100"),
        ({"teaser_paragraphs": 0}, "greater than or equal to 1"),
        ({"unlock_days": 0}, "at least"),
        ({"period": "year"}, "valid choice"),
        ({"instant_per_device": 0}, "switch instant access off"),
        ({"instant_per_network": 1, "instant_per_device": 3}, "many browsers"),
        ({"allowance": 3}, "Nothing is changed"),
        ({"allowance": "many"}, "whole number"),
        ({"base": 99}, "Somebody changed the policy"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(as_role, changes, words):
    answer = as_role("Publisher").post("/newsroom/policy/", GOOD | changes)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not PolicyVersion.objects.exists()


def test_nobody_else_changes_the_policy(as_role):
    assert as_role("Editor").post("/newsroom/policy/", GOOD).status_code == 302
    assert not PolicyVersion.objects.exists()


# Readers --------------------------------------------------------------------------------------------------------------


def test_support_finds_a_reader_and_sees_no_mails_text(as_role):
    client = as_role("Support")
    reader = make_reader("Grace.Hopper@example.org")
    mail.hand_over(kind="code", to=reader.email, subject="123456 is your code", text="123456")
    for typed in ("grace.h", "GRACE.HOPPER@example.org"):
        assert reader.email in client.get("/newsroom/readers/", {"q": typed}).content.decode()
    assert reader.email not in client.get("/newsroom/readers/", {"q": "gr"}).content.decode()
    assert reader.email not in client.get("/newsroom/readers/", {"q": "%"}).content.decode()
    page = client.get(f"/newsroom/readers/{reader.subject}/").content.decode()
    assert "Registered" in page and "3 of 3 left" in page and "pending" in page
    assert "123456" not in page


def test_a_comp_is_given_ended_and_kept_in_the_events(as_role):
    client = as_role("Support")
    reader = make_reader("ada@example.com")
    path = f"/newsroom/readers/{reader.subject}/"
    assert client.post(path, {"action": "comp", "days": 30, "reason": "Guest author"}).status_code == 303
    grant = Grant.objects.get()
    assert (grant.kind, grant.reader, grant.given_by, grant.reason) == ("comp", reader, client.reader, "Guest author")
    assert Event.objects.filter(kind="comp", subject=reader.subject).exists()
    assert Change.objects.filter(key=f"visitor:{reader.subject}").exists()
    assert "Subscriber" in client.get(path).content.decode()
    assert client.post(path, {"action": "end", "grant": grant.pk, "reason": "by mistake"}).status_code == 303
    grant.refresh_from_db()
    assert not grant.fact().in_date(clock.now())
    assert Event.objects.filter(kind="grant ended", subject=reader.subject).exists()
    # somebody else's grant is not to be had through this reader's page
    other = Grant.objects.create(kind="comp", reader=make_reader("other@example.com"), since=clock.now())
    assert client.post(path, {"action": "end", "grant": other.pk}).status_code == 404


@pytest.mark.parametrize(
    "form",
    [
        {"days": "", "reason": "x"},
        {"days": 30, "reason": ""},
        {"days": 30, "endless": "on", "reason": "x"},
        {"days": 0, "reason": "x"},
        {"until": "2001-01-01", "reason": "x"},
    ],
)
def test_a_comp_without_a_length_or_a_reason_is_refused(as_role, form):
    client = as_role("Support")
    reader = make_reader("ada@example.com")
    assert client.post(f"/newsroom/readers/{reader.subject}/", {"action": "comp"} | form).status_code == 422
    assert not Grant.objects.exists()


def test_logging_out_everywhere(as_role):
    from newsroom_people import in_by_code

    client, reader = as_role("Support"), make_reader("ada@example.com")
    browser = Client()
    in_by_code(browser, reader)
    assert Login.objects.filter(reader=reader).exists()
    client.post(f"/newsroom/readers/{reader.subject}/", {"action": "log out", "reason": "a lost telephone"})
    assert not Login.objects.filter(reader=reader).exists()
    assert "_auth_user_id" not in browser.session


def test_an_editor_has_no_business_with_readers(as_role):
    client, reader = as_role("Editor"), make_reader("ada@example.com")
    path = f"/newsroom/readers/{reader.subject}/"
    assert client.get(path).status_code == 302
    client.post(path, {"action": "comp", "days": 30, "reason": "for a friend"})
    assert not Grant.objects.exists()


# Explain --------------------------------------------------------------------------------------------------------------


def test_explain_says_the_same_as_the_rules(as_role):
    client, reader = as_role("Support"), make_reader("ada@example.com")
    article = make_article("Why Straits Matter")
    ask = {"reader": reader.email, "article": article.slug}
    assert "<code>choose</code>" in client.get("/newsroom/explain/", ask).content.decode()
    services.give_comp(reader=reader, days=3, reason="Guest author", by=client.reader)
    page = client.get(
        "/newsroom/explain/", ask | {"article": f"http://127.0.0.1:8000/articles/{article.slug}/?x=1"}
    ).content.decode()
    assert "<code>comp</code>" in page and "Guest author" in page
    assert "No reader has the address" in client.get("/newsroom/explain/", ask | {"reader": "no@example.com"}).content.decode()
    assert "No article has the slug" in client.get("/newsroom/explain/", ask | {"article": "no"}).content.decode()


# Advertisements, networks ---------------------------------------------------------------------------------------------

HOUSE = {"name": "Daily", "slots": ["top", "side"], "headline": "The Daily", "link": "/newsletters/", "weight": 1, "active": "on"}


def test_an_advertisement_is_edited_with_boxes_and_shown_as_saved(as_role):
    client = as_role("Publisher")
    assert b'type="checkbox" name="slots" value="in-article"' in client.get("/newsroom/advertisements/new/").content
    answer = client.post("/newsroom/advertisements/new/", HOUSE)
    assert answer.status_code == 302, answer.context["form"].errors
    ad = Advertisement.objects.get()
    assert ad.slots == ["top", "side"]
    assert Change.objects.filter(key="*").exists()
    page = client.get(f"/newsroom/advertisements/edit/{ad.pk}/").content.decode()
    assert 'class="nr-ad"' in page and "The Daily" in page


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"slots": []}, "tick at least one place"),
        ({"headline": ""}, "needs a headline"),
        ({"link": ""}, "Where does it lead"),
        ({"link": "javascript:alert(1)"}, "begins with https"),
        ({"link": "//evil.example/"}, "begins with https"),
        ({"tag": "<script></script>"}, "not both"),
        ({"starts": "2026-11-20 10:00", "ends": "2026-11-20 09:00"}, "after it starts"),
    ],
)
def test_an_advertisement_no_page_could_show_is_refused(as_role, changes, words):
    answer = as_role("Publisher").post("/newsroom/advertisements/new/", HOUSE | changes)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not Advertisement.objects.exists()


def test_a_network_is_checked(as_role):
    client = as_role("Publisher")
    good = {"institution": "A University", "cidr": " 192.0.2.0/24 ", "since": "2026-01-01 00:00"}
    assert client.post("/newsroom/networks/new/", good | {"cidr": "0.0.0.0/0"}).status_code == 200
    assert client.post("/newsroom/networks/new/", good | {"cidr": "the library"}).status_code == 200
    assert not Network.objects.exists()
    assert client.post("/newsroom/networks/new/", good).status_code == 302
    assert Network.objects.get().cidr == "192.0.2.0/24"


# Staff ----------------------------------------------------------------------------------------------------------------


def test_an_administrator_invites_a_reader_and_lets_them_go(as_role):
    client, reader = as_role(), make_reader("ada@example.com")
    answer = client.post("/newsroom/users/new/", {"email": "Ada@example.com", "first_name": "Ada", "last_name": "L"})
    assert answer.status_code == 302, answer.context["form"].errors
    reader.refresh_from_db()
    assert reader.is_staff and not reader.has_usable_password()
    assert Reader.objects.filter(identity="ada@example.com").count() == 1
    assert OutgoingMail.objects.filter(kind="password_reset", to=reader.email).exists()
    form = {"email": reader.email, "first_name": "Ada", "last_name": "L", "is_active": "on"}
    assert client.post(f"/newsroom/users/edit/{reader.pk}/", form).status_code == 302
    reader.refresh_from_db()
    assert not reader.is_staff
    assert "ada@example.com" not in client.get("/newsroom/users/").content.decode(), "the list is of staff, not of readers"


def test_history_of_policies_is_short(as_role):
    client = as_role("Publisher")
    for n in range(3):
        PolicyVersion.objects.create(since=clock.now() - timedelta(days=n), allowance=n + 1)
    assert client.get("/newsroom/policy/").status_code == 200


# What sold ------------------------------------------------------------------------------------------------------------


def test_what_sold_is_shown_to_those_who_make_offers(as_role):
    from billing.shop import buy
    from front.journey import Browser

    article = make_article("Why Straits Matter", access="subscribers")
    buy(Browser(), article)
    page = as_role("Publisher").get("/newsroom/payments/sales/?days=7").content.decode()
    assert "Why Straits Matter" in page and "subscribe" in page and "<b>1</b> subscription bought" in page
    for role in ("Writer", "Editor", "Support"):
        assert as_role(role).get("/newsroom/payments/sales/").status_code == 302
