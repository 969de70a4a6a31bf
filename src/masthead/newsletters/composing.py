"""What stands in an edition: its blocks filled with what there is, around what its editors have written.

An item names a thing (an article, a piece of outside news, an event). Its texts stay empty as long as the thing's own will do;
texts that are there are an editor's, and are kept whenever an edition is composed again. Of articles only cards are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from masthead.articles.models import Article, MoreFrom
from masthead.core import clock
from masthead.newsletters import radar
from masthead.newsletters.models import Block, Edition, EditionItem, NewsletterBlock, WireEntry
from masthead.newsletters.models.outbox import Delivery

NEWS = frozenset({Block.WIRE, Block.LATEST})  # what makes a day worth an edition; the other blocks stand whatever happens

FIRST = {Block.LATEST: 0, Block.LIBRARY: 2}  # in which order blocks are filled

BACKDATED = timedelta(days=3)  # published now but dated so much earlier is still new; more is an import of old articles
PICKED_WITHIN = timedelta(days=7)  # a pick that found no place for so long is no news any more
AHEAD = timedelta(days=14)  # the radar's
OLDER = timedelta(days=14)  # than this is what comes from the library
NOT_AGAIN = timedelta(days=90)  # from the library
MOST_READ_OF = timedelta(days=7)

MostRead = Callable[[datetime, int], Sequence[int]]
_most_read: list[MostRead] = []


Unwanted = Callable[[Edition], Iterable["Found"]]
_unwanted: list[Unwanted] = []


def provide_most_read(provider: MostRead) -> None:
    """Let ``provider(since, most)`` say which articles were read most, by their numbers. Counting lies some floors above."""
    _most_read[:] = [provider]


def provide_unwanted(provider: Unwanted) -> None:
    """Let ``provider(edition)`` say what its editors took out. The newsroom, which keeps that, lies some floors above."""
    _unwanted[:] = [provider]


@dataclass(frozen=True, slots=True)
class Found:
    """One thing found for a block."""

    article: int | None = None
    entry: int | None = None
    event: int | None = None

    @classmethod
    def of(cls, item: EditionItem) -> Found:
        """What ``item`` names."""
        return cls(item.article_id, item.entry_id, item.event_id)


def compose(edition: Edition) -> None:
    """Fill every block of ``edition`` anew; what editors wrote stays, also a subject and a preheader of theirs.

    Their order does not stay, nor does what they took out stay out.
    """
    edition.items.update(pinned=False)
    _compose(edition, set())


def complete(edition: Edition) -> None:
    """Bring ``edition``, which was prepared early, up to this moment: filled anew around what its editors did.

    What they wrote, put in or moved stays where it stands, and what they took out stays out; the rest follows the news.
    """
    _compose(edition, _taken_out(edition), pins=True)


def _compose(edition: Edition, unwanted: set[Found], *, pins: bool = False) -> None:
    proposed = proposal(edition)
    blocks = _blocks(edition)
    other = edition.items.exclude(block__in=[block.kind for block in blocks]).filter(_UNTOUCHED)
    other.filter(pinned=False).delete()
    taken: set[int] = set()
    # the library goes by what is new, wherever its block stands
    for block in sorted(blocks, key=lambda block: FIRST.get(Block(block.kind), 1)):
        taken |= _fill(edition, block, taken, unwanted, pins=pins)
    edition.composed = clock.now()
    propose(edition, proposed)
    edition.save(update_fields=["composed", "subject", "preheader"])


def _taken_out(edition: Edition) -> set[Found]:
    return {each for each in _unwanted[0](edition) if each != Found()} if _unwanted else set()


def coming_in(edition: Edition) -> list[Found]:
    """What :func:`complete` would bring of news that is not in ``edition`` yet."""
    inside, unwanted = {Found.of(item) for item in edition.items.all()}, _taken_out(edition)
    news = [block for block in _blocks(edition) if block.kind in NEWS]
    orders = [_order(edition, block, set(), unwanted, pins=True) for block in news]
    return [each for order in orders for each in order if isinstance(each, Found) and each not in inside]


def refill(edition: Edition, block: str) -> None:
    """Fill one block anew; what editors wrote in it stays."""
    for row in _blocks(edition):
        if row.kind == block:
            others = edition.items.exclude(block=block).exclude(article=None)
            _fill(edition, row, set(others.values_list("article_id", flat=True)), set())


def refresh(edition: Edition, *, add: bool) -> None:
    """Bring ``edition`` up to this moment without undoing what its editors did.

    What was withdrawn goes. With ``add``, what was published or picked since it was composed comes in at the end of its block,
    as far as there is room and nobody took it out.
    """
    proposed = proposal(edition)
    moment = clock.now()
    live = set(
        _listed(moment).filter(pk__in=edition.items.exclude(article=None).values("article_id")).values_list("pk", flat=True)
    )
    edition.items.exclude(article=None).exclude(article_id__in=live).delete()
    if add and edition.composed:
        unwanted = _taken_out(edition)
        for block in _blocks(edition):
            if block.kind in NEWS:
                items = list(edition.items.filter(block=block.kind))
                had = {Found.of(item) for item in items} | unwanted
                found = _find(edition, block.kind, block.most + len(unwanted), live, after=edition.composed)
                news = [each for each in found if each not in had]
                _write(edition, block.kind, [*items, *news][: max(block.most, len(items))])
        edition.composed = moment
    propose(edition, proposed)
    edition.save(update_fields=["composed", "subject", "preheader"])


def has_news(edition: Edition) -> bool:
    """Whether there is anything to say: news, or an editor's own words. Standing blocks alone are none, unless approved."""
    if edition.opening.strip() or edition.body.strip():
        return True
    items = edition.items.all()
    if edition.state != Edition.State.APPROVED and NEWS & {block.kind for block in _blocks(edition)}:
        items = items.filter(Q(block__in=NEWS) | Q(article=None, entry=None, event=None))
    return items.exists()


