"""PageView: all that may make two visitors' pages differ (DESIGN 4).

Its fields are the key under which a rendering may be reused. Templates of variant pages get one of these, plus content that
depends
on the path alone; never a request, a reader or a token. Whoever adds something a page shows adds it here, or leaks it.
"""

from __future__ import annotations

from dataclasses import dataclass

from masthead.access.policy import Decision, Reason, Standing

OPENING = frozenset(
    {
        Reason.OPEN,
        Reason.STAFF,
        Reason.SUBSCRIPTION,
        Reason.COMP,
        Reason.SEAT,
        Reason.INSTITUTION,
        Reason.GIFT,
        Reason.UNLOCK,
        Reason.INSTANT,
    }
)
WITHOUT_ADVERTISING = frozenset({Standing.SUBSCRIBER, Standing.STAFF})


@dataclass(frozen=True, slots=True)
class PageView:
    """One rendering of one path. ``decision`` is a ``Reason``, or empty on pages that are no article."""

    path: str
    standing: str
    decision: str = ""
    left: int = 0
    period: str = ""
    institution: str = ""
    locale: str = "en-GB"
    currency: str = ""
    advertising: bool = True

    @property
    def opens(self) -> bool:
        """Whether the decision opens the article."""
        return self.decision in OPENING

    @property
    def known(self) -> bool:
        """Whether a reader is logged in (so the page links their account rather than the log-in)."""
        return self.standing in {Standing.REGISTERED, Standing.STAFF, Standing.SUBSCRIBER}


def view_of_all(path: str, locale: str) -> PageView:
    """The view of what looks the same to everyone, such as a feed: it has no standing."""
    return PageView(path=path, standing="", locale=locale, advertising=False)


def view_of(path: str, standing: Standing, decision: Decision | None, *, institution: str | None, locale: str) -> PageView:
    """The view of ``path`` for a visitor of ``standing``; ``decision`` where the page is an article."""
    return PageView(
        path=path,
        standing=standing.value,
        decision=decision.reason.value if decision else "",
        left=decision.left if decision else 0,
        period=decision.period if decision else "",
        institution=institution or "",
        locale=locale,
        advertising=standing not in WITHOUT_ADVERTISING and not institution,
    )
