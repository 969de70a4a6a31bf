"""Marks: what Django tells the edge of a page it may keep (DESIGN 4). Pure.

They travel in the request's WSGI environment, not in headers: a header that must never leave the edge leaves it sooner or later,
an object cannot. A request without a :class:`Catch` comes straight from a server, and its page is answered as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from masthead.access.policy import ArticleFacts, Visitor
from masthead.front.pageview import PageView

CATCH = "masthead.catch"  # the keys in the environment
ONLOOKER = "masthead.onlooker"


@dataclass(frozen=True, slots=True)
class Mark:
    """A rendering of ``view`` that anybody with the same view may be shown.

    ``article`` is what the decision for this path asks about, None where the page is no article. ``keys`` are those of the change
    log that make it stale (``policy`` and ``*`` always do). At ``until`` it is wrong, from ``fresh_until`` on merely not the
    newest (another advertisement's turn). ``parameters`` are the names in the query that make another page of this path.
    """

    view: PageView
    keys: tuple[str, ...] = ()
    article: ArticleFacts | None = None
    until: datetime | None = None
    fresh_until: datetime | None = None
    parameters: tuple[str, ...] = ()


class Catch:
    """Where the edge waits for a mark. Whoever finds one in the request leaves compressing and 304 to the edge.

    Once the visitor is known, :meth:`holds_for` says whether the edge has their page already; then nobody needs to make it.
    """

    __slots__ = ("_find", "found", "mark", "subject")

    def __init__(self, find: Callable[[Visitor], Any] = lambda visitor: None) -> None:
        self.mark: Mark | None = None
        self.found: Any = None
        self.subject = ""  # who they are, opaquely, as Django knows them; empty for nobody
        self._find = find

    def holds_for(self, visitor: Visitor) -> bool:
        """Whether the edge holds the page for ``visitor``, and will send it instead of the answer it gets."""
        self.subject = visitor.reader or visitor.device or ""
        self.found = self._find(visitor)
        return self.found is not None


class Onlooker:
    """Where whoever counts views, without an edge, is told what was shown to whom (a subject, or "" for nobody)."""

    __slots__ = ("mark", "subject")

    def __init__(self) -> None:
        self.mark: Mark | None = None
        self.subject = ""


def earliest(*moments: datetime | None) -> datetime | None:
    """The first of ``moments`` that are any."""
    return min((moment for moment in moments if moment is not None), default=None)
