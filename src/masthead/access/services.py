"""What is granted: the meter, choices, instant access, comps; and the Visitor as the database knows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from masthead.access import policy as rules
from masthead.access.models import GiftLink, Grant, PolicyVersion
from masthead.core import changelog, clock, events, limits, notices
from masthead.core.models import Publication
from masthead.core.remembered import Remembered
from masthead.readers import addresses
from masthead.readers.models import Device, Reader

CHOICE = "choice"
INSTANT_DEVICE = "instant-device"
INSTANT_ADDRESS = "instant-address"
INSTANT_NETWORK = "instant-network"
GIFT = "gift"


def current_policy() -> rules.Policy:
    """The publisher's rules in force, as the decision takes them."""
    row = PolicyVersion.objects.order_by("-pk").first()
    timezone = Publication.load().timezone
    if row is None:
        return _told(rules.Policy(timezone=timezone))
    return _told(
        rules.Policy(
            version=row.pk,
            teaser_paragraphs=row.teaser_paragraphs,
            allowance=row.allowance,
            period=row.period,
            timezone=timezone,
            unlock_days=row.unlock_days,
            instant=row.instant,
            instant_per_device=row.instant_per_device,
            instant_per_address=row.instant_per_address,
            instant_per_network=row.instant_per_network,
            gifts=row.gifts,
            gift_uses=row.gift_uses,
            gift_days=row.gift_days,
        )
    )


def _told(policy: rules.Policy) -> rules.Policy:
    """``policy``, with a word to the operator where it makes no sense: it opens nothing then."""
    try:
        policy.period_at(clock.now())
    except ValueError as error:
        notices.tell(
            "policy", f"No choice and no instant article can be had, since the policy has an {error}. Mend it in the newsroom."
        )
    return policy


_shown = Remembered(current_policy, changelog.POLICY)


def policy_to_show() -> rules.Policy:
    """The publisher's rules as pages show them: where the change log is followed, up to half a second old."""
    return _shown.get()


def change_policy(*, changes: PolicyVersion, by: Reader | None) -> PolicyVersion:
    """Add ``changes`` (unsaved) as the newest version of the rules."""
    with changelog.transaction() as log:
        changes.pk = None
        changes.since = clock.now()
        changes.changed_by = by
        changes.save(force_insert=True)
        log.add(changelog.POLICY)
    return changes


def _period(policy: rules.Policy, moment: datetime) -> str:
    return policy.period_at(moment).name


def visitor_of(
    reader: Reader | None,
    device: Device | None,
    policy: rules.Policy,
    now: datetime,
    *,
    staff: bool = False,
    code_pending: bool = False,
) -> rules.Visitor:
    """The visitor that ``reader`` and ``device`` make at ``now``, from the grants and meters in the database.

    Institutions are looked up per request (``access.networks``) and added by the caller.
    """
    try:
        period = _period(policy, now)
    except ValueError:  # a malformed rule opens nothing
        period = ""
    return rules.Visitor(
        reader=reader.subject if reader else None,
        device=device.subject if device else None,
        staff=staff,
        grants=tuple(grant.fact() for grant in _held(reader, device, now)),
        code_pending=code_pending,
        instant_left=max(0, policy.instant_per_device - limits.used(INSTANT_DEVICE, device.subject, period))
        if device
        else policy.instant_per_device,
        choices_left=max(0, policy.allowance - limits.used(CHOICE, addresses.canonical(reader.email), period)) if reader else 0,
        period=period,
    )


def _held(reader: Reader | None, device: Device | None, now: datetime) -> Iterable[Grant]:
    holder = Q(pk__in=[])
    if reader:
        holder |= Q(reader=reader)
    if device:
        holder |= Q(device=device)
    return Grant.objects.filter(holder).filter(Q(until=None) | Q(until__gt=now)).order_by("pk")


@dataclass(frozen=True, slots=True)
class Choice:
    """What came of choosing: ``opened`` (the article is open now), ``spent`` (a choice was used for it), ``gone`` (the account
    was deleted meanwhile).
    """

    opened: bool
    spent: bool
    gone: bool = False


def choose(*, reader: Reader, device: Device | None, article: rules.ArticleFacts) -> Choice:
    """Spend one of ``reader``'s choices on ``article``, unless it is open to them already or none is left.

    The meter row is the lock: count and grant are written in one transaction that holds it, so that parallel choices
    queue up and each sees what the one before left.
    """
    with changelog.transaction() as changes:
        # locked and read anew: a change of address in another request carries the meter, and must not be overtaken
        found = Reader.objects.select_for_update().filter(pk=reader.pk).first()
        if found is None:  # deleted since this request began
            return Choice(opened=False, spent=False, gone=True)
        reader = found
        policy = current_policy()
        now = clock.now().replace(microsecond=0)
        try:
            period = policy.period_at(now)
        except ValueError:  # a malformed rule opens nothing
            return Choice(opened=False, spent=False)
        meter = limits.locked_meter(CHOICE, addresses.canonical(reader.email), period.name)
        visitor = visitor_of(reader, device, policy, now)
        decision = rules.decide(policy, article, visitor, now)
        if decision.opens:
            return Choice(opened=True, spent=False)
        if decision.reason != rules.Reason.CHOOSE:
            return Choice(opened=False, spent=False)
        _, created = Grant.objects.get_or_create(
            kind=Grant.Kind.UNLOCK,
            reader=reader,
            article_id=article.id,
            period=period.name,
            defaults={"since": now, "until": policy.unlock_until(now)},
        )
        if created:
            limits.spend(meter)
            events.record("unlock", article=article.id, subject=reader.subject)
            changes.add(changelog.visitor(reader.subject))
        return Choice(opened=True, spent=created)


