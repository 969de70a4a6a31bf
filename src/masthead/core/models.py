"""The ground floor's tables: the change log, meters and limits, mail handed over, events, the publication."""

from typing import Any

from django.db import models
from modelcluster.fields import ParentalKey
from modelcluster.models import ClusterableModel
from wagtail.admin.panels import FieldPanel, InlinePanel, MultiFieldPanel
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting
from wagtail.models import Orderable

from masthead.core.timezones import validate_timezone


class Change(models.Model):
    """One row of the change log; see ``core.changelog``."""

    number = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["key", "number"]),  # a subject's latest number, to judge a pass
            models.Index(fields=["at"]),  # a starting process reads the last ten minutes; clearing reads the oldest
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.key}"


class Meter(models.Model):
    """How often something limited by the period has happened: the count, and the lock that guards it.

    ``key`` is a keyed hash (of a canonical address, a device, a network): the row outlives the account it counted for.
    """

    scope = models.CharField(max_length=20)
    key = models.CharField(max_length=64)
    period = models.CharField(max_length=12)
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key", "period"], name="one_meter_a_period")]

    def __str__(self) -> str:
        return f"{self.scope} {self.period}: {self.count}"


class Attempt(models.Model):
    """How often something was asked for in one five-minute slice; ``core.limits`` sums slices to a sliding hour."""

    key = models.CharField(max_length=64)
    slice = models.BigIntegerField(help_text="Unix time divided by 300.")
    count = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "slice"], name="one_attempt_row_a_slice")]
        indexes = [models.Index(fields=["slice"])]  # clearing what is older than an hour

    def __str__(self) -> str:
        return f"{self.key[:8]} {self.slice}: {self.count}"


class OutgoingMail(models.Model):
    """One transactional mail handed over for the worker to submit; written in the transaction it tells of."""

    class State(models.TextChoices):
        PENDING = "pending"
        SUBMITTED = "submitted"
        REFUSED = "refused"

    kind = models.CharField(max_length=40)
    to = models.EmailField(max_length=254)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    headers = models.JSONField(  # the database's own default, too: a worker of the version before may still hand over mail
        default=dict, db_default=models.Value({}, models.JSONField()), help_text="Further fields, such as List-Unsubscribe."
    )
    message_id = models.CharField(max_length=120, unique=True)
    created = models.DateTimeField()
    due = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    claimed_until = models.DateTimeField(null=True)
    settled = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [
            # the worker's question, some times a second: what is due?
            models.Index(fields=["due"], condition=models.Q(state="pending"), name="mail_due"),
            models.Index(fields=["to"]),  # everything held about me; support
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.to}"


class Event(models.Model):
    """Something that happened, for reports: what, when, which article, and an opaque subject."""

    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    article = models.PositiveBigIntegerField(null=True)
    subject = models.CharField(max_length=22, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["kind", "at"]), models.Index(fields=["subject"])]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.kind}"


class Notice(models.Model):
    """Something the operator should know and mend; shown by ``masthead doctor`` and in the newsroom."""

    key = models.CharField(max_length=60, primary_key=True)
    text = models.CharField(max_length=500)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    def __str__(self) -> str:
        return self.text


@register_setting(icon="site")
class Publication(BaseGenericSetting, ClusterableModel):
    """What the publication is called and how it keeps time."""

    name = models.CharField(max_length=80, default="Masthead", help_text="Stands at the head of every page and mail.")
    tagline = models.CharField(max_length=120, blank=True, help_text="One line under the name on the home page.")
    about = models.TextField(blank=True, help_text="A paragraph on what you publish, for search engines and the subscribe page.")
    language = models.CharField(max_length=12, default="en-GB", help_text="The language you publish in, for example en-GB or fr.")
    timezone = models.CharField(
        "time zone",
        max_length=64,
        default="UTC",
        validators=[validate_timezone],
        help_text="Months, schedules and dates are counted here, for example Europe/London.",
    )
    logo = models.ForeignKey(
        "wagtailimages.Image",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Used by search engines and in shared links; square, at least 512 pixels wide.",
    )
    footer = models.TextField(blank=True, help_text="The small print at the foot of every page.")
    contact_email = models.EmailField(
        blank=True, help_text="Where readers write to, also to ask for All-Access until you take payments."
    )

    panels = [
        MultiFieldPanel([FieldPanel("name"), FieldPanel("tagline"), FieldPanel("about"), FieldPanel("logo")], "Name and look"),
        MultiFieldPanel([FieldPanel("language"), FieldPanel("timezone")], "Language and time"),
        MultiFieldPanel([FieldPanel("contact_email"), FieldPanel("footer")], "Foot of the page"),
        InlinePanel("navigation", label="Link", heading="Navigation", max_num=9),
        InlinePanel("benefits", label="Benefit", heading="What All-Access promises", max_num=9),
    ]

    class Meta:
        verbose_name = "publication"

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Its name, links and time zone stand on or behind every page."""
        from masthead.core import changelog

        with changelog.transaction() as changes:
            super().save(*args, **kwargs)
            changes.add(changelog.EVERYTHING)


class NavigationLink(Orderable):
    """One link in the bar under the publication's name."""

    publication = ParentalKey(Publication, on_delete=models.CASCADE, related_name="navigation")
    label = models.CharField(max_length=30)
    url = models.CharField("address", max_length=300, help_text="A path such as /topics/trade/, or a full address.")

    panels = [FieldPanel("label"), FieldPanel("url")]

    def __str__(self) -> str:
        return self.label


class Benefit(Orderable):
    """One promise of All-Access, as the subscribe page and the gate state it."""

    publication = ParentalKey(Publication, on_delete=models.CASCADE, related_name="benefits")
    title = models.CharField(max_length=80)
    text = models.CharField(max_length=300)

    panels = [FieldPanel("title"), FieldPanel("text")]

    def __str__(self) -> str:
        return self.title


class Heartbeat(models.Model):
    """When something that runs in the background last showed that it does; also who holds a chore, and since when."""

    name = models.CharField(max_length=80, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M:%S}"
