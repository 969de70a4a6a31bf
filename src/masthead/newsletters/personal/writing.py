"""How a reader's own mail is written: its parts, text and HTML from the same of them, and that it is written once."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Min, Q
from django.template.loader import render_to_string

from masthead.access import services as access
from masthead.articles import cards
from masthead.articles.models import Rendering
from masthead.articles.teaser import summary, teaser
from masthead.core import clock, mail
from masthead.core.models import OutgoingMail, Publication
from masthead.core.timezones import zone
from masthead.newsletters import choices, links, plain, suppression
from masthead.newsletters.links import Kind
from masthead.newsletters.models import PersonalMail, Preferences
from masthead.readers.models import Reader

MOST_WAITING = 100  # of these mails handed over and not yet submitted
A_DOMAIN = 5  # of them that count of those one domain has put off
AWAY = 20  # mails a domain has put off, and taken none since: nothing more is written to its readers
PERSONAL = {Kind.ALERTS: "alert", Kind.MONTH: "month", Kind.WELCOME: "welcome"}  # as PersonalMail and OutgoingMail call them


@dataclass(frozen=True, slots=True)
class Piece:
    """An article as a mail shows it: never more than its teaser."""

    title: str
    address: str
    kicker: str
    text: str
    byline: str


@dataclass(frozen=True, slots=True)
class Group:
    """Pieces under a heading."""

    heading: str
    pieces: tuple[Piece, ...]
    more: tuple[str, str] | None = None  # words, and where they lead


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail. ``body`` is clean HTML; ``why`` says why it came."""

    subject: str
    heading: str
    why: str
    body: str = ""
    paragraphs: tuple[str, ...] = ()
    titles: tuple[tuple[str, str], ...] = ()  # a plain list: words, and where they lead
    groups: tuple[Group, ...] = ()
    action: tuple[str, str] | None = None
    preheader: str = ""


def room() -> int:
    """How many more may be handed over now.

    What one domain has put off takes a few places and no more: those who write to it wait, and not everybody. Where they are put
    off everywhere the mail server is away, and all wait.
    """
    fresh = OutgoingMail.objects.filter(state=OutgoingMail.State.PENDING, kind__in=PERSONAL.values(), attempts=0)
    return max(0, MOST_WAITING - fresh.count() - sum(min(count, A_DOMAIN) for _, count, _ in _put_off()))


def away(field: str = "email") -> Q:
    """Those whose domains take no mail just now, by the ``field`` that holds their address. Their mail waits."""
    found = Q(pk__in=[])
    for domain, count, first in _put_off():
        if count >= AWAY:
            since = OutgoingMail.objects.filter(pk__gt=first, state=OutgoingMail.State.SUBMITTED)
            if not since.annotate(domain=mail.DOMAIN).filter(domain=domain).exists():
                found |= Q(**{f"{field}__iendswith": f"@{domain}"})
    return found


def _put_off() -> list[tuple[str, int, int]]:
    """The domains that have put off some of these mails, how many, and the first of those."""
    rows = OutgoingMail.objects.filter(state=OutgoingMail.State.PENDING, kind__in=PERSONAL.values(), attempts__gt=0)
    by_domain = rows.annotate(domain=mail.DOMAIN).order_by().values("domain")
    return list(by_domain.annotate(count=Count("pk"), first=Min("pk")).values_list("domain", "count", "first"))


def write(*, reader: Reader, kind: Kind, key: str, letter: Letter) -> bool:
    """Hand ``letter`` over to ``reader``, unless one of ``kind`` and ``key`` was; whether it was now.

    Whether they want it, and may be mailed at all, is looked at in the transaction: what was put together a moment ago may be
    wanted no more.
    """
    publication = Publication.load()
    with transaction.atomic():
        locked = Reader.objects.select_for_update().filter(pk=reader.pk).first()
        if locked is None or not may_be_mailed(locked, kind):
            return False
        _, new = PersonalMail.objects.get_or_create(reader=locked, kind=PERSONAL[kind], key=key, defaults={"at": clock.now()})
        if not new:
            return False
        token = links.kind_token(locked.subject, kind)
        context = {
            "letter": letter,
            "publication": publication,
            "home": settings.MASTHEAD.base_url,
            "unsubscribe": links.unsubscribe_url(token),
            "preferences": links.preferences_url(locked.subject),
        }
        mail.hand_over(
            kind=PERSONAL[kind],
            to=locked.email,
            subject=letter.subject[:150],
            text=_text(context),
            html=render_to_string("newsletters/personal/mail.html", context),
            headers=links.one_click(token),
        )
    return True


def _text(context: dict[str, object]) -> str:
    letter = context["letter"]
    body = plain.of_html(letter.body) if isinstance(letter, Letter) and letter.body else ""
    written = render_to_string("newsletters/personal/mail.txt", {**context, "body": body})
    paragraphs = [block.strip("\n") for block in written.split("\n\n")]
    return "\n\n".join(block for block in paragraphs if block.strip()) + "\n"


def may_be_mailed(reader: Reader, kind: Kind) -> bool:
    """Whether ``reader`` proved their address, wants mails of ``kind``, rests not, and nothing stands against the address."""
    if reader.confirmed is None or not reader.is_active or not choices.wants(reader, kind) or rests(reader):
        return False
    return not suppression.is_suppressed(reader.email)


def rests(reader: Reader) -> bool:
    """Whether ``reader`` wants no mail just now."""
    today = clock.now().astimezone(zone(Publication.load().timezone)).date()
    return Preferences.objects.filter(reader=reader, paused_until__gt=today).exists()


ACCESS = {"open": "", "metered": "", "subscribers": "For subscribers"}


def pieces(numbers: list[int]) -> tuple[Piece, ...]:
    """Articles by number, those that lists show, in order. What is said of each is its standfirst or its teaser's beginning."""
    policy = access.policy_to_show()
    found = cards.by_numbers(numbers, clock.now())
    bare = [card.id for card in found if not card.standfirst]
    begun = {row.article_id: teaser(row, policy).text for row in Rendering.objects.filter(article__in=bare)}
    return tuple(
        Piece(
            title=card.title,
            address=f"{settings.MASTHEAD.base_url}{card.path}",
            kicker=" · ".join(part for part in (card.topics[0].name if card.topics else "", ACCESS.get(card.access, "")) if part),
            text=summary(card.standfirst, begun.get(card.id, "")),
            byline=", ".join(author.name for author in card.authors),
        )
        for card in found
    )