def grant_instant(*, device: Device, address: str, network: str, article: rules.ArticleFacts) -> bool:
    """Open ``article`` for ``device`` until the period's end, if no limit stands against it. Says whether it is open now.

    The grant goes to the device: typing an address proves nothing about whose it is. The three meters (device, address,
    network) are
    locked in one order by everyone, so that two requests cannot wait for each other.
    """
    policy = current_policy()
    if not policy.instant or article.access != rules.Access.METERED or addresses.is_disposable(address):
        return False
    with changelog.transaction() as changes:
        now = clock.now().replace(microsecond=0)
        try:
            period = policy.period_at(now)
        except ValueError:  # a malformed rule opens nothing
            return False
        meters = {
            scope: limits.locked_meter(scope, value, period.name)
            for scope, value in (
                (INSTANT_ADDRESS, addresses.canonical(address)),
                (INSTANT_DEVICE, device.subject),
                (INSTANT_NETWORK, network),
            )
        }
        if Grant.objects.filter(kind=Grant.Kind.INSTANT, device=device, article_id=article.id, until__gt=now).exists():
            return True
        most = {
            INSTANT_ADDRESS: policy.instant_per_address,
            INSTANT_DEVICE: policy.instant_per_device,
            INSTANT_NETWORK: policy.instant_per_network,
        }
        if any(meters[scope].count >= most[scope] for scope in meters):
            return False
        Grant.objects.create(
            kind=Grant.Kind.INSTANT, device=device, article_id=article.id, period=period.name, since=now, until=period.ends
        )
        for meter in meters.values():
            limits.spend(meter)
        events.record("instant", article=article.id, subject=device.subject)
        changes.add(changelog.visitor(device.subject))
    return True


def give_comp(*, reader: Reader, days: int | None, reason: str, by: Reader, until: datetime | None = None) -> Grant:
    """Give ``reader`` everything for ``days`` days or ``until`` a moment (without end, when both are None); keep who gave it
    and why.
    """
    with changelog.transaction() as changes:
        now = clock.now().replace(microsecond=0)
        grant = Grant.objects.create(
            kind=Grant.Kind.COMP,
            reader=reader,
            since=now,
            until=until if days is None else now + timedelta(days=days),
            reason=reason,
            given_by=by,
        )
        events.record("comp", subject=reader.subject, by=by.subject)
        changes.add(changelog.visitor(reader.subject))
    return grant


def end_grant(*, grant: Grant, by: Reader) -> None:
    """End ``grant`` now."""
    with changelog.transaction() as changes:
        grant.until = clock.now().replace(microsecond=0)
        grant.save(update_fields=["until"])
        holder = grant.reader or grant.device
        events.record("grant ended", subject=holder.subject, by=by.subject, kind_of_grant=grant.kind)
        changes.add(changelog.visitor(holder.subject))


def address_changed(*, old: str, new: str) -> None:
    """Carry the meters of ``old`` to ``new``: a changed address refills nothing."""
    with transaction.atomic():
        for scope in (CHOICE, INSTANT_ADDRESS, GIFT):
            limits.carry(scope, addresses.canonical(old), addresses.canonical(new))


def put_subscription(
    *, grant: Grant | None, reader: Reader | None, device: Device | None, since: datetime, until: datetime | None, reason: str
) -> Grant:
    """Give ``reader`` or ``device`` everything from ``since`` until before ``until``: a new grant, or ``grant`` moved there.

    For whoever sells reading, on a floor above: here nobody knows of payments.
    """
    with changelog.transaction() as changes:
        if grant is None:
            grant = Grant(kind=Grant.Kind.SUBSCRIPTION)
        elif grant.reader_id or grant.device_id:
            changes.add(changelog.visitor((grant.reader or grant.device).subject))  # whose it was, where it moves to another
        grant.reader, grant.device, grant.since, grant.until, grant.reason = reader, device, since, until, reason
        grant.save()
        changes.add(changelog.visitor((reader or device).subject))
    return grant


def drop_subscription(*, grant: Grant) -> None:
    """Take a grant of :func:`put_subscription` back, as though it had never been."""
    with changelog.transaction() as changes:
        changes.add(changelog.visitor((grant.reader or grant.device).subject))
        grant.delete()


def merged(*, kept: Reader, gone: Reader) -> None:
    """Carry what ``gone`` may read, gave and used to ``kept``. Nothing refills: of each meter the higher count stands.

    Of two choices of one article in one period the one that is open longer stays.
    """
    with changelog.transaction() as changes:
        own = {
            (row.article_id, row.period): row for row in Grant.objects.filter(reader=kept, kind=Grant.Kind.UNLOCK)
        }
        for grant in Grant.objects.filter(reader=gone):
            same = own.get((grant.article_id, grant.period)) if grant.kind == Grant.Kind.UNLOCK else None
            if same is None:
                Grant.objects.filter(pk=grant.pk).update(reader=kept)
            elif same.until is not None and (grant.until is None or grant.until > same.until):
                Grant.objects.filter(pk=same.pk).update(until=grant.until)
        GiftLink.objects.filter(giver=gone).update(giver=kept)
        address_changed(old=gone.email, new=kept.email)
        changes.add(changelog.visitor(kept.subject), changelog.visitor(gone.subject))
