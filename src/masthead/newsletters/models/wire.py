"""The wire (outside news picked for an edition) and the radar (dated things to come)."""

from __future__ import annotations

import uuid

from django.db import models

from masthead.newsletters.models.newsletters import Newsletter


class WireSource(models.Model):
    """A feed that is watched."""

    name = models.CharField(max_length=80)
    url = models.URLField("address of the feed", max_length=500, unique=True)
    active = models.BooleanField(default=True)
    etag = models.CharField(max_length=200, blank=True, editable=False)
    modified = models.CharField(max_length=80, blank=True, editable=False)
    fetched = models.DateTimeField(null=True, editable=False)
    due = models.DateTimeField(null=True, editable=False)
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    problem = models.CharField(max_length=300, blank=True, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = "watched feed"

    def __str__(self) -> str:
        return self.name


class WireEntry(models.Model):
    """One piece of outside news: from a feed, or by hand (no source). Picked ones go into the next edition of a newsletter."""

    source = models.ForeignKey(WireSource, null=True, blank=True, on_delete=models.SET_NULL, related_name="entries")
    guid = models.CharField(max_length=64, editable=False, help_text="A hash of the feed's own identifier.")
    url = models.URLField(max_length=1000)
    headline = models.CharField(max_length=200)
    publisher = models.CharField(max_length=120, blank=True)
    summary = models.TextField(blank=True)
    published = models.DateTimeField(null=True)
    seen = models.DateTimeField()
    comment = models.TextField(blank=True, help_text="Why it matters, in the editors' words.")
    picked = models.DateTimeField(null=True)
    picked_by = models.ForeignKey("readers.Reader", null=True, on_delete=models.SET_NULL, related_name="+")
    picked_for = models.ForeignKey(Newsletter, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)
    dismissed = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-published", "-pk"]
        constraints = [models.UniqueConstraint(fields=["source", "guid"], name="one_entry_a_guid")]
        indexes = [models.Index(fields=["seen"]), models.Index(fields=["picked"])]

    def __str__(self) -> str:
        return self.headline


class RadarEvent(models.Model):
    """Something to come, on a day or over several, perhaps at an hour."""

    uid = models.CharField(max_length=255, unique=True, default=uuid.uuid4, editable=False, help_text="iCalendar's UID.")
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True, help_text="Why to watch it; a sentence or two.")
    place = models.CharField(max_length=120, blank=True)
    url = models.URLField(max_length=500, blank=True)
    starts = models.DateField()
    ends = models.DateField(null=True, blank=True, help_text="The last day, if it takes more than one.")
    hour = models.TimeField(null=True, blank=True, help_text="In the publication's time zone; empty: all day.")
    topics = models.ManyToManyField("articles.Topic", blank=True, related_name="+")

    class Meta:
        ordering = ["starts", "hour", "pk"]
        indexes = [models.Index(fields=["starts"])]

    def __str__(self) -> str:
        return f"{self.starts} {self.title}"
