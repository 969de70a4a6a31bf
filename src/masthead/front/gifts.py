"""Gift links as their giver's account lists them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from masthead.access import gifts
from masthead.access import services as access
from masthead.access.models import GiftLink
from masthead.access.policy import Policy, Standing, standing
from masthead.core import clock
from masthead.core.timezones import zone as zone_called
from masthead.readers.models import Reader

MOST = 60


@dataclass(frozen=True, slots=True)
class Link:
    """One link: what it gives, how often it opened, and whether it still does. The link itself is told once, when made."""

    id: int
    title: str
    path: str
    since: date
    until: date
    uses: int
    most_uses: int
    state: str
    good: bool


@dataclass(frozen=True, slots=True)
class Giving:
    """What a reader gave and may give."""

    links: list[Link]
    left: int
    most: int
    period: str
    may_give: bool

    @property
    def shown(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.links) or (self.may_give and self.most > 0)


def of(reader: Reader, policy: Policy) -> Giving:
    """``reader``'s links, newest first."""
    zone, now = zone_called(policy.timezone), clock.now()
    rows = GiftLink.objects.filter(giver=reader).select_related("article", "giver").order_by("-pk")[:MOST]
    links = []
    for row in rows:
        state = gifts.state_of(row)
        links.append(
            Link(
                id=row.pk,
                title=row.article.title,
                path=row.article.path_on_site if row.article.live else "",
                since=row.created.astimezone(zone).date(),
                until=row.expires.astimezone(zone).date(),
                uses=row.uses,
                most_uses=row.most_uses,
                state=state.value,
                good=state is gifts.State.GOOD,
            )
        )
    visitor = access.visitor_of(reader, None, policy, now)
    return Giving(links, gifts.left(reader, policy), policy.gifts, policy.period, standing(visitor, now) is Standing.SUBSCRIBER)
