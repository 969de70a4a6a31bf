"""What one reader wants of our mail, and the mails that are theirs alone: welcome, alerts, your month."""

from __future__ import annotations

from django.db import models

from masthead.core.timezones import validate_timezone


class Preferences(models.Model):
    """What one reader chose; without a row the defaults hold."""

    class Alerts(models.TextChoices):
        NEVER = "never", "No alerts"
        DAILY = "daily", "At most one a day"
        WEEKLY = "weekly", "At most one a week"

    reader = models.OneToOneField("readers.Reader", on_delete=models.CASCADE, related_name="preferences")
    paused_until = models.DateField(null=True, blank=True, help_text="Nothing but what you ask for is mailed before this day.")
    timezone = models.CharField(
        "your time zone",
        max_length=64,
        blank=True,
        validators=[validate_timezone],
        help_text="Newsletters come at their hour on your clock. Empty: the publication's.",
    )
    clicks = models.BooleanField("count my clicks", default=True)
    month = models.BooleanField("your month", default=True)
    alerts = models.CharField(max_length=6, choices=Alerts, default=Alerts.NEVER)
    changed = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"preferences of {self.reader_id}"


class WelcomeStep(models.Model):
    """One mail of the welcome series: so many days after a reader confirmed and asked for a newsletter."""

    after = models.PositiveSmallIntegerField("days after", default=0)
    subject = models.CharField(max_length=150)
    text = models.TextField(help_text="In Markdown.")
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["after", "pk"]

    def __str__(self) -> str:
        return f"day {self.after}: {self.subject}"


class PersonalMail(models.Model):
    """That a mail of a kind was written to a reader: at most once a key (welcome step, day of an alert, month)."""

    class Kind(models.TextChoices):
        WELCOME = "welcome"
        ALERT = "alert"
        MONTH = "month"

    reader = models.ForeignKey("readers.Reader", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=7, choices=Kind)
    key = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reader", "kind", "key"], name="personal_mail_once")]
        indexes = [models.Index(fields=["at"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} to {self.reader_id}"
