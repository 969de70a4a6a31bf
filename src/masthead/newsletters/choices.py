"""What one reader wants of our mail: read together, changed together, ended together.

Reached by whoever logged in, and by whoever holds a signed address from one of our mails; neither may change anything else by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import transaction

from masthead.core import clock, events
from masthead.newsletters import links, services
from masthead.newsletters.links import Kind
from masthead.newsletters.models import Newsletter, PersonalMail, Preferences, Tick
from masthead.readers.models import Reader

LONGEST_PAUSE = timedelta(days=366)
STOPPED = "stopped"  # the key that ends a welcome series
LOOKED = "looked"  # the key of the hour up to which alerts were looked for


@dataclass(frozen=True, slots=True)
class Choices:
    """All a reader chose. ``ticks`` maps a newsletter's slug to its weekdays (empty: each edition)."""

    ticks: Mapping[str, str] = field(default_factory=dict)
    paused_until: date | None = None
    timezone: str = ""
    clicks: bool = True
    month: bool = False
    alerts: str = Preferences.Alerts.NEVER.value


def of(reader: Reader) -> Choices:
    """What ``reader`` wants. Who never said gets *your month* once they asked for a newsletter, and no alerts."""
    ticks = dict(Tick.objects.filter(reader=reader).values_list("newsletter__slug", "weekdays"))
    row = Preferences.objects.filter(reader=reader).first()
    if row is None:
        return Choices(ticks, month=bool(ticks))
    return Choices(ticks, row.paused_until, row.timezone, row.clicks, row.month, row.alerts)


@transaction.atomic
def save(*, reader: Reader, wanted: Choices, origin: str) -> None:
    """Make ``wanted`` (checked by the form) what ``reader`` gets."""
    services.set_ticks(reader=reader, slugs=wanted.ticks, origin=origin, weekdays=wanted.ticks)
    _begin_alerts(reader, wanted.alerts)
    Preferences.objects.update_or_create(
        reader=reader,
        defaults={
            "paused_until": wanted.paused_until,
            "timezone": wanted.timezone,
            "clicks": wanted.clicks,
            "month": wanted.month,
            "alerts": wanted.alerts,
        },
    )


@transaction.atomic
def stop_everything(*, reader: Reader, origin: str) -> None:
    """Nothing is mailed any more but what ``reader`` asks for (codes, receipts)."""
    slugs = Newsletter.objects.values_list("slug", flat=True)
    services.untick(reader=reader, slugs=slugs, origin=origin)
    _set(reader, month=False, alerts=Preferences.Alerts.NEVER.value)
    _stop_welcome(reader)
    events.record("mail stopped", subject=reader.subject, origin=origin)


