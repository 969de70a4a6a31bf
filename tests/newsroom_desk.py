"""A Daily with a draft on the desk, and the desk's form as a browser sends it."""

from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

from factories import make_article
from masthead.core import clock
from masthead.newsletters import composing
from masthead.newsletters.models import Edition, Newsletter, NewsletterBlock, RadarEvent, WireEntry, WireSource


def make_daily(**fields: Any) -> Newsletter:
    """A newsletter on every weekday with a wire, our latest and a radar."""
    defaults = {"title": "The Daily", "weekdays": "12345"} | fields
    daily, made = Newsletter.objects.get_or_create(slug="daily", defaults=defaults)
    if made:
        for order, kind in enumerate(("wire", "latest", "radar")):
            NewsletterBlock.objects.create(newsletter=daily, kind=kind, sort_order=order)
    return daily


def make_entry(headline: str = "Ministers agree a corridor", **fields: Any) -> WireEntry:
    """Something that came in by a feed."""
    source, _ = WireSource.objects.get_or_create(url="https://wire.example/feed", defaults={"name": "Wire Example"})
    now = clock.now()
    defaults = {"url": f"https://wire.example/{headline}", "published": now, "seen": now, "source": source}
    return WireEntry.objects.create(headline=headline, guid=headline, **(defaults | fields))


def make_draft(*titles: str, **fields: Any) -> Edition:
    """Tomorrow's draft with an article of each of ``titles``, in this order."""
    now = clock.now()
    due = now + timedelta(hours=12)
    for n, title in enumerate(titles or ("First", "Second", "Third")):
        make_article(title, dated=now - timedelta(minutes=n + 1), standfirst=f"What {title.lower()} says.")
    defaults = {"key": f"{due:%Y-%m-%d}", "date": due.date(), "due": due, "since": now - timedelta(days=1), "mailed_draft": now}
    edition = Edition.objects.create(newsletter=make_daily(), **(defaults | fields))
    composing.compose(edition)
    edition.refresh_from_db()
    return edition


def make_event(title: str = "Interest rate decision", **fields: Any) -> RadarEvent:
    """Something to come in three days."""
    return RadarEvent.objects.create(title=title, **({"starts": clock.now().date() + timedelta(days=3)} | fields))


def headlines(edition: Edition, block: str = "latest") -> list[str]:
    """What stands in a block, in order."""
    return [composing.headline(item) for item in edition.items.filter(block=block).order_by("position")]


class _Fields(HTMLParser):
    """The fields of the form with an id, as a browser would send them without a press on a button."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name, self.inside, self.area = name, False, ""
        self.data: dict[str, list[str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = {key: value or "" for key, value in attrs}
        if tag == "form":
            self.inside = own.get("id") == self.name
        if not self.inside or "disabled" in own or not own.get("name"):
            return
        if tag == "input" and (own.get("type") not in ("checkbox", "radio", "submit") or "checked" in own):
            self.data.setdefault(own["name"], []).append(own.get("value", ""))
        elif tag == "textarea":
            self.area = own["name"]
            self.data.setdefault(self.area, []).append("")

    def handle_data(self, data: str) -> None:
        if self.area:
            self.data[self.area][-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            # HTML drops one line break right after the tag
            self.data[self.area][-1] = self.data[self.area][-1].removeprefix("\n")
            self.area = ""
        elif tag == "form":
            self.inside = False


def form_of(html: str, name: str = "desk") -> dict[str, Any]:
    """What the form ``name`` in ``html`` holds."""
    fields = _Fields(name)
    fields.feed(html)
    return dict(fields.data)
