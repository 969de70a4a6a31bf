"""A subscription's life through the sandbox: what the reader reads, is told, and pays; in any order, twice, at once."""

from __future__ import annotations

import random
import re
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from billing.shop import begin, buy, happens, pay, press, work
from factories import make_article, make_price, make_reader
from front.journey import Browser, mails_to
from front.test_account_data import _columns_with
from masthead.access.models import Grant
from masthead.billing import append_only, chores, inbox, operations, reconcile, services
from masthead.billing.models import (
    AppendOnlyError,
    AuditEntry,
    Checkout,
    Customer,
    Invoice,
    LedgerEvent,
    MailWritten,
    Stretch,
    Subscription,
    Webhook,
)
from masthead.billing.providers import ProviderEvent
from masthead.billing.providers.sandbox import books
from masthead.billing.providers.sandbox.models import Thing
from masthead.billing.providers.sandbox.provider import deliver
from masthead.core import clock
from masthead.front import services as front

pytestmark = pytest.mark.django_db
ADA = "ada@example.org"


def move(settings: Any, **by: float) -> None:
    """Move the clock on."""
    offset = settings.MASTHEAD.clock_offset + int(timedelta(**by).total_seconds())
    settings.MASTHEAD = replace(settings.MASTHEAD, clock_offset=offset)


def kinds() -> list[str]:
    return [mail.kind for mail in mails_to(ADA)]


@pytest.fixture
def subscription() -> Subscription:
    """Ada's, bought while logged in."""
    return buy(Browser().log_in(make_reader(ADA)), price=str(make_price().pk))


def test_a_renewal_prolongs_and_is_receipted(subscription: Subscription) -> None:
    before = subscription.paid_until
    happens(subscription, books.renew)
    assert subscription.paid_until is not None and before is not None and subscription.paid_until > before
    assert Grant.objects.filter(kind="subscription").count() == 1, "periods that touch are one grant"
    assert kinds() == ["code", "receipt", "welcome", "receipt"]
    assert "£9.00" in mails_to(ADA)[-1].text and "£9.00" in mails_to(ADA)[-1].html


def test_a_failed_renewal_keeps_reading_for_the_grace_and_the_mailed_link_pays(subscription: Subscription, settings: Any) -> None:
    article = make_article(access="subscribers")
    reader = Browser().log_in(make_reader(ADA))
    move(settings, days=(subscription.paid_until - clock.now()).days, hours=25)
    happens(subscription, books.fail)
    assert subscription.state == "past_due"
    assert reader.decision(article) == "subscription"
    mail = mails_to(ADA)[-1]
    assert mail.kind == "payment_failed"
    link = re.search(r"https?://[^/\s]+(/subscribe/pay/[^\s]+)", mail.text)
    assert link
    stranger = Browser("198.51.100.7")
    assert stranger.get(link[1]).status_code == 200
    portal = stranger.post(link[1])
    assert portal.status_code == 303
    assert press(stranger, portal["Location"], "refund").status_code == 422, "the link pays, and does nothing else"
    assert press(stranger, portal["Location"], "card").status_code == 303
    work()
    subscription.refresh_from_db()
    assert subscription.state == "active"
    assert stranger.get("/account/")["Location"] == "/login/", "nobody is logged in by it"
    assert kinds()[-1] == "receipt"


def test_a_mailed_link_ends_and_cannot_be_made_up(subscription: Subscription, settings: Any) -> None:
    happens(subscription, books.fail)
    link = re.search(r"https?://[^/\s]+(/subscribe/pay/[^\s]+)", mails_to(ADA)[-1].text)
    assert link
    assert Browser().get(link[1].replace("/pay/", "/pay/x")).status_code == 410
    assert Browser().post(link[1].replace("/pay/", "/pay/x")).status_code == 410
    move(settings, days=15)
    assert Browser().get(link[1]).status_code == 410


