"""MIME messages with places for what is each reader's own: built once an edition, filled once a reader. Pure.

    message = build({"Subject": "The Daily", "To": place("to"), ...}, text, html)
    prebuilt = split(message)  # what EditionContent.message holds, read back
    data = prebuilt.fill({"to": b"ada@example.org", ...})

In the strings a place is written with two characters that Unicode keeps for a program's own use (``clean`` takes them out of what
others wrote), in the message with NUL, which nothing else in it can be. So nothing in an edition can pass for a place.

What ``fill`` gives back is ready for the wire: every line ends in CRLF and none begins with a dot, so that dot-stuffing
would change nothing. What is put into a place is written as its surroundings ask: in quoted-printable in the text, escaped as
well in the HTML, as it is in a header field, where a line end is refused.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from html import escape

_OPEN, _CLOSE = "\ufdd0", "\ufdd1"  # noncharacters: never in a text that is for reading
_PLACE = re.compile(f"{_OPEN}([a-z][a-z_]*){_CLOSE}")
_MARK = re.compile(rb"\x00([fth])([a-z_]+)\x00")  # in a header field, in the text, in the HTML
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*\Z")

LINE = 75  # of quoted-printable, less the "=" of a soft break (RFC 2045, 6.7)
WORD = 52  # characters an encoded word holds, so that it fits beside a field's name (RFC 2047, 2)
FIELD = 76

_HARMLESS = bytes(sorted(set(range(256)) - {0, 10, 13}))  # in a header field
_PLAIN = bytes(sorted(set(range(33, 127)) - {ord("=")}))  # means itself in quoted-printable
_PLAIN_HTML = bytes(sorted(set(_PLAIN) - set(b"&<>\"'")))  # and in HTML
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+\Z")  # a display name that needs no quotes


class Written(str):
    """A header field's value in its final form: ASCII that is folded at its spaces and otherwise left alone."""

    __slots__ = ()


def place(name: str) -> str:
    """What to write where ``name`` of each reader goes: whole, on its own or within an address."""
    written = f"{_OPEN}{name}{_CLOSE}"
    if not _PLACE.fullmatch(written):
        raise ValueError(f"A place is named in small letters: {name!r}")
    return written


def clean(text: str) -> str:
    """``text`` of others without what could pass for a place, or for an end of the message."""
    return text.translate(_UNPRINTABLE)


# line ends and tabs stay; the other controls are in nobody's text on purpose, nor are noncharacters and halves of surrogates
_UNPRINTABLE = dict.fromkeys([*(set(range(32)) - {9, 10, 13}), 127, *range(0xFDD0, 0xFDF0), *range(0xD800, 0xE000)])


def fill_text(text: str, values: Mapping[str, str], *, html: bool = False) -> str:
    """``text`` with its places filled, escaped where it is ``html``: for previews. One without a value shows its name."""

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1], f"[{match[1]}]")
        return escape(found) if html else found

    return _PLACE.sub(value, text)


# --- building


def build(headers: Mapping[str, str], text: str, html: str = "") -> bytes:
    """The message: header fields in their order, then the text and, where there is one, the HTML beside it.

    A value is text, written in encoded words where ASCII will not do, or :class:`Written`. No value can begin another field:
    line ends become spaces.
    """
    fields = [_field(name, value) for name, value in headers.items()]
    fields.append(b"MIME-Version: 1.0\r\n")
    if not html:
        return b"".join((*fields, _part("plain", text if text.endswith(("\n", "\r")) else f"{text}\n", b"t")))
    # quoted-printable never has a "=" before a "_", whatever is filled in
    boundary = b"=_" + sha256(f"{text}{html}".encode("utf-8", "replace")).hexdigest()[:32].encode()
    return b"".join(
        (
            *fields,
            b'Content-Type: multipart/alternative;\r\n boundary="%b"\r\n\r\n' % boundary,
            b"--%b\r\n%b\r\n" % (boundary, _part("plain", text, b"t")),
            b"--%b\r\n%b\r\n" % (boundary, _part("html", html, b"h")),
            b"--%b--\r\n" % boundary,
        )
    )


