"""What was shown, added up, and who came, as numbers nobody can be recognised by."""

from django.db import models


class ViewCount(models.Model):
    """How often one article was shown in one stretch of time, with one decision, to visitors of one standing.

    A stretch is a minute; ``chores.roll_up`` adds old minutes up to hours and old hours to days. ``minute`` is its beginning.
    """

    class Span(models.IntegerChoices):
        MINUTE = 1
        HOUR = 60
        DAY = 1440

    minute = models.DateTimeField()
    article = models.PositiveBigIntegerField(default=0, help_text="0 for what is no article.")
    standing = models.CharField(max_length=12)
    decision = models.CharField(max_length=16)
    robot = models.BooleanField(default=False)
    count = models.PositiveBigIntegerField()
    span = models.PositiveSmallIntegerField(choices=Span, default=Span.MINUTE)

    class Meta:
        constraints = [
            # also the index that reports read by, since it begins with the time
            models.UniqueConstraint(fields=["minute", "article", "standing", "decision", "robot"], name="one_count_a_minute")
        ]
        indexes = [models.Index(fields=["span", "minute"])]  # what is old enough to be rolled up

    def __str__(self) -> str:
        return f"{self.minute:%Y-%m-%d %H:%M} {self.article} {self.decision}: {self.count}"


class DailySalt(models.Model):
    """What one day's marks are keyed with, so that they say nothing about any other day. Deleted when the day is over."""

    day = models.DateField(primary_key=True)
    salt = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"the salt of {self.day}"


class VisitorMark(models.Model):
    """One visitor of one day, as a keyed hash: it tells whether they were counted already, and nothing else."""

    pk = models.CompositePrimaryKey("day", "mark")
    day = models.DateField()
    mark = models.BigIntegerField()
    known = models.BooleanField(help_text="A reader or device, rather than nobody.")

    def __str__(self) -> str:
        return f"{self.day} {self.mark:016x}"


class DailyVisitors(models.Model):
    """How many different visitors came on a day that is over, in the publication's time zone."""

    day = models.DateField(primary_key=True)
    anonymous = models.PositiveBigIntegerField()
    known = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"{self.day}: {self.anonymous} and {self.known}"