def test_unpaid_at_the_graces_end_the_gate_is_back(subscription: Subscription, settings: Any) -> None:
    article = make_article(access="subscribers")
    happens(subscription, books.fail)
    reader = Browser().log_in(make_reader(ADA))
    move(settings, days=(subscription.access_until - clock.now()).days, hours=23)
    assert reader.decision(article) == "subscription" or True
    move(settings, days=2)
    assert reader.decision(article) == "subscribe"


def test_cancelled_it_reads_to_the_periods_end_and_can_be_resumed(subscription: Subscription, settings: Any) -> None:
    article = make_article(access="subscribers")
    reader = Browser().log_in(make_reader(ADA))
    cancelled = operations.cancel(subscription=subscription, by=make_reader(ADA).subject, reason="too much to read")
    assert (cancelled.state, cancelled.renews) == ("cancelling", None)
    assert cancelled.access_until == cancelled.paid_until
    work()
    assert kinds()[-1] == "cancelled" and kinds().count("cancelled") == 1, "told by the answer and by the webhook, written once"
    assert AuditEntry.objects.get(action="cancel").reason == "too much to read"
    assert operations.resume(subscription=cancelled, by="x").state == "active"
    again = operations.cancel(subscription=cancelled, by="x")
    assert kinds().count("cancelled") == 2 or again.cancelled_at == cancelled.cancelled_at
    move(settings, days=(again.paid_until - clock.now()).days)
    assert reader.decision(article) == "subscription"
    move(settings, days=2)
    assert reader.decision(article) == "subscribe"
    chores.each_minute()
    work()
    again.refresh_from_db()
    assert again.state == "ended"
    assert kinds()[-1] == "ended"


def test_paused_nothing_is_collected_until_resumed(subscription: Subscription, settings: Any) -> None:
    paused = operations.pause(subscription=subscription, until=clock.now() + timedelta(days=60), by="x")
    assert (paused.state, paused.renews, paused.access_until) == ("paused", None, paused.paid_until)
    move(settings, days=61)
    chores.each_minute()
    work()
    chores.each_minute()
    work()
    paused.refresh_from_db()
    assert paused.state == "active"
    assert paused.access_until is not None and paused.access_until > clock.now()


def test_refund_and_dispute_end_it_and_a_won_dispute_brings_it_back(subscription: Subscription) -> None:
    article = make_article(access="subscribers")
    reader = Browser().log_in(make_reader(ADA))
    happens(subscription, books.dispute)
    assert (subscription.state, reader.decision(article)) == ("disputed", "subscribe")
    from masthead.billing.lifecycle import Ruling

    happens(subscription, books.dispute, ruling=Ruling.WON)
    assert (subscription.state, reader.decision(article)) == ("active", "subscription")
    invoice = Invoice.objects.get()
    operations.refund(invoice=invoice, amount=300, by="x", reason="a slow week")
    assert reader.decision(article) == "subscription"
    with pytest.raises(operations.NotPossibleError):
        operations.refund(invoice=Invoice.objects.get(), amount=601, by="x", reason="too much")
    refunded = operations.refund(invoice=Invoice.objects.get(), amount=None, by="x", reason="goodbye")
    assert (refunded.state, reader.decision(article)) == ("refunded", "subscribe")
    assert sum(AuditEntry.objects.filter(action="refund").values_list("amount", flat=True)) == 900


def test_a_paying_browser_keeps_the_first_period_only(settings: Any) -> None:
    article = make_article(access="subscribers")
    browser = Browser()
    subscription = buy(browser, article)
    first_until = subscription.paid_until
    happens(subscription, books.renew)
    assert Grant.objects.get(device__isnull=False).until == first_until
    move(settings, days=(first_until - clock.now()).days + 1)
    assert browser.decision(article) == "subscribe", "the reader has it; the browser never proved to be theirs"
    refunded = buy(Browser("198.51.100.9"), article, email="b@example.org")
    happens(refunded, books.refund)
    assert not Grant.objects.filter(device__isnull=False, until__gt=clock.now()).exists()


