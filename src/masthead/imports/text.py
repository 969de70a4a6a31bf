"""Plain text as archives keep it, made into paragraphs. No Django.

Old texts come with the traces of paper: lines broken at a margin (sometimes with an empty line between every two), words
divided at a line's end, paragraphs cut by a page, numbers before each paragraph, byte-order marks where files were joined. A
rule here acts only on what is unmistakable; in doubt the text stays as it is.
"""

from __future__ import annotations

import html
import itertools
import re
import statistics
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

_INVISIBLES = "\ufeff\u200b\u200c\u200e\u200f\u2060\u00ad\u202a-\u202e\u2066-\u2069\ufffe\uffff\ufdd0-\ufdef"
_INVISIBLE = re.compile(f"[{_INVISIBLES}]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ODD = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_INVISIBLES}]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")  # a ; ends it: AT&T; and R&D stay
_BLANK_LINES = re.compile(r"\n[^\S\n]*\n\s*")
_ENDS = re.compile(r"""[.!?…:;]["”’'»)\]]*$|["”»]$""")
_DIVIDED = re.compile(r"([^\W\d_]+)-$")
_FIRST_WORD = re.compile(r"[^\W\d_]+")
_NUMBERED = re.compile(r"^(\d{1,3})[.)]?\s+(?=[A-ZÀ-Þ\"“‘'(|\[])")
_HASHED = re.compile(r"^(#{1,6})\s+(\S.{0,158})$")
_SENTENCE_END = re.compile(r"(?<=[a-zß-ÿ)”\"][.!?])\s+(?=[A-ZÀ-Þ“\"])")
_DATELINE = re.compile(
    r"^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?:January|February|March|April|May|June|July|August|September|"
    r"October|November|December) \d{1,2}, \d{4}$"
)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split("|"))


# First parts of words that keep their hyphen when a line ends after it.
_COMPOUNDS = _set(
    "self|non|well|ill|half|semi|quasi|cross|vice|far|long|short|high|low|middle|full|first|third|two|three|four|five|six|"
    "seven|eight|nine|ten|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|world|peace|war|cease|law|decision|policy|"
    "multi|anti|post|pre|nuclear|north|south|east|west|large|small|wide|broad|deep"
)
# First parts that are words of their own and yet divided from longer words.
_PREFIXES = _set("under|inter|super|every|where|there|other|after|counter")
_SUSPENDED = frozenset({"and", "or", "to", "nor", "but"})

# A line of its own that says just this is a heading, in whatever text it stands.
_HEADINGS = _set(
    "summary|introduction|background|conclusion|conclusions|recognition|diplomatic relations|consular relations|"
    "consular presence|treaties and agreements|treaties & agreements|key diplomatic events|history of diplomatic relations|"
    "historical overview|executive summary|resources|prison and detention center conditions|trial procedures|"
    "arrest procedures and treatment of detainees|political prisoners and detainees|elections and political participation|"
    "role of the police and security apparatus"
)

WRAPPED_LINE = 110  # a "paragraph" shorter than this in the median is a line
LONG = 260  # words; a paragraph that lost its breaks is divided after about half as many


@dataclass(frozen=True, slots=True)
class Piece:
    """One block of a text: a paragraph or a heading."""

    kind: str
    text: str


@dataclass(slots=True)
class Cleaned:
    """A text's pieces, and what was done to it (for the report)."""

    pieces: list[Piece]
    notes: list[str] = field(default_factory=list)


def characters(text: str) -> str:
    """``text`` without characters nobody can see; every kind of line end is one, every kind of space a space."""
    if _ODD.search(text):
        text = (
            text.replace("\r\n", "\n")
            .replace("\r", "\n")
            .replace("\u2028", "\n")
            .replace("\u2029", "\n\n")
            .replace("\x0c", "\n\n")
        )
        text = _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", _CONTROL.sub("", text)))
    return unicodedata.normalize("NFC", text)


def line(text: str) -> str:
    """``text`` as one line: for titles and names."""
    return " ".join(characters(text).split())


