"""What the account and log-in pages say in their own way: days in words, and whether passkeys can be had at this address."""

from __future__ import annotations

from datetime import date

from django import template
from django.utils.formats import date_format, get_format

from masthead.readers import passkeys

register = template.Library()


@register.filter
def in_words(day: date | None) -> str:
    """ "1 December 2026": the language's date with its month written out."""
    if day is None:
        return ""
    return date_format(day, get_format("DATE_FORMAT").replace("M", "F").replace("N", "F"), use_l10n=False)


@register.simple_tag(takes_context=True)
def passkeys_offered(context: template.Context) -> bool:
    """Whether keys can belong to the address this page was asked for at."""
    request = context.get("request")
    return request is not None and passkeys.relying_party(request) is not None


@register.simple_tag(takes_context=True)
def passkeys_elsewhere(context: template.Context) -> str:
    """On a laptop that serves itself at an address of numbers: where passkeys can be tried. Empty anywhere else."""
    request = context.get("request")
    return passkeys.explanation(request) if request is not None and passkeys.on_laptop() else ""