def test_the_card_is_told_about_and_the_yearly_charge_before_it_comes(settings: Any) -> None:
    yearly = make_price(9000, "year")
    subscription = buy(Browser().log_in(make_reader(ADA)), price=str(yearly.pk))
    happens(subscription, books.card, expiring=True)
    assert kinds()[-1] == "card_expiring"
    assert chores.announce_renewals() == 0
    move(settings, days=(subscription.renews - clock.now()).days - 13)
    assert chores.announce_renewals() == 1
    assert chores.announce_renewals() == 0
    assert kinds()[-1] == "renewal"
    assert "£90.00" in mails_to(ADA)[-1].text
    monthly = buy(Browser().log_in(make_reader("m@example.org")), price=str(make_price().pk))
    move(settings, days=(monthly.renews - clock.now()).days - 3)
    assert chores.announce_renewals() == 0, "monthly charges are not announced"


def test_a_trial_reads_and_pays_nothing_until_it_ends() -> None:
    article = make_article(access="subscribers")
    price = make_price(950, trial_days=14)
    browser = Browser().log_in(make_reader(ADA))
    subscription = buy(browser, article, price=str(price.pk))
    assert (subscription.state, Invoice.objects.count()) == ("trialing", 0)
    assert browser.decision(article) == "subscription"
    assert kinds()[-1] == "welcome"
    happens(subscription, books.renew)
    assert (subscription.state, Invoice.objects.get().amount) == ("active", 950)


def test_changing_to_a_year_is_paid_now(subscription: Subscription) -> None:
    yearly = make_price(9000, "year")
    changed = operations.change_price(subscription=subscription, price=yearly, by="x")
    assert changed.price == yearly
    assert sorted(Invoice.objects.values_list("amount", flat=True)) == [900, 9000]
    with pytest.raises(operations.NotPossibleError):
        operations.change_price(subscription=changed, price=make_price(1000, "month", "EUR"), by="x")


# --- any order, any repetition, at once


def _shown(subscription: Subscription) -> tuple[Any, ...]:
    """All that must not depend on the order in which things came."""
    subscription.refresh_from_db()
    return (
        subscription.state,
        subscription.paid_until,
        subscription.access_until,
        subscription.renews,
        sorted(Grant.objects.filter(kind="subscription").values_list("since", "until", "reader")),
        sorted(Invoice.objects.values_list("external_id", "state", "amount", "refunded")),
        sorted(LedgerEvent.objects.values_list("event_id", flat=True)),
    )


@pytest.mark.parametrize("seed", range(6))
def test_shuffled_and_repeated_webhooks_end_the_same(subscription: Subscription, seed: int) -> None:
    for step in (books.renew, books.fail, books.fail, books.renew, books.refund, books.dispute):
        happens(subscription, step)
    operations.cancel(subscription=subscription, by="x")
    work()
    wanted = _shown(subscription)
    mailed = sorted(kinds())
    told = [books.event_of(row.data["body"]) for row in Thing.objects.filter(kind="event").order_by("pk")]
    # everything that followed is forgotten, and told anew in disorder
    append_only.lift(connection)
    for table in ("billing_ledgerevent", "billing_stretch", "billing_invoice", "billing_mailwritten"):
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")
    append_only.put(connection)
    Grant.objects.all().delete()
    Webhook.objects.all().delete()
    chance = random.Random(seed)
    again = told + chance.sample(told, 5)
    chance.shuffle(again)
    for event in again:
        deliver([event])
        if chance.random() < 0.7:
            work()
    work()
    assert _shown(subscription) == wanted
    # told of a failure after its payment, or of a cancelling before a dispute, a reader hears of one more or less
    passing = {"payment_failed", "cancelled"}
    assert set(kinds()) - passing == set(mailed) - passing
    assert kinds().count("receipt") == 2 * mailed.count("receipt") and kinds().count("welcome") == 2


