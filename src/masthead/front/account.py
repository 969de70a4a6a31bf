"""What the account page says of one reader: what they may read, their shelf, what they asked for, where they are logged in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.sessions.models import Session
from django.core.paginator import Page, Paginator
from django.db.models import Max
from django.http import HttpRequest

from masthead.access import services as access
from masthead.access.models import Grant
from masthead.access.policy import WHOLE, Policy, Reason, Standing, Visitor, standing
from masthead.articles.models import Article, SavedArticle
from masthead.billing import services as billing
from masthead.billing.lifecycle import State
from masthead.core import clock
from masthead.core.timezones import zone as zone_called
from masthead.front import following, gifts, mail_choices, subscription
from masthead.newsletters import choices, suppression
from masthead.readers import devices, passkeys, sessions
from masthead.readers.models import Login, Reader

SHELF = 12  # articles a page

METHODS = {"code": "with a mailed code", "link": "with a mailed link", "passkey": "with a passkey", "password": "with a password"}
WHOLE_WORDS = {"subscription": "your subscription", "comp": "a gift from us", "seat": "your group’s subscription"}


@dataclass(frozen=True, slots=True)
class Whole:
    """Why everything is open: in words, and to which day (without end, when None)."""

    words: str
    until: date | None
    renews: date | None = None  # a subscription that goes on has no end: this is when it is paid for next


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader may read. ``renews`` is None where the rules are malformed: then no choices are promised."""

    standing: str
    left: int
    allowance: int
    period: str
    renews: date | None
    whole: Whole | None
    institution: str

    @property
    def marks(self) -> list[bool]:
        """One for each choice, true while it is left; none where there are too many to draw."""
        return [n < self.left for n in range(self.allowance)] if self.allowance <= 10 else []


@dataclass(frozen=True, slots=True)
class Kept:
    """An article on the shelf or saved. ``path`` is empty where it is no longer published."""

    title: str
    path: str
    slug: str
    since: date
    until: date | None = None
    open: bool = True


@dataclass(frozen=True, slots=True)
class Browser:
    """One log-in."""

    id: int
    label: str
    method: str
    since: date
    seen: date
    here: bool


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey."""

    id: int
    name: str
    since: date
    used: date | None


def page_context(request: HttpRequest, reader: Reader) -> dict[str, Any]:
    """Everything the account page shows."""
    policy: Policy = request.policy  # type: ignore[attr-defined]
    zone = zone_of(request)
    now = clock.now()
    return {
        "reader": reader,
        "reading": reading(request, reader, policy, now),
        "subscriptions": subscription.of(reader),
        "receipts": subscription.receipts(reader),
        "giving": gifts.of(reader, policy),
        "shelf": shelf(reader, zone, now, request.GET.get("shelf", "1")),
        "saved": saved(reader, zone, request.GET.get("saved", "1")),
        **following.context(reader, zone, request.GET.get("following", "1"), request.GET.get("searches", "1")),
        "mail": mail_choices.form(choices.of(reader), zone=zone.key, today=day(now, zone)),
        "refused": suppression.of(reader.email),
        "proved": proved_since(reader),
        "passkeys": [
            Passkey(row.pk, row.wrap().name, day(row.created_at, zone), day(row.last_used_at, zone) if row.last_used_at else None)
            for row in passkeys.of(reader)
        ],
        "passkeys_offered": passkeys.relying_party(request) is not None,
        "passkeys_explanation": passkeys.explanation(request),
        "may_change_keys": sessions.may_change_keys(request),
        "works_here": reader.is_staff,
        "in_newsroom": sessions.in_newsroom(request),
        "browsers": browsers(request, reader, zone),
        "today": day(now, zone),
        "yesterday": day(now, zone) - timedelta(days=1),
    }


def proved_since(reader: Reader) -> bool:
    """Whether ``reader`` got a code or link at their address since mail to it was stopped: it takes mail, and is theirs."""
    refused = suppression.of(reader.email)
    if refused is None or refused.since is None:
        return True
    return Login.objects.filter(reader=reader, method__in=("code", "link"), created__gt=refused.since).exists()


def zone_of(request: HttpRequest) -> ZoneInfo:
    """The publication's time zone."""
    return zone_called(request.policy.timezone)  # type: ignore[attr-defined]