# Blocks ---------------------------------------------------------------------------------------------------------------

_UNTOUCHED = Q(headline="", text="", url="", source="") & ~Q(article=None, entry=None, event=None)


def _blocks(edition: Edition) -> list[NewsletterBlock]:
    if edition.kind == Edition.Kind.SPECIAL:
        return []  # written by hand
    return list(edition.newsletter.blocks.order_by("sort_order", "pk"))


def _touched(item: EditionItem) -> bool:
    return bool(item.headline or item.text or item.url or item.source) or Found.of(item) == Found()


def _fill(edition: Edition, block: NewsletterBlock, taken: set[int], unwanted: set[Found], *, pins: bool = False) -> set[int]:
    """Fill ``block`` without the articles ``taken`` by others, nor what is ``unwanted``; returns those it took."""
    order = _order(edition, block, taken, unwanted, pins=pins)
    _write(edition, block.kind, order)
    numbers = {each.article_id if isinstance(each, EditionItem) else each.article for each in order}
    return {number for number in numbers if number}


def _order(
    edition: Edition, block: NewsletterBlock, taken: set[int], unwanted: set[Found], *, pins: bool
) -> list[Found | EditionItem]:
    """What ``block`` is to hold. With ``pins`` what editors wrote or put there stays where it is, and the rest gives way."""
    items = list(edition.items.filter(block=block.kind))
    gone = _withdrawn(items)
    items = [item for item in items if item.article_id not in gone]
    kept = [item for item in items if _touched(item) or (pins and item.pinned)]
    own = {Found.of(item): item for item in items}
    if pins:
        others = edition.items.exclude(block=block.kind).filter(Q(pinned=True) | ~_UNTOUCHED).exclude(article=None)
        taken = taken | set(others.values_list("article_id", flat=True))
    found = [each for each in _find(edition, block.kind, block.most + len(unwanted), taken) if each not in unwanted]
    order: list[Found | EditionItem] = [own.get(each, each) for each in found[: block.most]]
    if pins:
        order = [each for each in order if each not in kept][: max(0, block.most - len(kept))]
    # what an editor wrote and nothing found names stays where it stood
    for item in kept:
        if item not in order:
            order.insert(min(items.index(item), len(order)), item)
    return order


