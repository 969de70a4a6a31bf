"""How the library ranks; and what readers keep of it: searches, topics and authors they follow, each with a private feed."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from wagtail.admin.panels import FieldPanel, FieldRowPanel
from wagtail.contrib.settings.models import BaseGenericSetting, register_setting

from masthead.core import changelog


@register_setting(icon="search")
class Ranking(BaseGenericSetting):
    """How much the date of an article counts when results are sorted by relevance."""

    recency = models.FloatField(
        default=0.25,
        validators=[MinValueValidator(0), MaxValueValidator(2)],
        help_text="0: the date counts for nothing. 0.25: what appeared today is worth a quarter more than what is very old.",
    )
    half_life = models.FloatField(
        "half-life in years",
        default=3,
        validators=[MinValueValidator(0.05), MaxValueValidator(100)],
        help_text="After so many years half of that is left.",
    )

    panels = [FieldRowPanel([FieldPanel("recency"), FieldPanel("half_life")])]

    class Meta:
        verbose_name = "search"

    def __str__(self) -> str:
        return f"recency {self.recency}, half-life {self.half_life} years"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Every process is to rank alike from now on."""
        with changelog.transaction() as changes:
            super().save(*args, **kwargs)
            changes.add(changelog.POLICY)


class SavedSearch(models.Model):
    """A search a reader keeps. ``query`` is the address's query string, in its canonical order."""

    reader = models.ForeignKey("readers.Reader", on_delete=models.CASCADE, related_name="searches")
    name = models.CharField(max_length=120)
    query = models.CharField(max_length=500)
    created = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reader", "query"], name="search_saved_once")]
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.reader_id} searches {self.query}"


class Follow(models.Model):
    """A topic or an author a reader follows: exactly one of the two."""

    reader = models.ForeignKey("readers.Reader", on_delete=models.CASCADE, related_name="follows")
    topic = models.ForeignKey("articles.Topic", null=True, on_delete=models.CASCADE, related_name="+")
    author = models.ForeignKey("articles.Author", null=True, on_delete=models.CASCADE, related_name="+")
    created = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reader", "topic"], name="topic_followed_once"),
            models.UniqueConstraint(fields=["reader", "author"], name="author_followed_once"),
            models.CheckConstraint(
                condition=models.Q(topic=None, author__isnull=False) | models.Q(topic__isnull=False, author=None),
                name="follows_one_thing",
            ),
        ]
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.reader_id} follows {self.topic_id or self.author_id}"


class PrivateFeed(models.Model):
    """The address of a reader's own feed: of one saved search, one follow, or (with neither) all they follow.

    Whoever has the address reads the feed, so that a feed reader can: it shows teasers only. Only a keyed hash of the token
    stands here; a new token ends the old one.
    """

    reader = models.ForeignKey("readers.Reader", on_delete=models.CASCADE, related_name="feeds")
    search = models.OneToOneField(SavedSearch, null=True, on_delete=models.CASCADE, related_name="feed")
    follow = models.OneToOneField(Follow, null=True, on_delete=models.CASCADE, related_name="feed")
    token_hash = models.CharField(max_length=64, unique=True)
    created = models.DateTimeField()
    revoked = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"feed {self.pk} of {self.reader_id}"


class TopicSuggestion(models.Model):
    """A topic found in an article's text, for an editor to accept or dismiss; kept so that a dismissed one stays away."""

    class State(models.TextChoices):
        OFFERED = "offered"
        ACCEPTED = "accepted"
        DISMISSED = "dismissed"

    article = models.ForeignKey("articles.Article", on_delete=models.CASCADE, related_name="topic_suggestions")
    topic = models.ForeignKey("articles.Topic", on_delete=models.CASCADE, related_name="+")
    found = models.CharField(max_length=120, help_text="The words that made us think of it.")
    score = models.FloatField(help_text="From 0 to 1: how sure we are.")
    state = models.CharField(max_length=9, choices=State, default=State.OFFERED)
    made = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["article", "topic"], name="topic_suggested_once")]
        ordering = ["-score"]

    def __str__(self) -> str:
        return f"{self.topic_id} for {self.article_id}: {self.state}"
