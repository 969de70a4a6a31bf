"""An edition as a mail: HTML and text from the same blocks, and the MIME message with places (``mime``).

An edition is rendered once for each kind of recipient, never for one reader: what is theirs stands in places. Its HTML stays
below ``MOST`` (Gmail hides what comes after 102 kB, with the unsubscribe link): where it would not, texts are shortened, then
what stands last is left out, and the mail says that there is more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe

from masthead.ads import services as ads
from masthead.core import clock
from masthead.core.languages import direction, supported
from masthead.core.models import Publication
from masthead.newsletters import colours, letters, markdown, mime, plain
from masthead.newsletters.letters import Letter, Piece, Section
from masthead.newsletters.linking import Linked
from masthead.newsletters.models import Edition, EditionContent

MOST = 90_000  # bytes of HTML
SHORTER = (300, 160, 0)  # characters a text is shortened to, one after the other
ACCENT = "#b3361f"

SERIF = "Georgia,'Times New Roman',serif"
SANS = "'Helvetica Neue',Helvetica,Arial,sans-serif"
# The site's own, a little nearer to the middle: programs that turn colours round by themselves then keep them apart.
LIGHT = {"ground": "#f1ebdf", "paper": "#fffdf8", "panel": "#f6f1e6", "ink": "#172033", "soft": "#515869", "rule": "#dcd5c6"}
DARK = {
    "ground": "#0d1117",
    "paper": "#161b25",
    "panel": "#1f2633",
    "ink": "#ece7dc",
    "soft": "#a9afbc",
    "rule": "#323a49",
    "strong": "#8c92a0",
}
# What inboxes would show after the preheader is pushed out of sight
PADDING = SafeString("&#847;&zwnj;&nbsp;" * 60)

_INLINER = css_inline.CSSInliner(keep_style_tags=False, load_remote_stylesheets=False)


@dataclass(frozen=True, slots=True)
class Rendered:
    """An edition for one kind of recipient. ``shortened`` tells the editors what had to go, in sentences."""

    subject: str
    html: str
    text: str
    shortened: tuple[str, ...] = ()


def render(edition: Edition, *, standing: str, variant: str = "a", clicks: bool = False) -> Rendered:
    """``edition`` as readers of ``standing`` get it who are sent subject ``variant``.

    With ``clicks`` its links lead through ours, which are registered (``EditionLink``): call it so only where it goes out.
    """
    publication = Publication.load()
    base = settings.MASTHEAD.base_url
    now = clock.now()
    links = Linked(edition, base, standing=standing, variant=variant, counted=clicks)
    letter = letters.letter(edition, now, variant=variant)
    with translation.override(supported(publication.language)):
        context = _context(edition, letter, publication, standing)
        told: list[str] = []
        for shorter, sentence in _ever_shorter(letter):
            if sentence:
                told = [sentence]
            html = _html(_addressed(shorter, links.html), {**context, "shortened": bool(told)}, links)
            if len(html.encode()) < MOST:
                break
        text = _text(_addressed(shorter, links.plain), context, links, shortened=bool(told))
    links.register()
    return Rendered(letter.subject, html, text, tuple(told))


def message(edition: Edition, rendered: Rendered) -> bytes:
    """The MIME message of ``rendered`` with its places (what ``EditionContent.message`` holds)."""
    newsletter = edition.newsletter
    publication = Publication.load()
    base = settings.MASTHEAD.base_url
    host = urlsplit(base).hostname or "localhost"
    reply_to = newsletter.reply_to or publication.contact_email
    headers = {
        "From": mime.mailbox(newsletter.from_name or publication.name, newsletter.from_address or settings.DEFAULT_FROM_EMAIL),
        "To": mime.place("to"),
        "Subject": rendered.subject,
        "Date": mime.place("date"),
        "Message-ID": mime.place("message_id"),
        **({"Reply-To": mime.mailbox("", reply_to)} if reply_to else {}),
        "List-Id": mime.list_id(newsletter.title, newsletter.slug, host),
        "List-Unsubscribe": f"<{mime.place('list_unsubscribe')}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Archive": f"<{base}{letters.path_of(newsletter)}>",
        "Feedback-ID": f"{edition.key}:{newsletter.slug}:edition:{host.replace('.', '-')}",
        "Content-Language": publication.language,
    }
    return mime.build(headers, rendered.text, rendered.html)


# --- HTML


def _context(edition: Edition, letter: Letter, publication: Publication, standing: str) -> dict[str, Any]:
    base = settings.MASTHEAD.base_url
    way = direction(publication.language)
    accent = edition.newsletter.accent or ACCENT
    registered = standing == EditionContent.Standing.REGISTERED
    return {
        "publication": publication,
        "home": f"{base}/",
        "web": f"{base}{letter.path}" if letter.path else "",
        "day": day(letter),
        "language": publication.language,
        "direction": way,
        "start": "right" if way == "rtl" else "left",
        "end": "left" if way == "rtl" else "right",
        "colours": {**LIGHT, "accent": colours.readable(accent, LIGHT["paper"], LIGHT["panel"])},
        "dark": {**DARK, "accent": colours.readable(accent, DARK["paper"], DARK["panel"])},
        "serif": SafeString(SERIF),
        "sans": SafeString(SANS),
        "padding": PADDING,
        "unsubscribe": mime.place("unsubscribe"),
        "preferences": mime.place("preferences"),
        "answers": bool(edition.newsletter.reply_to or publication.contact_email),
        "labels": registered,  # to whom everything is open it need not be said
        "ad": ads.for_mail(letters.path_of(edition.newsletter, edition.key), edition.due) if registered else None,
        "ad_after": min(2, len(letter.sections)),
    }


def day(letter: Letter) -> str:
    """The edition's date in words, with its weekday."""
    # Django's British date cuts the month short, which is for tables
    date = "j F Y" if (translation.get_language() or "").startswith("en-gb") else "DATE_FORMAT"
    comma = "،" if (translation.get_language() or "")[:2] in ("ar", "fa", "ur") else ","
    return f"{date_format(letter.date, 'l')}{comma} {date_format(letter.date, date)}"