# --- what a signed address ends


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What a token is about, and whether it comes. ``reader`` is None after the account was deleted; ``name`` is what readers
    know it by, and empty where there is no such newsletter any more.
    """

    token: links.Token
    reader: Reader | None
    name: str
    comes: bool
    weekdays: str = ""


NAMES = {Kind.ALERTS: "your alerts", Kind.MONTH: "your month", Kind.WELCOME: "the welcome mails"}


def subscribed(token: links.Token) -> Subscribed:
    """How things stand with what ``token`` names."""
    reader = Reader.objects.filter(subject=token.subject, is_active=True).first()
    if token.kind is not None:
        return Subscribed(token, reader, NAMES[token.kind], reader is not None and wants(reader, token.kind))
    newsletter = Newsletter.objects.filter(slug=token.newsletter).first()
    if newsletter is None:
        return Subscribed(token, reader, "", False)
    tick = Tick.objects.filter(reader=reader, newsletter=newsletter).first() if reader else None
    return Subscribed(token, reader, newsletter.title, tick is not None, tick.weekdays if tick else "")


def wants(reader: Reader, kind: Kind) -> bool:
    """Whether mails of ``kind`` come to ``reader``, as far as their choices go."""
    chosen = of(reader)
    if kind is Kind.ALERTS:
        return chosen.alerts != Preferences.Alerts.NEVER
    if kind is Kind.MONTH:
        return chosen.month
    return bool(chosen.ticks) and not PersonalMail.objects.filter(reader=reader, kind=Kind.WELCOME, key=STOPPED).exists()


@transaction.atomic
def leave(*, token: links.Token, origin: str) -> Subscribed:
    """End what ``token`` names; twice is once. How things stood before."""
    before = subscribed(token)
    reader = before.reader
    if reader is None or not before.comes:
        return before
    if token.newsletter:
        services.untick(reader=reader, slugs=[token.newsletter], origin=origin)
        return before
    if token.kind is Kind.ALERTS:
        _set(reader, alerts=Preferences.Alerts.NEVER.value)
    elif token.kind is Kind.MONTH:
        _set(reader, month=False)
    elif token.kind is Kind.WELCOME:
        _stop_welcome(reader)
    events.record("mail left", subject=reader.subject, of=str(token.kind), origin=origin)
    return before


@transaction.atomic
def take_back(*, token: links.Token, origin: str, weekdays: str = "", weekly: bool = False) -> None:
    """Undo :func:`leave`: whoever holds the mail may end what it is about, and so may have it again."""
    now = subscribed(token)
    reader = now.reader
    if reader is None or now.comes or not now.name:
        return
    if token.newsletter:
        services.tick(reader=reader, slugs=[token.newsletter], origin=origin, weekdays={token.newsletter: weekdays})
    elif token.kind is Kind.ALERTS:
        _set(reader, alerts=(Preferences.Alerts.WEEKLY if weekly else Preferences.Alerts.DAILY).value)
    elif token.kind is Kind.MONTH:
        _set(reader, month=True)
    elif token.kind is Kind.WELCOME:
        PersonalMail.objects.filter(reader=reader, kind=Kind.WELCOME, key=STOPPED).delete()


def _set(reader: Reader, **values: object) -> None:
    """Change some preferences; where the reader never said anything the rest stays as it was without saying."""
    before = of(reader)
    _begin_alerts(reader, str(values.get("alerts", Preferences.Alerts.NEVER)))
    Preferences.objects.update_or_create(reader=reader, defaults=values, create_defaults={"month": before.month, **values})


def _begin_alerts(reader: Reader, often: str) -> None:
    """Whoever asks for alerts is told of what comes from now on, and not of what they did not ask for."""
    never = Preferences.Alerts.NEVER
    if often != never and not Preferences.objects.filter(reader=reader).exclude(alerts=never).exists():
        PersonalMail.objects.update_or_create(
            reader=reader, kind=PersonalMail.Kind.ALERT, key=LOOKED, defaults={"at": clock.now()}
        )


def _stop_welcome(reader: Reader) -> None:
    row = PersonalMail(reader=reader, kind=PersonalMail.Kind.WELCOME, key=STOPPED, at=clock.now())
    PersonalMail.objects.bulk_create([row], ignore_conflicts=True)


@transaction.atomic
def merged(*, kept: Reader, gone: Reader) -> None:
    """Two accounts become one: ``kept`` keeps what they chose; who never chose gets what ``gone`` chose. Nobody is mailed a
    welcome, a month or an alert again that either was mailed.
    """
    if not Preferences.objects.filter(reader=kept).exists():
        Preferences.objects.filter(reader=gone).update(reader=kept)
    had = set(PersonalMail.objects.filter(reader=kept).values_list("kind", "key"))
    for row in PersonalMail.objects.filter(reader=gone):
        if (row.kind, row.key) not in had:
            PersonalMail.objects.filter(pk=row.pk).update(reader=kept)


def days_from(values: Iterable[str]) -> str:
    """A form's weekdays ("1" for Monday), in order and each once."""
    return "".join(day for day in "1234567" if day in set(values))
