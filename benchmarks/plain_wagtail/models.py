"""A front page, an index, and one kind of article."""

from django.db import models
from wagtail import blocks
from wagtail.fields import StreamField
from wagtail.models import Page


class Section(Page):
    """The front page and the list of articles."""

    template = "plain/section.html"


class Text(Page):
    """An article: a picture, a standfirst, and a stream of rich text."""

    template = "plain/text.html"

    standfirst = models.TextField(blank=True)
    picture = models.ForeignKey("wagtailimages.Image", null=True, on_delete=models.SET_NULL, related_name="+")
    body = StreamField([("heading", blocks.CharBlock()), ("text", blocks.RichTextBlock())])
