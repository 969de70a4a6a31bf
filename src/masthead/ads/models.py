"""House advertisements and pasted tags, edited in the newsroom."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models



class Advertisement(models.Model):
    """Something that may stand in a slot on pages of those who are not subscribers."""

    class Slot(models.TextChoices):
        TOP = "top", "Top of the page"
        IN_ARTICLE = "in-article", "In the article"
        SIDE = "side", "Beside the article"

    name = models.CharField(max_length=80, help_text="For the newsroom only.")
    slots = models.JSONField(default=list, help_text="Where it may stand.")
    headline = models.CharField(max_length=80, blank=True)
    text = models.CharField(max_length=200, blank=True)
    link = models.CharField(max_length=500, blank=True, help_text="A path such as /newsletters/, or a full address.")
    picture = models.ForeignKey("wagtailimages.Image", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    picture_alt = models.CharField("alt text", max_length=250, blank=True)
    tag = models.TextField(
        "pasted tag", blank=True, help_text="HTML from an advertising service, instead of the above. It runs in your readers' browsers."
    )
    starts = models.DateTimeField(null=True, blank=True)
    ends = models.DateTimeField(null=True, blank=True)
    weight = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(100)], help_text="Twice the weight is shown twice as often."
    )
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if not self.tag and not (self.headline and self.link):
            raise ValidationError("An advertisement needs a headline and a link, or a pasted tag.")
        if self.starts and self.ends and self.ends <= self.starts:
            raise ValidationError({"ends": "It has to end after it starts."})
