"""Newsletters and who asked for them. Composing and mailing editions come on top of these."""

from django.db import models

from masthead.articles.models import LogsChanges


class Newsletter(LogsChanges):
    """A newsletter readers can ask for."""

    slug = models.SlugField(max_length=40, unique=True)
    title = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    schedule = models.CharField(max_length=80, blank=True, help_text="As readers are told it: Every weekday at six.")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.title


class Tick(models.Model):
    """A confirmed reader asked for a newsletter."""

    reader = models.ForeignKey("readers.Reader", on_delete=models.CASCADE, related_name="ticks")
    newsletter = models.ForeignKey(Newsletter, on_delete=models.CASCADE, related_name="ticks")
    created = models.DateTimeField()
    origin = models.CharField(max_length=20, help_text="Where they asked: gate, account, page.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reader", "newsletter"], name="one_tick_a_newsletter")]

    def __str__(self) -> str:
        return f"{self.reader_id} {self.newsletter_id}"