def _withdrawn(items: Iterable[EditionItem]) -> set[int]:
    numbers = {item.article_id for item in items if item.article_id}
    return numbers - set(_listed(clock.now()).filter(pk__in=numbers).values_list("pk", flat=True))


def _write(edition: Edition, kind: str, order: Sequence[Found | EditionItem]) -> None:
    """Make the block's rows what ``order`` says: rows that are there are moved, not replaced."""
    kept = [each.pk for each in order if isinstance(each, EditionItem)]
    edition.items.filter(block=kind).exclude(pk__in=kept).delete()
    for position, each in enumerate(order):
        if isinstance(each, EditionItem):
            if each.position != position:
                EditionItem.objects.filter(pk=each.pk).update(position=position)
        else:
            EditionItem.objects.create(
                edition=edition,
                block=kind,
                position=position,
                article_id=each.article,
                entry_id=each.entry,
                event_id=each.event,
            )


def _find(edition: Edition, kind: str, most: int, taken: set[int], *, after: datetime | None = None) -> list[Found]:
    """What there is for a block, without the articles ``taken`` by others; of news only what came ``after``."""
    match kind:
        case Block.WIRE:
            return [Found(entry=number) for number in _wire(edition, most, after)]
        case Block.LATEST:
            return [Found(article=number) for number in _latest(edition, most, taken, after or edition.since)]
        case Block.RADAR:
            return [Found(event=event.pk) for event in radar.upcoming(edition.date, AHEAD, most)]
        case Block.LIBRARY:
            return [Found(article=number) for number in _library(edition, most, taken)]
        case Block.MOST_READ:
            return [Found(article=number) for number in _read(edition, most)]
    return []


# What is found for them -----------------------------------------------------------------------------------------------


def gone(newsletter: int) -> Q:
    """Editions of ``newsletter`` that readers got, or some of them."""
    # asked of each cancelled edition alone: all of an outbox of years is long
    some = Exists(Delivery.objects.filter(edition=OuterRef("pk"), state=Delivery.State.SUBMITTED))
    states = Q(state__in=[Edition.State.SENDING, Edition.State.PAUSED, Edition.State.DONE])
    return Q(newsletter=newsletter) & (states | (Q(state=Edition.State.CANCELLED) & Q(some)))


def _had(edition: Edition, within: timedelta) -> QuerySet[EditionItem]:
    """What stood in editions of the same newsletter that its readers got: all of them, and not those of one segment."""
    before = Edition.objects.filter(gone(edition.newsletter_id), due__gt=edition.due - within).exclude(pk=edition.pk)
    before = before.filter(segment=Edition.Segment.ALL)
    return EditionItem.objects.filter(edition__in=before)


def _listed(moment: datetime) -> QuerySet[Article]:
    return Article.objects.live().filter(dated__lte=moment)


def _wire(edition: Edition, most: int, after: datetime | None) -> list[int]:
    """What editors picked and readers of this newsletter have not had, in the editors' order."""
    rows = WireEntry.objects.filter(
        Q(picked_for=None) | Q(picked_for=edition.newsletter_id),
        picked__gt=after or clock.now() - PICKED_WITHIN,
        dismissed=None,
    )
    had = _had(edition, PICKED_WITHIN * 2).exclude(entry=None).values("entry_id")
    return list(rows.exclude(pk__in=had).order_by("position", "picked", "pk").values_list("pk", flat=True)[:most])


