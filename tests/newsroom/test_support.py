"""Support: what is done for one reader, each with a reason in a log nobody edits; and that the role sees no content."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connections
from django.test import Client
from wagtail.models import Collection, GroupCollectionPermission

from billing.shop import buy
from factories import canary, make_article, make_author, make_comp, make_price, make_reader, make_topic
from front.journey import Browser, code_for, mails_to
from front.test_canary import addresses, is_newsroom
from masthead.access import gifts, services
from masthead.access.models import GiftLink, Grant
from masthead.access.policy import ArticleFacts
from masthead.articles import services as articles
from masthead.articles.models import Article, SavedArticle
from masthead.billing import chores, operations
from masthead.billing.models import AppendOnlyError, AuditEntry, Checkout, Customer, Invoice, LedgerEvent, Subscription
from masthead.core import clock
from masthead.core.models import Meter
from masthead.library.models import Follow
from masthead.newsletters.models import Newsletter, Tick
from masthead.newsroom import support
from masthead.readers.models import Code, Reader

pytestmark = pytest.mark.django_db
WHY = {"reason": "asked on the telephone"}


def path(reader: Reader) -> str:
    return f"/newsroom/readers/{reader.subject}/"


def last() -> AuditEntry:
    entry = AuditEntry.objects.order_by("pk").last()
    assert entry is not None
    return entry


def done(action: str) -> AuditEntry:
    return AuditEntry.objects.filter(action=action).latest("pk")


def choose(reader: Reader, article: Article) -> None:
    services.choose(reader=reader, device=None, article=ArticleFacts(article.pk, article.access))


def test_the_page_shows_subscription_payments_and_log(as_role: Any) -> None:
    client, ada = as_role("Support"), make_reader()
    browser = Browser().log_in(ada)
    code = code_for(ada.email)
    subscription = buy(browser, make_article("Straits"), price=str(make_price().pk))
    page = client.get(path(ada)).content.decode()
    assert subscription.external_id in page and "£9.00" in page and f"/subscriptions/{subscription.subject}/" in page
    assert "payment" in page and "Audit log" in page
    assert code not in page


@pytest.mark.parametrize("action", ["comp", "extend", "refund", "code", "stop_mail", "merge", "anonymise"])
def test_nothing_is_done_without_a_reason(as_role: Any, action: str) -> None:
    client, ada = as_role("Support"), make_reader()
    buy(Browser().log_in(ada), price=str(make_price().pk))
    before = AuditEntry.objects.count()
    fields = {"days": 5, "other": "b@example.org", "address": ada.email, "invoice": Invoice.objects.get().pk, "reason": " "}
    assert client.post(path(ada), {"action": action, **fields}).status_code == 422
    assert AuditEntry.objects.count() == before and Reader.objects.filter(pk=ada.pk).exists()


def test_ending_and_logging_out_want_a_reason_too(as_role: Any) -> None:
    client, ada = as_role("Support"), make_reader()
    make_comp(ada)
    grant = Grant.objects.get()
    client.post(path(ada), {"action": "end", "grant": grant.pk})
    assert Grant.objects.get().until is None
    client.post(path(ada), {"action": "end", "grant": grant.pk, **WHY})
    assert (last().action, last().reason, last().actor, last().subject) == (
        "end grant",
        WHY["reason"],
        client.reader.subject,
        ada.subject,
    )


def test_what_was_paid_for_is_not_ended_by_hand(as_role: Any) -> None:
    client, ada = as_role("Support"), make_reader()
    buy(Browser().log_in(ada), price=str(make_price().pk))
    grant = Grant.objects.get(kind="subscription")
    answer = client.post(path(ada), {"action": "end", "grant": grant.pk, **WHY}, follow=True)
    assert "follows from payments" in answer.content.decode()
    grant.refresh_from_db()
    assert grant.fact().in_date(clock.now())


def test_a_comp_is_in_the_log(as_role: Any) -> None:
    client, ada = as_role("Support"), make_reader()
    client.post(path(ada), {"action": "comp", "days": 3, **WHY})
    assert (last().action, last().subject) == ("comp", ada.subject)


def test_the_log_is_not_edited() -> None:
    support.comp(reader=make_reader(), days=1, until=None, reason="x", by=make_reader("by@example.org"))
    with pytest.raises(AppendOnlyError):
        last().delete()
    with pytest.raises(AppendOnlyError):
        AuditEntry.objects.update(reason="nothing happened")


def test_days_are_added_after_what_there_is(as_role: Any) -> None:
    client, ada = as_role("Support"), make_reader()
    make_comp(ada, days=10)
    assert client.post(path(ada), {"action": "extend", "days": 5, **WHY}).status_code == 303
    until = max(grant.until for grant in Grant.objects.all() if grant.until)
    assert timedelta(days=14, hours=23) < until - clock.now() <= timedelta(days=15)
    assert done("extend").data["days"] == 5


def test_what_renews_is_not_extended(as_role: Any) -> None:
    client, ada = as_role("Support"), make_reader()
    buy(Browser().log_in(ada), price=str(make_price().pk))
    answer = client.post(path(ada), {"action": "extend", "days": 5, **WHY})
    assert answer.status_code == 422 and "renews by itself" in answer.content.decode()


def test_a_part_is_given_back_and_then_the_whole(as_role: Any) -> None:
    client, ada = as_role("Support"), make_reader()
    buy(Browser().log_in(ada), price=str(make_price().pk))
    invoice = Invoice.objects.get()
    send = {"action": "refund", "invoice": invoice.pk, **WHY}
    for wrong in ("0", "-1", "4.505", "10", "much"):
        assert client.post(path(ada), {**send, "amount": wrong}).status_code == 422, wrong
    assert client.post(path(ada), {**send, "amount": "3.50"}).status_code == 303
    invoice.refresh_from_db()
    assert (invoice.refunded, Subscription.objects.get().state) == (350, "active")
    assert client.post(path(ada), send).status_code == 303
    assert Subscription.objects.get().state == "refunded"
    asked = done("refund asked for")
    assert (asked.reason, asked.actor) == (WHY["reason"], client.reader.subject)
    assert sum(AuditEntry.objects.filter(action="refund").values_list("amount", flat=True)) == 900


def test_the_same_press_twice_gives_back_once(as_role: Any) -> None:
    client, ada = as_role("Support"), make_reader()
    buy(Browser().log_in(ada), price=str(make_price().pk))
    send = {"action": "refund", "invoice": Invoice.objects.get().pk, "amount": "1", "seen": "0", **WHY}
    assert [client.post(path(ada), send).status_code for _ in range(2)] == [303, 422]
    assert Invoice.objects.get().refunded == 100


def test_anothers_payment_is_not_given_back_here(as_role: Any) -> None:
    client, ada, bob = as_role("Support"), make_reader(), make_reader("bob@example.org")
    buy(Browser().log_in(ada), price=str(make_price().pk))
    assert client.post(path(bob), {"action": "refund", "invoice": Invoice.objects.get().pk, **WHY}).status_code in (302, 403)
    assert Invoice.objects.get().refunded == 0


def test_a_code_is_sent_to_the_browser_that_asked(as_role: Any) -> None:
    client, ada, browser = as_role("Support"), make_reader(), Browser()
    browser.post("/login/", {"email": ada.email})
    answer = client.post(path(ada), {"action": "code", **WHY}, follow=True)
    assert code_for(ada.email) not in answer.content.decode()
    assert browser.post("/confirm/", {"code": code_for(ada.email)}).status_code == 303
    assert browser.get("/account/").status_code == 200
    assert done("send code").subject == ada.subject


def test_a_code_nobody_asked_for_is_good_by_its_link_and_not_without_end(as_role: Any) -> None:
    client, ada = as_role("Support"), make_reader()
    answers = [client.post(path(ada), {"action": "code", **WHY}).status_code for _ in range(7)]
    assert answers[:5] == [303] * 5 and answers[-1] == 422
    assert Code.objects.filter(identity=ada.identity, purpose="login").count() == 5


def test_two_readers_become_one(as_role: Any) -> None:
    client, kept, gone = as_role("Support"), make_reader("kept@example.org"), make_reader("gone@example.org")
    browser = Browser().log_in(gone)
    subscription = buy(browser, email=gone.email, price=str(make_price().pk))
    both, own, theirs = make_article("Both"), make_article("Own"), make_article("Theirs")
    for reader, chosen in ((kept, (both, own)), (gone, (both, theirs))):
        for article in chosen:
            articles.save_for_later(reader=reader, article=article)
    Follow.objects.create(reader=kept, topic=make_topic(), created=clock.now())
    Follow.objects.create(reader=gone, topic=make_topic(), created=clock.now())
    Follow.objects.create(reader=gone, author=make_author(), created=clock.now())
    daily, weekly = (Newsletter.objects.get_or_create(slug=slug, defaults={"title": slug})[0] for slug in ("daily", "weekly"))
    Tick.objects.create(reader=kept, newsletter=daily, created=clock.now(), origin="x")
    Tick.objects.bulk_create(Tick(reader=gone, newsletter=n, created=clock.now(), origin="x") for n in (daily, weekly))
    gifts.give(reader=gone, article=ArticleFacts(own.pk, own.access))
    ledger = LedgerEvent.objects.count()

    assert client.post(path(kept), {"action": "merge", "other": gone.email, **WHY}).status_code == 303
    assert not Reader.objects.filter(pk=gone.pk).exists()
    subscription.refresh_from_db()
    assert (subscription.reader, LedgerEvent.objects.count()) == (kept, ledger)
    assert {Customer.objects.get().reader, Checkout.objects.get().reader, GiftLink.objects.get().giver} == {kept}
    assert list(Grant.objects.filter(kind="subscription").values_list("reader", flat=True)) == [kept.pk]
    assert SavedArticle.objects.filter(reader=kept).count() == 3
    assert (Follow.objects.count(), Tick.objects.filter(reader=kept).count()) == (2, 2)
    assert Browser().log_in(kept).decision(make_article(access="subscribers")) == "subscription"
    assert browser.get("/account/")["Location"] == "/login/", "the other account's log-ins are over"
    entry = done("merge")
    assert (entry.subject, entry.data["merged"], entry.reason) == (kept.subject, gone.subject, WHY["reason"])
    assert "payment" in client.get(path(kept)).content.decode(), "what the log says of the other is shown with this one"
    told = [mail for address in (kept.email, gone.email) for mail in mails_to(address) if mail.kind == "accounts_merged"]
    assert [mail.to for mail in told] == [kept.email, gone.email]
    assert kept.email not in told[1].text and gone.email not in told[0].text, "a hint of the other, no more"


def both_pay(twice_for: tuple[Reader, Reader]) -> list[Subscription]:
    return [buy(Browser(f"198.51.100.{n}").log_in(each), email=each.email) for n, each in enumerate(twice_for, 1)]


def test_two_that_renew_are_told_of_before_they_are_merged(as_role: Any) -> None:
    client, kept, gone = as_role("Support"), make_reader("kept@example.org"), make_reader("gone@example.org")
    both_pay((kept, gone))
    answer = client.post(path(kept), {"action": "merge", "other": gone.email, **WHY})
    said = answer.content.decode()
    assert answer.status_code == 422 and "they would pay twice" in said and "Nothing was done" in said
    assert Reader.objects.filter(pk=gone.pk).exists()


@pytest.mark.parametrize(("end", "states"), [("kept", ["cancelling", "active"]), ("gone", ["active", "cancelling"])])
def test_and_one_of_them_is_ended_with_the_merge(as_role: Any, end: str, states: list[str]) -> None:
    client, kept, gone = as_role("Support"), make_reader("kept@example.org"), make_reader("gone@example.org")
    both_pay((kept, gone))
    assert client.post(path(kept), {"action": "merge", "other": gone.email, "end": end, **WHY}).status_code == 303
    assert list(Subscription.objects.order_by("pk").values_list("state", flat=True)) == states
    assert set(Subscription.objects.values_list("reader", flat=True)) == {kept.pk}
    assert done("cancel").actor == client.reader.subject
    assert "collect from this reader" not in client.get(path(kept)).content.decode()


def test_both_kept_it_is_said_afterwards_and_one_can_be_ended(as_role: Any) -> None:
    client, kept, gone = as_role("Support"), make_reader("kept@example.org"), make_reader("gone@example.org")
    first, second = both_pay((kept, gone))
    answer = client.post(path(kept), {"action": "merge", "other": gone.email, "end": "neither", **WHY}, follow=True)
    said = answer.content.decode()
    assert "More than one subscription renews now" in said and "2 subscriptions collect from this reader" in said
    chores.each_minute()
    second.refresh_from_db()
    assert second.state == "active", "what support was asked about is not given back by itself"
    assert client.post(path(kept), {"action": "stop", "subscription": first.pk, **WHY}).status_code == 303
    first.refresh_from_db()
    assert first.state == "cancelling"
    client.post(path(kept), {"action": "stop", "subscription": second.pk, **WHY})
    second.refresh_from_db()
    assert second.state == "active", "the only one is theirs to cancel"


def test_merging_one_that_renews_asks_nothing(as_role: Any) -> None:
    client, kept, gone = as_role("Support"), make_reader("kept@example.org"), make_reader("gone@example.org")
    buy(Browser().log_in(gone), email=gone.email)
    assert client.post(path(kept), {"action": "merge", "other": gone.email, **WHY}).status_code == 303


def test_paid_twice_is_listed_and_goes_back_with_one_press(as_role: Any) -> None:
    client, ada = as_role("Support"), make_reader()
    first, second = both_pay((ada, make_reader("b@example.org")))
    assert "Paid twice" not in client.get("/newsroom/payments/").content.decode()
    second = buy(Browser("198.51.100.9"), email=ada.email)
    said = client.get("/newsroom/payments/").content.decode()
    assert "Paid twice" in said and ada.email in said and "b@example.org" not in said
    assert said.count('name="give back"') == 1 and f'value="{second.subject}"' in said
    assert as_role("Editor").post("/newsroom/payments/", {"give back": second.subject}).status_code in (302, 403)
    client = as_role("Support")
    assert client.post("/newsroom/payments/", {"give back": second.subject}).status_code == 303
    for each in (first, second):
        each.refresh_from_db()
    assert (first.state, second.renews, second.invoices.get().refunded) == ("active", None, 900)
    assert done("paid twice").actor == client.reader.subject
    assert "Paid twice" not in client.get("/newsroom/payments/").content.decode()


def test_on_the_readers_page_too(as_role: Any) -> None:
    client, ada = as_role("Support"), make_reader()
    both_pay((ada, make_reader("b@example.org")))
    second = buy(Browser("198.51.100.9"), email=ada.email)
    assert client.post(path(ada), {"action": "stop", "subscription": second.pk, "back": "on", **WHY}).status_code == 303
    assert second.invoices.get().refunded == 900


# --- four eyes


@pytest.mark.parametrize("address", ["support@gmail.com", "supp.ort+free@gmail.com"])
def test_support_gives_itself_nothing(as_role: Any, address: str) -> None:
    client = as_role("Support", email="support@gmail.com")
    own = make_reader(address)
    buy(Browser().log_in(own), email=own.email)
    for action, fields in (
        ("comp", {"days": 3}),
        ("extend", {"days": 3}),
        ("refund", {"invoice": Invoice.objects.get().pk}),
    ):
        answer = client.post(path(own), {"action": action, **fields, **WHY})
        assert answer.status_code == 422 and "your own account" in answer.content.decode(), action
        entry = done(f"refused: {action}")
        assert (entry.actor, entry.subject) == (client.reader.subject, own.subject)
    assert not Grant.objects.filter(kind="comp").exists() and Invoice.objects.get().refunded == 0


def test_a_publisher_may_and_it_is_in_the_log(as_role: Any) -> None:
    client = as_role("Publisher")
    assert client.post(path(client.reader), {"action": "comp", "days": 3, **WHY}).status_code == 303
    assert (done("comp").actor, done("comp").subject) == (client.reader.subject, client.reader.subject)


# --- presses at once


@pytest.mark.django_db(transaction=True)
def test_refunds_pressed_at_once_are_one_refund_and_one_line_in_the_log() -> None:
    buy(Browser().log_in(make_reader()))
    by, invoice = make_reader("by@example.org"), Invoice.objects.get()
    barrier, refused = threading.Barrier(4), []

    def press() -> None:
        try:
            barrier.wait()
            operations.refund(invoice=invoice, amount=100, by=by.subject, reason="x")
        except operations.NotPossibleError as error:
            refused.append(str(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    invoice.refresh_from_db()
    assert invoice.refunded == 100
    assert AuditEntry.objects.filter(action="refund asked for").count() == 1
    assert all("meanwhile" in said for said in refused)


def test_the_same_refund_after_the_first_is_another() -> None:
    buy(Browser().log_in(make_reader()))
    for _ in range(2):
        operations.refund(invoice=Invoice.objects.get(), amount=100, by="x", reason="x")
    assert Invoice.objects.get().refunded == 200
    assert AuditEntry.objects.filter(action="refund asked for").count() == 2


def test_merging_refills_no_meter_and_keeps_the_longer_choice() -> None:
    kept, gone, article = make_reader("kept@example.org"), make_reader("gone@example.org"), make_article()
    choose(kept, article)
    choose(gone, article)
    choose(gone, make_article("Another"))
    Grant.objects.filter(reader=gone, article=article).update(until=clock.now() + timedelta(days=99))
    support.merge(kept=kept, gone=gone, reason="x", by=make_reader("by@example.org"))
    assert services.visitor_of(kept, None, services.current_policy(), clock.now()).choices_left == 1, "two of three, not one"
    assert Grant.objects.get(reader=kept, article=article).until > clock.now() + timedelta(days=90)
    assert Grant.objects.filter(reader=kept).count() == 2
    assert Meter.objects.filter(scope=services.CHOICE).count() == 2, "deleted accounts refill nothing either"


def test_a_merge_that_would_do_harm_is_refused(as_role: Any) -> None:
    client, ada = as_role("Support"), make_reader()
    unconfirmed = make_reader("new@example.org", confirmed=False)
    make_reader("worker@example.org", is_staff=True)
    for reader, other, said in (
        (ada, ada.email, "That is this account"),
        (ada, "nobody@example.org", "Nobody has that address"),
        (ada, "worker@example.org", "works here"),
        (unconfirmed, ada.email, "is not confirmed"),
        (ada, "no address", "address"),
    ):
        answer = client.post(path(reader), {"action": "merge", "other": other, **WHY})
        assert answer.status_code == 422 and said in answer.content.decode(), other
    assert Reader.objects.filter(email__in=["ada@example.org", "new@example.org", "worker@example.org"]).count() == 3


def test_anonymised_the_money_is_kept_and_points_at_nobody(as_role: Any) -> None:
    client, ada = as_role("Support"), make_reader()
    buy(Browser().log_in(ada), price=str(make_price().pk))
    assert client.post(path(ada), {"action": "anonymise", "address": "x@example.org", **WHY}).status_code == 422
    answer = client.post(path(ada), {"action": "anonymise", "address": "ADA@example.org", **WHY})
    assert (answer.status_code, answer["Location"]) == (303, "/newsroom/readers/")
    assert not Reader.objects.filter(pk=ada.pk).exists()
    assert (Invoice.objects.count(), Subscription.objects.get().reader, Checkout.objects.get().address) == (1, None, "")
    assert done("anonymise").subject == ada.subject
    assert "ada@" not in str(list(AuditEntry.objects.values()))


def test_support_cannot_touch_those_who_work_here(as_role: Any) -> None:
    client = as_role("Support")
    worker = make_reader("worker@example.org", is_staff=True)
    for action in ("merge", "anonymise"):
        client.post(path(worker), {"action": action, "other": "x@example.org", "address": worker.email, **WHY})
    with pytest.raises(support.NotPossibleError):
        support.anonymise(reader=worker, reason="x", by=client.reader)
    assert Reader.objects.filter(pk=worker.pk).exists()


def test_other_roles_do_none_of_it(as_role: Any) -> None:
    ada = make_reader()
    make_comp(ada)
    before = AuditEntry.objects.count()
    for role in ("Writer", "Editor"):
        client = as_role(role)
        for action in ("comp", "extend", "refund", "code", "merge", "anonymise", "end", "log out"):
            fields = {"days": 3, "other": "x@example.org", "address": ada.email, "grant": Grant.objects.get().pk}
            assert client.post(path(ada), {"action": action, **fields, **WHY}).status_code in (302, 403)
    assert AuditEntry.objects.count() == before and Reader.objects.filter(pk=ada.pk).exists()


def test_the_role_sees_no_content(as_role: Any) -> None:
    """Every address of the newsroom, asked as support: neither a draft's title nor the rest of an article is in any answer."""
    draft, live = make_article("Unheard of draft", live=False), make_article("Heard of", access="subscribers")
    topic, author = make_topic("Secret topic"), make_author("A Secret Author")
    client: Client = as_role("Support")
    client.raise_request_exception = False
    values = {
        "number": [str(draft.pk), str(live.pk)],
        "year": ["2026"],
        "text": [draft.slug, topic.slug, author.slug, "articles", "core", "publication", str(draft.pk)],
    }
    asked, found = 0, []
    for address in filter(is_newsroom, addresses(values)):
        if "logout" in address:
            continue
        text = client.get(address).content.decode("utf-8", "replace")
        asked += 1
        found += [address for word in (draft.title, canary(draft), canary(live)) if word in text]
    for query in ("pages/search/?q=Unheard", "choose-page/search/?q=Unheard", "articles/?q=Unheard", "images/?q=a"):
        text = client.get(f"/newsroom/{query}").content.decode()
        found += [query for word in (draft.title, canary(draft)) if f"<b>{word}" in text or f">{word}<" in text]
    assert asked > 100 and not found, found[:10]


