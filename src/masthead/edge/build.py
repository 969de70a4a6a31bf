"""Puts the edge of this process together from its settings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings

from masthead.core import clock
from masthead.edge.edge import Application, Edge
from masthead.front import headers, visitors
from masthead.front.marks import ONLOOKER, Mark, Onlooker
from masthead.insights import counting, robots


def make(application: Application, now: Callable[[], float] | None = None) -> Edge:
    """The edge in front of ``application``. It holds nothing until a follower reads the change log for it."""
    return Edge(
        application,
        keys=visitors.signing_keys(),
        cookies=headers.OUR_COOKIES,
        trusted=settings.MASTHEAD.trusted_proxies,
        limit=settings.MASTHEAD.edge_memory * 2**20,
        tallies=tallies,
        count=count,
        # the shifted clock of a trial is asked, where there is one; time.time costs a tenth of it
        now=now or ((lambda: clock.now().timestamp()) if settings.MASTHEAD.clock_offset else time.time),
    )


def without(application: Application) -> Application:
    """``application`` with its views counted, and nothing else of an edge (MASTHEAD_EDGE=off)."""

    def counting_only(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        onlooker = environ[ONLOOKER] = Onlooker()
        answer = application(environ, start_response)
        pair = tallies(onlooker.mark) if onlooker.mark else None
        if pair and environ["REQUEST_METHOD"] == "GET" and "prefetch" not in environ.get("HTTP_SEC_PURPOSE", ""):
            peer, forwarded = environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR", "")
            count(pair, onlooker.subject, peer, forwarded, environ.get("HTTP_USER_AGENT", ""))
        return answer

    return counting_only


def tallies(mark: Mark) -> tuple[Any, Any] | None:
    """What a page counts as, shown to a person and to a robot; None for what is not counted (feeds and the like)."""
    view = mark.view
    if not view.standing:
        return None
    article = mark.article.id if mark.article else None
    return tuple(counting.tally(article, view.standing, view.decision, robot) for robot in (False, True))  # type: ignore[return-value]


def count(pair: tuple[Any, Any], subject: str, peer: str, forwarded: str, agent: str) -> None:
    """Count one page shown."""
    if robots.is_robot(agent):
        counting.note(pair[1], ("", "", ""))
    else:
        counting.note(pair[0], (subject, "", "") if subject else (peer, forwarded, agent))
