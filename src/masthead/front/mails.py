"""The mails of the journey: the code, and what happened to an address. Text and HTML say the same.

New and known addresses get the same mail but for one sentence; it is composed from the same number of look-ups, and the worker
submits it.
"""

from __future__ import annotations

from django.conf import settings
from django.template.loader import render_to_string

from masthead.core import mail
from masthead.core.models import Publication
from masthead.readers.codes import LIFE, Asked
from masthead.readers.models import Code, Reader


def code(asked: Asked, *, headline: str) -> None:
    """Hand over the mail with the six digits, alone on a line, and the link."""
    holder = Reader.objects.filter(identity=asked.row.identity).first()
    change = asked.row.purpose == Code.Purpose.CHANGE
    publication = Publication.load()
    subject = f"{asked.digits} is your code for {publication.name}"
    _hand_over(
        "code",
        # to the address as it is stored: however it is typed, only its owner gets what logs in
        holder.email if holder and not change else asked.row.address,
        subject,
        {
            "publication": publication,
            "digits": asked.digits,
            "link": f"{settings.MASTHEAD.base_url}/confirm/{asked.token}/",
            "headline": headline,
            "minutes": int(LIFE.total_seconds() // 60),
            "known": bool(holder and holder.confirmed),
            "change": change,
        },
    )


def address_taken(*, address: str) -> None:
    """Tell ``address`` that somebody wanted to move an account to it, which already has one."""
    _hand_over(
        "address_taken",
        address,
        "You already have an account",
        {"publication": Publication.load(), "base": settings.MASTHEAD.base_url},
    )


def address_changed(*, old: str, new: str) -> None:
    """Tell the old address that the account moved; the new one is not shown in full."""
    local, _, domain = new.rpartition("@")
    hint = f"{local[0]}…@{domain}"
    publication = Publication.load()
    _hand_over(
        "address_changed",
        old,
        f"Your address at {publication.name} was changed",
        {"publication": publication, "hint": hint, "base": settings.MASTHEAD.base_url},
    )


def passkey_added(*, address: str, name: str) -> None:
    """Tell the reader that something new logs in to their account."""
    publication = Publication.load()
    _hand_over(
        "passkey_added",
        address,
        f"A passkey was added to your account at {publication.name}",
        {"publication": publication, "name": name, "base": settings.MASTHEAD.base_url},
    )


def account_deleted(*, address: str) -> None:
    """A last mail: the account is gone."""
    publication = Publication.load()
    _hand_over("account_deleted", address, f"Your account at {publication.name} is deleted", {"publication": publication})


def accounts_merged(*, kept: str, gone: str) -> None:
    """Tell both addresses that one account is left; each is shown no more than a hint of the other."""
    publication = Publication.load()
    for to, other, stays in ((kept, gone, True), (gone, kept, False)):
        local, _, domain = other.rpartition("@")
        _hand_over(
            "accounts_merged",
            to,
            f"Your accounts at {publication.name} are one now",
            {"publication": publication, "hint": f"{local[0]}…@{domain}", "stays": stays, "base": settings.MASTHEAD.base_url},
        )


def _hand_over(kind: str, to: str, subject: str, context: dict[str, object]) -> None:
    context = {**context, "subject": subject}
    text = "\n".join(line.rstrip() for line in render_to_string(f"mail/{kind}.txt", context).strip().splitlines())
    mail.hand_over(kind=kind, to=to, subject=subject, text=text + "\n", html=render_to_string(f"mail/{kind}.html", context))
