"""Plans and prices; who bought what; the ledger all of it follows from; and an audit log nobody edits.

What a subscription *is* (``Subscription.state``, ``Invoice``, grants) is a copy of what ``lifecycle.fold`` makes of its ledger,
written in the transaction that adds to the ledger. Amounts are whole numbers of minor units; nothing here is a float.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from masthead.articles.models import LogsChanges
from masthead.billing.lifecycle import State
from masthead.core.keys import subject

PROVIDER_ID = 255  # characters


class AppendOnlyError(RuntimeError):
    """Somebody tried to change or delete what is only ever added to."""


class _Kept(models.QuerySet[Any]):
    """Rows that stay as they were written; a trigger in the database says the same (migration 0001)."""

    def update(self, **kwargs: Any) -> int:
        raise AppendOnlyError(f"{self.model._meta.verbose_name} rows are never changed")

    def bulk_update(self, *args: Any, **kwargs: Any) -> int:
        raise AppendOnlyError(f"{self.model._meta.verbose_name} rows are never changed")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError(f"{self.model._meta.verbose_name} rows are never deleted")


class Kept(models.Model):
    """A table that is only ever added to."""

    objects = _Kept.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert; never update."""
        if self.pk is not None and not self._state.adding:
            raise AppendOnlyError(f"{self._meta.verbose_name} rows are never changed")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnlyError(f"{self._meta.verbose_name} rows are never deleted")


# --- what is sold


class Plan(LogsChanges):
    """Something to subscribe to, such as All-Access; its prices say for how much."""

    name = models.CharField(max_length=60)
    slug = models.SlugField(max_length=40, unique=True)
    description = models.CharField(max_length=300, blank=True, help_text="One or two sentences for the page people buy on.")
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True, help_text="Whether it is on sale. Those who have it keep it.")
    grace_days = models.PositiveSmallIntegerField(
        default=7,
        validators=[MaxValueValidator(60)],
        help_text="How long reading goes on while a renewal cannot be collected.",
    )

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class Price(LogsChanges):
    """What a plan costs, in one currency, for one interval and one kind of reader. Once sold it is not changed: add another."""

    class Interval(models.TextChoices):
        MONTH = "month", "a month"
        YEAR = "year", "a year"

    class Rate(models.TextChoices):
        STANDARD = "standard"
        STUDENT = "student"
        LOW_INCOME = "low-income", "low income"

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="prices")
    rate = models.CharField(max_length=10, choices=Rate, default=Rate.STANDARD)
    interval = models.CharField(max_length=5, choices=Interval)
    currency = models.CharField(max_length=3, validators=[RegexValidator("^[A-Z]{3}$", "Three capital letters, such as EUR.")])
    amount = models.PositiveIntegerField(
        validators=[MinValueValidator(1)], help_text="In minor units: 900 is 9.00 EUR, and 900 JPY.", verbose_name="price"
    )
    tax_included = models.BooleanField(default=True, help_text="Whether the price shown has the tax in it.")
    trial_days = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(365)])
    first_amount = models.PositiveIntegerField(
        null=True, blank=True, help_text="An introductory price, in minor units; empty for none."
    )
    first_payments = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(36)], help_text="How many payments the introduction lasts."
    )
    active = models.BooleanField(default=True, help_text="Whether it is on sale. Those who pay it go on paying it.")

    FIXED = ("plan_id", "rate", "interval", "currency", "amount", "tax_included")

    class Meta:
        ordering = ["plan__position", "currency", "interval", "rate", "amount"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "rate", "interval", "currency"], condition=models.Q(active=True), name="one_active_price"
            )
        ]

    def __str__(self) -> str:
        return f"{self.plan}, {self.currency} {self.amount} {self.get_interval_display()} ({self.get_rate_display()})"

    def clean(self) -> None:
        """Refuse to change what somebody agreed to pay, and an introduction that is no bargain."""
        if self.first_amount is not None and self.amount is not None and self.first_amount >= self.amount:
            raise ValidationError({"first_amount": "An introductory price is lower than the price."})
        if self.pk and (Checkout.objects.filter(price=self).exists() or Subscription.objects.filter(price=self).exists()):
            before = Price.objects.get(pk=self.pk)
            if any(getattr(before, name) != getattr(self, name) for name in self.FIXED):
                raise ValidationError("Readers pay this price. Take it off sale and add another, and they keep theirs.")


class PriceAtProvider(models.Model):
    """The number a provider knows a price by."""

    price = models.ForeignKey(Price, on_delete=models.CASCADE, related_name="at_providers")
    provider = models.CharField(max_length=20)
    external_id = models.CharField(max_length=PROVIDER_ID)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["price", "provider"], name="one_number_of_a_price")]

    def __str__(self) -> str:
        return f"{self.external_id} at {self.provider}"


