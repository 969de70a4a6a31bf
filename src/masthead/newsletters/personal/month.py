"""Your month: when the choices renew, a mail to those who have choices: what they opened, how many there are again, what to read.

For registered readers to whom not everything is open, who get a newsletter (or said that they want this one). At eight o'clock in
the publication's time zone, a third of the readers on each of the first three days: nobody's mail server gets all of it at once.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import apnumber
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Mod
from django.utils.formats import date_format

from masthead.access import services as access
from masthead.access.models import Grant
from masthead.access.period import MONTH, Period, period_of
from masthead.access.policy import WHOLE, Access, Policy
from masthead.articles import cards
from masthead.articles.models import Article, MoreFrom
from masthead.core import clock
from masthead.core.models import Publication
from masthead.core.timezones import zone
from masthead.newsletters import restored
from masthead.newsletters.links import Kind
from masthead.newsletters.models import PersonalMail, Preferences, Tick
from masthead.newsletters.personal.writing import Group, Letter, away, may_be_mailed, pieces, room, write
from masthead.readers.models import Reader

HOUR = time(8)
DAYS = 3  # over which it is spread
TOO_LATE = 10  # days into the month: nobody wants it any more
BATCH = 200
SUGGESTED = 3
QUIET = timedelta(minutes=10)  # after everybody of the day had theirs: it is asked again no sooner

_quiet: dict[str, datetime] = {}  # by period: until when nobody is looked for


def tick() -> int:
    """Write what is due; how many mails."""
    now = clock.now()
    policy = access.current_policy()
    share = due_share(now, policy)
    if share is None:
        return 0
    period = policy.period_at(now)
    if now < _quiet.get(period.name, now):
        return 0
    count, after = 0, 0
    while left := room():
        batch = list(_due(policy, period, share, now).filter(pk__gt=after).order_by("pk")[: min(left, BATCH)])
        if not batch:
            _quiet.clear()
            _quiet[period.name] = now + QUIET
            break
        for reader in batch:
            if may_be_mailed(reader, Kind.MONTH):
                count += write(reader=reader, kind=Kind.MONTH, key=period.name, letter=letter(reader, policy, period, now))
        after = batch[-1].pk
    return count


def due_share(now: datetime, policy: Policy) -> int | None:
    """How many shares of the readers (of :data:`DAYS`) have their turn by ``now``; None: nobody's mail is due.

    Only where choices are counted by the month, and there are any.
    """
    if policy.period != MONTH or not policy.allowance:
        return None
    local = now.astimezone(zone(policy.timezone))
    days = local.day - 1 + (local.time() >= HOUR)
    return min(days, DAYS) if 0 < days <= TOO_LATE else None


def _due(policy: Policy, period: Period, share: int, now: datetime) -> QuerySet[Reader]:
    """Readers of the first ``share`` shares who were here before the period began, may choose, and had no mail of it."""
    again = restored.began_again()
    past = (due_share(again, policy) or 0) if again and again >= period.starts else 0  # may have had theirs from the original
    in_date = Q(until=None) | Q(until__gt=now)
    everything = Grant.objects.filter(in_date, reader=OuterRef("pk"), article=None, kind__in=list(WHOLE))
    had = PersonalMail.objects.filter(reader=OuterRef("pk"), kind=PersonalMail.Kind.MONTH, key=period.name)
    said = Preferences.objects.filter(reader=OuterRef("pk"))
    return (
        Reader.objects.filter(is_active=True, confirmed__lt=period.starts)
        .annotate(share=Mod(F("pk"), DAYS))
        .filter(share__lt=share, share__gte=past)
        .filter(Exists(said.filter(month=True)) | (~Exists(said) & Exists(Tick.objects.filter(reader=OuterRef("pk")))))
        .exclude(Exists(everything))
        .exclude(Exists(had))
        .exclude(away())
    )


def letter(reader: Reader, policy: Policy, period: Period, now: datetime) -> Letter:
    """What is said to ``reader``."""
    publication = Publication.load()
    before = period_of(period.starts - timedelta(hours=1), policy.timezone, MONTH)
    opened = _opened(reader, before.name)
    month = date_format(period.starts.astimezone(zone(policy.timezone)), "F")
    last = date_format(before.starts.astimezone(zone(policy.timezone)), "F")
    choices = f"{apnumber(policy.allowance)} free article{'s' if policy.allowance != 1 else ''}"
    paragraphs = [f"Your {choices} of {month} are there: choose whichever you like with “Read this article”."]
    if policy.allowance == 1:
        paragraphs = [f"Your free article of {month} is there: choose whichever you like with “Read this article”."]
    if opened:
        paragraphs.append(f"In {last} you opened:")
    base = settings.MASTHEAD.base_url
    suggestions = pieces(_suggestions(reader, opened, now))
    return Letter(
        subject=f"Your {choices} for {month}",
        heading=f"Your {month}",
        paragraphs=tuple(paragraphs),
        titles=tuple((article.title, f"{base}{article.path_on_site}") for article in opened),
        groups=(Group("You might choose", suggestions),) if suggestions else (),
        action=("All of it, without counting: All-Access", f"{base}/subscribe/"),
        why=f"You get this because you are a reader of {publication.name} and have articles to choose each month.",
    )


def _opened(reader: Reader, period: str) -> list[Article]:
    rows = Grant.objects.filter(reader=reader, kind=Grant.Kind.UNLOCK, period=period, article__isnull=False)
    numbers = list(dict.fromkeys(rows.order_by("since", "pk").values_list("article", flat=True)))
    found = Article.objects.live().only("title", "slug", "live").in_bulk(numbers)
    return [found[number] for number in numbers if number in found]


def _suggestions(reader: Reader, opened: list[Article], now: datetime) -> list[int]:
    """What their last articles lead on to, else the newest: metered, and none they chose already."""
    chosen = set(Grant.objects.filter(reader=reader, article__isnull=False).values_list("article", flat=True))
    onward = [number for row in MoreFrom.objects.filter(article__in=[a.pk for a in opened]) for number in row.numbers]
    metered = cards.listed(now).filter(access=Access.METERED)
    there = set(metered.filter(pk__in=onward).values_list("pk", flat=True))
    newest = list(metered.values_list("pk", flat=True)[: SUGGESTED + len(chosen)])
    wanted = [number for number in dict.fromkeys([*onward, *newest]) if number not in chosen]
    return [number for number in wanted if number in there or number in newest][:SUGGESTED]