@pytest.mark.parametrize(
    "address",
    ["planner/", "articles/", "topics/", "authors/", "images/", "advertisements/", "policy/", "users/", "groups/", "write/"],
)
def test_the_roles_doors_are_few(as_role: Any, address: str) -> None:
    client = as_role("Support")
    assert client.get(f"/newsroom/{address}").status_code in (302, 403, 404)


def test_no_way_leads_where_the_door_is_shut(as_role: Any) -> None:
    home = as_role("Support").get("/newsroom/").content.decode()
    assert "/newsroom/articles/" not in home and "Find a reader by address" in home
    home = as_role("Writer").get("/newsroom/").content.decode()
    assert "/newsroom/articles/" in home and "Find a reader by address" not in home


@pytest.mark.parametrize(
    "address",
    [
        "images/chooser/", "images/chooser/results/", "documents/chooser/", "documents/chooser/results/", "embeds/chooser/",
        "api/main/images/", "api/main/documents/", "api/main/pages/", "author_chooser/", "topic_chooser/", "tag-autocomplete/",
        "choose-external-link/", "articles/choose_parent/",
    ],
)  # fmt: skip
def test_nothing_is_chosen_for_articles_by_who_writes_none(as_role: Any, address: str) -> None:
    assert as_role("Support").get(f"/newsroom/{address}").status_code == 403
    assert as_role("Writer").get(f"/newsroom/{address}").status_code != 403


