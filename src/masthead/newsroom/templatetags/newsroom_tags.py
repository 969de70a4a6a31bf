"""The publication's name in the newsroom's frame; whose a piece of outside news is."""

from django import template

from masthead.core.models import Publication
from masthead.newsletters.models import WireEntry

register = template.Library()


@register.simple_tag
def publication() -> Publication:
    """The publication's settings."""
    return Publication.load()


@register.filter
def whose(entry: WireEntry) -> str:
    """Whose news a wire entry is: its publisher, else its feed's name, else nobody's but ours."""
    return entry.publisher or (entry.source.name if entry.source else "") or "By hand"