def mailbox(name: str, address: str) -> Written:
    """A name and an address as From and Reply-To have them; ``address`` may be a place."""
    name = _one_line(name)
    if not name:
        return Written(address)
    if not name.isascii() or "=?" in name:
        name = " ".join(_encoded_words(name))
    elif not _ATOM.match(name):
        name = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return Written(f"{name} <{address}>")


def list_id(name: str, label: str, host: str) -> Written:
    """A List-Id (RFC 2919): the list's ``name`` for people, then what it is called for good."""
    return mailbox(name, f"{label}.{host}")


def _one_line(text: str) -> str:
    return " ".join("".join(c for c in text if c.isprintable() or c.isspace() or c in (_OPEN, _CLOSE)).split())


def _field(name: str, value: str) -> bytes:
    if not _NAME.match(name):
        raise ValueError(f"No header field is called {name!r}.")
    places = len(_PLACE.findall(value))
    value = Written(_one_line(value)) if isinstance(value, Written) or _means_itself(value) else _words(_one_line(value))
    if not _PLACE.sub("", value).isascii() or len(_PLACE.findall(value)) != places:
        raise ValueError(f"{name} cannot be written: {value!r}")
    lines, line = [], f"{name}:"
    for number, word in enumerate(value.split(" ")):
        # the first word stays beside the name: a line of spaces alone ends the header for some
        if number and len(line) + 1 + len(word) > FIELD:
            lines.append(line)
            line = ""
        line += f" {word}"
    lines.append(line)
    return _marked("\r\n".join(lines), b"f") + b"\r\n"


def _means_itself(value: str) -> bool:
    bare = _PLACE.sub("", value)
    return bare.isascii() and "=?" not in bare and all(len(word) < 900 for word in bare.split())


def _words(text: str) -> str:
    """``text`` in encoded words; places, which stand alone between spaces, as they are."""
    pieces = re.split(f"((?:^| ){_PLACE.pattern}(?= |$))", text)
    words: list[str] = []
    for n, piece in enumerate(pieces):  # text, place, its name, text, ...
        if n % 3 == 0:
            words += _encoded_words(piece.strip())
        elif n % 3 == 1:
            words.append(piece.strip())
    return " ".join(words)


def _encoded_words(text: str) -> list[str]:
    """``text`` as encoded words (RFC 2047), no character torn, in the shorter of the two encodings."""
    return min((_cut(text, how) for how in ("q", "b")), key=lambda words: sum(map(len, words)))


def _cut(text: str, how: str) -> list[str]:
    encode = _q if how == "q" else _b
    words, held = [], ""
    for character in text:
        if len(encode(held + character)) > WORD:
            words.append(held)
            held = ""
        held += character
    return [f"=?utf-8?{how}?{encode(word)}?=" for word in (*words, held) if word]


def _b(text: str) -> str:
    return b64encode(text.encode("utf-8", "replace")).decode()


def _q(text: str) -> str:
    return "".join(
        "_" if byte == 32 else chr(byte) if chr(byte).isalnum() and byte < 128 else f"={byte:02X}"
        for byte in text.encode("utf-8", "replace")
    )


def _part(kind: str, text: str, surroundings: bytes) -> bytes:
    head = b'Content-Type: text/%b; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n' % kind.encode()
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return head + b"\r\n".join(_line(line, surroundings) for line in lines)


def _line(line: str, surroundings: bytes) -> bytes:
    """One line in quoted-printable. A place in it has a line of the wire for itself, between soft breaks."""
    pieces = _PLACE.split(line)  # text, name, text, ...
    written = [
        b"\0%b%b\0" % (surroundings, piece.encode()) if n % 2 else quoted(piece.encode("utf-8", "replace"))
        for n, piece in enumerate(pieces)
        if piece
    ]
    return b"=\r\n".join(written)


