"""An edition as its editor sees it, and what they change in it: texts, order, what is in and what is not.

When it goes out is decided elsewhere (``newsletters.editions``); here stands what it says. Two editors who write at once do not
overwrite each other: a form carries the *mark* of what it was filled from, and what was changed since is refused and shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from wagtail.log_actions import log
from wagtail.models import ModelLogEntry

from masthead.articles.models import Article
from masthead.core import clock
from masthead.newsletters import composing, letters
from masthead.newsletters import editions as services
from masthead.newsletters.models import Block, Edition, EditionItem, Mailing, RadarEvent, WireEntry
from masthead.newsroom.models import SetAside
from masthead.readers.models import Reader

# what the log says: action -> (label, message)
LOGGED = {
    "edition.edit": ("Edit an edition", "Edited"),
    "edition.add": ("Add to an edition", "Put something in"),
    "edition.remove": ("Take out of an edition", "Took something out"),
    "edition.restore": ("Put back into an edition", "Put something back"),
    "edition.pin": ("Pin in an edition", "Pinned, or let go again"),
    "edition.prepare": ("Prepare an edition", "Begun before its time"),
    "edition.complete": ("Take in what is new", "Took in what is new"),
    "edition.approve": ("Approve an edition", "Approved"),
    "edition.unapprove": ("Take an approval back", "Took the approval back"),
    "edition.hold": ("Hold an edition", "Held: it does not go by itself"),
    "edition.release": ("Let an edition go", "Let go: it goes by itself again"),
    "edition.recompose": ("Compose an edition anew", "Composed anew"),
    "edition.now": ("Let an edition go now", "Let go at once"),
    "edition.cancel": ("Cancel an edition", "Cancelled"),
    "edition.pause": ("Pause an edition", "Paused"),
    "edition.resume": ("Resume an edition", "Resumed"),
    "edition.settle": ("Settle addresses in doubt", "Settled the addresses in doubt"),
    "edition.test": ("Mail a test", "Mailed a test"),
    "edition.special": ("Write a special edition", "Written"),
    "newsletter.pause": ("Pause a newsletter", "Paused"),
    "newsletter.resume": ("Resume a newsletter", "Resumed"),
}

EDITABLE = (Edition.State.DRAFT, Edition.State.APPROVED)
HEAD = ("subject", "subject_b", "sample_percent", "sample_wait", "preheader", "opening", "body", "heading")
MINE, KEPT = ("headline", "text", "url", "source"), ("block", "position", "article_id", "entry_id", "event_id")
LONG_SUBJECT = 60  # what most inboxes show of it; a phone shows some forty


class CannotEdit(ValueError):
    """What was asked for cannot be done to this edition; the message says why."""


class Changed(CannotEdit):
    """Somebody else changed the edition since the form was filled."""


# --- what the editor sees ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Words:
    """What a thing says by itself, before an editor rewrites it."""

    headline: str = ""
    text: str = ""
    url: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One item with the words as they stand, and the thing's own."""

    item: EditionItem
    own: Words
    kind: str  # article, wire, radar or free
    warning: str = ""

    @property
    def headline(self) -> str:
        return self.item.headline or self.own.headline

    @property
    def text(self) -> str:
        return self.item.text or self.own.text

    @property
    def source(self) -> str:
        return self.item.source or self.own.source

    @property
    def url(self) -> str:
        return self.item.url or self.own.url

    @property
    def rewritten(self) -> bool:
        """Whether an editor's words stand in place of the thing's own."""
        if self.kind == "free":
            return False
        item, own = self.item, self.own
        return bool((item.headline and item.headline != own.headline) or (item.text and item.text != own.text))


@dataclass(frozen=True, slots=True)
class Part:
    """One block of the edition with what is in it, and what was taken out."""

    block: str
    heading: str
    lines: list[Line]
    aside: list[SetAside]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The whole edition on the editor's desk. ``mark`` names exactly this state of it."""

    edition: Edition
    parts: list[Part]
    mark: str

    @property
    def count(self) -> int:
        return sum(len(part.lines) for part in self.parts)

    def lines(self) -> Iterator[Line]:
        for part in self.parts:
            yield from part.lines