def decoded(text: str) -> str:
    """``text`` as one line, in which ``&amp;`` and ``&#8217;`` are the characters they stand for. Once: it stays plain text, and
    what spells out an entity (``&amp;lt;``) goes on spelling it out.
    """
    return line(_ENTITY.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text)


def clean(body: str, title: str = "") -> Cleaned:
    """``body`` as paragraphs and headings."""
    notes: list[str] = []
    if "\ufeff" in body:
        notes.append("byte-order mark removed")
    body = characters(body).strip("\n")
    chunks = [chunk for chunk in _BLANK_LINES.split(body) if chunk.strip()]
    paragraphs, joined = _unwrap(chunks)
    if joined:
        notes.append("hard-wrapped lines joined")
    paragraphs = [" ".join(paragraph.split()) for paragraph in paragraphs]
    paragraphs, mended = _mend([paragraph for paragraph in paragraphs if paragraph])
    if mended:
        notes.append("paragraphs cut by a page or hyphen joined")
    paragraphs, numbered = _without_numbers(paragraphs)
    if numbered:
        notes.append("paragraph numbers removed")
    if joined or len(paragraphs) == 1:
        paragraphs = [part for paragraph in paragraphs for part in _divide(paragraph)]
    while paragraphs and (_DATELINE.match(paragraphs[0]) or paragraphs[0].casefold() == title.casefold()):
        del paragraphs[0]  # the page shows the date and the title already
    return Cleaned(_pieces(paragraphs), notes)


# Lines ----------------------------------------------------------------------------------------------------------------


def _ended(text: str) -> bool:
    return bool(_ENDS.search(text.rstrip()[-6:]))


def _unwrap(chunks: Sequence[str]) -> tuple[list[str], bool]:
    """Paragraphs from what stood between empty lines, and whether lines had to be joined."""
    single = [chunk for chunk in chunks if "\n" not in chunk]
    if len(single) == len(chunks) >= 8:
        shape = [chunk.strip() for chunk in chunks]
        if (
            statistics.median(len(chunk) for chunk in shape) < WRAPPED_LINE
            and sum(not _ended(chunk) for chunk in shape) > 0.4 * len(shape)
            and sum(chunk[0].islower() for chunk in shape) > 0.2 * len(shape)
        ):
            return _join(chunks), True
        return list(chunks), False
    if len(single) == len(chunks):
        return list(chunks), False
    broken = [chunk.split("\n") for chunk in chunks if "\n" in chunk]
    inner = [text for lines in broken for text in lines[:-1] if text.strip()]
    if sum(not _ended(text) for text in inner) < 0.5 * len(inner):
        # nobody's margin: each line is meant as a paragraph
        return [text for chunk in chunks for text in chunk.split("\n") if text.strip()], False
    width = _width(inner)
    return [text for chunk in chunks for text in (_join(chunk.split("\n"), width) if "\n" in chunk else [chunk])], True


def _width(lines: Sequence[str]) -> int:
    lengths = sorted(len(text.strip()) for text in lines)
    return lengths[int(len(lengths) * 0.9)] if lengths else 0


def _join(lines: Sequence[str], width: int = 0) -> list[str]:
    """The paragraphs that ``lines``, broken at a margin, once were."""
    lines = [text for text in lines if text.strip()]
    width = width or _width(lines)
    indented = [text[0].isspace() for text in lines]
    by_indent = 0 < sum(indented) < 0.4 * len(lines)
    words: frozenset[str] | None = None
    paragraphs: list[str] = []
    previous = ""
    for text, indent in zip(lines, indented, strict=True):
        text = text.strip()
        starts = (
            not previous
            or (
                _ended(previous)
                and not text[0].islower()
                and ((by_indent and indent) or len(previous) < 0.78 * width or bool(_NUMBERED.match(text)))
            )
            or bool(_HASHED.match(text) or _HASHED.match(previous))
        )
        if starts:
            paragraphs.append(text)
        else:
            if words is None and previous[-1] == "-":
                words = _vocabulary(" ".join(lines))
            paragraphs[-1] = _glue(paragraphs[-1], text, words or frozenset()) or f"{paragraphs[-1]} {text}"
        previous = text
    return paragraphs


