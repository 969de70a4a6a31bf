"""What support does for one reader. Each needs a reason and is written to the audit log in the transaction of what is done.

The log knows people by their opaque subjects: it outlives accounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Model

from masthead.access import services as access
from masthead.access.models import Grant
from masthead.access.policy import WHOLE
from masthead.articles.models import SavedArticle
from masthead.billing import audit, operations, twice
from masthead.billing import services as billing
from masthead.billing.lifecycle import State
from masthead.billing.models import Invoice, Subscription
from masthead.core import changelog, clock, events
from masthead.core.models import Event
from masthead.front import mails
from masthead.front import services as front
from masthead.library.models import Follow, PrivateFeed, SavedSearch
from masthead.newsletters import choices, suppression
from masthead.newsletters.models import Tick
from masthead.readers import addresses, codes, sessions
from masthead.readers import services as readers
from masthead.readers.models import Code, Device, Reader

SETS_PRICES = "billing.change_price"
RECENT = timedelta(days=1)  # how long ago a browser may have asked for a code, to be sent another


class NotPossibleError(ValueError):
    """That cannot be done for this reader; the message is for support."""


def _not_for_oneself(action: str, reader: Reader, by: Reader) -> None:
    """Four eyes: nobody gives themselves anything, but who sets prices and rules anyway. That they tried is in the log.

    Whose account it is follows from the inbox: a second address with a tag is the same person.
    """
    same = reader.pk == by.pk or addresses.canonical(reader.email) == addresses.canonical(by.email)
    if same and not by.has_perm(SETS_PRICES):
        audit.note(action=f"refused: {action}", actor=by.subject, subject=reader.subject, reason="their own account")
        raise NotPossibleError("That is your own account. Ask a colleague, or a publisher.")


def comp(*, reader: Reader, days: int | None, until: datetime | None, reason: str, by: Reader) -> Grant:
    """Give everything for a time. Nobody gives it to themselves: see :func:`_not_for_oneself`."""
    _not_for_oneself("comp", reader, by)
    with changelog.transaction():
        grant = access.give_comp(reader=reader, days=days, until=until, reason=reason, by=by)
        audit.note(action="comp", actor=by.subject, subject=reader.subject, reason=reason, until=_text(grant.until))
    return grant


def extend(*, reader: Reader, days: int, reason: str, by: Reader) -> Grant:
    """Give ``days`` more of everything, after what ``reader`` has. Raises :class:`NotPossibleError` where it gives nothing."""
    _not_for_oneself("extend", reader, by)
    with changelog.transaction():
        Reader.objects.select_for_update().get(pk=reader.pk)  # two at once are two extensions, one after the other
        renewing = Subscription.objects.filter(reader=reader, renews__isnull=False, state__in=[State.ACTIVE, State.TRIALING])
        if renewing.exists():
            raise NotPossibleError("Their subscription renews by itself: more days would give nothing. Refund a part instead.")
        now = clock.now()
        held = [g for g in Grant.objects.filter(reader=reader, article=None, kind__in=WHOLE) if g.fact().in_date(now)]
        if any(g.until is None for g in held):
            raise NotPossibleError("They have everything without end already.")
        after = max([now, *(g.until for g in held if g.until is not None)])
        grant = access.give_comp(reader=reader, days=None, until=after + timedelta(days=days), reason=reason, by=by)
        audit.note(action="extend", actor=by.subject, subject=reader.subject, reason=reason, days=days, until=_text(grant.until))
    return grant


def end_grant(*, grant: Grant, reason: str, by: Reader) -> None:
    """End a grant now. One that follows from payments would come back with the next event: it is refused."""
    if grant.kind == Grant.Kind.SUBSCRIPTION:
        raise NotPossibleError("That follows from payments. Refund the payment, or let them cancel.")
    with changelog.transaction():
        access.end_grant(grant=grant, by=by)
        audit.note(action="end grant", actor=by.subject, subject=grant.reader.subject, reason=reason, kind=grant.kind)


def refund(*, invoice: Invoice, amount: int | None, reason: str, by: Reader) -> Subscription:
    """Give money back through the provider, all that is left where ``amount`` is None. ``operations`` writes the log.

    The reason goes to the provider, too: it names no more than the log may.
    """
    if invoice.subscription.reader is not None:
        _not_for_oneself("refund", invoice.subscription.reader, by)
    return operations.refund(invoice=invoice, amount=amount, by=by.subject, reason=reason)


def give_back(*, subscription: Subscription, reason: str, by: Reader) -> bool:
    """End a second subscription and give its newest payment back; false where the worker has to go on trying."""
    if subscription.reader is not None:
        _not_for_oneself("give back", subscription.reader, by)
    return twice.give_back(subscription=subscription, by=by.subject, reason=reason)


def stop(*, subscription: Subscription, reason: str, by: Reader) -> Subscription:
    """Let one of a reader's two subscriptions end with what is paid for; the only one is theirs to cancel."""
    reader = subscription.reader
    if reader is None or len(twice.collecting(reader)) < 2:
        raise NotPossibleError("That is their only subscription: cancelling it is theirs, in two clicks on their account's page.")
    return operations.cancel(subscription=subscription, by=by.subject, reason=reason, at_once=subscription.renews is None)


