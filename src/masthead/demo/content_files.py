"""The demo publication's texts as they lie in ``content/``: TOML, and articles in a small Markdown. No Django."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from masthead.imports import markdown
from masthead.imports.markdown import Raw, block

CONTENT = Path(__file__).resolve().parent / "content"

_OPENING = re.compile(r"""(^|[\s(\[{—–“‘/*_|])"(?=\S)""", re.MULTILINE)
_SINGLE_OPENING = re.compile(r"""(^|[\s(\[{—–“/*_|])'(?=\S)""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Text:
    """One article's file: its head as given, and its body as blocks."""

    slug: str
    title: str
    standfirst: str
    authors: tuple[str, ...]
    topics: tuple[str, ...]
    format: str
    access: str
    day: int
    picture: str
    alt: str
    caption: str
    credit: str
    body: list[Raw]


def load(name: str) -> dict[str, Any]:
    """One of the TOML files, by its name without ending."""
    return tomllib.loads((CONTENT / f"{name}.toml").read_text(encoding="utf-8"))


def texts() -> list[Text]:
    """Every article, newest first."""
    found = [_text(path) for path in (CONTENT / "articles").glob("*.md")]
    return sorted(found, key=lambda text: text.day)


def _text(path: Path) -> Text:
    _, head, body = path.read_text(encoding="utf-8").split("+++\n", 2)
    fields = tomllib.loads(head)
    slug = path.stem
    return Text(
        slug=slug,
        title=typographic(fields["title"]),
        standfirst=typographic(fields["standfirst"]),
        authors=tuple(fields["authors"]),
        topics=tuple(fields["topics"]),
        format=fields["format"],
        access=fields["access"],
        day=fields["day"],
        picture=fields.get("picture", f"{slug}.webp"),
        alt=typographic(fields.get("alt", "")),
        caption=typographic(fields.get("caption", "")),
        credit=fields.get("credit", ""),
        body=markdown.identify(blocks(body), f"demo:{slug}"),
    )


def typographic(text: str) -> str:
    """Straight quotation marks made round; an apostrophe is one that opens nothing."""
    text = _OPENING.sub(r"\1“", text).replace('"', "”")
    return _SINGLE_OPENING.sub(r"\1‘", text).replace("'", "’")


def _keep(href: str) -> bool:
    return markdown.web_address(href) or bool(re.fullmatch(r"/[a-z0-9/-]*", href))


def blocks(source: str) -> list[Raw]:
    """The body's blocks, without ids: Markdown, and beyond it asides, the gate, pull quotes, sources, tables with captions."""
    made: list[Raw] = []
    lines = typographic(source.strip()).split("\n")
    position = 0
    while position < len(lines):
        line = lines[position]
        if not line.strip():
            position += 1
        elif line.startswith(":::aside"):
            end = lines.index(":::", position)
            inside = markdown.blocks("\n".join(lines[position + 1 : end]), _keep)
            text = "".join(each["value"] for each in inside if each["type"] in ("paragraph", "list"))
            made.append(block("aside", {"title": line.removeprefix(":::aside").strip(), "text": text}))
            position = end + 1
        elif line.strip() == ":::gate":
            made.append(block("gate", None))
            position += 1
        elif line.startswith(">>"):
            made.append(block("pull_quote", line.removeprefix(">>").strip()))
            position += 1
        else:
            chunk: list[str] = []
            while position < len(lines) and lines[position].strip() and not lines[position].startswith((":::", ">>")):
                chunk.append(lines[position])
                position += 1
            made += _chunk(chunk)
    return made


def _chunk(lines: list[str]) -> list[Raw]:
    if lines[0].startswith(">"):
        said = [line.removeprefix(">").strip() for line in lines]
        source = said.pop().removeprefix("—").strip() if said[-1].startswith("—") else ""
        made = markdown.blocks("\n".join(said), _keep)
        return [block("quotation", {"text": "".join(each["value"] for each in made), "source": source})]
    if lines[0].startswith("Table:"):
        made = markdown.blocks("\n".join(lines[1:]), _keep)
        made[0]["value"]["caption"] = lines[0].removeprefix("Table:").strip()
        return made
    return markdown.blocks("\n".join(lines), _keep)