def day(moment: datetime, zone: ZoneInfo) -> date:
    """The calendar day of ``moment`` where the publication is."""
    return moment.astimezone(zone).date()


def reading(request: HttpRequest, reader: Reader, policy: Policy, now: datetime) -> Reading:
    """What ``reader`` may read in this browser, from the database and not from the pass."""
    visitor = access.visitor_of(reader, devices.known(request), policy, now, staff=sessions.in_newsroom(request))
    zone = zone_called(policy.timezone)
    try:
        renews = day(policy.period_at(now).ends, zone)
    except ValueError:
        renews = None
    return Reading(
        standing=standing(visitor, now).value,
        left=visitor.choices_left,
        allowance=policy.allowance,
        period=policy.period,
        renews=renews,
        whole=_whole(reader, visitor, now, zone),
        institution=request.visitor.institution or "",  # type: ignore[attr-defined]
    )


def _whole(reader: Reader, visitor: Visitor, now: datetime, zone: ZoneInfo) -> Whole | None:
    if standing(visitor, now) is not Standing.SUBSCRIBER:
        return None
    held = [g for g in visitor.grants if g.article is None and g.kind in WHOLE and g.in_date(now)]
    longest = next((g for g in held if g.until is None), None) or max(held, key=lambda g: g.until or now)
    until = day(longest.until, zone) if longest.until else None
    if longest.kind != Reason.SUBSCRIPTION or until is None:
        return Whole(WHOLE_WORDS[longest.kind], until)
    main = billing.held_by(reader).main
    if main is None:  # another's, paid in this browser
        return Whole(WHOLE_WORDS[longest.kind], until)
    # the grant bridges the days until a payment is in: the reader is told what is paid for
    paid = day(main.paid_until, zone) if main.paid_until and main.paid_until > now else until
    due = main.renews if main.state in {State.ACTIVE, State.TRIALING} and main.renews and main.renews > now else None
    return Whole(WHOLE_WORDS[longest.kind], paid, day(due, zone) if due else None)


def shelf(reader: Reader, zone: ZoneInfo, now: datetime, number: str) -> Page:
    """The articles ``reader`` chose, newest first, each once however often it was chosen."""
    chosen = Grant.objects.filter(reader=reader, kind=Grant.Kind.UNLOCK, article__isnull=False)
    newest = chosen.order_by().values("article").annotate(newest=Max("pk")).values("newest")
    rows = Grant.objects.filter(pk__in=newest).order_by("-since", "-pk")
    page = Paginator(rows, SHELF).get_page(number)
    articles = _articles(row.article_id for row in page.object_list)
    page.object_list = [
        _kept(
            articles[row.article_id],
            day(row.since, zone),
            day(row.until, zone) if row.until else None,
            row.fact().in_date(now),
        )
        for row in page.object_list
    ]
    return page


def saved(reader: Reader, zone: ZoneInfo, number: str) -> Page:
    """The articles ``reader`` keeps for later, newest first."""
    page = Paginator(SavedArticle.objects.filter(reader=reader).order_by("-created", "-pk"), SHELF).get_page(number)
    articles = _articles(row.article_id for row in page.object_list)
    page.object_list = [_kept(articles[row.article_id], day(row.created, zone)) for row in page.object_list]
    return page


def _articles(numbers: Any) -> dict[int, Article]:
    return Article.objects.only("title", "slug", "live").in_bulk(set(numbers))


def _kept(article: Article, since: date, until: date | None = None, opens: bool = True) -> Kept:
    return Kept(article.title, article.path_on_site if article.live else "", article.slug, since, until, opens)


def browsers(request: HttpRequest, reader: Reader, zone: ZoneInfo) -> list[Browser]:
    """Where ``reader`` is logged in, this browser first. Log-ins whose session has gone are over and not listed."""
    key = request.session.session_key
    rows = list(Login.objects.filter(reader=reader).order_by("-last_seen", "-pk"))
    there = set(Session.objects.filter(session_key__in=[row.session_key for row in rows]).values_list("session_key", flat=True))
    listed = [
        Browser(
            id=row.pk,
            label=row.label or "A browser",
            method=METHODS.get(row.method, ""),
            since=day(row.created, zone),
            seen=day(row.last_seen, zone),
            here=row.session_key == key,
        )
        for row in rows
        if row.session_key in there
    ]
    return sorted(listed, key=lambda browser: not browser.here)