def _latest(edition: Edition, most: int, taken: set[int], since: datetime) -> list[int]:
    """Articles published after ``since``, newest first as on the home page; none that readers of this newsletter have had."""
    rows = _listed(clock.now()).filter(
        Q(dated__gt=since) | Q(first_published_at__gt=since, dated__gt=since - BACKDATED), date_precision=Article.Precision.DAY
    )
    had = _had(edition, NOT_AGAIN).exclude(article=None).values("article_id")
    rows = rows.exclude(pk__in=had).exclude(pk__in=taken)
    return list(rows.order_by("-dated", "-pk").values_list("pk", flat=True)[:most])


def _library(edition: Edition, most: int, taken: set[int]) -> list[int]:
    """Older articles that fit: what the latest lead on to, else of the same topics; none that was picked in the last 90 days."""
    moment = clock.now()
    leads = list(edition.items.filter(block=Block.LATEST).exclude(article=None).values_list("article_id", flat=True))
    leads = leads or list(_listed(moment).order_by("-dated", "-pk").values_list("pk", flat=True)[:3])
    older = min(edition.since, moment - OLDER)
    had = _had(edition, NOT_AGAIN).filter(block__in=[Block.LIBRARY, Block.LATEST]).exclude(article=None).values("article_id")
    fit = _listed(moment).filter(dated__lt=older).exclude(pk__in=had).exclude(pk__in=taken).exclude(pk__in=leads)
    onward = dict(MoreFrom.objects.filter(article__in=leads).values_list("article_id", "numbers"))
    wanted = [number for lead in leads for number in onward.get(lead, ())]
    usable = set(fit.filter(pk__in=wanted).values_list("pk", flat=True))
    chosen = [number for number in dict.fromkeys(wanted) if number in usable][:most]
    if len(chosen) < most:
        topics = Article.topics.through.objects.filter(article__in=leads).values("topic_id")
        alike = fit.exclude(pk__in=chosen).filter(topics__in=topics).annotate(shared=Count("topics"))
        chosen += alike.order_by("-shared", "-dated", "-pk").values_list("pk", flat=True)[: most - len(chosen)]
    return chosen


def _read(edition: Edition, most: int) -> list[int]:
    """What was read most in the week before."""
    if not _most_read:
        return []
    moment = clock.now()
    numbers = list(_most_read[0](moment - MOST_READ_OF, most * 3))
    live = set(_listed(moment).filter(pk__in=numbers).values_list("pk", flat=True))
    return [number for number in numbers if number in live][:most]


# Subject and preheader ------------------------------------------------------------------------------------------------


def proposal(edition: Edition) -> tuple[str, str]:
    """The subject from what leads, the preheader from what follows."""
    if edition.kind == Edition.Kind.SPECIAL:
        return "", ""
    ranks = {Block.LATEST: 0, Block.WIRE: 1, Block.MOST_READ: 2, Block.LIBRARY: 3, Block.RADAR: 4}
    items = edition.items.select_related("article", "entry", "event").defer("article__body")
    names = [name for item in sorted(items, key=lambda item: ranks[Block(item.block)]) if (name := headline(item))]
    subject = names[0] if names else edition.newsletter.title
    second = names[1] if len(names) > 1 else ""
    return cut(subject, 150), cut(second, 200)


def propose(edition: Edition, before: tuple[str, str]) -> None:
    """Propose anew, where what stands there is no editor's: empty, or what was proposed ``before``. Saves nothing."""
    subject, preheader = proposal(edition)
    if edition.subject in ("", before[0]):
        edition.subject = subject
    if edition.preheader in ("", before[1]):
        edition.preheader = preheader


def headline(item: EditionItem) -> str:
    """What ``item`` is called: the editor's words, else the thing's own."""
    if item.headline:
        return item.headline
    thing = item.article or item.entry or item.event
    return "" if thing is None else thing.headline if isinstance(thing, WireEntry) else thing.title


def cut(text: str, most: int) -> str:
    """``text`` in one line of at most ``most`` characters, cut between words."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0].rstrip(" ,;:–—-")[: most - 1] + "…"