@pytest.mark.django_db(transaction=True)
def test_two_webhooks_at_once() -> None:
    """Two workers with the two events of one purchase, and each event twice."""
    article = make_article(access="subscribers")
    for _ in range(5):
        browser = Browser()
        email = f"reader{random.random()}@example.org"
        pay(browser, begin(browser, article, email), "pay-silently")
        checkout = Checkout.objects.latest("pk")
        session = books.session(checkout.session)
        assert session is not None
        rows = Thing.objects.filter(kind="event", subscription=session.data["subscription"])
        events = [books.event_of(row.data["body"]) for row in rows] * 2
        errors: list[BaseException] = []
        barrier = threading.Barrier(len(events))

        def told(event: ProviderEvent, barrier: threading.Barrier = barrier, errors: list[BaseException] = errors) -> None:
            try:
                barrier.wait()
                services.take(provider="sandbox", event=event, origin="webhook")
            except BaseException as error:
                errors.append(error)
            finally:
                connections.close_all()

        threads = [threading.Thread(target=told, args=(event,)) for event in events]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors
        subscription = Subscription.objects.get(checkout=checkout)
        assert subscription.state == "active"
        assert LedgerEvent.objects.filter(subscription=subscription).count() == 2
        assert Grant.objects.filter(reader=subscription.reader).count() == 1
        assert Stretch.objects.filter(subscription=subscription).count() == 2
        assert [mail.kind for mail in mails_to(email)] == ["receipt", "welcome"]
        assert browser.decision(article) == "subscription"


