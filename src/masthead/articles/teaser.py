"""What anybody may see of an article. Pages, feeds, metadata, mails and search all take it from here (DESIGN 3)."""

from __future__ import annotations

from dataclasses import dataclass
from html import unescape

from django.utils.html import strip_tags

from masthead.access.policy import Policy
from masthead.articles.models import Rendering
from masthead.articles.rendering import PARAGRAPH, Block, Rendered, cut


@dataclass(frozen=True, slots=True)
class Teaser:
    """The open beginning of an article: as HTML, and as the plain text of its paragraphs."""

    blocks: tuple[Block, ...]

    @property
    def html(self) -> str:
        """All of it."""
        return "\n".join(html for _, html in self.blocks)

    @property
    def text(self) -> str:
        """Its words. Made when asked for: a page whose article has a standfirst never does."""
        text = " ".join(unescape(strip_tags(html)) for kind, html in self.blocks if kind == PARAGRAPH)
        return " ".join(text.split())


def teaser(rendering: Rendering | Rendered, policy: Policy) -> Teaser:
    """The teaser of ``rendering`` under ``policy``: the same whatever the article's access and whoever asks."""
    return Teaser(cut(rendering.blocks, rendering.gate, policy).teaser)


def rest(rendering: Rendering | Rendered, policy: Policy) -> str:
    """What follows the teaser. Only for whom ``decide()`` opened the article."""
    return "\n".join(html for _, html in cut(rendering.blocks, rendering.gate, policy).rest)


def visible(rendering: Rendering | Rendered, policy: Policy, *, opens: bool) -> tuple[Block, ...]:
    """The blocks somebody may see: all where ``decide()`` opened the article to them, else the teaser's."""
    parts = cut(rendering.blocks, rendering.gate, policy)
    return (*parts.teaser, *parts.rest) if opens else parts.teaser


def summary(standfirst: str, text: str, limit: int = 200) -> str:
    """One or two sentences for search engines and feeds: the standfirst, or the beginning of the teaser's text."""
    chosen = " ".join((standfirst or text).split())
    if len(chosen) <= limit:
        return chosen
    return chosen[:limit].rsplit(" ", 1)[0].rstrip(" ,;:–—-") + "…"
