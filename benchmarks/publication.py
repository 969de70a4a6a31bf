"""A Masthead with articles in a data directory of its own, servers on it, and passes for readers it never had."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle
from pathlib import Path

from benchmarks import machine

MASTHEAD = [sys.executable, "-P", "-m", "masthead.site"]


def environment(data: Path, **more: str) -> dict[str, str]:
    """Surroundings in which nothing but ``data`` and ``more`` is decided."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MASTHEAD_", "DJANGO_"))}
    return {**kept, "MASTHEAD_DATA": str(data), **more}


def command(data: Path, *arguments: str) -> None:
    """Run ``masthead`` with ``arguments`` and let it speak; a failure ends the benchmark."""
    if subprocess.run([*MASTHEAD, *arguments], env=environment(data)).returncode:
        raise SystemExit(f"masthead: `masthead {' '.join(arguments)}` failed; see above.")


def start(data: Path, core: int, log: Path, *, edge: bool) -> tuple[machine.Pinned, int]:
    """The web role, one worker, on ``core``; returns it and its port."""
    port = machine.free_port()
    variables = environment(data, MASTHEAD_EDGE="on" if edge else "off", MASTHEAD_WEB_WORKERS="1")
    server = machine.Pinned([*MASTHEAD, "web", "--port", str(port)], core, log=log, env=variables)
    try:
        server.wait_until(lambda: machine.listening(port))
        if not server.on_its_core():
            raise SystemExit("masthead: the web role left the core it was given.")
    except BaseException:
        server.stop()
        raise
    return server, port


def start_worker(data: Path, core: int, log: Path) -> machine.Pinned:
    """The worker role, on ``core``."""
    return machine.Pinned([*MASTHEAD, "worker"], core, log=log, env=environment(data))


def load_django(data: Path, **variables: str) -> None:
    """Make this process one of ``data``'s, so that it may sign passes and read what articles there are."""
    for name in [name for name in os.environ if name.startswith(("MASTHEAD_", "DJANGO_"))]:
        del os.environ[name]
    os.environ.update(variables)
    from masthead.site import bootstrap

    bootstrap.configure(data)
    bootstrap.setup_django()


@dataclass(frozen=True, slots=True)
class Chosen:
    """The article that is measured."""

    pk: int
    slug: str

    @property
    def path(self) -> str:
        """Where it stands."""
        return f"/articles/{self.slug}/"


def choose_article(slug: str | None) -> Chosen:
    """The metered article called ``slug``, else the demo's metered one of median length."""
    from masthead.articles.models import Article

    articles = Article.objects.live().filter(access="metered", import_key=None)
    if slug:
        found = articles.filter(slug=slug).values_list("pk", "slug")
    else:
        by_length = sorted((len(str(article.body.raw_data)), article.pk, article.slug) for article in articles)
        found = [(pk, name) for _, pk, name in by_length[len(by_length) // 2 :][:1]]
    for pk, name in found:
        return Chosen(pk, name)
    raise SystemExit(f"masthead: there is no metered article {slug or ''} to measure.")


def article_count() -> int:
    """How many articles there are."""
    from masthead.articles.models import Article

    return Article.objects.live().count()


def spread(count: int, seed: int = 1) -> list[str]:
    """The addresses of ``count`` metered articles (or as many as there are) from all of the archive, in a random order."""
    from masthead.articles.models import Article

    slugs = list(Article.objects.live().filter(access="metered").order_by("pk").values_list("slug", flat=True))
    chosen = random.Random(seed).sample(slugs, min(count, len(slugs)))
    return [f"/articles/{slug}/" for slug in chosen]


def subscribers(count: int) -> list[str]:
    """Passes of ``count`` subscribers, each another one, as ``front.visitors`` would mint them now."""
    from masthead.access.policy import Grant, Visitor
    from masthead.core import clock, keys

    paid = Grant("subscription", None, clock.now() + timedelta(days=30))
    return _mint(count, lambda _, period: Visitor(keys.subject(), keys.subject(), grants=(paid,), period=period, choices_left=3))


def registered(count: int, article: int) -> list[str]:
    """Passes of ``count`` registered readers with three choices left; every other one has opened ``article``."""
    from masthead.access.policy import Grant, Visitor
    from masthead.core import clock, keys

    kinds: tuple[tuple[Grant, ...], ...] = ((Grant("unlock", article, clock.now() + timedelta(days=30)),), ())
    turn = cycle(kinds)
    return _mint(
        count, lambda _, period: Visitor(keys.subject(), keys.subject(), grants=next(turn), period=period, choices_left=3)
    )


def _mint(count: int, visitor: Callable[[int, str], object]) -> list[str]:
    """``count`` cookies, as ``front.visitors.set_pass`` writes them: same keys, policy version and change-log number."""
    from masthead.access import passes, services
    from masthead.core import changelog, clock
    from masthead.front import visitors

    number = changelog.latest()
    policy = services.current_policy()
    ring = visitors.signing_keys()
    key_id = next(iter(ring))
    now = clock.now()
    period = policy.period_at(now)
    cookies = []
    for index in range(count):
        given = visitor(index, period.name)
        expires = passes.expiry(given, period.ends, now)
        cookies.append(
            f"{passes.COOKIE}={passes.mint(passes.Pass(given, policy.version, number, expires), key_id, ring[key_id])}"
        )
    return cookies


def with_other_cookies(cookies: list[str]) -> list[str]:
    """The same, with the device's and the session's cookie beside each, as a browser sends them."""
    from django.conf import settings

    from masthead.readers import devices

    device, session = devices._signer.sign("x" * 22), "0123456789abcdefghijklmnopqrstuv"
    return [f"{devices.COOKIE}={device}; {cookie}; {settings.SESSION_COOKIE_NAME}={session}" for cookie in cookies]