def own_words(item: EditionItem) -> Words:
    """What ``item``'s article, wire entry or event says of itself."""
    if item.article is not None:
        return Words(item.article.title, item.article.standfirst)
    # as the mail says it
    return Words(*letters.words_of(EditionItem(entry=item.entry, event=item.event)))


def _kind(item: EditionItem) -> str:
    if item.article_id:
        return "article"
    return "wire" if item.entry_id else "radar" if item.event_id else "free"


BELOW = "Articles below the text"  # the one block of a special edition, as its desk calls it
ONLY_ARTICLES = (Block.LIBRARY.value, Block.MOST_READ.value)  # what else stands there is not shown


def _warning(item: EditionItem, edition: Edition, lead: int | None) -> str:
    if item.article is not None:
        if not item.article.live:
            return "This article is not published: it is left out unless it is by then."
        if item.pk == lead and not item.article.picture_alt.strip():
            return "Its picture stands in the mail and has no alt text."
    elif item.block in ONLY_ARTICLES:
        return "Only articles are shown in this block."
    if item.event is not None and (item.event.ends or item.event.starts) < edition.date:
        return "This is over by then."
    return ""


def sheet(edition: Edition) -> Sheet:
    """Everything on the desk, in five queries."""
    rows = list(_items(edition))
    aside = list(SetAside.objects.filter(edition=edition))
    blocks = {row.kind: str(row) for row in edition.newsletter.blocks.all()}
    if edition.kind == Edition.Kind.SPECIAL:
        blocks = {Block.LATEST.value: BELOW}
    for kind in [row.block for row in rows] + [row.item["block"] for row in aside]:
        blocks.setdefault(kind, str(Block(kind).label))
    pictured = [row for row in rows if row.block == Block.LATEST and row.article and row.article.live and row.article.picture_id]
    lead = pictured[0].pk if pictured else None
    parts = [
        Part(
            block,
            heading,
            [Line(row, own_words(row), _kind(row), _warning(row, edition, lead)) for row in rows if row.block == block],
            [row for row in aside if row.item["block"] == block],
        )
        for block, heading in blocks.items()
    ]
    return Sheet(edition, parts, mark(edition, rows))


def _items(edition: Edition) -> Any:
    return (
        EditionItem.objects.filter(edition=edition)
        .select_related("article", "entry__source", "event")
        .defer("article__body")
        .order_by("block", "position", "pk")
    )


def mark(edition: Edition, rows: Sequence[EditionItem] | None = None) -> str:
    """A name for exactly what ``edition`` says now: two forms filled from the same state carry the same."""
    rows = list(EditionItem.objects.filter(edition=edition)) if rows is None else rows
    told = [[getattr(edition, name) for name in HEAD]]
    told += sorted([row.pk, *(getattr(row, name) for name in (*KEPT, *MINE))] for row in rows)
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()[:24]


# --- what is still missing --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to look at before it goes. ``grave``: it goes out wrong, or not at all."""

    text: str
    grave: bool = False


def remarks(desk: Sheet, *, shortened: Sequence[str] = ()) -> list[Remark]:
    """What an editor should look at. ``shortened``: what rendering had to leave out, in sentences."""
    edition, found = desk.edition, []
    if edition.newsletter.paused:
        found.append(Remark(f"{edition.newsletter.title} is paused: what falls due meanwhile is left out.", grave=True))
    if not edition.subject.strip():
        found.append(Remark("It has no subject.", grave=True))
    for name, subject in (("The subject", edition.subject), ("The other subject", edition.subject_b)):
        if len(subject) > LONG_SUBJECT:
            found.append(Remark(f"{name} has {len(subject)} characters; inboxes show about {LONG_SUBJECT}, phones fewer."))
    if edition.subject_b and edition.subject_b.strip() == edition.subject.strip():
        found.append(Remark("Both subjects say the same: there is nothing to compare."))
    elif edition.subject_b and not Mailing.load().clicks:
        found.append(Remark("Clicks are not counted, so that nothing tells which subject is better: the first will win."))
    if not edition.preheader.strip():
        found.append(Remark("No preheader: inboxes then show the edition's first words."))
    if edition.kind == Edition.Kind.SPECIAL and not edition.body.strip() and not desk.count:
        found.append(Remark("It says nothing yet.", grave=True))
    if edition.kind == Edition.Kind.SCHEDULED and not desk.count:
        found.append(Remark("There is nothing in it: an empty day sends nothing.", grave=True))
    for line in desk.lines():
        if line.warning:
            found.append(Remark(f"“{line.headline}”: {line.warning[:1].lower()}{line.warning[1:]}"))
        if not line.headline.strip():
            under = next(part.heading for part in desk.parts if part.block == line.item.block)
            found.append(Remark(f"Something under “{under}” has no headline.", grave=True))
    found += [Remark(sentence, grave=True) for sentence in shortened]
    return found


