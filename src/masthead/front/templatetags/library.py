"""What the library's page draws by hand: results, the values of facets, bars. As templates they took longer than the search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from django import template
from django.utils.safestring import SafeString

from masthead.articles.cards import Link
from masthead.front import when
from masthead.front.content import PublicationFacts
from masthead.front.finding import Chip, Leaf, Result, Value, address
from masthead.front.templatetags.front import date_of

register = template.Library()
register.filter("address", address)
SIZES = "9rem"


@register.simple_tag(takes_context=True)
def draw_results(context: template.Context, results: Iterable[Result]) -> SafeString:
    """Each article found, as a list item: what it is, whether this visitor may read it, and why it was found."""
    publication: PublicationFacts = context["publication"]
    return SafeString("".join(_result(result, publication) for result in results))


def _result(result: Result, publication: PublicationFacts) -> str:
    card = result.card
    parts = [f'<li class="result{" has-picture" if card.picture else ""}">\n']
    if picture := card.picture:
        parts.append(
            f'<img src="{escape(picture.src)}" srcset="{escape(picture.srcset)}" sizes="{SIZES}" width="{picture.width}" '
            f'height="{picture.height}" alt="" loading="lazy" decoding="async">\n'
        )
    topic = f"{_link(card.topics[0])}" if card.topics else ""
    parts.append(
        f'<div class="result-text">\n<p class="kicker">{topic}<span class="may may-{result.badge.kind}">'
        f"{escape(result.badge.words)}</span></p>\n"
        f'<h3 class="card-title"><a href="{escape(card.path)}">{result.headline}</a></h3>\n'
    )
    if result.standfirst:
        parts.append(f'<p class="card-standfirst">{result.standfirst}</p>\n')
    if result.passage:
        parts.append(f'<p class="passage">{result.passage}</p>\n')
    names = f"<span>{_listed(card.authors)}</span>" if card.authors else ""
    dated = f"<span>{when}</span>" if (when := date_of(card.dated, card.date_precision, publication)) else ""
    parts.append(f'<p class="byline">{names}{dated}</p>\n</div>\n</li>\n')
    return "".join(parts)


def _listed(links: Sequence[Link]) -> str:
    *others, last = map(_link, links)
    return f"{', '.join(others)}{' and ' if others else ''}{last}"


def _link(link: Link) -> str:
    return f'<a href="{escape(link.path)}">{escape(link.name)}</a>'


@register.simple_tag
def draw_values(values: Iterable[Value]) -> SafeString:
    """The values of a facet. Nothing is to be crawled here: there are more ways to narrow than articles."""
    return SafeString(
        "".join(
            f'<li><a href="{escape(address(value.query))}" rel="nofollow"{" aria-current=true" if value.chosen else ""}>'
            f"<span>{escape(value.name)}</span>{_tally(value.count)}</a></li>\n"
            for value in values
        )
    )


def _tally(count: int) -> str:
    return f' <span class="tally">{count:,}</span>' if count else ""  # none: nothing was counted


@register.simple_tag
def draw_chips(chips: Iterable[Chip]) -> SafeString:
    """What narrows the search, each a link to the search without it."""
    return SafeString(
        "".join(
            f'<li><a class="narrowing" href="{escape(address(chip.query))}" rel="nofollow"><span class="hidden">Without </span>'
            f'<span class="narrowing-kind">{chip.kind}</span> {escape(chip.name)}'
            '<span class="narrowing-away" aria-hidden="true">×</span></a></li>\n'
            for chip in chips
        )
    )


@register.simple_tag
def draw_leaves(leaves: Iterable[Leaf]) -> SafeString:
    """The numbers of pages."""
    parts = []
    for leaf in leaves:
        if not leaf.number:
            parts.append('<li class="gap" aria-hidden="true">…</li>\n')
        elif leaf.here:
            parts.append(f'<li><span aria-current="page"><span class="hidden">Page </span>{leaf.number}</span></li>\n')
        else:
            link = f'<a href="{escape(address(leaf.query))}"><span class="hidden">Page </span>{leaf.number}</a>'
            parts.append(f"<li>{link}</li>\n")
    return SafeString("".join(parts))


@register.simple_tag
def draw_bars(bars: Sequence[when.Bar]) -> SafeString:
    """Bars of years or months, for the eye."""
    return SafeString(when.draw(bars, address))


@register.simple_tag
def list_bars(bars: Iterable[when.Bar]) -> SafeString:
    """The same bars as links, in words."""
    return draw_values(Value(bar.name, bar.count, bar.query, bar.chosen) for bar in bars if bar.count or bar.chosen)
