"""What templates of reader pages say in their own way: dates, structured data, and the facts a page without content needs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.db import DatabaseError
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from masthead.access.policy import Standing, standing
from masthead.articles.models import Article
from masthead.core import clock
from masthead.front import structured
from masthead.front.content import Page, PublicationFacts, publication_facts
from masthead.front.pageview import view_of

register = template.Library()

# how it is written for people, and for machines
FORMATS = {"day": ("DATE_FORMAT", "2026-11-23"), "month": ("YEAR_MONTH_FORMAT", "2026-11"), "year": ("Y", "2026")}


@register.simple_tag
def date_of(moment: datetime | None, precision: str, publication: PublicationFacts) -> SafeString:
    """When something was written, as exactly as is known, in the publication's time zone."""
    if moment is None or precision == Article.Precision.NONE:
        return SafeString("")
    local = moment.astimezone(ZoneInfo(publication.timezone))
    words, machine = FORMATS.get(precision, FORMATS["day"])
    if words == "DATE_FORMAT" and (get_language() or "en").startswith("en-gb"):
        words = "j F Y"  # Django's British date cuts the month short, which is for tables
    return format_html('<time datetime="{}">{}</time>', local.date().isoformat()[: len(machine)], date_format(local, words))


@register.filter
def weekday(day: date) -> str:
    """ "Monday, 23 November"."""
    return f"{date_format(day, 'l')}, {date_format(day, 'MONTH_DAY_FORMAT')}"


@register.filter
def day(moment: date) -> str:
    """ "1 December"."""
    return date_format(moment, "MONTH_DAY_FORMAT")


@register.filter
def absolute(address: str, publication: PublicationFacts) -> str:
    """A path in full."""
    return structured.absolute(address, publication)


@register.simple_tag
def json_ld(page: Page, publication: PublicationFacts) -> SafeString:
    """The page's structured data."""
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(structured.script(page, publication)))


@register.simple_tag(takes_context=True)
def ensure_facts(context: template.Context) -> str:
    """Give a template that was rendered with nothing (an error page) the publication's facts and a plain view."""
    bottom: dict[str, Any] = context.dicts[0]
    request = context.get("request")
    if context.get("publication") is None:
        try:
            bottom["publication"] = publication_facts()
        except DatabaseError:
            bottom["publication"] = PublicationFacts()
    if context.get("view") is None:
        visitor = getattr(request, "visitor", None)
        who = standing(visitor, clock.now()) if visitor else Standing.ANONYMOUS
        path = request.path if request else "/"
        bottom["view"] = view_of(path, who, None, institution=None, locale=bottom["publication"].language)
    return ""
