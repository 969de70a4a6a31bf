"""Writes that join apps: keep reading (a code, an instant grant), confirm (a reader, newsletters), a changed address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from masthead.access import services as access
from masthead.access.policy import ArticleFacts
from masthead.articles.models import Article
from masthead.billing import offers
from masthead.billing import services as billing
from masthead.core import changelog, clock, events
from masthead.front import mails
from masthead.newsletters import services as newsletters
from masthead.readers import addresses, codes
from masthead.readers import services as readers
from masthead.readers.models import Code, Device, Reader


def article_by_slug(slug: str) -> Article | None:
    """The live article of ``slug`` without its body, or None."""
    if not slug.isprintable():  # a NUL, half a character: no database is asked for that
        return None
    return Article.objects.live().defer("body").filter(slug=slug).first() if slug else None


def facts(article: Article) -> ArticleFacts:
    """``article`` as the decision knows it."""
    return ArticleFacts(article.pk, article.access)


def ask_for_code(
    *,
    device: Device,
    address: str,
    purpose: Code.Purpose,
    article: Article | None = None,
    ticks: Sequence[str] = (),
    via: str = "",
    errand: str = "",
    reader: Reader | None = None,
) -> Code:
    """Make a code for ``address`` (cleaned, limits counted by the caller) and hand its mail over, in one transaction.

    ``via`` is the edition that led to it, where a code is asked for anew.
    """
    with changelog.transaction() as changes:
        try:
            period = access.current_policy().period_at(clock.now()).name
        except ValueError:  # a malformed rule opens nothing, but nobody is locked out of their account
            period = ""
        asked = codes.ask(
            device=device,
            address=address,
            purpose=purpose,
            period=period,
            article=article.slug if article else "",
            newsletters=newsletters.known(ticks),
            via=via or events.via(),
            errand=errand,
            reader=reader,
        )
        mails.code(asked, headline=article.title if article else "")
        changes.add(changelog.visitor(device.subject))
    return asked.row


def keep_reading(*, device: Device, address: str, network: str, article: Article, ticks: Sequence[str]) -> bool:
    """An address typed at ``article``'s gate: mail a code and, unless a limit stands against it, open the article for the device.

    Nobody is logged in: typing an address proves nothing. Says whether the article is open for the device now.
    """
    with changelog.transaction():
        ask_for_code(device=device, address=address, purpose=Code.Purpose.READ, article=article, ticks=ticks)
        return access.grant_instant(device=device, address=address, network=network, article=facts(article))


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Who proved their address, and whether for the first time."""

    reader: Reader
    first: bool


def confirm(*, row: Code, device: Device | None = None) -> Confirmed:
    """The holder of ``row``'s address proved it, by code or link: confirm the reader and count the newsletters ticked, once.

    ``device`` is the browser they did it in: what it was given for paying is the reader's own from now on.
    """
    with changelog.transaction(), events.came_by(row.via):
        reader = readers.reader_for(address=row.address)
        first = readers.confirm(reader=reader)
        if row.newsletters and Code.objects.filter(pk=row.pk, ticks_counted=None).update(ticks_counted=clock.now()):
            newsletters.tick(reader=reader, slugs=row.newsletters, origin="gate")
        billing.proved(reader=reader, device=device)
    return Confirmed(reader, first)


def ask_to_change_address(*, reader: Reader, device: Device, address: str) -> None:
    """Mail a code to the new address, or, where it has an account already, a sentence saying so. The page shows the same."""
    with changelog.transaction():
        taken = Reader.objects.filter(identity=addresses.identity(address)).exclude(pk=reader.pk).exists()
        if taken:
            # an open row all the same: what follows must look alike, and no code can match it since none was mailed
            codes.ask(device=device, address=address, purpose=Code.Purpose.CHANGE, period="", reader=reader)
            mails.address_taken(address=address)
        else:
            ask_for_code(device=device, address=address, purpose=Code.Purpose.CHANGE, reader=reader)


def change_address(*, row: Code) -> str:
    """``row``'s address is proved: move the account there, carry its meters, tell the old address. Returns the new address.

    Raises ``readers.AddressTaken``.
    """
    if row.reader is None:
        raise ValueError("that code moves no account")
    with changelog.transaction():
        old = readers.change_address(reader=row.reader, address=row.address)
        access.address_changed(old=old, new=row.address)
        offers.address_changed(old=old, new=row.address)
        mails.address_changed(old=old, new=row.address)
    return row.address


def delete_account(*, reader: Reader) -> None:
    """Delete ``reader``'s account and tell them."""
    address = reader.email
    with changelog.transaction():
        readers.delete(reader=reader)
        mails.account_deleted(address=address)
