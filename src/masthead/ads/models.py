"""House advertisements and pasted tags, edited in the newsroom."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from masthead.articles.models import LogsChanges
from masthead.core import clock


class Advertisement(LogsChanges):
    """Something that may stand in a slot on pages, and in newsletters, of those who are not subscribers."""

    class Slot(models.TextChoices):
        TOP = "top", "Top of the page"
        IN_ARTICLE = "in-article", "In the article"
        SIDE = "side", "Beside the article"
        NEWSLETTER = "newsletter", "In newsletters"

    name = models.CharField(max_length=80, help_text="For the newsroom only.")
    slots = models.JSONField(default=list, help_text="Where it may stand.")
    headline = models.CharField(max_length=80, blank=True)
    text = models.CharField(max_length=200, blank=True)
    link = models.CharField(max_length=500, blank=True, help_text="A path such as /newsletters/, or a full address.")
    picture = models.ForeignKey("wagtailimages.Image", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    picture_alt = models.CharField("alt text", max_length=250, blank=True)
    tag = models.TextField(
        "pasted tag",
        blank=True,
        help_text="HTML from an advertising service, instead of the above. It runs in your readers' browsers.",
    )
    starts = models.DateTimeField(null=True, blank=True)
    ends = models.DateTimeField(null=True, blank=True)
    weight = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Twice the weight is shown twice as often.",
    )
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse what a page could not show, with a sentence that says what to do."""
        problems: dict[str, str] = {}
        known = set(self.Slot.values)
        if not isinstance(self.slots, list) or not self.slots or not set(self.slots) <= known:
            problems["slots"] = "Please tick at least one place for it to stand in."
        if self.tag:
            if self.headline or self.text or self.link or self.picture_id:
                problems["tag"] = "Give either a pasted tag or a headline with a link, not both: readers would see only the tag."
            elif isinstance(self.slots, list) and self.Slot.NEWSLETTER in self.slots:
                problems["slots"] = "A pasted tag cannot stand in newsletters: no mail program would run it."
        else:
            if not self.headline:
                problems["headline"] = "An advertisement needs a headline and a link, or a pasted tag."
            if not self.link:
                problems["link"] = "Where does it lead? Write a path such as /newsletters/, or a full address."
            elif self.link.startswith("//") or not self.link.startswith(("https://", "http://", "/")):
                problems["link"] = "A link begins with https://, or with / for a page of yours."
            if self.picture_id and not self.picture_alt.strip():
                problems["picture_alt"] = "Please say what the picture shows, for whoever cannot see it."
        if self.starts and self.ends and self.ends <= self.starts:
            problems["ends"] = "It has to end after it starts."
        if problems:
            raise ValidationError(problems)

    @property
    def places(self) -> str:
        """Where it may stand, in words."""
        return ", ".join(str(self.Slot(slot).label) for slot in self.slots if slot in self.Slot.values)

    @property
    def running(self) -> str:
        """Whether it is shown now, in a word."""
        now = clock.now()
        if not self.active:
            return "Off"
        if self.starts and self.starts > now:
            return "Not yet"
        if self.ends and self.ends <= now:
            return "Over"
        return "Running"