class Offer(LogsChanges):
    """Something off the price, for a while, for so many."""

    name = models.CharField(max_length=80, help_text="As the checkout names it.")
    percent = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(100)])
    amount = models.PositiveIntegerField(default=0, help_text="In minor units, instead of a percentage.")
    currency = models.CharField(max_length=3, blank=True, help_text="Of the amount.")
    payments = models.PositiveSmallIntegerField(null=True, blank=True, default=1, help_text="For how many payments; empty: all.")
    trial_days = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(365)], help_text="Free days to begin with, instead of something off the price."
    )
    plan = models.ForeignKey(Plan, null=True, blank=True, on_delete=models.CASCADE, related_name="offers")
    interval = models.CharField(max_length=5, blank=True, choices=Price.Interval)
    starts = models.DateTimeField(null=True, blank=True)
    ends = models.DateTimeField(null=True, blank=True)
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """One kind of offer, a currency where it is an amount, and dates in order."""
        if sum(map(bool, (self.percent, self.amount, self.trial_days))) != 1:
            raise ValidationError("Give a percentage, an amount or trial days: one of the three.")
        if self.starts and self.ends and self.ends <= self.starts:
            raise ValidationError({"ends": "It would end before it starts."})
        if self.amount and not self.currency:
            raise ValidationError({"currency": "An amount needs a currency."})


class PromotionCode(models.Model):
    """A word that brings an offer, and where it was given out."""

    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="codes")
    code = models.CharField(max_length=40, unique=True, help_text="Capitals and digits; typed in any case.")
    most_uses = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: no limit.")
    starts = models.DateTimeField(null=True, blank=True)
    ends = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=80, blank=True, help_text="Where it is given out, for reports.")
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.code

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.code = self.code.strip().upper()
        super().save(*args, **kwargs)


# --- who bought it


class Customer(models.Model):
    """A payer at a provider. A reader may have several: whoever is not logged in is a new one."""

    reader = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="customers")
    provider = models.CharField(max_length=20)
    external_id = models.CharField(max_length=PROVIDER_ID)
    card_brand = models.CharField(max_length=30, blank=True)
    card_last4 = models.CharField(max_length=4, blank=True)
    card_expires = models.DateField(null=True, blank=True)
    created = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "external_id"], name="one_customer_a_number")]

    def __str__(self) -> str:
        return f"{self.external_id} at {self.provider}"


class Checkout(models.Model):
    """One attempt to buy: what, for which typed address, on which device, from which article and gate.

    ``reference`` is what the provider knows it by and the key it is asked again under; it stands in the return page's address,
    and opens nothing. ``key`` is what makes two presses of one button one purchase.
    """

    class State(models.TextChoices):
        OPEN = "open"
        PAID = "paid"  # a subscription came of it
        CLOSED = "closed"  # it ran out, or another took its place

    reference = models.CharField(max_length=22, unique=True, default=subject, editable=False)
    key = models.CharField(max_length=64)
    price = models.ForeignKey(Price, on_delete=models.PROTECT, related_name="checkouts")
    promotion = models.ForeignKey(PromotionCode, null=True, on_delete=models.SET_NULL, related_name="checkouts")
    amount = models.PositiveIntegerField(help_text="The first payment as it was shown, in minor units.")
    currency = models.CharField(max_length=3)
    free_days = models.PositiveSmallIntegerField(default=0, help_text="How many days come before the first payment.")
    address = models.EmailField(max_length=254, help_text="As typed: it proves nothing.")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="checkouts")
    logged_in = models.BooleanField(default=False, help_text="Whether the reader was logged in when buying.")
    device = models.ForeignKey("readers.Device", null=True, on_delete=models.SET_NULL, related_name="checkouts")
    article = models.CharField(max_length=255, blank=True, help_text="The slug of the article they came from.")
    decision = models.CharField(max_length=12, blank=True, help_text="What its gate said.")
    via = models.CharField(max_length=100, blank=True, help_text="The edition of a newsletter that led to it.")
    provider = models.CharField(max_length=20)
    session = models.CharField(max_length=PROVIDER_ID, blank=True)
    url = models.TextField(blank=True)
    state = models.CharField(max_length=6, choices=State, default=State.OPEN)
    created = models.DateTimeField()
    expires = models.DateTimeField()
    settled = models.DateTimeField(null=True)
    proved = models.DateTimeField(null=True, help_text="When the payer proved the address in the paying browser.")
    polled = models.DateTimeField(null=True)
    polls = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key"], condition=models.Q(state="open"), name="one_open_checkout")]
        indexes = [
            # the worker's question: which are open, and was one paid without our being told?
            models.Index(fields=["created"], condition=models.Q(state="open"), name="checkout_open"),
            models.Index(fields=["address"]),  # everything held about me
        ]

    def __str__(self) -> str:
        return self.reference