def log_out(*, reader: Reader, reason: str, by: Reader) -> int:
    """Log ``reader`` out everywhere; in how many browsers."""
    with changelog.transaction():
        count = sessions.log_out_everywhere(reader=reader)
        audit.note(action="log out", actor=by.subject, subject=reader.subject, reason=reason, browsers=count)
    return count


def send_code(*, reader: Reader, reason: str, by: Reader) -> bool:
    """Mail a log-in code again. Whether it can be typed where the last was asked for; else only its link is of use.

    Support sees no code, and none is told anywhere but in the mail. The hourly limit of an address counts here, too.
    """
    if codes.over_limits(address=reader.email, device=None, network=f"support:{by.subject}"):
        raise NotPossibleError("That address was sent several codes within the hour. The newest of them is good.")
    with changelog.transaction():
        asked = Code.objects.filter(identity=reader.identity, created__gt=clock.now() - RECENT).exclude(
            purpose=Code.Purpose.CHANGE
        )
        row = asked.select_related("device").order_by("-created").first()
        now = clock.now()
        device = row.device if row else Device.objects.create(created=now, last_seen=now, label="Sent by support")
        front.ask_for_code(
            device=device,
            address=reader.email,
            purpose=Code.Purpose(row.purpose) if row else Code.Purpose.LOGIN,
            article=front.article_by_slug(row.article) if row else None,
            ticks=row.newsletters if row and row.ticks_counted is None else (),
        )
        audit.note(action="send code", actor=by.subject, subject=reader.subject, reason=reason)
    return row is not None


def mail_again(*, reader: Reader, reason: str, by: Reader) -> None:
    """Mail newsletters to ``reader``'s address again, which came back, complained, or was stopped by hand."""
    with changelog.transaction():
        if not suppression.lift(reader=reader):
            raise NotPossibleError("Nothing stands against that address.")
        audit.note(action="mail again", actor=by.subject, subject=reader.subject, reason=reason)


def stop_mail(*, reader: Reader, reason: str, by: Reader) -> None:
    """Mail ``reader`` nothing more but what they ask for (codes, receipts), whatever is ticked."""
    with changelog.transaction():
        suppression.suppress(address=reader.email, reason=suppression.Reason.MANUAL)
        audit.note(action="stop mail", actor=by.subject, subject=reader.subject, reason=reason)