def _vocabulary(text: str) -> frozenset[str]:
    return frozenset(word.strip(".,;:!?\"“”‘’'()[]").lower() for word in text.split())


def _glue(before: str, after: str, words: frozenset[str]) -> str | None:
    """``before``, which may end in a divided word, with ``after``; None where the hyphen says nothing."""
    divided = _DIVIDED.search(before[-40:]) if before[-1:] == "-" else None
    first = _FIRST_WORD.match(after)
    if not divided or not first:
        return None
    left, right = divided[1], first[0]
    if right[0].isupper():
        return before + after if left[0].isupper() else None  # Under-|Secretary, but not "shared world-|We"
    if right in _SUSPENDED:
        return f"{before} {after}"  # medium-|and long-range
    low = f"{left}-{right}".lower()
    if low in words:
        return before + after
    if low.replace("-", "") in words:
        return before[:-1] + after
    if left.lower() in _COMPOUNDS or "-" in before.rpartition(" ")[2][:-1]:
        return before + after
    if len(left) > 4 and len(right) > 4 and left.lower() in words and right in words and left.lower() not in _PREFIXES:
        return before + after  # capacity-|building
    return before[:-1] + after


def _mend(paragraphs: Sequence[str]) -> tuple[list[str], bool]:
    """Join what a page's end cut: a divided word, or a sentence that goes on in lower case."""
    mended: list[str] = []
    words: frozenset[str] | None = None
    changed = False
    for text in paragraphs:
        before = mended[-1] if mended else ""
        if before and text[0].islower() and not _HASHED.match(before):
            if before[-1] == "-" and (words is not None or (words := _vocabulary(" ".join(paragraphs)))):
                if together := _glue(before, text, words):
                    mended[-1], changed = together, True
                    continue
            elif (before[-1].isalpha() or before[-1] == ",") and before.count(" ") >= 6 and text.count(" ") >= 2:
                mended[-1], changed = f"{before} {text}", True
                continue
        mended.append(text)
    return mended, changed


def _without_numbers(paragraphs: list[str]) -> tuple[list[str], bool]:
    """Without the numbers a transcript gives its paragraphs: one after the other, before most of them."""
    found = [(position, int(match[1])) for position, text in enumerate(paragraphs) if (match := _NUMBERED.match(text))]
    if len(found) < 4 or len(found) < 0.5 * len(paragraphs):
        return paragraphs, False
    steps = [b - a for (_, a), (_, b) in itertools.pairwise(found)]
    if sum(step == 1 for step in steps) < 0.7 * len(steps):
        return paragraphs, False
    numbers = dict(found)
    return [_NUMBERED.sub("", text) if position in numbers else text for position, text in enumerate(paragraphs)], True


def _divide(paragraph: str) -> list[str]:
    """A paragraph that lost its breaks, divided between sentences; any other as it is."""
    if paragraph.count(" ") < LONG:
        return [paragraph]
    parts: list[str] = []
    for sentence in _SENTENCE_END.split(paragraph):
        if parts and parts[-1].count(" ") < LONG // 2:
            parts[-1] = f"{parts[-1]} {sentence}"
        else:
            parts.append(sentence)
    if len(parts) > 1 and parts[-1].count(" ") < 30:
        parts[-2:] = [f"{parts[-2]} {parts[-1]}"]
    return parts


def _pieces(paragraphs: Sequence[str]) -> list[Piece]:
    pieces: list[Piece] = []
    for position, text in enumerate(paragraphs):
        last = position + 1 == len(paragraphs)
        if match := _HASHED.match(text):
            pieces.append(Piece("paragraph" if last else "heading", match[2].strip(" #")))
        elif not last and (text.casefold() in _HEADINGS):
            pieces.append(Piece("heading", text.capitalize() if text.isupper() else text))
        else:
            pieces.append(Piece("paragraph", text.lstrip("#").strip() if text.startswith("#") else text))
    return [piece for piece in pieces if piece.text]
