"""Blocks become HTML here, once, sanitised; and here alone the teaser is cut from the rest (DESIGN 4, 5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any

import nh3
from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag
from django.utils.html import strip_tags
from wagtail.rich_text import expand_db_html

from masthead.access.policy import Policy

# Embeds come from the provider list Wagtail is configured with; everything else is what our own blocks produce.
_TAGS = {
    "p", "h2", "h3", "ul", "ol", "li", "blockquote", "footer", "figure", "figcaption", "img",
    "a", "b", "strong", "i", "em", "sup", "sub",
    "br", "hr", "span", "div", "aside", "table", "thead", "tbody", "tr", "th", "td", "caption", "iframe", "cite", "abbr",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"class", "id", "lang", "dir", "role", "aria-label", "aria-hidden", "tabindex"},
    "a": {"href", "title"},
    "img": {"src", "srcset", "sizes", "alt", "width", "height", "loading", "decoding"},
    "iframe": {"src", "title", "width", "height", "allowfullscreen", "loading"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
}
_CLEANER = nh3.Cleaner(tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"http", "https", "mailto"}, link_rel="noopener")

PARAGRAPH = "paragraph"
Block = tuple[str, str]  # (kind, html)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A body as HTML: ``blocks`` in order, and how many stand before the editor's gate (None: the policy decides)."""

    blocks: tuple[Block, ...]
    gate: int | None

    @property
    def words(self) -> int:
        return sum(len(strip_tags(html).split()) for _, html in self.blocks)


@dataclass(frozen=True, slots=True)
class Cut:
    """An article in its two parts. Whoever shows ``rest`` has asked ``decide()`` first."""

    teaser: tuple[Block, ...]
    rest: tuple[Block, ...]


def sanitise(html: str) -> str:
    """``html`` with only the elements and attributes our blocks use; no script, style or foreign scheme survives."""
    return _CLEANER.clean(html).strip()


def render_body(body: Iterable[Any]) -> Rendered:
    """Render a StreamField value. A rich-text block of several paragraphs becomes one block each: the teaser counts
    paragraphs.
    """
    blocks: list[Block] = []
    gate = None
    for child in body:
        if child.block_type == "gate":
            gate = len(blocks)
            continue
        html = sanitise(str(child.render()))
        if child.block_type == PARAGRAPH:
            blocks += _split(html)
        elif html:
            blocks.append((child.block_type, html))
    return Rendered(tuple(blocks), gate)


def _split(html: str) -> list[Block]:
    parts: list[Block] = []
    for node in BeautifulSoup(html, "html.parser").contents:
        if isinstance(node, Tag):
            if node.get_text(strip=True) or node.find("img"):
                parts.append((PARAGRAPH, str(node)))
        elif isinstance(node, NavigableString) and node.strip():
            parts.append((PARAGRAPH, f"<p>{sanitise(str(node))}</p>"))
    return parts


def cut(blocks: Sequence[Sequence[str]], gate: int | None, policy: Policy) -> Cut:
    """Teaser and rest. Where no editor set the gate: the policy's number of paragraphs, but never the whole of an article.

    A heading is never the teaser's last block: it announces what the gate keeps.
    """
    all_blocks: tuple[Block, ...] = tuple((kind, html) for kind, html in blocks)
    if gate is not None:
        return Cut(all_blocks[:gate], all_blocks[gate:])
    end, paragraphs = 0, 0
    for position, (kind, _) in enumerate(all_blocks):
        if paragraphs == policy.teaser_paragraphs:
            break
        if kind == PARAGRAPH:
            paragraphs += 1
            end = position + 1
    if end == len(all_blocks):
        end -= 1
    while end > 0 and all_blocks[end - 1][0] == "heading":
        end -= 1
    end = max(end, 0)
    return Cut(all_blocks[:end], all_blocks[end:])


# Text in which sanitising and re-serialising change nothing: no markup, no control character, only the entities we write.
_SAFE = r"[^<>&\x00-\x1f\x7f-\x9f\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufdd0-\ufdef\ufffe\uffff]*"
_PLAIN = re.compile(rf"{_SAFE}(?:&(?:amp|lt|gt);{_SAFE})*")
# The same for what sanitising gives: a paragraph with nothing in it but words, emphasis and links
_INLINE = r"</?(?:b|i|strong|em)>|</a>|<a href=\"[^\"<>&]*(?:&amp;[^\"<>&]*)*\" rel=\"noopener\">"
_ONE_PARAGRAPH = re.compile(rf"<p>{_SAFE}(?:(?:&(?:amp|lt|gt);|{_INLINE}){_SAFE})*</p>")
_TAG = re.compile(r"<[^<>]*>")
_RICH_TEXT = {PARAGRAPH, "list"}


def render_stored(raw: Sequence[dict[str, Any]], stream_block: Any) -> tuple[Rendered, int]:
    """What :func:`render_body` gives for a body as it is stored, and its words, without the machinery where none is needed.

    For bulk creation: plain paragraphs and headings take microseconds; any other block goes the long way round.
    """
    blocks: list[Block] = []
    gate, words = None, 0
    for item in raw:
        kind, value = item["type"], item["value"]
        if kind == PARAGRAPH and value[:3] == "<p>" and value[-4:] == "</p>" and _PLAIN.fullmatch(value, 3, len(value) - 4):
            if count := _count_words(value[3:-4]):
                blocks.append((PARAGRAPH, value))
                words += count
            continue
        if kind == "heading" and _PLAIN.fullmatch(text := escape_text(value)):
            blocks.append(("heading", f"<h2>{text}</h2>"))
            words += len(text.split())
            continue
        if kind in _RICH_TEXT:
            # links within the site and embeds are kept as numbers; all else stands as it is
            html = sanitise(expand_db_html(value) if "linktype" in value or "<embed" in value else value)
            if kind == PARAGRAPH and not _ONE_PARAGRAPH.fullmatch(html):
                part = Rendered(tuple(_split(html)), None)
            else:
                # stray angle brackets apart, tags are what stands between two of them
                text = _TAG.sub("", html) if html.count("<") == html.count(">") else strip_tags(html)
                if text.strip() or (html and kind != PARAGRAPH):
                    blocks.append((kind, html))
                    words += len(text.split())
                continue
        else:
            part = render_body(stream_block.to_python([item]))
        if part.gate is not None:
            gate = len(blocks)
        blocks += part.blocks
        words += part.words
    return Rendered(tuple(blocks), gate), words


_INSIDE_WORDS = re.compile(r"</?(?:a|abbr|b|cite|em|i|span|strong|sub|sup)\b[^<>]*>")
_BETWEEN_WORDS = re.compile(r"<[^<>]*>")


def plain(html: str) -> str:
    """The text of sanitised ``html``, on one line: what a search looks through. Only for what :func:`sanitise` gave."""
    text = _BETWEEN_WORDS.sub(" ", _INSIDE_WORDS.sub("", html))
    return " ".join((unescape(text) if "&" in text else text).split())


def _count_words(text: str) -> int:
    """``len(text.split())`` for text whose only white space is spaces, mostly without splitting it."""
    if not text or text[0] == " " or text[-1] == " " or "  " in text:
        return len(text.split())
    return text.count(" ") + 1


def escape_text(text: str) -> str:
    """``text`` as it stands between tags once sanitised: quotation marks stay as they are."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
