"""What templates of reader pages say in their own way: dates, structured data, and the facts a page without content needs."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.db import DatabaseError
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from masthead.access.policy import Access, Standing, standing
from masthead.articles.cards import Card, Link
from masthead.articles.models import Article
from masthead.core import clock
from masthead.front import structured
from masthead.front.content.page import Page
from masthead.front.content.publication import PublicationFacts, publication_facts
from masthead.front.pageview import view_of

register = template.Library()

# how it is written for people, and for machines
FORMATS = {"day": ("DATE_FORMAT", "2026-11-23"), "month": ("YEAR_MONTH_FORMAT", "2026-11"), "year": ("Y", "2026")}


@register.simple_tag
def date_of(moment: datetime | None, precision: str, publication: PublicationFacts) -> SafeString:
    """When something was written, as exactly as is known, in the publication's time zone."""
    if moment is None or precision == Article.Precision.NONE:
        return SafeString("")
    return _written(moment.astimezone(ZoneInfo(publication.timezone)).date(), precision, get_language() or "en")


@lru_cache(maxsize=2000)  # a list says the same few days again and again, and Django takes its time over each
def _written(day: date, precision: str, language: str) -> SafeString:
    words, machine = FORMATS.get(precision, FORMATS["day"])
    if words == "DATE_FORMAT" and language.startswith("en-gb"):
        words = "j F Y"  # Django's British date cuts the month short, which is for tables
    return format_html('<time datetime="{}">{}</time>', day.isoformat()[: len(machine)], date_format(day, words))


LABELS: dict[str, str] = {Access.OPEN: "Free to read", Access.SUBSCRIBERS: "All-Access"}
SIZES = "(min-width: 60rem) 22rem, (min-width: 40rem) 45vw, 92vw"


@register.simple_tag(takes_context=True)
def draw_card(
    context: template.Context,
    card: Card,
    level: str = "h3",
    size: str = "",
    sizes: str = "",
    eager: object = False,
    plain: object = False,
    brief: object = False,
    dateless: object = False,
) -> SafeString:
    """An article in a list. A component like any other, but drawn by hand: it stands six times on an article's page and sixty
    times on the home page, and as a template it took longer than the rest of them.

    ``level`` is its heading's, ``size`` its shape, ``sizes`` how wide its picture gets. An ``eager`` picture is loaded first;
    ``plain`` leaves the picture out, ``brief`` the standfirst, ``dateless`` the date. What all of the page is about is not named.
    """
    subjects = getattr(context.get("page"), "subjects", ())
    topic = next((topic for topic in card.topics if topic.path not in subjects), None)
    picture = None if plain else card.picture
    parts = [
        f'<li class="card{f" card-{escape(size)}" if size else ""}{" has-picture" if picture else ""}">\n',
    ]
    if picture:
        loading = 'fetchpriority="high"' if eager else 'loading="lazy" decoding="async"'
        parts.append(
            f'<img src="{escape(picture.src)}" srcset="{escape(picture.srcset)}" sizes="{escape(sizes or SIZES)}" '
            f'width="{picture.width}" height="{picture.height}" alt="" {loading}>\n'
        )
    parts.append('<div class="card-text">\n')
    label = LABELS.get(card.access)
    if topic or label:
        parts.append('<p class="kicker">')
        if topic:
            parts.append(_link(topic))
        if label:
            parts.append(f'<span class="access">{label}</span>')
        parts.append("</p>\n")
    parts.append(f'<{level} class="card-title"><a href="{escape(card.path)}">{escape(card.title)}</a></{level}>\n')
    if card.standfirst and not brief:
        parts.append(f'<p class="card-standfirst">{escape(card.standfirst)}</p>\n')
    parts.append('<p class="byline">')
    if card.authors:
        *others, last = map(_link, card.authors)
        parts.append(f"<span>{', '.join(others)}{' and ' if others else ''}{last}</span>")
    if card.dated and not dateless and card.date_precision != "none":
        parts.append(f"<span>{date_of(card.dated, card.date_precision, context['publication'])}</span>")
    parts.append("</p>\n</div>\n</li>\n")
    return SafeString("".join(parts))


def _link(link: Link) -> str:
    return f'<a href="{escape(link.path)}">{escape(link.name)}</a>'


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


@register.filter
def in_full(address: str, base: str) -> str:
    """An address in a text that is read elsewhere: a path of ours in full, any other as it is."""
    return f"{base}{address}" if address.startswith("/") and not address.startswith("//") else address


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
