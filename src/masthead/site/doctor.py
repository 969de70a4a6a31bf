"""What an operator can get wrong, each as one check that says what it found and what to do."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection

from masthead.core import clock, notices
from masthead.core.mail_url import Way
from masthead.core.models import Heartbeat, OutgoingMail, Publication
from masthead.library import documents, keeper
from masthead.library.reading import Library
from masthead.site import preparation

LITTLE_SPACE = 1_000_000_000  # bytes
NO_SPACE = 50_000_000
ALIVE = timedelta(seconds=30)
CLOCKS_APART = timedelta(seconds=5)
MAIL_DUE = timedelta(minutes=5)


class Verdict(StrEnum):
    """How bad it is. A ``fail`` keeps the publication from working; a ``warn`` will hurt somebody sooner or later."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report."""

    verdict: Verdict
    subject: str
    text: str


def ok(subject: str, text: str) -> Finding:
    return Finding(Verdict.OK, subject, text)


def warn(subject: str, text: str) -> Finding:
    return Finding(Verdict.WARN, subject, text)


def fail(subject: str, text: str) -> Finding:
    return Finding(Verdict.FAIL, subject, text)


def examine() -> Iterator[Finding]:
    """Every finding, in order. Where the database does not answer, what needs it is left out."""
    yield from check_data()
    yield check_secret_key()
    yield check_base_url()
    yield check_clock()
    database = list(check_database())
    yield from database
    if any(finding.verdict is Verdict.FAIL for finding in database):
        return
    needing_tables: list[Callable[[], Finding]] = [
        *(check_clocks, check_cache, check_static, check_worker),
        *(check_mail, check_library, check_time_zone),
        check_payments,
    ]
    for check in needing_tables:
        try:
            yield check()
        except DatabaseError as error:
            yield fail(check.__name__.removeprefix("check_"), f"{error}".partition("\n")[0])
    yield from check_proxies()


def check_data() -> Iterator[Finding]:
    """The data directory (its being writable was checked before anything else) and the room on its disk."""
    free = shutil.disk_usage(settings.MASTHEAD.data).free
    text = f"{free / 1e9:,.1f} GB free for {settings.MASTHEAD.data}"
    if free < NO_SPACE:
        yield fail("disk", f"{text}; make room, or nothing can be saved.")
    elif free < LITTLE_SPACE:
        yield warn("disk", f"{text}; make room before it is full.")
    else:
        yield ok("disk", text)


def check_secret_key() -> Finding:
    """The key, and that nobody else on this machine can read its file."""
    if settings.MASTHEAD.secret_key:
        return ok("secret key", "from MASTHEAD_SECRET_KEY")
    path = Path(settings.MASTHEAD.data) / "secret-key"
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return warn("secret key", f"others can read {path}; run chmod 600 on it.")
    return ok("secret key", f"in {path}; back it up, or every log-in ends with it")


def check_base_url() -> Finding:
    """Whether readers come by https."""
    url = settings.MASTHEAD.base_url
    if settings.MASTHEAD.secure:
        return ok("base URL", url)
    if urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}:
        return warn("base URL", f"{url} works on this machine only; set MASTHEAD_BASE_URL to the address readers use.")
    return fail("base URL", f"{url} is not https: cookies and codes can be read on the way; put TLS in front and change it.")


def check_clock() -> Finding:
    """Whether the clock is shifted for a trial, or Django's debug pages are on."""
    if settings.MASTHEAD.clock_offset:
        return warn("clock", f"shifted by {settings.MASTHEAD.clock_offset:,} s; unset MASTHEAD_CLOCK_OFFSET after the trial.")
    if settings.DEBUG and settings.MASTHEAD.secure:
        return fail("debug", "MASTHEAD_DEBUG shows the code's inside to every visitor; unset it.")
    return ok("clock", f"{clock.now():%Y-%m-%d %H:%M:%S} UTC")


def check_database() -> Iterator[Finding]:
    """Whether it answers and has this version's tables."""
    try:
        applied = preparation.migrations_applied()
    except DatabaseError as error:
        reason = str(error).strip().partition("\n")[0]
        yield fail("database", f"does not answer ({reason}); check MASTHEAD_DATABASE_URL and that the server runs.")
        return
    name = "SQLite" if connection.vendor == "sqlite" else "PostgreSQL"
    if not applied:
        yield fail("database", f"{name} lacks migrations; run `masthead prepare`.")
    elif connection.vendor == "sqlite" and settings.MASTHEAD.web_workers > 8:
        yield warn("database", f"SQLite with {settings.MASTHEAD.web_workers} web workers: they wait for one another to write.")
    else:
        yield ok("database", f"{name} answers and has every migration")


