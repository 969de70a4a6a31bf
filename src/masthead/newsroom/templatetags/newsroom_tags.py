"""The publication's name in the newsroom's frame."""

from django import template

from masthead.core.models import Publication

register = template.Library()


@register.simple_tag
def publication() -> Publication:
    """The publication's settings."""
    return Publication.load()
