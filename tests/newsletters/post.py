"""The post office of these tests: many readers at once, an edition that is ready to go, and what is said in it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from masthead.core import clock
from masthead.newsletters import freezing, mime
from masthead.newsletters.models import Edition, Newsletter, Tick
from masthead.readers.models import Reader

HTML = "<p>All the news for {standing}, subject {variant}.</p><p>" + "Lorem ipsum dolor sit amet. " * 20 + "</p>"


def render(edition: Edition, *, standing: str, variant: str, clicks: bool) -> SimpleNamespace:
    """A small edition, which says for whom it is."""
    end = f"\nNo more of this: {mime.place('unsubscribe')}\nYour choices: {mime.place('preferences')}\n"
    return SimpleNamespace(
        subject=edition.subject_b if variant == "b" else edition.subject,
        html=HTML.format(standing=standing, variant=variant) + f'<a href="{mime.place("unsubscribe")}">No more</a>',
        text=f"All the news for {standing}, subject {variant}, clicks {clicks}.{end}",
    )


def message(edition: Edition, rendered: Any) -> bytes:
    """The same as MIME."""
    return mime.build(
        {
            "From": "The Daily <letters@example.org>",
            "To": mime.place("to"),
            "Subject": rendered.subject,
            "Date": mime.place("date"),
            "Message-ID": mime.place("message_id"),
            "List-Unsubscribe": mime.Written(f"<{mime.place('list_unsubscribe')}>"),
        },
        rendered.text,
        rendered.html,
    )


def render_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Editions are rendered as above: what a real one looks like is no matter here."""
    monkeypatch.setattr(freezing, "rendering", SimpleNamespace(render=render, message=message))


def make_newsletter(slug: str = "daily", **fields: Any) -> Newsletter:
    """A newsletter that goes out by itself, or the one of that name."""
    return Newsletter.objects.update_or_create(slug=slug, defaults={"title": slug.title(), **fields})[0]


def make_readers(count: int, newsletter: Newsletter, *, start: int = 0, **fields: Any) -> list[Reader]:
    """``count`` confirmed readers who asked for ``newsletter``: reader0@example.org and so on."""
    now = clock.now()
    addresses = [f"reader{n}@example.org" for n in range(start, start + count)]
    readers = Reader.objects.bulk_create(
        [Reader(email=address, identity=address, password="!", confirmed=now, **fields) for address in addresses]
    )
    Tick.objects.bulk_create([Tick(reader=reader, newsletter=newsletter, created=now, origin="gate") for reader in readers])
    return readers


def make_edition(newsletter: Newsletter, **fields: Any) -> Edition:
    """An approved edition of today."""
    now = clock.now()
    made = {
        "key": "2026-11-23",
        "date": datetime(2026, 11, 23, tzinfo=UTC).date(),
        "due": now,
        "since": now,
        "state": Edition.State.APPROVED,
        "subject": "The news",
    }
    return Edition.objects.create(newsletter=newsletter, **{**made, **fields})


def freeze_for(count: int, **fields: Any) -> Edition:
    """An edition on its way to ``count`` readers."""
    daily = make_newsletter()
    make_readers(count, daily)
    edition = make_edition(daily, **fields)
    freezing.freeze(edition)
    return edition
