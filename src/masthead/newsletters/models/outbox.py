"""The outbox: one row per recipient of an edition and its state; who has claimed rows; and who is not to be mailed."""

from __future__ import annotations

from django.db import models

from masthead.newsletters.models.editions import Edition, EditionContent


class Claim(models.Model):
    """Rows one sender took to submit. ``alive`` is moved on with each group of outcomes; one that stands still is settled."""

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="claims")
    sender = models.CharField(max_length=80, help_text="Process and machine, and the name of its journal.")
    connections = models.PositiveSmallIntegerField(help_text="At most so many of its rows can be in flight.")
    made = models.DateTimeField()
    alive = models.DateTimeField()
    ended = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["alive"], condition=models.Q(ended=None), name="claim_open")]

    def __str__(self) -> str:
        return f"claim {self.pk} of {self.sender}"


class Delivery(models.Model):
    """One edition to one address."""

    class State(models.IntegerChoices):
        PENDING = 0  # due, or deferred until ``due``
        CLAIMED = 1
        SUBMITTED = 2  # the server said 250; whether it arrived only bounces tell
        DEFERRED = 3  # 4xx: again at ``due``
        REFUSED = 4  # 5xx, or deferred for too long
        SUPPRESSED = 5  # bounced, complained, unsubscribed or deleted before its turn
        IN_DOUBT = 6  # the connection broke after the message and before the answer: never resent by itself
        CANCELLED = 7

    # no index of its own: that of the constraint begins with it, and each further one is written twice a recipient
    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    reader = models.ForeignKey("readers.Reader", null=True, on_delete=models.SET_NULL, related_name="+")
    address = models.CharField(max_length=254)
    standing = models.CharField(max_length=10, choices=EditionContent.Standing)
    variant = models.CharField(max_length=1, blank=True, help_text="a or b; empty until the sample is judged.")
    clicks = models.BooleanField(default=True)
    state = models.PositiveSmallIntegerField(choices=State, default=State.PENDING)
    due = models.DateTimeField()
    claim = models.ForeignKey(Claim, null=True, on_delete=models.SET_NULL, related_name="deliveries", db_index=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    code = models.PositiveSmallIntegerField(default=0, help_text="The server's last reply code; 0: none.")
    reply = models.CharField(max_length=200, blank=True)
    settled = models.DateTimeField(null=True)
    external_id = models.CharField(max_length=120, blank=True, help_text="A provider's number for it.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["edition", "address"], name="one_delivery_an_address")]
        indexes = [
            # what a sender asks: what of this edition is due?
            models.Index(fields=["edition", "due", "id"], condition=models.Q(state__in=[0, 3]), name="delivery_due"),
            models.Index(fields=["claim"], condition=models.Q(state=1), name="delivery_claimed"),
            models.Index(fields=["external_id"], condition=~models.Q(external_id=""), name="delivery_external"),
        ]

    def __str__(self) -> str:
        return f"{self.edition_id} to {self.address}: {self.get_state_display()}"


class Suppression(models.Model):
    """An address nothing but what it asks for itself (codes, receipts) is mailed to. Only a keyed hash of it stands here."""

    class Reason(models.TextChoices):
        BOUNCE = "bounce", "The address does not exist or refuses mail"
        COMPLAINT = "complaint", "The reader called our mail spam"
        MANUAL = "manual", "Entered in the newsroom"

    key = models.CharField(max_length=64, unique=True, help_text='keyed_hash("suppression", identity of the address)')
    reason = models.CharField(max_length=9, choices=Reason)
    detail = models.CharField(max_length=300, blank=True)
    soft = models.PositiveSmallIntegerField(default=0, help_text="Bounces that may pass, in a row; it counts from five.")
    last = models.DateTimeField(null=True, help_text="When the last of them came.")
    since = models.DateTimeField(null=True, help_text="Suppressed since; empty: not yet, or lifted.")
    lifted = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.reason} {self.key[:8]}"
