"""What templates of guides say in their own way: days of history."""

from __future__ import annotations

from datetime import date

from django import template
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from masthead.front.templatetags.front import FORMATS

register = template.Library()


@register.simple_tag
def happened(day: date, precision: str) -> SafeString:
    """A day of history, as exactly as is known: no time zone shifts it."""
    words, machine = FORMATS.get(precision, FORMATS["day"])
    if words == "DATE_FORMAT" and (get_language() or "en").startswith("en-gb"):
        words = "j F Y"  # as in ``date_of``
    return format_html('<time datetime="{}">{}</time>', day.isoformat()[: len(machine)], date_format(day, words))