def _html(letter: Letter, context: dict[str, Any], links: Linked) -> str:
    ad = context["ad"]
    if ad is not None:
        ad = replace(ad, link=links.html(ad.link, ad.headline, None))
    drawn = render_to_string("newsletters/mail/edition.html", {**context, "letter": _safe(letter), "ad": ad})
    inlined = _INLINER.inline(drawn)
    return "\n".join(line for line in map(str.strip, _at_rest(inlined).split("\n")) if line)


def _safe(letter: Letter) -> Any:
    """``letter`` as its template needs it: what is HTML already is not escaped again."""
    found = {name: getattr(letter, name) for name in letter.__slots__}
    found |= {name: mark_safe(getattr(letter, name)) for name in ("opening", "body", "closing")}
    return found


def _at_rest(html: str) -> str:
    """Without what only served the inliner."""
    return re.sub(r' data-css-inline="keep"', "", html)


def _addressed(letter: Letter, link: Callable[[str, str, int | None], str]) -> Letter:
    """``letter`` with each address in full, as ``link`` gives it."""
    base = settings.MASTHEAD.base_url

    def piece(one: Piece) -> Piece:
        picture = one.picture and replace(one.picture, src=_full(one.picture.src, base))
        return replace(one, address=one.address and link(one.address, one.headline, one.article), picture=picture)

    def prose(markup: str) -> str:
        return markdown.with_addresses(markup, lambda address: link(address, "", None), lambda address: _full(address, base))

    return replace(
        letter,
        opening=prose(letter.opening),
        body=prose(letter.body),
        closing=prose(letter.closing),
        sections=tuple(replace(each, pieces=tuple(map(piece, each.pieces))) for each in letter.sections),
    )


def _full(address: str, base: str) -> str:
    return f"{base}{address}" if address.startswith("/") and not address.startswith("//") else address


# --- never too long


