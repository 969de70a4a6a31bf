"""Stored reasons to read, the publisher's rules with their history, and licensed networks."""

import ipaddress

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from masthead.access import policy as rules
from masthead.access.period import KINDS


class Grant(models.Model):
    """Why someone (a reader or a device) may read something (one article, or everything when ``article`` is empty)."""

    class Kind(models.TextChoices):
        SUBSCRIPTION = "subscription"
        COMP = "comp"
        SEAT = "seat"
        GIFT = "gift"
        UNLOCK = "unlock"
        INSTANT = "instant"

    kind = models.CharField(max_length=12, choices=Kind)
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="grants")
    device = models.ForeignKey("readers.Device", null=True, blank=True, on_delete=models.CASCADE, related_name="grants")
    article = models.ForeignKey("articles.Article", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    period = models.CharField(max_length=12, blank=True, help_text="The period an unlock or instant grant was counted in.")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True, help_text="Why it was given, for whoever asks later.")
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(reader__isnull=True) ^ models.Q(device__isnull=True), name="grant_has_one_holder"
            ),
            models.UniqueConstraint(
                fields=["reader", "article", "period"], condition=models.Q(kind="unlock"), name="one_unlock_a_period"
            ),
            models.UniqueConstraint(
                fields=["device", "article", "period"], condition=models.Q(kind="instant"), name="one_instant_a_period"
            ),
        ]
        indexes = [models.Index(fields=["reader", "kind"]), models.Index(fields=["device"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    def fact(self) -> rules.Grant:
        """The grant as the decision sees it."""
        return rules.Grant(self.kind, self.article_id, self.until, self.since)


class GiftLink(models.Model):
    """A link by which a subscriber gives one article away; see ``gifts`` for its rules. The link itself is kept nowhere."""

    token_hash = models.CharField(max_length=64, unique=True, help_text="Keyed: whoever reads this table can open nothing by it.")
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="gift_links")
    article = models.ForeignKey("articles.Article", on_delete=models.CASCADE, related_name="+")
    created = models.DateTimeField()
    expires = models.DateTimeField()
    most_uses = models.PositiveSmallIntegerField()
    uses = models.PositiveSmallIntegerField(default=0)
    revoked = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(uses__lte=models.F("most_uses")), name="gift_link_uses_at_most"),
        ]
        indexes = [models.Index(fields=["giver", "created"])]

    def __str__(self) -> str:
        return f"gift {self.pk}"


class PolicyVersion(models.Model):
    """The publisher's rules as they stood from ``since`` on. Rows are added, never changed: the newest one counts."""

    since = models.DateTimeField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    teaser_paragraphs = models.PositiveSmallIntegerField(
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(20)],
        help_text="How many paragraphs everyone sees, unless the editor put the gate elsewhere.",
    )
    allowance = models.PositiveSmallIntegerField(
        default=3, validators=[MaxValueValidator(100)], help_text="How many articles a confirmed reader may choose in a period."
    )
    period = models.CharField(
        max_length=5,
        default="month",
        choices=[(kind, f"calendar {kind}") for kind in KINDS],
        help_text="How often the choices come anew.",
    )
    unlock_days = models.PositiveSmallIntegerField(
        default=30,
        validators=[MaxValueValidator(3650)],
        help_text="How many days a chosen article stays open; never less than to the period's end.",
    )
    instant = models.BooleanField(
        "instant access", default=True, help_text="Whoever types an address reads the rest of that article at once."
    )
    instant_per_device = models.PositiveSmallIntegerField(
        default=1, validators=[MaxValueValidator(100)], help_text="Instant articles one browser gets in a period."
    )
    instant_per_address = models.PositiveSmallIntegerField(
        default=2, validators=[MaxValueValidator(100)], help_text="Instant articles one typed address gets in a period."
    )
    instant_per_network = models.PositiveIntegerField(
        default=20, validators=[MaxValueValidator(100_000)], help_text="Instant articles one network gets in a period."
    )

    gifts = models.PositiveSmallIntegerField(
        "gift links", default=5, validators=[MaxValueValidator(100)], help_text="Gift links a subscriber may make in a period."
    )
    gift_uses = models.PositiveSmallIntegerField(
        default=10, validators=[MinValueValidator(1), MaxValueValidator(1000)], help_text="How many browsers one gift link opens."
    )
    gift_days = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(1), MaxValueValidator(365)], help_text="How many days a gift link is good."
    )

    class Meta:
        verbose_name = "policy"
        verbose_name_plural = "policies"

    def __str__(self) -> str:
        return f"policy {self.pk}"


class Network(models.Model):
    """An institution's licensed addresses."""

    institution = models.CharField(max_length=120)
    cidr = models.CharField("network", max_length=50, help_text="In CIDR notation, for example 192.0.2.0/24 or 2001:db8::/32.")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True, help_text="When the licence ends; empty for open-ended.")

    def __str__(self) -> str:
        return f"{self.institution} ({self.cidr})"

    def clean(self) -> None:
        """Refuse what is no network, and networks so wide that they must be a slip."""
        try:
            network = ipaddress.ip_network(self.cidr.strip())
        except ValueError as error:
            raise ValidationError({"cidr": f"That is no network: {error}."}) from error
        if network.prefixlen < (8 if network.version == 4 else 16):
            raise ValidationError(
                {"cidr": "That network is wider than any institution's; please check the number after the slash."}
            )
