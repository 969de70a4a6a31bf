"""What came of editions: their links and how often each was followed, and what mail providers told."""

from __future__ import annotations

from django.db import models

from masthead.newsletters.models.editions import Edition
from masthead.newsletters.models.outbox import Delivery


class EditionLink(models.Model):
    """One link in an edition, numbered from 1. The mailed address carries the numbers and a signature, never a reader."""

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="links")
    number = models.PositiveSmallIntegerField()
    url = models.CharField(max_length=1000)
    article = models.ForeignKey("articles.Article", null=True, on_delete=models.SET_NULL, related_name="+")
    label = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["edition", "number"], name="one_link_a_number")]

    def __str__(self) -> str:
        return f"{self.edition_id} {self.number}: {self.url}"


class LinkClicks(models.Model):
    """How often a link was followed, by those of one standing who had one subject, in one hour."""

    link = models.ForeignKey(EditionLink, on_delete=models.CASCADE, related_name="clicks")
    standing = models.CharField(max_length=10)
    variant = models.CharField(max_length=1)
    hour = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "standing", "variant", "hour"], name="one_click_row_an_hour")]

    def __str__(self) -> str:
        return f"{self.link_id}: {self.count}"


class MailEvent(models.Model):
    """What a provider or a bounced mail told of one delivery, once: kept without the address."""

    class Kind(models.TextChoices):
        DELIVERED = "delivered"
        BOUNCED = "bounced"
        DEFERRED = "deferred"
        COMPLAINED = "complained"
        UNSUBSCRIBED = "unsubscribed"
        OTHER = "other"

    external_id = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=12, choices=Kind)
    edition = models.ForeignKey(Edition, null=True, on_delete=models.SET_NULL, related_name="events")
    delivery = models.ForeignKey(Delivery, null=True, on_delete=models.SET_NULL, related_name="+")
    address_key = models.CharField(max_length=64, blank=True, help_text='keyed_hash("suppression", identity)')
    detail = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["edition", "kind"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"
