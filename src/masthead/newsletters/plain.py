"""The text part of an edition: what stands in it, in lines of at most 72 characters, addresses whole. Pure."""

from __future__ import annotations

import textwrap
from html.parser import HTMLParser

WIDTH = 72


def wrapped(text: str, indent: str = "", first: str | None = None) -> str:
    """``text`` in lines of at most ``WIDTH``; nothing is broken within a word or an address."""
    return textwrap.fill(
        " ".join(text.split()),
        WIDTH,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def heading(text: str, under: str = "=") -> str:
    """A heading, underlined over its whole length."""
    lines = textwrap.wrap(" ".join(text.split()), WIDTH, break_long_words=False) or [""]
    return "\n".join((*lines, under * min(WIDTH, max(map(len, lines)))))


def of_html(markup: str) -> str:
    """The words of clean HTML (``markdown.html``): paragraphs, lists and quotations set as in a typed letter, links in full."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    reader.end()
    return "\n\n".join(reader.blocks)


class _Reader(HTMLParser):
    """Collects the blocks of an HTML text; ``text`` is what the present one holds so far."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[str] = []
        self.text: list[str] = []
        self.lists: list[int | None] = []  # the numbers of ordered ones
        self.quotes = 0
        self.mark = ""  # of a list's item, until it is written
        self.under = ""
        self.address = ""

    def end(self) -> None:
        """Write the present block down."""
        words = "".join(self.text)
        self.text = []
        if not words.strip():
            return
        lead = "> " * self.quotes + "  " * max(0, len(self.lists) - 1)
        if self.under:
            self.blocks.append(heading(words, self.under))
        elif self.lists:
            first, self.mark = self.mark, ""
            item = wrapped(words, lead + " " * len(first or "  "), lead + (first or "  "))
            if self.blocks and self.blocks[-1].startswith("\0"):
                self.blocks[-1] += f"\n{item}"
            else:
                self.blocks.append(f"\0{item}")
        else:
            # a line's end within a paragraph, which Markdown writes as <br>, is kept
            self.blocks.append("\n".join(wrapped(line, lead) for line in words.split("\r")))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in ("p", "h2", "h3", "ul", "ol", "li", "blockquote", "hr"):
            self.end()
        if tag in ("h2", "h3"):
            self.under = "-"
        elif tag == "blockquote":
            self.quotes += 1
        elif tag in ("ul", "ol"):
            self.lists.append(int(values.get("start") or 1) if tag == "ol" else None)
        elif tag == "li" and self.lists:
            number = self.lists[-1]
            self.mark = "- " if number is None else f"{number}. "
            if number is not None:
                self.lists[-1] = number + 1
        elif tag == "br":
            self.text.append("\r")
        elif tag == "hr":
            self.blocks.append("* * *")
        elif tag == "img" and values.get("alt"):
            self.text.append(f"[{values['alt']}]")
        elif tag == "a":
            self.address = values.get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self.address:
            shown = "".join(self.text)
            address = self.address.removeprefix("mailto:")
            if not shown.endswith(address):
                self.text.append(f" <{address}>")
            self.address = ""
        if tag in ("p", "h2", "h3", "li", "ul", "ol", "blockquote"):
            self.end()
        if tag in ("h2", "h3"):
            self.under = ""
        elif tag == "blockquote":
            self.quotes = max(0, self.quotes - 1)
        elif tag in ("ul", "ol") and self.lists:
            self.lists.pop()
            if not self.lists and self.blocks:
                self.blocks[-1] = self.blocks[-1].lstrip("\0")

    def handle_data(self, data: str) -> None:
        self.text.append(data.replace("\r", " ") if not self.text or data.strip() else " ")