# --- what the editor does ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Typed:
    """What came with the form: the head's fields, each item's texts, and the items in their order on the page."""

    head: Mapping[str, Any] = field(default_factory=dict)
    texts: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    order: Sequence[int] = ()


@contextmanager
def _editing(number: int, seen: str) -> Iterator[Edition]:
    """The edition, locked, if it may be edited and is still as ``seen`` names it (empty: whatever it says).

    A subject and a preheader that no editor wrote follow what leads once the editing is done.
    """
    with transaction.atomic():
        edition = Edition.objects.select_for_update().get(pk=number)
        if edition.state not in EDITABLE:
            raise CannotEdit(f"This edition is {edition.get_state_display().lower()}: what it says cannot be changed any more.")
        if seen and seen != mark(edition):
            raise Changed("Somebody else changed this edition while you were writing.")
        proposed = composing.proposal(edition)
        yield edition
        had = edition.subject, edition.preheader
        composing.propose(edition, proposed)
        if (edition.subject, edition.preheader) != had:
            edition.save(update_fields=["subject", "preheader"])


def save(*, number: int, seen: str, typed: Typed, by: Reader) -> bool:
    """Keep what was typed and the order; whether anything was different. Raises :class:`Changed` or :class:`CannotEdit`."""
    with _editing(number, seen or "never seen") as edition:
        before = mark(edition)
        for name in HEAD:
            if name in typed.head:
                setattr(edition, name, typed.head[name])
        edition.save(update_fields=list(HEAD))
        rows = {row.pk: row for row in _items(edition)}
        for pk, texts in typed.texts.items():
            if pk in rows:
                _rewrite(rows[pk], texts)
        place = {pk: n for n, pk in enumerate(typed.order)}
        for block in {row.block for row in rows.values()}:
            inside = [row for row in rows.values() if row.block == block]
            wanted = sorted(inside, key=lambda row: (place.get(row.pk, len(place)), row.position, row.pk))
            for row in moved([inside.index(row) for row in wanted], wanted):
                row.pinned = True
            _number(wanted)
        EditionItem.objects.bulk_update(rows.values(), [*MINE, "position", "pinned"])
        different = mark(edition) != before
        if different:
            log(edition, "masthead.edition.edit", user=by)
        return different


def _rewrite(row: EditionItem, texts: Mapping[str, str]) -> None:
    """Keep an editor's words; where they are the thing's own, none are kept, so that a corrected headline shows."""
    own = own_words(row)
    for name in MINE:
        if name in texts:
            written = texts[name].strip() if name == "text" else " ".join(texts[name].split())
            setattr(row, name, "" if written == getattr(own, name).strip() else written)


def moved(places: Sequence[int], rows: Sequence[EditionItem]) -> list[EditionItem]:
    """Which of ``rows`` were moved, by the ``places`` they had before: the fewest without which the others kept their order.

    Of two that changed places it is the one that went up.
    """
    best: list[list[int]] = []  # by each row, from the last one, the longest rising run that ends with it
    for n, place in enumerate(places):
        before = max((run for run in best if places[run[-1]] < place), key=len, default=[])
        best.insert(0, [*before, n])
    stayed = set(max(best, key=len, default=[]))
    return [row for n, row in enumerate(rows) if n not in stayed]


