"""Newsletters, their days and blocks, and who asked for them."""

from __future__ import annotations

import datetime
import re
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel
from wagtail.admin.panels import FieldPanel
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting
from wagtail.models import Orderable

from masthead.articles.models import LogsChanges
from masthead.core import clock


def validate_weekdays(value: str) -> None:
    """Refuse what is not a sorted set of ISO weekdays, "12345" for Monday to Friday."""
    if not re.fullmatch(r"1?2?3?4?5?6?7?", value):
        raise ValidationError("Write the weekdays as digits, Monday is 1: 12345 for Monday to Friday.")


RESERVED = frozenset({"unsubscribe", "preferences", "go"})  # addresses under /newsletters/ that are no newsletter's


class BlockKind(models.TextChoices):
    """What an edition is composed of."""

    WIRE = "wire", "The news that matters"
    LATEST = "latest", "Our latest"
    RADAR = "radar", "On the radar"
    LIBRARY = "library", "From the library"
    MOST_READ = "most-read", "Most read"


class Newsletter(LogsChanges, ClusterableModel):
    """A newsletter readers can ask for."""

    class Audience(models.TextChoices):
        REGISTERED = "registered", "All who have confirmed their address"
        SUBSCRIBERS = "subscribers", "Subscribers only"

    class Goes(models.TextChoices):
        BY_ITSELF = "by-itself", "By itself at its hour, unless an editor holds it"
        APPROVED = "approved", "Only when an editor has approved it"

    slug = models.SlugField(max_length=40, unique=True)
    title = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    schedule = models.CharField(max_length=80, blank=True, help_text="As readers are told it: Every weekday at six.")
    position = models.PositiveSmallIntegerField(default=0)

    audience = models.CharField("who may have it", max_length=12, choices=Audience, default=Audience.REGISTERED)
    from_name = models.CharField(max_length=80, blank=True, help_text="Default: the publication's name.")
    from_address = models.EmailField(blank=True, help_text="Default: the address all mail comes from.")
    reply_to = models.EmailField(blank=True, help_text="Where answers go. Default: the publication's contact address.")
    accent = models.CharField(
        "colour",
        max_length=7,
        blank=True,
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$", "Write a colour such as #8a1c1c.")],
        help_text="Of the rules and links, for example #8a1c1c. Default: the publication's.",
    )
    opening = models.TextField(blank=True, help_text="Stands at the head of each edition unless its editor writes another.")
    closing = models.TextField(blank=True, help_text="Stands at the foot of each edition.")

    weekdays = models.CharField(
        max_length=7,
        blank=True,
        validators=[validate_weekdays],
        help_text="12345 is Monday to Friday; empty: no day.",
    )
    hour = models.TimeField(default=datetime.time(6), help_text="In the publication's time zone.")
    cutoff = models.PositiveSmallIntegerField(
        "composed before",
        default=60,
        validators=[MaxValueValidator(24 * 60)],
        help_text="Minutes before the hour at which the draft composes itself and is mailed to its editors.",
    )
    goes = models.CharField("how it goes out", max_length=10, choices=Goes, default=Goes.BY_ITSELF)
    too_late = models.PositiveSmallIntegerField(
        "too late after",
        default=360,
        validators=[MinValueValidator(5), MaxValueValidator(23 * 60)],
        help_text="Minutes after its hour at which an edition that could not go (a machine was off) is left out.",
    )
    editors = models.TextField(
        "mail the draft to", blank=True, help_text="Addresses, one a line. They get each draft when it is composed."
    )
    started = models.DateTimeField(null=True, blank=True, help_text="Nothing due before is made up for.", editable=False)
    paused = models.CharField(
        max_length=200, blank=True, editable=False, help_text="Why nothing is composed or goes out; empty: it runs."
    )

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.title

    @property
    def for_subscribers(self) -> bool:
        """Whether it comes to subscribers only; others may ask for it, and get it once they are."""
        return self.audience == self.Audience.SUBSCRIBERS

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Another schedule starts when it is saved: a day or an hour that is past already is not made up for."""
        told = kwargs.get("update_fields")
        if self.pk and (told is None or {"weekdays", "hour"} & set(told)):
            had = Newsletter.objects.filter(pk=self.pk).values_list("weekdays", "hour").first()
            if had and had != (self.weekdays, self.hour):
                self.started = clock.now()
                kwargs |= {"update_fields": {*told, "started"}} if told is not None else {}
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Refuse a name whose pages would stand at addresses taken by others."""
        super().clean()
        if self.slug in RESERVED:
            raise ValidationError({"slug": f"/newsletters/{self.slug}/ is taken. Choose another."})


class NewsletterBlock(Orderable):
    """One part of a newsletter's editions, in order."""

    newsletter = ParentalKey(Newsletter, on_delete=models.CASCADE, related_name="blocks")
    kind = models.CharField(max_length=10, choices=BlockKind)
    heading = models.CharField(max_length=80, blank=True, help_text="Default: the kind's name.")
    most = models.PositiveSmallIntegerField(default=5, validators=[MinValueValidator(1), MaxValueValidator(30)])

    class Meta(Orderable.Meta):
        constraints = [models.UniqueConstraint(fields=["newsletter", "kind"], name="one_block_of_a_kind")]

    def __str__(self) -> str:
        return self.heading or self.get_kind_display()


class Holiday(models.Model):
    """A day without an edition: of one newsletter, or (with none) of all."""

    day = models.DateField()
    name = models.CharField(max_length=80)
    newsletter = models.ForeignKey(Newsletter, null=True, blank=True, on_delete=models.CASCADE, related_name="holidays")

    class Meta:
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


class Tick(models.Model):
    """A confirmed reader asked for a newsletter."""

    reader = models.ForeignKey("readers.Reader", on_delete=models.CASCADE, related_name="ticks")
    newsletter = models.ForeignKey(Newsletter, on_delete=models.CASCADE, related_name="ticks")
    created = models.DateTimeField()
    origin = models.CharField(max_length=20, help_text="Where they asked: gate, account, page.")
    weekdays = models.CharField(
        max_length=7, blank=True, validators=[validate_weekdays], help_text="Only on these days; empty: each edition."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reader", "newsletter"], name="one_tick_a_newsletter")]
        indexes = [models.Index(fields=["created"])]  # whose welcome is due

    def __str__(self) -> str:
        return f"{self.reader_id} {self.newsletter_id}"


@register_setting(icon="mail")
class Mailing(BaseGenericSetting):
    """How editions are mailed, whichever newsletter they are of."""

    class InDoubt(models.TextChoices):
        LEAVE = "leave", "Leave them until the provider tells"
        COUNT = "count", "After a day, count them as submitted"
        RESEND = "resend", "After a day, mail them again (some will get it twice)"

    clicks = models.BooleanField("count clicks", default=True, help_text="In aggregate only: never who clicked.")
    in_doubt = models.CharField(
        "addresses in doubt",
        max_length=6,
        choices=InDoubt,
        default=InDoubt.LEAVE,
        help_text="A mail is in doubt when the connection broke before the server's answer was read.",
    )
    refusals = models.PositiveSmallIntegerField(
        "pause after refusals",
        default=20,
        validators=[MinValueValidator(3), MaxValueValidator(1000)],
        help_text="So many identical refusals in a row pause the edition.",
    )

    panels = [FieldPanel("clicks"), FieldPanel("in_doubt"), FieldPanel("refusals")]

    class Meta:
        verbose_name = "mailing"

    def __str__(self) -> str:
        return "mailing"