def _ever_shorter(letter: Letter) -> Iterator[tuple[Letter, str]]:
    """``letter`` whole, then ever less of it, each with the sentence that says so. Nothing is cut within a word."""
    yield letter, ""
    for most in SHORTER:
        said = f"Texts were shortened to {most} characters" if most else "Texts were left out"
        letter = replace(letter, sections=tuple(_with_short_texts(each, most) for each in letter.sections))
        yield letter, f"{said}: the mail would have been too long."
    left_out = 0
    while any(section.pieces for section in letter.sections):
        # what stands last in the longest section is missed least
        longest = max(letter.sections, key=lambda section: len(section.pieces))
        fewer = max(1, len(longest.pieces) // 10)
        left_out += fewer
        letter = replace(
            letter,
            sections=tuple(
                shorter
                for each in letter.sections
                if (shorter := replace(each, pieces=each.pieces[:-fewer]) if each is longest else each).pieces
            ),
        )
        yield letter, f"{left_out} items, and the texts of the others, were left out: the mail would have been too long."
    for name in ("body", "opening", "closing"):
        parts = markdown.blocks(getattr(letter, name))
        while parts:
            parts.pop()
            letter = replace(letter, **{name: "\n".join(parts)})
            yield letter, "The end of what was written was left out: the mail would have been too long."


def _with_short_texts(section: Section, most: int) -> Section:
    def short(piece: Piece) -> Piece:
        text = " ".join(piece.paragraphs)
        if len(text) <= most:
            return piece
        words = text[:most].rsplit(" ", 1)[0].rstrip(" ,;:–—-") if most else ""
        return replace(piece, paragraphs=(f"{words}…",) if words else ())

    return replace(section, pieces=tuple(map(short, section.pieces)))


# --- text


def _text(letter: Letter, context: dict[str, Any], links: Linked, *, shortened: bool) -> str:
    publication, web = context["publication"], context["web"]
    parts = [plain.heading(letter.title), plain.wrapped(f"{publication.name} · {context['day']}")]
    if web:
        parts[-1] += f"\n{web}"
    parts += [plain.of_html(each) for each in (letter.opening, letter.body) if each]
    ad = context["ad"]
    for number, section in enumerate(letter.sections, 1):
        parts += ["", plain.heading(section.heading, "-")]
        parts += [_piece(piece, section.kind, place, context["labels"]) for place, piece in enumerate(section.pieces, 1)]
        if ad is not None and number == context["ad_after"]:
            parts += _advertisement(ad, links)
    if ad is not None and not letter.sections:
        parts += _advertisement(ad, links)
    if shortened:
        parts.append(plain.wrapped("There is more in this edition than a mail can hold." + (f" {web}" if web else "")))
    if letter.closing:
        parts += ["", plain.of_html(letter.closing)]
    asked = f"You get {letter.title} because you asked for it at {publication.name}, {context['home']}"
    parts += ["", "-" * plain.WIDTH, plain.wrapped(asked)]
    parts.append(f"Unsubscribe:\n{context['unsubscribe']}")
    parts.append(f"Choose what you get, and when:\n{context['preferences']}")
    if publication.footer:
        parts.append("\n".join(plain.wrapped(line) for line in mime.clean(publication.footer).splitlines()))
    return "\n\n".join(parts).replace("\n\n\n\n", "\n\n\n") + "\n"


def _piece(piece: Piece, kind: str, number: int, labels: bool) -> str:
    first = f"{number}. " if kind == "most-read" else ""
    lines = [plain.wrapped(piece.headline, " " * len(first), first)]
    if kind == "radar" and piece.source:
        lines.insert(0, plain.wrapped(piece.source))
    if kind != "most-read":
        lines += [plain.wrapped(text) for text in piece.paragraphs]
    source = piece.authors or ("" if kind == "radar" else piece.source)
    said = " · ".join(part for part in (source, piece.access if labels else "") if part)
    if said:
        lines.append(plain.wrapped(said, " " * len(first)))
    if piece.address:
        lines.append(f"{' ' * len(first)}{piece.address}")
    return "\n".join(lines)


def _advertisement(ad: ads.Shown, links: Linked) -> list[str]:
    words = [plain.wrapped(f"Advertisement: {mime.clean(ad.headline)}")]
    if ad.text:
        words.append(plain.wrapped(mime.clean(ad.text)))
    words.append(links.plain(ad.link, ad.headline, None))
    return ["", "\n".join(words)]
