"""Gift links: a subscriber gives one article away, to so many browsers, for a while.

What it could be abused for, and what stands against it:

- **Making more than one's number.** Each link is counted on a meter (the giver's canonical address and the period), which is the
  lock while counting: parallel presses queue up. Revoking, deleting the account, changing the address or merging gives none back.
- **A link posted in public.** It opens ``most_uses`` browsers, is good ``gift_days``, and opens one article. Clearing cookies and
  pressing again is another browser: it uses the link up, and no more.
- **Scanners and previews.** A GET spends nothing and sets no cookie; the page it shows holds the teaser alone.
- **Guessing.** A token has 128 bits. Kept is a keyed hash: neither a copy of the table nor a log tells a link.
- **Paying, giving, asking the money back.** What is given stays given: at most ``gifts`` times ``gift_uses`` readings of single
  articles. A link stops with the account that made it, where that is closed or deleted.
- **Selling links.** Nothing but the numbers stands against that.

Revoked, a link opens nothing more; what it opened stays open to the end of its grant, for somebody may be reading. An article
that is withdrawn opens to nobody, and its links work again where it comes back; a deleted one takes its links with it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.db.models import F

from masthead.access import policy as rules
from masthead.access import services
from masthead.access.models import GiftLink, Grant
from masthead.core import changelog, clock, events, limits
from masthead.core.keys import keyed_hash
from masthead.readers import addresses
from masthead.readers.models import Device, Reader

SAME_PRESS = timedelta(minutes=10)


class CannotGive(ValueError):
    """No link was made; the message is for whoever asked."""


class State(StrEnum):
    """What a link is worth."""

    GOOD = "good"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    USED_UP = "used up"
    WITHDRAWN = "withdrawn"  # its article is not published


@dataclass(frozen=True, slots=True)
class Given:
    """A link just made. ``token`` is told this once. ``again``: it takes the place of one made by the press before."""

    token: str
    link: GiftLink
    left: int
    again: bool


def give(*, reader: Reader, article: rules.ArticleFacts) -> Given:
    """Make a link by which ``reader`` gives ``article`` away. Raises :class:`CannotGive` with a sentence.

    Pressed again within minutes, while nobody used the link, it is the same gift under a new link: the old one cannot be told
    again, and a page loaded anew must not cost a second one.
    """
    with changelog.transaction():
        found = Reader.objects.select_for_update().filter(pk=reader.pk).first()
        if found is None:
            raise CannotGive("Your account is not there any more.")
        policy, now = services.current_policy(), clock.now().replace(microsecond=0)
        visitor = services.visitor_of(found, None, policy, now)
        if rules.standing(visitor, now) is not rules.Standing.SUBSCRIBER:
            raise CannotGive("Giving articles is for subscribers.")
        if article.access == rules.Access.OPEN:
            raise CannotGive("This article is open to everyone: send its own address.")
        try:
            period = policy.period_at(now).name
        except ValueError:  # a malformed rule opens nothing
            raise CannotGive("Gifts cannot be made just now. Please try again later.") from None
        meter = limits.locked_meter(services.GIFT, addresses.canonical(found.email), period)
        token = secrets.token_urlsafe(16)
        same = GiftLink.objects.filter(
            giver=found, article_id=article.id, uses=0, revoked=None, created__gt=now - SAME_PRESS
        ).first()
        if same is not None:
            same.token_hash = _hash(token)
            same.save(update_fields=["token_hash"])
            return Given(token, same, max(0, policy.gifts - meter.count), again=True)
        if meter.count >= policy.gifts:
            raise CannotGive(
                f"You have given {policy.gifts} this {policy.period}. More can be given next {policy.period}."
                if policy.gifts
                else "This publication has no gift links just now."
            )
        link = GiftLink.objects.create(
            token_hash=_hash(token),
            giver=found,
            article_id=article.id,
            created=now,
            expires=now + timedelta(days=policy.gift_days),
            most_uses=policy.gift_uses,
        )
        limits.spend(meter)
        events.record("gift given", article=article.id, subject=found.subject)
        return Given(token, link, policy.gifts - meter.count - 1, again=False)


def left(reader: Reader, policy: rules.Policy) -> int:
    """How many more ``reader`` may give in this period."""
    try:
        period = policy.period_at(clock.now()).name
    except ValueError:
        return 0
    return max(0, policy.gifts - limits.used(services.GIFT, addresses.canonical(reader.email), period))


def find(token: str) -> tuple[State, GiftLink | None]:
    """The link of ``token`` and what it is worth now. Looks, and does nothing."""
    row = GiftLink.objects.select_related("article", "giver").filter(token_hash=_hash(token)).first()
    return (State.UNKNOWN, None) if row is None else (state_of(row), row)


def state_of(link: GiftLink) -> State:
    """What ``link`` is worth now."""
    if link.revoked is not None or not link.giver.is_active:
        return State.REVOKED
    if link.expires <= clock.now():
        return State.EXPIRED
    if not link.article.live:
        return State.WITHDRAWN
    return State.USED_UP if link.uses >= link.most_uses else State.GOOD


def accept(*, token: str, device: Device) -> State:
    """Open the link's article for ``device``, and count one use of it. A browser that accepted it already uses nothing more."""
    with changelog.transaction() as changes:
        row = (
            GiftLink.objects.select_for_update(of=("self",))
            .select_related("article", "giver")
            .filter(token_hash=_hash(token))
            .first()
        )
        if row is None:
            return State.UNKNOWN
        now = clock.now().replace(microsecond=0)
        state = state_of(row)
        has_it = Grant.objects.filter(kind=Grant.Kind.GIFT, device=device, article_id=row.article_id, until__gt=now).exists()
        if has_it and state in (State.GOOD, State.USED_UP):
            return State.GOOD
        if state is not State.GOOD:
            return state
        GiftLink.objects.filter(pk=row.pk).update(uses=F("uses") + 1)
        Grant.objects.create(
            kind=Grant.Kind.GIFT,
            device=device,
            article_id=row.article_id,
            since=now,
            until=now + timedelta(days=services.current_policy().gift_days),
            reason=f"gift link {row.pk}",
        )
        events.record("gift accepted", article=row.article_id, subject=device.subject)
        changes.add(changelog.visitor(device.subject))
    return State.GOOD


def revoke(*, reader: Reader, number: int) -> bool:
    """Let the link open nothing more. Whether there was one of ``reader``'s to revoke."""
    return bool(GiftLink.objects.filter(pk=number, giver=reader, revoked=None).update(revoked=clock.now()))


def _hash(token: str) -> str:
    return keyed_hash("gift link", token[:64])