class Subscription(models.Model):
    """A subscription at a provider. All but the first five fields are what its ledger comes to; see ``services.settle``."""

    subject = models.CharField(max_length=22, unique=True, default=subject, editable=False)
    provider = models.CharField(max_length=20)
    external_id = models.CharField(max_length=PROVIDER_ID)
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="subscriptions")
    checkout = models.OneToOneField(Checkout, null=True, on_delete=models.PROTECT, related_name="subscription")
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="subscriptions")
    price = models.ForeignKey(Price, null=True, on_delete=models.PROTECT, related_name="subscriptions")
    state = models.CharField(max_length=10, choices=[(s.value, s.value.replace("_", " ")) for s in State], default=State.STARTING)
    paid_until = models.DateTimeField(null=True)
    access_until = models.DateTimeField(null=True)
    renews = models.DateTimeField(null=True)
    cancels = models.BooleanField(default=False)
    cancelled_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    resumes_at = models.DateTimeField(null=True)
    let_go = models.DateTimeField(null=True, help_text="Its account was deleted: when cancelling it is next tried.")
    let_go_tries = models.PositiveSmallIntegerField(default=0)
    created = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "external_id"], name="one_subscription_a_number")]
        indexes = [
            models.Index(fields=["renews"]),  # who is told of a yearly charge
            models.Index(fields=["let_go"], condition=models.Q(let_go__isnull=False), name="subscription_let_go"),
        ]

    def __str__(self) -> str:
        return f"{self.external_id} at {self.provider} ({self.state})"


class Invoice(models.Model):
    """A payment made or asked for, as an account page lists it; a copy of what the ledger says."""

    class State(models.TextChoices):
        PAID = "paid"
        FAILED = "failed"
        REFUNDED = "refunded"
        DISPUTED = "disputed"

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="invoices")
    external_id = models.CharField(max_length=PROVIDER_ID)
    number = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=8, choices=State)
    at = models.DateTimeField(help_text="When it was paid, or last tried.")
    since = models.DateTimeField()
    until = models.DateTimeField()
    amount = models.PositiveIntegerField()
    tax = models.PositiveIntegerField(default=0)
    refunded = models.PositiveIntegerField(default=0)
    currency = models.CharField(max_length=3)
    url = models.TextField(blank=True)

    class Meta:
        ordering = ["-since", "-pk"]
        constraints = [models.UniqueConstraint(fields=["subscription", "external_id"], name="one_invoice_a_number")]

    def __str__(self) -> str:
        return self.number or self.external_id


class Stretch(models.Model):
    """A grant that billing wrote, and for which subscription; access itself knows of no payments."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="stretches")
    grant = models.OneToOneField("access.Grant", on_delete=models.CASCADE, related_name="+")
    to_device = models.BooleanField(default=False, help_text="The paying browser's, until the address is proved.")

    def __str__(self) -> str:
        return f"{self.subscription_id}: {self.grant_id}"


class MailWritten(models.Model):
    """That a mail was handed over for a subscription: each is written once, whatever arrives again."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="mails")
    mail = models.CharField(max_length=20)
    key = models.CharField(max_length=PROVIDER_ID + 20, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscription", "mail", "key"], name="each_mail_once")]

    def __str__(self) -> str:
        return f"{self.mail} {self.key}"


# --- what is known of it


class Webhook(models.Model):
    """A webhook as received and verified, but for what names a person; cleared after 90 days, for the ledger keeps what it
    said."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        IGNORED = "ignored"  # none of our business
        FAILED = "failed"  # given up; replay it in the newsroom

    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=PROVIDER_ID)
    kind = models.CharField(max_length=80)
    at = models.DateTimeField(help_text="The provider's time.")
    received = models.DateTimeField()
    body = models.TextField()
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    settled = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="each_webhook_once")]
        # the worker's question, twice a second: what is due?
        indexes = [models.Index(fields=["due"], condition=models.Q(state="waiting"), name="webhook_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class LedgerEvent(Kept):
    """One event of a subscription, as it was told or looked up. What it means is in ``facts``; ``payload`` is as received, but
    for what names a person: nobody could erase that here."""

    class Origin(models.TextChoices):
        WEBHOOK = "webhook"
        POLL = "poll"  # the buyer came back before the webhook
        ANSWER = "answer"  # what the provider said to something we asked it to do
        RECONCILE = "reconcile"

    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="ledger")
    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=PROVIDER_ID)
    kind = models.CharField(max_length=80)
    at = models.DateTimeField(help_text="The provider's time.")
    received = models.DateTimeField()
    origin = models.CharField(max_length=9, choices=Origin)
    facts = models.JSONField()
    payload = models.TextField(blank=True)

    class Meta:
        verbose_name = "ledger"
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="each_event_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class AuditEntry(Kept):
    """Money, grants and support actions: who did what to whom, when and why. People stand in it by their opaque subjects
    alone."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=40, help_text="A subject, or the name of what acted: provider, reconcile.")
    action = models.CharField(max_length=40)
    subject = models.CharField(max_length=22, blank=True, help_text="Whom it was done to.")
    subscription = models.CharField(max_length=22, blank=True, help_text="The subscription's subject.")
    amount = models.IntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = "audit log"
        indexes = [models.Index(fields=["subject", "at"]), models.Index(fields=["subscription", "at"])]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.action}"