def test_a_role_with_pictures_and_without_articles_keeps_them(as_role: Any) -> None:
    client = as_role("Support")
    group = Group.objects.get(name="Support")
    may = Permission.objects.get(content_type__app_label="wagtailimages", codename="choose_image")
    GroupCollectionPermission.objects.create(group=group, collection=Collection.get_first_root_node(), permission=may)
    assert client.get("/newsroom/images/chooser/").status_code == 200


def test_support_reads_as_any_reader_does(as_role: Any) -> None:
    article = make_article(access="subscribers")
    assert canary(article) not in as_role("Support").get(article.path_on_site).content.decode()
    assert canary(article) in as_role("Editor").get(article.path_on_site).content.decode()


def test_support_writes_no_article(as_role: Any) -> None:
    article = make_article()
    client = as_role("Support")
    for what in (f"pages/{article.pk}/edit/", f"pages/{article.pk}/unpublish/", f"pages/{article.pk}/delete/"):
        client.post(f"/newsroom/{what}", {"title": "Mine"})
    client.post("/newsroom/planner/move/", {"article": article.pk, "day": "2027-01-01"})
    article.refresh_from_db()
    assert article.live and article.title != "Mine"
    group = Group.objects.get(name="Support")
    held = set(group.permissions.values_list("codename", flat=True))
    assert not {name for name in held if name.startswith("delete_") or "page" in name or "image" in name or "author" in name}
    assert "change_reader" not in held, "with it Wagtail would let them edit those who work here"
