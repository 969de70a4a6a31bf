"""What a subscription's mails say. Each is a :class:`Letter`, so that its text and HTML parts say the same by construction.

Handed over in the transaction that made them due; that each is written once is the caller's matter (``services.claim_mail``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date
from django.conf import settings
from django.template.loader import render_to_string

from masthead.access import services as access
from masthead.articles.models import Article
from masthead.billing import links, money
from masthead.billing.lifecycle import Mail, Message, Outcome, Paid, State
from masthead.billing.models import Subscription
from masthead.core import clock, mail
from masthead.core.models import Publication
from masthead.core.timezones import zone
from masthead.readers import codes
from masthead.readers.models import Code, Reader


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail: paragraphs, a code on a line of its own, a short table, a button, and small print."""

    subject: str
    paragraphs: tuple[str, ...]
    code: str = ""
    table: tuple[tuple[str, str], ...] = ()
    action: tuple[str, str] | None = None  # its words, and where it leads
    small: str = ""


@dataclass(frozen=True, slots=True)
class _Desk:
    """What every letter needs to know."""

    subscription: Subscription
    reader: Reader
    outcome: Outcome
    publication: Publication

    @property
    def plan(self) -> str:
        price = self.subscription.price
        return price.plan.name if price else "All-Access"

    def day(self, moment: datetime | None) -> str:
        return day_in_words(moment, self.publication)

    def amount(self, amount: int, currency: str) -> str:
        return money.exact(amount, currency, self.publication.language)

    def link(self, path: str) -> str:
        return f"{settings.MASTHEAD.base_url}{path}"


