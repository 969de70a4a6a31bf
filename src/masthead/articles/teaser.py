"""What anybody may see of an article. Pages, feeds, metadata, mails and search all take it from here (DESIGN 3)."""

from __future__ import annotations

from dataclasses import dataclass
from html import unescape

from django.utils.html import strip_tags

from masthead.access.policy import Policy
from masthead.articles.models import Rendering
from masthead.articles.rendering import PARAGRAPH, Rendered, cut


@dataclass(frozen=True, slots=True)
class Teaser:
    """The open beginning of an article: as HTML, and as the plain text of its paragraphs."""

    html: str
    text: str


def teaser(rendering: Rendering | Rendered, policy: Policy) -> Teaser:
    """The teaser of ``rendering`` under ``policy``: the same whatever the article's access and whoever asks."""
    blocks = cut(rendering.blocks, rendering.gate, policy).teaser
    text = " ".join(unescape(strip_tags(html)) for kind, html in blocks if kind == PARAGRAPH)
    return Teaser(html="\n".join(html for _, html in blocks), text=" ".join(text.split()))


def rest(rendering: Rendering | Rendered, policy: Policy) -> str:
    """What follows the teaser. Only for whom ``decide()`` opened the article."""
    return "\n".join(html for _, html in cut(rendering.blocks, rendering.gate, policy).rest)


def summary(standfirst: str, text: str, limit: int = 200) -> str:
    """One or two sentences for search engines and feeds: the standfirst, or the beginning of the teaser's text."""
    chosen = " ".join((standfirst or text).split())
    if len(chosen) <= limit:
        return chosen
    return chosen[:limit].rsplit(" ", 1)[0].rstrip(" ,;:–—-") + "…"
