"""The Markdown of editors (an opening, a closing, a special edition) as clean HTML, and what is made of that. No Django."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape, unescape

import nh3
from markdown_it import MarkdownIt

# HTML in it stays text: what an edition may look like is decided by its templates
_PARSER = MarkdownIt("commonmark", {"html": False})
_TAGS = {"p", "h2", "h3", "ul", "ol", "li", "blockquote", "em", "strong", "a", "br", "hr", "img", "code"}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes={"a": {"href", "title"}, "img": {"src", "alt"}, "ol": {"start"}},
    url_schemes={"http", "https", "mailto"},
    link_rel=None,
)
_HEADINGS = {"h1": "h2", "h4": "h3", "h5": "h3", "h6": "h3"}  # an edition has one heading above these
_ADDRESS = re.compile(r'(?<=<a href=")([^"]*)(?=")|(?<=<img src=")([^"]*)(?=")')


def html(text: str) -> str:
    """``text`` as HTML of paragraphs, headings, lists, quotations, links and pictures; of anything else only its words."""
    tokens = _PARSER.parse(text)
    for token in tokens:
        token.tag = _HEADINGS.get(token.tag, token.tag)
    return _CLEANER.clean(_PARSER.renderer.render(tokens, _PARSER.options, {})).strip()


def blocks(markup: str) -> list[str]:
    """What :func:`html` made, by paragraphs, whole lists and such, in order: where it may be shortened."""
    found: list[list[str]] = []
    depth = 0
    for line in markup.split("\n"):
        if (depth == 0 and line.startswith(_BEGINNINGS)) or not found:
            found.append([])
        found[-1].append(line)
        depth += len(_OPENING.findall(line)) - len(_CLOSING.findall(line))
    return ["\n".join(lines) for lines in found]


_BEGINNINGS = ("<p>", "<h2>", "<h3>", "<ul>", "<ol", "<hr>", "<blockquote>")
_OPENING, _CLOSING = re.compile(r"<(?:ul|ol|blockquote|p)\b"), re.compile(r"</(?:ul|ol|blockquote|p)>")


def with_addresses(markup: str, link: Callable[[str], str], picture: Callable[[str], str]) -> str:
    """``markup`` with the address of each link and picture as those functions give it."""

    def written(match: re.Match[str]) -> str:
        address = link(unescape(match[1])) if match[1] is not None else picture(unescape(match[2]))
        return escape(address)

    return _ADDRESS.sub(written, markup)