def _marked(text: str, surroundings: bytes) -> bytes:
    return b"".join(
        b"\0%b%b\0" % (surroundings, piece.encode()) if n % 2 else piece.encode("ascii")
        for n, piece in enumerate(_PLACE.split(text))
    )


def quoted(data: bytes) -> bytes:
    """``data``, which is one line, in quoted-printable: soft breaks where it is long; no line begins with a dot or "From "."""
    # spaces mean themselves, too, except at an end; dots and "From " except at a beginning
    units = [_UNITS[byte] for byte in data]
    if units and data[-1] in b" \t":
        units[-1] = b"=%02X" % data[-1]
    lines: list[bytes] = []
    line: list[bytes] = []
    room = LINE
    for unit in units:
        if len(unit) > room:
            lines.append(_begun(line))
            line, room = [], LINE
        if not line and unit == b".":
            unit = b"=2E"
        room -= len(unit) if line else max(len(unit), 3)  # room to escape the first
        line.append(unit)
    lines.append(_begun(line))
    return b"=\r\n".join(lines)


_UNITS = [bytes((byte,)) if byte in _PLAIN or byte in b" \t" else b"=%02X" % byte for byte in range(256)]


def _begun(line: list[bytes]) -> bytes:
    written = b"".join(line)
    return b"=46" + written[1:] if written.startswith(b"From ") else written


# --- filling


def split(message: bytes) -> Prebuilt:
    """``message`` as :func:`build` made it, ready to be filled."""
    return Prebuilt(message)


class Prebuilt:
    """A message taken apart at its places. ``names`` are those a mail must give; ``size`` is what it weighs without them."""

    __slots__ = ("_parts", "_slots", "names", "size")

    def __init__(self, message: bytes) -> None:
        pieces = _MARK.split(message)  # bytes, surroundings, name, bytes, ...
        self._parts: list[bytes] = []
        where: dict[str, dict[bytes, list[int]]] = {}
        for number in range(0, len(pieces), 3):
            self._parts.append(pieces[number])
            if number + 2 < len(pieces):
                where.setdefault(pieces[number + 2].decode(), {}).setdefault(pieces[number + 1], []).append(len(self._parts))
                self._parts.append(b"")
        if any(b"\0" in part for part in self._parts):
            raise ValueError("This is no message that build() made.")
        self._slots: list[tuple[str, tuple[tuple[_Write, tuple[int, ...]], ...]]] = [
            (name, tuple((_WRITERS[kind], tuple(spots)) for kind, spots in kinds.items())) for name, kinds in where.items()
        ]
        self.names = frozenset(where)
        self.size = sum(map(len, self._parts))

    def fill(self, values: Mapping[str, bytes]) -> bytes:
        """The message with ``values`` in its places.

        Raises ``KeyError`` for one that is missing, ``ValueError`` for a line end in a header field.
        """
        parts = self._parts.copy()
        for name, kinds in self._slots:
            value = values[name]
            for write, spots in kinds:
                written = write(value)
                for spot in spots:
                    parts[spot] = written
        return b"".join(parts)


_Write = Callable[[bytes], bytes]


def _in_field(value: bytes) -> bytes:
    if value.translate(None, _HARMLESS):
        raise ValueError(f"A header field has no line end: {value!r}")
    return value


def _in_body(plain: bytes, prepare: _Write, value: bytes) -> bytes:
    if value.translate(None, plain):
        return quoted(prepare(value.replace(b"\r", b" ").replace(b"\n", b" ")))
    if value[:1] != b".":
        if len(value) <= LINE:
            return value
        if len(value) <= 2 * LINE and value[LINE : LINE + 1] != b".":
            return value[:LINE] + b"=\r\n" + value[LINE:]  # nearly always: an address in the web
    return quoted(value)


def _escaped(value: bytes) -> bytes:
    return escape(value.decode("utf-8", "replace")).encode()


_WRITERS: dict[bytes, _Write] = {
    b"f": _in_field,
    b"t": partial(_in_body, _PLAIN, bytes),
    b"h": partial(_in_body, _PLAIN_HTML, _escaped),
}
