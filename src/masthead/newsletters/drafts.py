"""Mails to the editors of a newsletter: the draft that has composed itself, and the edition that was left out.

Written in the transaction of what they tell of, so that each is written once.
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from masthead.core import mail as outgoing
from masthead.core.models import Publication
from masthead.core.timezones import zone as zone_called
from masthead.newsletters import composing
from masthead.newsletters.models import Edition, Newsletter

EDITOR = "/newsroom/newsletters/editions/{}/"  # the newsroom's page of an edition


def editors(newsletter: Newsletter) -> list[str]:
    """The addresses that get drafts; lines that are no address are left out."""
    found = []
    for line in newsletter.editors.splitlines():
        try:
            validate_email(line.strip())
        except ValidationError:
            continue
        found.append(line.strip())
    return list(dict.fromkeys(found))


def address(edition: Edition) -> str:
    """Where an edition is edited."""
    return settings.MASTHEAD.base_url.rstrip("/") + EDITOR.format(edition.pk)


def mail(edition: Edition) -> int:
    """Mail a draft's contents to its editors, and what will become of it. Returns to how many."""
    when = edition.due.astimezone(zone_called(Publication.load().timezone))
    hour = f"{when:%A} {when.day} {when:%B} at {when:%H:%M}"
    if edition.held:
        fate = f"An editor holds it: it does not go out on {hour} unless that is taken back."
    elif edition.newsletter.goes == Newsletter.Goes.APPROVED:
        fate = f"It goes out on {hour} only if you approve it before."
    else:
        fate = f"It goes out by itself on {hour}. Until then you can change it, or hold it."
    if not composing.has_news(edition):
        fate += " There is no news in it yet: if that stays so, it is left out."
    text = f"{fate}\n\n{address(edition)}\n\nSubject: {edition.subject}\nPreheader: {edition.preheader}\n\n{contents(edition)}"
    return _send(edition, "edition-draft", f"Draft: {edition.newsletter.title}, {when.day} {when:%B}", text)


def mail_skipped(edition: Edition) -> int:
    """Mail that an edition was left out, and why. Returns to how many."""
    text = f"{edition.reason}\n\nWhat it missed comes with the next edition.\n\n{address(edition)}"
    subject = f"Left out: {edition.newsletter.title}, {edition.date.day} {edition.date:%B}"
    return _send(edition, "edition-skipped", subject, text)


def contents(edition: Edition) -> str:
    """The headlines of an edition by block, as plain text."""
    lines: list[str] = []
    items = list(edition.items.select_related("article", "entry", "event").defer("article__body"))
    for block in edition.newsletter.blocks.order_by("sort_order", "pk"):
        own = [item for item in items if item.block == block.kind]
        if own:
            lines += [str(block), *(f"  - {composing.headline(item)}" for item in own), ""]
    return "\n".join(lines).strip()


def _send(edition: Edition, kind: str, subject: str, text: str) -> int:
    addresses = editors(edition.newsletter)
    for to in addresses:
        outgoing.hand_over(kind=kind, to=to, subject=subject, text=text + "\n")
    return len(addresses)
