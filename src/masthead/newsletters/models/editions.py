"""Editions: one dated issue of a newsletter, what stands in it, and the content frozen for each kind of recipient."""

from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models

from masthead.newsletters.models.newsletters import BlockKind, Newsletter

Block = BlockKind


class Edition(models.Model):
    """One issue of a newsletter. ``key`` is its local date (2026-11-23), or a special edition's slug; unique in a newsletter."""

    class Kind(models.TextChoices):
        SCHEDULED = "scheduled"
        SPECIAL = "special"

    class State(models.TextChoices):
        DRAFT = "draft"  # composed; editors may change it
        APPROVED = "approved"  # goes at ``due``
        SENDING = "sending"  # frozen; the outbox has a row for each recipient
        PAUSED = "paused"  # frozen, nothing is claimed; ``reason`` says why
        DONE = "done"  # nothing is pending or claimed
        CANCELLED = "cancelled"  # by somebody; what was submitted stays so
        SKIPPED = "skipped"  # a day without an edition: holiday, nothing to say, too late; ``reason`` says which

    class Segment(models.TextChoices):
        ALL = "all", "Everybody who gets the newsletter"
        REGISTERED = "registered", "Those of them who do not subscribe"
        SUBSCRIBERS = "subscribers", "Those of them who subscribe"

    newsletter = models.ForeignKey(Newsletter, on_delete=models.PROTECT, related_name="editions")
    key = models.SlugField(max_length=60)
    kind = models.CharField(max_length=9, choices=Kind, default=Kind.SCHEDULED)
    date = models.DateField(help_text="In the publication's time zone.")
    due = models.DateTimeField(help_text="When it goes out.")
    since = models.DateTimeField(help_text="What is new is what was published after this.")
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    reason = models.CharField(max_length=300, blank=True)
    held = models.BooleanField(default=False, help_text="It does not go by itself.")
    segment = models.CharField(max_length=11, choices=Segment, default=Segment.ALL)
    audience = models.CharField(
        max_length=12,
        choices=Newsletter.Audience,
        blank=True,
        default="",
        db_default="",  # a worker of the version before may still make editions
        help_text="Who could have the newsletter when it was frozen.",
    )

    subject = models.CharField(max_length=150, blank=True)
    subject_b = models.CharField("other subject", max_length=150, blank=True, help_text="Tried on a part; the better goes on.")
    preheader = models.CharField(max_length=200, blank=True, help_text="What inboxes show after the subject.")
    opening = models.TextField(blank=True, help_text="The editor's note at the head, in Markdown.")
    body = models.TextField(blank=True, help_text="Of a special edition: what it says, in Markdown.")
    sample_percent = models.PositiveSmallIntegerField(
        default=20, validators=[MaxValueValidator(50)], help_text="For each subject."
    )
    sample_wait = models.PositiveSmallIntegerField(default=30, help_text="Minutes until the subjects are compared.")
    winner = models.CharField(max_length=1, blank=True, help_text="a or b, once compared.")

    press = models.UUIDField(
        null=True, unique=True, editable=False, help_text="Of a special edition: the press of a button that began it."
    )
    composed = models.DateTimeField(null=True)
    mailed_draft = models.DateTimeField(null=True, help_text="When its editors were mailed the draft.")
    approved = models.DateTimeField(null=True)
    approved_by = models.ForeignKey("readers.Reader", null=True, on_delete=models.SET_NULL, related_name="+")
    frozen = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)
    recipients = models.PositiveIntegerField(default=0, help_text="Rows in the outbox.")

    class Meta:
        ordering = ["-due", "-pk"]
        constraints = [models.UniqueConstraint(fields=["newsletter", "key"], name="one_edition_a_key")]
        indexes = [
            models.Index(fields=["due"], condition=models.Q(state__in=["draft", "approved"]), name="edition_due"),
            models.Index(fields=["state"], condition=models.Q(state__in=["sending", "paused"]), name="edition_running"),
        ]

    def __str__(self) -> str:
        return f"{self.newsletter.slug}:{self.key}"


class EditionItem(models.Model):
    """One thing in an edition, in its block and order. Texts are the editor's where written, else the thing's own."""

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="items")
    block = models.CharField(max_length=10, choices=BlockKind)
    position = models.PositiveSmallIntegerField(default=0)
    article = models.ForeignKey("articles.Article", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    entry = models.ForeignKey("newsletters.WireEntry", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    event = models.ForeignKey("newsletters.RadarEvent", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    headline = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True, help_text="The teaser, or the editor's comment.")
    url = models.CharField(max_length=1000, blank=True)
    source = models.CharField(max_length=120, blank=True, help_text="Whose it is, of outside news; or an event's date and place.")

    class Meta:
        ordering = ["block", "position", "pk"]

    def __str__(self) -> str:
        return self.headline or f"{self.block} {self.position}"


class EditionContent(models.Model):
    """What is mailed to one kind of recipient: frozen when the edition goes, and never written again."""

    class Standing(models.TextChoices):
        REGISTERED = "registered"  # with advertisements
        SUBSCRIBER = "subscriber"

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="contents")
    standing = models.CharField(max_length=10, choices=Standing)
    variant = models.CharField(max_length=1, default="a", help_text="Which subject: a or b.")
    clicks = models.BooleanField(help_text="Whether its links are counted.")
    subject = models.CharField(max_length=150)
    html = models.TextField()
    text = models.TextField()
    message = models.BinaryField(help_text="The MIME message with places for what is each reader's own (newsletters.mime).")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["edition", "standing", "variant", "clicks"], name="one_content_a_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.edition_id} {self.standing} {self.variant}"
