"""A small Markdown, made into the blocks of an article's body in their stored form. No Django."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

Raw = dict[str, Any]

_PARSER = MarkdownIt("commonmark", {"html": True}).enable("table")
# Addresses are kept as written (``keep`` judges them, rendering sanitises them): encoding each takes half the parser's time
_PARSER.normalizeLink = str  # type: ignore[method-assign]
_PARSER.validateLink = lambda url: True  # type: ignore[method-assign]
_SHORTCODE = re.compile(r"\{\{[<%].*?[%>]\}\}", re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_KEPT = {"strong_open": "<b>", "strong_close": "</b>", "em_open": "<i>", "em_close": "</i>"}
_BLOCK_IDS = uuid.UUID("5f0c2f6e-3f1d-4f0e-9a55-0d6b6d0c9a11")


def escape(text: str) -> str:
    """``text`` as rich text stores it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def identify(blocks: Iterable[Raw], key: str) -> list[Raw]:
    """``blocks`` with ids that depend on ``key`` and their position only: what is imported twice is the same."""
    start = str(uuid.uuid5(_BLOCK_IDS, key))[:24]
    return [{**block, "id": f"{start}{number:012x}"} for number, block in enumerate(blocks)]


def block(kind: str, value: Any) -> Raw:
    """One block, without its id."""
    return {"type": kind, "value": value}


def web_address(href: str) -> bool:
    """Whether a link leads somewhere on the web; all other links of foreign texts are not kept."""
    return href.startswith(("https://", "http://"))


def inline(token: Token, keep: Callable[[str], bool] = web_address) -> str:
    """An inline token as rich text: bold, italics and those links that ``keep`` accepts."""
    parts: list[str] = []
    links: list[bool] = []
    for child in token.children or []:
        if child.type in _KEPT:
            parts.append(_KEPT[child.type])
        elif child.type in ("text", "code_inline", "text_special"):
            parts.append(escape(child.content))
        elif child.type in ("softbreak", "hardbreak"):
            parts.append(" ")
        elif child.type == "link_open":
            href = str(child.attrGet("href") or "")
            links.append(keep(href))
            if links[-1]:
                parts.append(f'<a href="{html.escape(href)}">')
        elif child.type == "link_close" and links.pop():
            parts.append("</a>")
    return "".join(parts).strip()


def blocks(source: str, keep: Callable[[str], bool] = web_address) -> list[Raw]:
    """``source`` as blocks: paragraphs, headings, lists, quotations, tables. Of HTML the text is kept; pictures are not."""
    made: list[Raw] = []
    tokens = _PARSER.parse(_SHORTCODE.sub("", source))
    position = 0
    while position < len(tokens):
        token = tokens[position]
        end = _closing(tokens, position)
        inside = tokens[position + 1 : end]
        if token.type == "paragraph_open":
            if text := inline(inside[0], keep):
                made.append(block("paragraph", f"<p>{text}</p>"))
        elif token.type == "heading_open":
            if text := _plain(inside[0]):
                made.append(block("heading", text[:160]))
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            if _has_text(inside):
                made.append(block("list", _list(tokens[position : end + 1], keep)))
        elif token.type == "blockquote_open":
            if text := _paragraphs(inside, keep):
                made.append(block("quotation", {"text": text, "source": ""}))
        elif token.type == "table_open":
            made.append(block("table", {"caption": "", "table": table(inside)}))
        elif token.type in ("fence", "code_block"):
            made += [block("paragraph", f"<p>{escape(text)}</p>") for text in [" ".join(token.content.split())] if text]
        elif token.type == "html_block":
            text = " ".join(html.unescape(_TAG.sub(" ", token.content)).split())
            if text and not text.startswith("<!--"):
                made.append(block("paragraph", f"<p>{escape(text)}</p>"))
        position = end + 1
    return made


def table(tokens: list[Token]) -> Raw:
    """A table's tokens as Wagtail's table block stores them."""
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(_plain(token))
    return {
        "data": rows,
        "cell": [],
        "mergeCells": [],
        "first_row_is_table_header": True,
        "first_col_is_header": False,
        "table_caption": "",
        "table_header_choice": "row",
    }


def _closing(tokens: list[Token], start: int) -> int:
    """Where the block opened at ``start`` is closed (itself, where it opens nothing)."""
    if tokens[start].nesting != 1:
        return start
    depth = 0
    for position in range(start, len(tokens)):
        depth += tokens[position].nesting
        if depth == 0:
            return position
    return len(tokens) - 1


def _plain(token: Token) -> str:
    text = "".join(
        " " if child.type in ("softbreak", "hardbreak") else child.content
        for child in token.children or []
        if child.type in ("text", "code_inline", "text_special", "softbreak", "hardbreak")
    )
    return " ".join(text.split())


def _has_text(tokens: Iterable[Token]) -> bool:
    return any(token.type == "inline" and _plain(token) for token in tokens)


def _list(tokens: list[Token], keep: Callable[[str], bool]) -> str:
    tags = {"bullet_list": "ul", "ordered_list": "ol", "list_item": "li"}
    parts: list[str] = []
    for token in tokens:
        name, _, way = token.type.rpartition("_")
        if name in tags:
            parts.append(f"<{tags[name]}>" if way == "open" else f"</{tags[name]}>")
        elif token.type == "inline":
            # several paragraphs in one item stand on lines of their own
            parts.append(("<br/>" if parts and parts[-1][:1] != "<" else "") + inline(token, keep))
    return "".join(parts).replace("<li></li>", "")


def _paragraphs(tokens: list[Token], keep: Callable[[str], bool]) -> str:
    return "".join(f"<p>{text}</p>" for token in tokens if token.type == "inline" and (text := inline(token, keep)))
