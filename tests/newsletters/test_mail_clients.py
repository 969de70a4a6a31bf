"""Every feature of HTML and CSS in our mails is shown by the mail programs people use, or a mail is whole without it.

What programs show is caniemail.com's data (``mail_clients.json``; docs/explanation/mail-design.md says how to renew it). A
feature that some program lacks, or has only in part, stands in ``WITHOUT`` with what its readers see instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from bs4.element import Tag

from factories import make_edition, put_in
from masthead.core.models import Publication
from masthead.newsletters.models import Edition
from masthead.newsletters.rendering import render
from newsletters.test_rendering import house
from newsletters.test_rendering_full import full, written

__all__ = ["full", "house", "written"]

pytestmark = pytest.mark.django_db

DATA = json.loads((Path(__file__).parent / "mail_clients.json").read_text())
FEATURES: dict[str, str] = DATA["features"]

WITHOUT = {
    "css-at-media": "the wide margins on a narrow screen, in which it reads as well",
    "css-at-media-prefers-color-scheme": "the light colours, or the program's own dark ones, which ours survive",
    "css-border": "on cells they are drawn everywhere; beside a quotation in an editor's text the line may be missing",
    "css-color-scheme": "see css-at-media-prefers-color-scheme",
    "css-display": "only block (a picture) and none (the preheader), which stands first and is small and of the ground's colour",
    "css-display-none": "the preheader in very small print of the ground's colour",
    "css-font-size": "partly means relative sizes; ours are in pixels",
    "css-font-weight": "partly means numbers other than 400 and 700",
    "css-height": "auto, for which the picture's own attribute stands",
    "css-important": "only rules that are missing altogether then (css-at-media)",
    "css-letter-spacing": "letters at their usual distance",
    "css-line-height": "partly means without a unit; ours are in pixels",
    "css-margin": "partly means negative and auto; ours are neither",
    "css-max-height": "see css-display-none",
    "css-max-width": "on tables; a picture has its width as an attribute, and Outlook a table of 600 around all",
    "css-overflow": "see css-display-none",
    "css-padding": "only cells have it (tested below), and lists and quotations of an editor's text, indented anyway",
    "css-selector-attribute": "only meant for the Outlooks that know it",
    "css-selector-class": "see css-at-media: what matters is inlined",
    "css-selector-descendant": "see css-at-media",
    "css-selector-grouping": "see css-at-media",
    "css-text-align": "partly means start and end; ours is left or right",
    "css-text-decoration": "a headline underlined",
    "css-width": "tables and pictures have theirs as an attribute, too",
    "html-align": "the link to the web beside the name, not at the far side",
    "html-aria-hidden": "the preheader read aloud, once",
    "html-body": "its colour is on the table around everything, too",
    "html-dir": "it stands on the html, too",
    "html-doctype": "nothing here depends on it",
    "html-height": "an empty line a little higher",
    "html-lang": "a voice that reads in the reader's own language",
    "html-lists": "partly means marks placed by CSS; ours are where they fall",
    "html-meta-color-scheme": "see css-at-media-prefers-color-scheme",
    "html-role": "tables announced as tables",
    "html-style": "see css-at-media: what matters is inlined",
    "html-width": "on cells, whose width the text then finds",
    "html-img": "unknown of one program means untested, not missing",
}

# what the data has no entry for, since every program shows it
PLAIN_ELEMENTS = {"html", "head", "title", "meta", "tbody", "tr", "td", "br", "em", "a"}
PLAIN_ATTRIBUTES = {
    "class",
    "style",
    "href",
    "src",
    "alt",
    "border",
    "charset",
    "name",
    "content",
    "xmlns",
    "colspan",
    "start",
    "title",
}
PLAIN_PROPERTIES = {"color", "font-style", "supported-color-schemes", "border-top-color", "border-color"}
ELEMENTS = {"h1": "h1-h6", "h2": "h1-h6", "h3": "h1-h6", "ul": "lists", "ol": "lists", "li": "lists"}
PROPERTIES = {
    "border-top": "border",
    "border-left": "border",
    "border-right": "border",
    "border-left-color": "border",
    "border-right-color": "border",
}


def declarations(css: str) -> Iterator[tuple[str, str]]:
    for each in css.split(";"):
        name, colon, value = each.partition(":")
        if colon:
            yield name.strip(), value.strip().removesuffix("!important").strip()


def feature_of(name: str) -> str:
    """What the data calls a CSS property."""
    name = PROPERTIES.get(name, name)
    return f"css-{re.sub('-(top|bottom|left|right)$', '', name)}" if name.startswith(("padding", "margin")) else f"css-{name}"


def used_by(html: str) -> set[str]:
    """The features in ``html``, by the names the data has for them."""
    page = BeautifulSoup(html, "html.parser")
    found: set[str] = {"html-doctype", "html-comments"}
    for tag in page.find_all():
        if tag.name not in PLAIN_ELEMENTS:
            found.add(f"html-{ELEMENTS.get(tag.name, tag.name)}")
        for name in tag.attrs:
            if name not in PLAIN_ATTRIBUTES:
                found.add(f"html-{name}")
        for name, value in declarations(str(tag.get("style", ""))):
            found |= of_declaration(name, value)
        if tag.name == "img":
            found.add("image-" + str(tag["src"]).rpartition(".")[2].replace("jpeg", "jpg"))
        if tag.get("name") in ("color-scheme", "supported-color-schemes"):
            found.add("html-meta-color-scheme")
    for style in page.find_all("style"):
        css = style.get_text()
        found |= {f"css-at-{name}" for name in re.findall(r"@([a-z-]+)", css)}
        found |= {"css-important"} if "!important" in css else set()
        found |= {"css-at-media-prefers-color-scheme"} if "prefers-color-scheme" in css else set()
        for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", css):
            if selectors.startswith(":root"):
                continue
            found.add("css-selector-class")
            found |= {"css-selector-grouping"} if "," in selectors else set()
            found |= {"css-selector-attribute"} if "[" in selectors else set()
            found |= {"css-selector-descendant"} if " " in selectors.strip() else set()
            assert not re.search(r"[>+~:*#]", selectors.rpartition("{")[2]), selectors
            for name, value in declarations(body):
                found |= of_declaration(name, value)
    return found


def of_declaration(name: str, value: str) -> set[str]:
    found = set() if name in PLAIN_PROPERTIES else {feature_of(name)}
    found |= {"css-display-none"} if (name, value) == ("display", "none") else set()
    found |= {{"px": "css-unit-px", "%": "css-unit-percent"}[unit] for unit in re.findall(r"(?<=\d)(px|%)", value)}
    assert not re.search(r"\d(r?em|v[wh]|pt|ch)\b|var\(|calc\(|rgba?\(|hsl", value), (name, value)
    assert not (name.startswith("margin") and "-" in value), (name, value)
    return found


@pytest.fixture
def mails(full: Edition, house: Publication) -> list[str]:
    """Every sort of mail there is: composed and by hand, from left and from right, with and without advertisements, shortened."""
    body = (
        "# A\n\n## B\n\n### C\n\n*a* **b** `c` [d](/x/)\n\n- e\n\n3. f\n\n> g\n\n---\n\n"
        "![h](/media/i.jpg)\n\nj\\\nk <readers@sextant.example>"
    )
    special = make_edition("by-hand", kind="special", body=body)
    long = make_edition("2026-11-24")
    for number in range(30):
        put_in(long, "wire", headline=f"{number}", text="word " * 900)
    found = [render(full, standing=standing, clicks=True).html for standing in ("registered", "subscriber")]
    found += [render(special, standing="subscriber").html, render(long, standing="registered").html]
    house.language = "ar"
    house.save()
    return [*found, render(full, standing="registered").html, render(special, standing="registered").html]


def test_what_our_mails_use_is_shown_or_can_be_done_without(mails: list[str]) -> None:
    used = set().union(*map(used_by, mails))
    assert len(used) > 40, "a look that finds nothing proves nothing"
    unknown = {feature for feature in used if feature not in FEATURES}
    assert not unknown, f"of these no data is kept: {sorted(unknown)}"
    missing = {
        f"{feature}: {[client for client, shown in zip(DATA['clients'], FEATURES[feature], strict=True) if shown != 'y']}"
        for feature in used
        if set(FEATURES[feature]) != {"y"} and feature not in WITHOUT
    }
    assert not missing, "\n".join(sorted(missing))


def test_no_excuse_outlives_what_it_excuses(mails: list[str]) -> None:
    used = set().union(*map(used_by, mails))
    assert not {feature for feature in WITHOUT if feature not in used or set(FEATURES[feature]) == {"y"}}


def test_only_cells_have_padding_in_what_is_ours(mails: list[str]) -> None:
    """Outlook on Windows knows padding on cells alone."""
    for html in mails:
        for tag in BeautifulSoup(html, "html.parser").find_all(style=re.compile("padding")):
            padded = {name for name, value in declarations(str(tag["style"])) if name.startswith("padding") and value != "0"}
            inside = isinstance(tag, Tag) and tag.find_parent(class_="prose") is not None
            assert tag.name == "td" or inside or not padded, tag


def test_the_style_sheet_is_short_enough_for_gmail(mails: list[str]) -> None:
    for html in mails:
        assert sum(len(style.get_text()) for style in BeautifulSoup(html, "html.parser").find_all("style")) < 16_000


def test_tables_are_for_layout_and_say_so(mails: list[str]) -> None:
    for html in mails:
        assert all(table["role"] == "presentation" for table in BeautifulSoup(html, "html.parser").find_all("table"))