def find_other(*, reader: Reader, address: str) -> Reader:
    """The account of ``address`` that may be merged into ``reader``'s. Raises :class:`NotPossibleError` with a sentence."""
    try:
        found = Reader.objects.filter(identity=addresses.identity(addresses.clean(address))).first()
    except addresses.BadAddress as error:
        raise NotPossibleError(str(error)) from error
    if found is None:
        raise NotPossibleError("Nobody has that address here.")
    if found.pk == reader.pk:
        raise NotPossibleError("That is this account. Type the other's address.")
    return found


def merge(*, kept: Reader, gone: Reader, reason: str, by: Reader) -> None:
    """Make one reader of two: ``kept`` has all that ``gone`` had, and ``gone`` is deleted. Both addresses are told.

    Carried: subscriptions with their ledgers and payers, grants, gift links, saved articles, searches, what is followed and its
    feeds, newsletters and what was chosen of mail, events; and of each meter the higher count, so that nothing refills. Not
    carried: passkeys and log-ins, which proved another address.
    """
    with changelog.transaction() as changes:
        # in one order, or two merges could wait for each other
        locked = {row.pk: row for row in Reader.objects.select_for_update().filter(pk__in=[kept.pk, gone.pk]).order_by("pk")}
        if len(locked) != 2:
            raise NotPossibleError("One of the two accounts is not there any more.")
        kept, gone = locked[kept.pk], locked[gone.pk]
        if kept.is_staff or gone.is_staff:
            raise NotPossibleError("One of the two works here. An administrator lets them go first.")
        if kept.confirmed is None:
            raise NotPossibleError(f"{kept.email} is not confirmed: nobody proved that address. Send them a code first.")
        access.merged(kept=kept, gone=gone)
        billing.merged(kept=kept, gone=gone)
        _carry(SavedArticle, kept, gone, "article_id")
        _carry(SavedSearch, kept, gone, "query")
        _carry(Follow, kept, gone, "topic_id", "author_id")
        _carry(Tick, kept, gone, "newsletter_id")
        choices.merged(kept=kept, gone=gone)
        # a feed whose search or follow stayed behind, being known to both, goes with it
        PrivateFeed.objects.filter(reader=gone).exclude(search__reader=gone).exclude(follow__reader=gone).update(reader=kept)
        Event.objects.filter(subject=gone.subject).update(subject=kept.subject)
        address = gone.email
        audit.note(action="merge", actor=by.subject, subject=kept.subject, reason=reason, merged=gone.subject)
        events.record("merged", subject=kept.subject)
        readers.delete(reader=gone)
        mails.accounts_merged(kept=kept.email, gone=address)  # afterwards: deleting takes the mails to an address along
        changes.add(changelog.visitor(kept.subject))


def _carry(model: type[Model], kept: Reader, gone: Reader, *same: str) -> None:
    """Move ``gone``'s rows to ``kept``, but for those of which ``kept`` has the ``same``: they go with the account."""
    has = set(model._default_manager.filter(reader=kept).values_list(*same))
    for row in model._default_manager.filter(reader=gone):
        if tuple(getattr(row, name) for name in same) not in has:
            model._default_manager.filter(pk=row.pk).update(reader=kept)


def anonymise(*, reader: Reader, reason: str, by: Reader) -> None:
    """Delete ``reader``'s account as they could themselves; payments are kept, pointing at nobody (``billing.privacy``)."""
    if reader.is_staff:
        raise NotPossibleError("They work here. An administrator lets them go first.")
    with changelog.transaction():
        audit.note(action="anonymise", actor=by.subject, subject=reader.subject, reason=reason)
        front.delete_account(reader=reader)


def subjects_of(reader: Reader) -> Sequence[str]:
    """The subjects the log may know ``reader`` by: their own, and those merged into it."""
    from masthead.billing.models import AuditEntry

    known, look_at = {reader.subject}, [reader.subject]
    while look_at:
        rows = AuditEntry.objects.filter(action="merge", subject=look_at.pop()).values_list("data", flat=True)
        found = {str(data["merged"]) for data in rows if data.get("merged")} - known
        known |= found
        look_at += found
    return sorted(known)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