def check_clocks() -> Finding:
    """Whether this machine and the database agree on the time: access ends and schedules run by what each takes for now."""
    if connection.vendor != "postgresql":
        return ok("clocks", "one: the database is a file of this machine")
    before = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        theirs: datetime = cursor.fetchone()[0]
    after = datetime.now(UTC)
    apart = max(before - theirs, theirs - after)  # however long the answer took: between asking and hearing is no difference
    if apart <= CLOCKS_APART:
        return ok("clocks", "this machine's and the database's agree")
    which = "behind" if theirs > after else "ahead of"
    text = f"this machine's is {apart.total_seconds():,.0f} s {which} the database's"
    return warn("clocks", f"{text}; keep both by NTP: access ends and schedules run by them.")


def check_cache() -> Finding:
    """Whether what is put into the cache comes out again."""
    try:
        cache.set("doctor", "well", 30)
        kept = cache.get("doctor") == "well"
    except Exception as error:
        # each back end has errors of its own
        return fail("cache", f"does not answer ({error}); check MASTHEAD_CACHE_URL, or run `masthead prepare` for the table.")
    where = "Redis" if settings.MASTHEAD.cache_url else "a table in the database"
    return ok("cache", where) if kept else fail("cache", f"{where} forgets at once; check its memory limit.")


def check_static() -> Finding:
    """Whether style sheets and scripts of this version are in place."""
    if preparation.static_collected():
        return ok("static files", "collected")
    return warn("static files", "not those of this version; run `masthead prepare`.")


def check_worker() -> Finding:
    """Whether a worker has shown lately that it lives."""
    moment = clock.now()
    beats = Heartbeat.objects.filter(name__startswith="worker:", at__gt=moment - ALIVE, at__lt=moment + ALIVE).count()
    if beats:
        return ok("worker", f"{beats} alive")
    return fail("worker", "none alive: no mail goes out and nothing scheduled is published; run `masthead worker`.")


def check_mail() -> Finding:
    """Where mail goes, and whether any is stuck."""
    waiting = OutgoingMail.objects.filter(state=OutgoingMail.State.PENDING, created__lt=clock.now() - MAIL_DUE).order_by(
        "-attempts"
    )
    if stuck := waiting.first():
        reason = f" (the server says: {stuck.error})" if stuck.error else ""
        text = f"{waiting.count():,} wait for more than five minutes{reason}"
        return fail("mail", f"{text}; check MASTHEAD_EMAIL_URL and the worker.")
    email = settings.MASTHEAD.email
    if email.way is Way.FILES:
        text = f"goes to files in {settings.MASTHEAD.data / 'mail'}, not to readers"
        return warn("mail", f"{text}; set MASTHEAD_EMAIL_URL before you open the doors.")
    return ok("mail", f"by {email.host or email.provider}")  # not from the address: a provider's is its key


def check_library() -> Finding:
    """The search index of this machine."""
    library = Library(keeper.place())
    state, wanted = library.state(), documents.count()
    if state is None:
        done, of = library.place.progress()
        if of:
            return warn("library", f"the index is being built: {done:,} of {of:,} articles")
        return warn("library", "there is no index yet: web and worker build it, or run `masthead reindex`")
    held = state.searcher.num_docs
    if held != wanted:
        return warn("library", f"{held:,} of {wanted:,} articles are indexed; if this lasts, run `masthead reindex`")
    return ok("library", f"{held:,} articles indexed")


def check_payments() -> Finding:
    """Which provider takes the money, and whether it tells us."""
    here = settings.MASTHEAD
    if not here.stripe:
        return warn("payments", "the sandbox, in which no money moves; set MASTHEAD_STRIPE_SECRET_KEY to sell.")
    from masthead.billing.providers.stripe import checks  # the SDK takes its time to load

    found = list(checks.problems())
    if not found:
        return ok("payments", f"Stripe, {checks.kind_of_key()}; it tells us of everything")
    worst = fail if any(fatal for fatal, _ in found) else warn
    return worst("payments", "Stripe, " + checks.kind_of_key() + ": " + " ".join(text for _, text in found))


def check_time_zone() -> Finding:
    """Whether months and schedules are counted where the publication is."""
    zone = Publication.load().timezone
    if zone == "UTC":
        return warn("time zone", "UTC; if your readers live elsewhere, set it in the newsroom under Settings, Publication.")
    return ok("time zone", zone)


def check_proxies() -> Iterator[Finding]:
    """What web processes noticed in the last day, above all a proxy that is not trusted."""
    recent = notices.recent()
    for notice in recent:
        yield warn("notice", f"{notice.text} (last {notice.last_seen:%Y-%m-%d %H:%M} UTC)")
    trusted = ", ".join(str(network) for network in settings.MASTHEAD.trusted_proxies)
    if not any(notice.key == "untrusted-proxy" for notice in recent):
        yield ok("proxies", f"X-Forwarded-For is believed from {trusted}" if trusted else "none trusted, none seen")
