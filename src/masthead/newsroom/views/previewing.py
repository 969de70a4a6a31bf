"""An edition as its readers will see it: which kind of reader, which part of the mail, how wide, by day or by night."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import HttpRequest

from masthead.newsletters.models import Edition
from masthead.newsroom import proofs

STANDINGS = {"registered": "Registered", "subscriber": "Subscriber"}
PARTS = {"html": "As designed", "text": "Plain text"}
WIDTHS = {"600": "Desktop", "360": "Phone"}
LIGHTS = {"light": "Light", "dark": "Dark"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked at."""

    standing: str = "registered"
    part: str = "html"
    width: str = "600"
    light: str = "light"
    variant: str = "a"

    def query(self, **other: str) -> str:
        """The address's query for the same with ``other`` choices."""
        chosen = replace(self, **other)
        return urlencode({name: getattr(chosen, name) for name in self.__slots__})


def wanted(request: HttpRequest) -> Wanted:
    """What the address asks for; what it does not know it leaves out."""
    known = {"standing": STANDINGS, "part": PARTS, "width": WIDTHS, "light": LIGHTS, "variant": {"a": "", "b": ""}}
    return Wanted(**{name: request.GET[name] for name, values in known.items() if request.GET.get(name) in values})


def shown(edition: Edition, look: Wanted) -> str:
    """The part that is looked at, with harmless words where each reader's own will stand."""
    proof = proofs.rendered(edition, standing=look.standing, variant=look.variant)
    return proof.text if look.part == "text" else lit(proof.html, look.light)


def lit(html: str, light: str) -> str:
    """``html`` as a reader's mail program shows it by day or by night, whatever the editor's own screen is set to."""
    for scheme in ("dark", "light"):
        always = "(min-width: 0)" if scheme == light else "(max-width: 0)"
        html = re.sub(rf"\(\s*prefers-color-scheme\s*:\s*{scheme}\s*\)", always, html)
    return html


def measure(edition: Edition) -> tuple[int, tuple[str, ...]]:
    """Bytes of the larger of its mails' HTML, and what had to go so that it is no larger."""
    found = [proofs.rendered(edition, standing=standing) for standing in STANDINGS]
    largest = max(found, key=lambda one: (len(one.shortened), len(one.html)))
    return len(largest.html.encode()), largest.shortened


def groups(look: Wanted, *, other_subject: bool) -> list[dict[str, object]]:
    """The choices as the page offers them, with what is chosen."""
    asked = [
        ("standing", "As", STANDINGS),
        ("part", "Which part", PARTS),
        ("width", "How wide", WIDTHS),
        ("light", "Light", LIGHTS),
    ]
    if other_subject:
        asked.append(("variant", "Which subject", {"a": "Subject", "b": "Other subject"}))
    return [
        {
            "name": name,
            "legend": legend,
            "choices": [(value, label, getattr(look, name) == value) for value, label in values.items()],
        }
        for name, legend, values in asked
    ]