def _number(rows: Sequence[EditionItem]) -> None:
    for position, row in enumerate(rows):
        row.position = position


def move(*, number: int, item: int, by: Reader, steps: int) -> str:
    """Move an item up (-1) or down (1) in its block; its headline is returned."""
    with _editing(number, "") as edition:
        row = _item(edition, item)
        inside = list(_items(edition).filter(block=row.block))
        here = [each.pk for each in inside].index(row.pk)
        there = min(max(0, here + steps), len(inside) - 1)
        inside.insert(there, inside.pop(here))
        _number(inside)
        EditionItem.objects.bulk_update(inside, ["position"])
        if here != there:
            EditionItem.objects.filter(pk=row.pk).update(pinned=True)
            log(edition, "masthead.edition.edit", user=by)
        return _shown(row)


def pin(*, number: int, item: int, by: Reader) -> str:
    """Pin an item to its place, or let it go where it is pinned; a sentence that says which."""
    with _editing(number, "") as edition:
        row = _item(edition, item)
        row.pinned = not row.pinned
        row.save(update_fields=["pinned"])
        log(edition, "masthead.edition.pin", user=by, data={"headline": _shown(row)})
        return f"“{_shown(row)}” {'stays where it is' if row.pinned else 'gives way to what is newer'}."


def _item(edition: Edition, item: int) -> EditionItem:
    row = _items(edition).filter(pk=item).first()
    if row is None:
        raise CannotEdit("That is not in the edition any more: somebody took it out.")
    return row


def _shown(row: EditionItem) -> str:
    return row.headline or own_words(row).headline or "Something without a headline"


def take_out(*, number: int, item: int, by: Reader) -> str:
    """Take an item out; it can be put back while the edition is a draft. Its headline is returned."""
    with _editing(number, "") as edition:
        row = _item(edition, item)
        shown = _shown(row)
        kept = {name: getattr(row, name) for name in (*KEPT, *MINE)}
        SetAside.objects.create(edition=edition, item=kept, headline=shown[:200], at=clock.now(), by=by)
        row.delete()
        log(edition, "masthead.edition.remove", user=by, data={"headline": shown})
        return shown


def put_back(*, number: int, aside: int, by: Reader) -> str:
    """Put back what was taken out, where it stood; its headline is returned."""
    with _editing(number, "") as edition:
        kept = SetAside.objects.filter(edition=edition, pk=aside).first()
        if kept is None:
            raise CannotEdit("That is in the edition again already.")
        fields = dict(kept.item)
        for name, model in (("article_id", Article), ("entry_id", WireEntry), ("event_id", RadarEvent)):
            if fields[name] and not model.objects.filter(pk=fields[name]).exists():
                raise CannotEdit(f"“{kept.headline}” was deleted meanwhile, and cannot be put back.")
        if _inside(edition, fields):
            kept.delete()  # it came back some other way
            raise CannotEdit("That is in the edition again already.")
        inside = list(_items(edition).filter(block=fields["block"]))
        row = EditionItem.objects.create(edition=edition, pinned=True, **fields)
        inside.insert(min(fields["position"], len(inside)), row)
        _number(inside)
        EditionItem.objects.bulk_update(inside, ["position"])
        kept.delete()
        log(edition, "masthead.edition.restore", user=by, data={"headline": kept.headline})
        return kept.headline


THINGS = ("article_id", "entry_id", "event_id")


def _inside(edition: Edition, fields: Mapping[str, Any]) -> bool:
    """Whether the thing that ``fields`` name stands in ``edition``."""
    named = {name: fields[name] for name in THINGS if fields[name]}
    return bool(named) and EditionItem.objects.filter(edition=edition, **named).exists()


def taken_out(edition: Edition) -> list[composing.Found]:
    """What editors took out of ``edition``: composing does not bring it back by itself."""
    kept = SetAside.objects.filter(edition=edition).values_list("item", flat=True)
    return [composing.Found(*(fields[name] for name in THINGS)) for fields in kept]


def _no_longer_out(edition: Edition) -> None:
    """Forget what was taken out and is in again."""
    for kept in SetAside.objects.filter(edition=edition):
        if _inside(edition, kept.item):
            kept.delete()


