"""The publication's name in the newsroom's frame; who works on what; whose a piece of outside news is."""

from typing import Any

from django import template

from masthead.core.models import Publication
from masthead.front.visitors import at_desk
from masthead.newsletters.models import WireEntry

register = template.Library()


@register.simple_tag
def publication() -> Publication:
    """The publication's settings."""
    return Publication.load()


@register.simple_tag(takes_context=True)
def works_on_articles(context: Any) -> bool:
    """Whether who looks has anything to do with articles."""
    return at_desk(context["request"].user)


@register.filter
def whose(entry: WireEntry) -> str:
    """Whose news a wire entry is: its publisher, else its feed's name, else nobody's but ours."""
    return entry.publisher or (entry.source.name if entry.source else "") or "By hand"