def day_in_words(moment: datetime | None, publication: Publication) -> str:
    """The day ``moment`` falls on where the publication is, as its language writes it."""
    if moment is None:
        return ""
    try:
        locale = Locale.parse(publication.language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        locale = Locale.parse("en_GB")
    return format_date(moment.astimezone(ZoneInfo(zone(publication.timezone).key)).date(), "long", locale=locale)


def write(subscription: Subscription, outcome: Outcome, message: Message) -> None:
    """Hand ``message`` over to the reader whose subscription it is."""
    if subscription.reader is None:
        return
    desk = _Desk(subscription, subscription.reader, outcome, Publication.load())
    letter = _LETTERS[message.mail](desk, message.key)
    context = {"letter": letter, "publication": desk.publication, "subject": letter.subject}
    text = "\n".join(line.rstrip() for line in render_to_string("mail/subscription.txt", context).strip().splitlines())
    mail.hand_over(
        kind=message.mail.value,
        to=subscription.reader.email,
        subject=letter.subject,
        text=text + "\n",
        html=render_to_string("mail/subscription.html", context),
    )


def _welcome(desk: _Desk, key: str) -> Letter:
    checkout = desk.subscription.checkout
    paragraphs = [f"Thank you. You have {desk.plan} at {desk.publication.name}: everything we publish, without advertisements."]
    if desk.outcome.trial is not None and not desk.outcome.paid:
        paragraphs.append(f"The trial lasts until {desk.day(desk.outcome.trial.until)}. Cancel before then and you pay nothing.")
    digits = ""
    if checkout is not None and not checkout.logged_in and checkout.proved is None and checkout.device is not None:
        try:
            period = access.current_policy().period_at(clock.now()).name
        except ValueError:  # a malformed rule opens nothing, but nobody is locked out of what they paid for
            period = ""
        asked = codes.ask(
            device=checkout.device, address=desk.reader.email, purpose=Code.Purpose.LOGIN, period=period, article=checkout.article
        )
        digits = asked.digits
        minutes = int(codes.LIFE.total_seconds() // 60)
        paragraphs.append(
            "The browser you paid in is open already. Type this code there and it is open in every browser you log in with; "
            f"it is good for {minutes} minutes, and the page sends another when you ask."
        )
    paragraphs += _had_one(desk)
    return Letter(
        f"Welcome to {desk.plan}: your code is inside" if digits else f"Welcome to {desk.plan}",
        tuple(paragraphs),
        code=digits,
        action=_read_on(desk, checkout.article if checkout else ""),
        small="Plan, payments and cancelling are on your account's page: " + desk.link("/account/"),
    )


def _had_one(desk: _Desk) -> list[str]:
    """What whoever had a subscription already is told. Only here: the checkout says nothing of it to whoever types an address."""
    checkout = desk.subscription.checkout
    others = list(desk.reader.subscriptions.filter(renews__isnull=False).exclude(pk=desk.subscription.pk))
    if not others or (checkout is not None and checkout.logged_in):
        return []  # who was logged in is written to of it anyway, once it is given back
    if all(other.state == State.PAST_DUE for other in others):
        return [
            "You had a subscription already, of which a payment is missing, and now there are two. On your account's page you "
            "end the old one; nothing more is collected for it then."
        ]
    return [
        "You had a subscription already, so this is a second one, and nobody should pay twice. Type the code in the browser you "
        "paid in, or log in anywhere and press “Give it back” on your account's page: the second one ends, and its payment is "
        "given back whole. If you did not pay, somebody typed your address: the same button returns their money."
    ]


def _read_on(desk: _Desk, slug: str) -> tuple[str, str]:
    article = Article.objects.live().filter(slug=slug).only("title", "slug").first() if slug else None
    if article is None:
        return (f"Read {desk.publication.name}", desk.link("/"))
    return (f"Read on: {article.title}", desk.link(f"/articles/{article.slug}/"))


def _receipt(desk: _Desk, key: str) -> Letter:
    paid = next(p for p in desk.outcome.paid if p.invoice == key)
    return Letter(
        f"Receipt from {desk.publication.name}: {desk.amount(paid.amount, paid.currency)}",
        ("Thank you for your payment.",),
        table=_lines(desk, paid),
        action=("See the receipt", paid.url) if paid.url.startswith("https://") else None,
        small=_next_payment(desk),
    )


def _lines(desk: _Desk, paid: Paid) -> tuple[tuple[str, str], ...]:
    lines = [
        ("For", desk.plan),
        ("From", desk.day(paid.since)),
        ("Until", desk.day(paid.until)),
        ("Paid", f"{desk.amount(paid.amount, paid.currency)} on {desk.day(paid.at)}"),
    ]
    if paid.tax:
        lines.append(("Of which tax", desk.amount(paid.tax, paid.currency)))
    return (*lines, ("Number", paid.number or paid.invoice))


def _next_payment(desk: _Desk) -> str:
    if desk.outcome.renews is None:
        return ""
    return f"The next payment is due on {desk.day(desk.outcome.renews)}. You cancel at any time on your account's page."


def _payment_failed(desk: _Desk, key: str) -> Letter:
    owed = desk.outcome.owed
    if owed is None:
        raise ValueError("nothing is owed")
    because = "Your bank wants you to agree to it first." if owed.needs_action else "Your bank or card said no."
    again = f" We try again on {desk.day(owed.next_try)}." if owed.next_try else ""
    return Letter(
        f"Your payment to {desk.publication.name} did not go through",
        (
            f"We could not collect {desk.amount(owed.amount, owed.currency)} for {desk.plan}. {because}{again}",
            f"You read on as before until {desk.day(desk.outcome.access_until)}. Until then there is time to mend it: this "
            "button leads to the payment page, without logging in.",
        ),
        action=("Pay or change the card", links.to_pay(desk.subscription)),
        small=f"The button is good for {links.LIFE.days} days, and only for that.",
    )


def _cancelled(desk: _Desk, key: str) -> Letter:
    return Letter(
        f"Your subscription to {desk.publication.name} is cancelled",
        (
            f"You have cancelled {desk.plan}, and nothing more is collected. What you paid for stays yours: you read everything, "
            f"without advertisements, until {desk.day(desk.outcome.access_until)}.",
            "Should you change your mind before then, one press on your account's page takes the cancellation back.",
        ),
        action=("Your account", desk.link("/account/")),
    )


def _another(desk: _Desk) -> Subscription | None:
    """Another of the reader's subscriptions that opens everything now: the one that lasts longest."""
    rows = desk.reader.subscriptions.filter(access_until__gt=clock.now()).exclude(pk=desk.subscription.pk)
    return rows.order_by("-access_until").first()


def _one_of_two_ended(desk: _Desk, other: Subscription) -> Letter:
    outcome = desk.outcome
    said = "One of your two subscriptions has ended"
    if outcome.state == State.REFUNDED:
        paid = max(outcome.paid, key=lambda p: (p.until, p.invoice))
        given = desk.amount(paid.refunded, paid.currency)
        said = f"We have given {given} back to the card that one of your two subscriptions was paid with"
    elif outcome.state == State.DISPUTED:
        said = "Your bank has taken a payment for one of your two subscriptions back on its holder's word"
    if outcome.renews is not None:
        said += f". That one goes on all the same: its next payment is due on {desk.day(outcome.renews)}, unless you cancel it"
    goes_on = (
        f"the next payment is due on {desk.day(other.renews)}"
        if other.renews is not None
        else f"what you paid for it lasts until {desk.day(other.access_until)}"
    )
    return Letter(
        "One of your subscriptions has ended" if outcome.renews is None else "A payment is given back",
        (f"{said}.", f"Everything stays open to you, through the other: {goes_on}."),
        action=("Your account", desk.link("/account/")),
    )


def _ended(desk: _Desk, key: str) -> Letter:
    outcome = desk.outcome
    if (other := _another(desk)) is not None:
        return _one_of_two_ended(desk, other)
    if outcome.state == State.REFUNDED:
        paid = next(p for p in outcome.paid if p.invoice == key)
        given = desk.amount(paid.refunded, paid.currency)
        happened = f"We have given {given} back to the card you paid with, and {desk.plan} ended"
        if outcome.renews is not None:
            return Letter(
                f"Your payment to {desk.publication.name} is given back",
                (
                    f"We have given {given} back to the card you paid with, and what it paid for is shut again. Your "
                    f"subscription goes on: the next payment is due on {desk.day(outcome.renews)}, and opens everything anew.",
                    "If that is not what you want, cancel it on your account's page; nothing is collected then.",
                ),
                action=("Your account", desk.link("/account/")),
            )
    elif outcome.state == State.DISPUTED:
        happened = f"Your bank has taken a payment for {desk.plan} back on its holder's word, and so it ended"
    elif outcome.access_until is not None and outcome.access_until > clock.now():
        happened = f"Your subscription has ended. You read on until {desk.day(outcome.access_until)}, for that is paid for"
    else:
        happened = f"Your subscription to {desk.publication.name} has ended"
    return Letter(
        f"{desk.plan} has ended" if outcome.state == State.ENDED else f"{desk.plan} at {desk.publication.name} has ended",
        (
            f"{happened}. Your account stays, with your saved articles, your newsletters and the free articles of each month.",
            "You are welcome back at any time.",
        ),
        action=("Subscribe again", desk.link("/subscribe/")),
    )


def _renewal(desk: _Desk, key: str) -> Letter:
    price = desk.subscription.price
    amount = f" {desk.amount(price.amount, price.currency)}" if price else ""
    return Letter(
        f"{desk.plan} renews on {desk.day(desk.outcome.renews)}",
        (
            f"On {desk.day(desk.outcome.renews)} your yearly subscription to {desk.publication.name} renews, and we "
            f"collect{amount or ' the next payment'}.",
            "If you want to go on there is nothing to do. If not, cancel before that day on your account's page, in two clicks.",
        ),
        action=("Your account", desk.link("/account/")),
    )


def _card_expiring(desk: _Desk, key: str) -> Letter:
    last4, _, _ = key.partition(":")
    return Letter(
        "Your card is about to expire",
        (
            f"The card ending in {last4}, with which you pay for {desk.plan} at {desk.publication.name}, expires before the next "
            f"payment on {desk.day(desk.outcome.renews)}.",
            "This button leads to the page where you change it, without logging in.",
        ),
        action=("Change the card", links.to_pay(desk.subscription)),
        small=f"The button is good for {links.LIFE.days} days, and only for that.",
    )


def _paid_twice(desk: _Desk, key: str) -> Letter:
    paid = next((p for p in desk.outcome.paid if p.invoice == key), None)
    other = desk.reader.subscriptions.filter(renews__isnull=False).exclude(pk=desk.subscription.pk).order_by("created").first()
    since = desk.day(desk.outcome.stretches[0].since) if desk.outcome.stretches else ""
    on = f" on {since}" if since else ""
    money_back = "Nothing was collected for it."
    if paid is not None:
        given = desk.amount(paid.amount - paid.refunded, paid.currency)
        money_back = f"We give {given} back to the card it was paid with; the bank takes some days over it."
    goes_on = f" The next payment is due on {desk.day(other.renews)}." if other is not None else ""
    return Letter(
        "You paid twice: the second payment goes back to you" if paid else "You subscribed twice: the second one has ended",
        (
            f"You had {desk.plan} already when it was bought a second time{on}. The second subscription has ended. {money_back}",
            f"The first one goes on as before, and everything stays open to you.{goes_on}",
        ),
        action=("Your account", desk.link("/account/")),
        small="Would you rather pay by the year, or by the month? Change your plan on your account's page.",
    )


_LETTERS = {
    Mail.WELCOME: _welcome,
    Mail.RECEIPT: _receipt,
    Mail.PAYMENT_FAILED: _payment_failed,
    Mail.CANCELLED: _cancelled,
    Mail.ENDED: _ended,
    Mail.RENEWAL: _renewal,
    Mail.CARD_EXPIRING: _card_expiring,
    Mail.PAID_TWICE: _paid_twice,
}