def recompose(*, edition: Edition) -> None:
    """Compose ``edition`` anew; what comes back is not out any more."""
    services.recompose(edition=edition)
    _no_longer_out(edition)


def add(
    *,
    number: int,
    block: str,
    by: Reader,
    pinned: bool = True,
    article: Article | None = None,
    entry: WireEntry | None = None,
    event: RadarEvent | None = None,
    words: Words | None = None,
) -> EditionItem:
    """Put one thing, or words of the editor's own, at the end of ``block``. The same thing stands only once in an edition.

    It stays there, unless it is not ``pinned``, when an edition that was prepared early is completed.
    """
    words = words or Words()
    with _editing(number, "") as edition:
        if block not in Block.values:
            raise CannotEdit("There is no such block.")
        for name, thing in (("article", article), ("entry", entry), ("event", event)):
            if thing is not None and EditionItem.objects.filter(edition=edition, **{name: thing}).exists():
                raise CannotEdit(f"“{thing}” is in this edition already.")
        last = EditionItem.objects.filter(edition=edition, block=block).order_by("-position").first()
        row = EditionItem.objects.create(
            edition=edition,
            block=block,
            position=last.position + 1 if last else 0,
            article=article,
            entry=entry,
            event=event,
            headline=words.headline,
            text=words.text,
            url=words.url,
            source=words.source,
            pinned=pinned,
        )
        _no_longer_out(edition)
        log(edition, "masthead.edition.add", user=by, data={"headline": _shown(row)})
        return row


def go_now(*, edition: Edition, by: Reader) -> None:
    """Approve ``edition`` if it is not yet, and let it go at the clock's next tick instead of at its hour."""
    if edition.newsletter.paused:
        raise CannotEdit(f"{edition.newsletter.title} is paused; resume it first.")
    with transaction.atomic():
        locked = Edition.objects.select_for_update().get(pk=edition.pk)
        if locked.state == Edition.State.DRAFT:
            services.approve(edition=edition, by=by)
        waiting = Edition.objects.filter(pk=edition.pk, state=Edition.State.APPROVED)
        now = clock.now()
        # a scheduled hour that is past stays: readers whose own clock showed it then would else wait until tomorrow
        due = min(locked.due, now) if locked.kind == Edition.Kind.SCHEDULED else now
        if not waiting.update(due=due, held=False):
            raise CannotEdit("Only an edition that has not gone can go now.")


# --- who did what -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Done:
    """One line of an edition's log."""

    at: datetime
    what: str
    who: str
    about: str = ""


def history(edition: Edition, most: int = 40) -> list[Done]:
    """Who did what to ``edition``, newest first, and what the clock and the sender did."""
    rows = ModelLogEntry.objects.for_instance(edition).select_related("user").order_by("-timestamp")[:most]
    told = [
        Done(
            row.timestamp,
            LOGGED.get(row.action.removeprefix("masthead."), ("", row.action))[1],
            (row.user.get_full_name() or row.user.email) if row.user else "Somebody no longer here",
            str(row.data.get("headline") or row.data.get("words") or ""),
        )
        for row in rows
    ]
    for at, what in (
        (edition.composed, "Composed itself"),
        (edition.mailed_draft, "The draft was mailed to its editors"),
        (edition.frozen, f"Frozen and handed to the sender, for {edition.recipients:,} addresses"),
        (edition.finished, "Finished"),
    ):
        if at is not None:
            told.append(Done(at, what, ""))
    return sorted(told, key=lambda row: row.at, reverse=True)[:most]


def last_editor(edition: Edition, asked_by: Reader) -> str:
    """Who did something to it last, as the subject of a sentence told to ``asked_by``."""
    row = ModelLogEntry.objects.for_instance(edition).order_by("-timestamp").select_related("user").first()
    if edition.mailed_draft and (row is None or row.timestamp < edition.mailed_draft):
        return "The clock, which took in what is new at the cut-off,"
    if row is None or row.user is None:
        return "Somebody"
    return "You, in another window," if row.user == asked_by else row.user.get_full_name() or row.user.email