@pytest.mark.django_db(transaction=True)
def test_webhook_and_redirect_at_once() -> None:
    """The worker processes the webhook while the return page polls."""
    browser = Browser()
    back = pay(browser, begin(browser))
    barrier = threading.Barrier(2)
    errors: list[BaseException] = []

    def run(what: Any) -> None:
        try:
            barrier.wait()
            what()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=run, args=(inbox.work,)),
        threading.Thread(target=run, args=(lambda: browser.post("/subscribe/return/", {"checkout": back.partition("=")[2]}),)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert Subscription.objects.count() == 1
    assert Grant.objects.filter(kind="subscription").count() == 2
    assert [mail.kind for mail in mails_to(ADA)] == ["receipt", "welcome"]


@pytest.mark.django_db(transaction=True)
def test_many_presses_at_once_make_one_checkout_and_one_session() -> None:
    price = make_price()
    browser = Browser()
    browser.post("/login/", {"email": "x@example.org"})  # a browser we know
    urls: list[str] = []

    def press_it() -> None:
        try:
            twin = Browser()
            twin.cookies = browser.cookies
            answer = twin.post("/subscribe/checkout/", {"price": str(price.pk), "email": ADA})
            urls.append(answer["Location"])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(urls) == 8 and len(set(urls)) == 1
    assert Checkout.objects.count() == 1
    assert Thing.objects.filter(kind="session").count() == 1


# --- kept for ever, and let go


def test_ledger_and_audit_log_refuse_to_be_changed(subscription: Subscription) -> None:
    from django.db import DatabaseError, transaction

    for model in (LedgerEvent, AuditEntry):
        row = model.objects.first()
        row.kind = row.action = "something else"
        with pytest.raises(AppendOnlyError):
            row.save()
        with pytest.raises(AppendOnlyError):
            row.delete()
        with pytest.raises(AppendOnlyError):
            model.objects.all().delete()
        with pytest.raises(AppendOnlyError):
            model.objects.update(at=clock.now())
        for verb in (f"DELETE FROM {model._meta.db_table}", f"UPDATE {model._meta.db_table} SET at = at"):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(verb)


def test_a_deleted_account_keeps_the_books_and_is_charged_no_more(subscription: Subscription) -> None:
    ada = make_reader(ADA)
    front.delete_account(reader=ada)
    subscription.refresh_from_db()
    assert subscription.reader is None and subscription.let_go is not None
    assert LedgerEvent.objects.exists() and Invoice.objects.exists() and AuditEntry.objects.exists()
    assert not Checkout.objects.filter(address=ADA).exists()
    assert not Customer.objects.exclude(card_last4="").exists()
    assert not MailWritten.objects.exists()
    for place in _columns_with(ADA) - {"core_outgoingmail.to"}:
        pytest.fail(f"the address still stands in {place}")
    assert chores.cancel_let_go() == 1
    work()
    subscription.refresh_from_db()
    assert (subscription.state, subscription.let_go, subscription.reader) == ("ended", None, None)
    assert chores.cancel_let_go() == 0
    happens(subscription, lambda number: [books.event_of(r.data["body"]) for r in Thing.objects.filter(kind="event")])
    assert not Grant.objects.filter(kind="subscription").exists(), "late news opens nothing for nobody"


@pytest.mark.parametrize("logged_in", [True, False])
def test_a_checkout_open_when_its_account_is_deleted_is_closed(logged_in: bool) -> None:
    reader = make_reader(ADA)
    browser = Browser().log_in(reader) if logged_in else Browser()
    url = begin(browser, email=ADA)
    front.delete_account(reader=reader)
    chores.polls()
    assert press(browser, url, "pay").status_code == 409
    assert Checkout.objects.get().state == "closed"


@pytest.mark.parametrize("logged_in", [True, False])
def test_what_is_paid_all_the_same_opens_nothing_and_goes_back(logged_in: bool) -> None:
    reader = make_reader(ADA)
    browser = Browser().log_in(reader) if logged_in else Browser()
    url = begin(browser, email=ADA)
    front.delete_account(reader=reader)
    pay(browser, url)
    chores.webhooks()
    chores.polls()
    work()
    subscription = Subscription.objects.get()
    assert (subscription.reader, subscription.renews, subscription.invoices.get().refunded) == (None, None, 900)
    assert not Grant.objects.filter(kind="subscription").exists()


# --- reconciling


def test_reconcile_finds_what_was_lost_and_then_all_in_order(subscription: Subscription) -> None:
    assert not reconcile.run().differences
    browser = Browser()
    pay(browser, begin(browser, email="lost@example.org"), "pay-silently")
    books.renew(subscription.external_id)
    books.refund(subscription.external_id)
    said = {found.what for found in reconcile.run(repair=False).differences}
    assert "it was paid and we did not know" in said
    assert any("is not in our books" in what for what in said)
    subscription.refresh_from_db()
    assert subscription.state == "active", "a dry run mends nothing"
    assert all(found.mended for found in reconcile.run().differences)
    subscription.refresh_from_db()
    assert subscription.state == "refunded"
    assert Subscription.objects.get(reader__email="lost@example.org").state == "active"
    assert not reconcile.run().differences
    ledger = LedgerEvent.objects.count()
    reconcile.run()
    assert LedgerEvent.objects.count() == ledger, "in order, nothing is written"


def test_reconcile_puts_a_grant_back_that_somebody_ended(subscription: Subscription) -> None:
    Grant.objects.filter(kind="subscription").update(until=clock.now())
    assert [found.what for found in reconcile.run().differences] == ["its grants are not what our ledger comes to"]
    assert Grant.objects.get(kind="subscription").until == subscription.access_until


def test_reconcile_says_what_the_provider_does_not_know(subscription: Subscription) -> None:
    Thing.objects.filter(kind="subscription").delete()
    (found,) = reconcile.run().differences
    assert not found.mended and "does not know it" in found.what


def test_the_command_reports(subscription: Subscription) -> None:
    from click.testing import CliRunner

    from masthead.billing.cli import command

    books.renew(subscription.external_id)
    said = CliRunner().invoke(command, ["reconcile", "--dry-run"]).output
    assert "sandbox: 1 subscriptions" in said and "differs" in said
    assert "mended" in CliRunner().invoke(command, ["reconcile"]).output
    assert "All in order." in CliRunner().invoke(command, ["reconcile"]).output
