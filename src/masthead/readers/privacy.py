"""What is held about a reader here and on the ground floor below, which knows nobody: how to tell it, and how to erase it."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db.models import Q, QuerySet

from masthead.core import privacy
from masthead.core.models import Event, OutgoingMail
from masthead.readers.models import Code, Login, Reader

COVERS = ("readers.Login", "readers.Code", "mfa.Authenticator", "account.EmailAddress")


def register() -> None:
    """Add these parts to "everything held about me"."""
    privacy.register("account", export=_account, erase=_erase_account)
    privacy.register("mails", export=_mails, erase=lambda reader: _mails_to(reader).delete())
    privacy.register("events", export=_events, erase=_forget_whose_events)


def _account(reader: Reader) -> dict[str, Any]:
    """Hashes, keys and session numbers are left out: they would log somebody in, or tell nobody anything."""
    return {
        "address": reader.email,
        "name": f"{reader.first_name} {reader.last_name}".strip(),
        "since": reader.created,
        "confirmed": reader.confirmed,
        "works_here": reader.is_staff,
        "log_ins": [
            {"browser": row.label, "method": row.method, "since": row.created, "last_seen": row.last_seen}
            for row in Login.objects.filter(reader=reader).order_by("pk")
        ],
        "codes": [
            {
                "address": row.address,
                "purpose": row.purpose,
                "article": row.article,
                "errand": row.errand,
                "newsletters": row.newsletters,
                "came_by": row.via,
                "asked": row.created,
                "expires": row.expires,
                "browser": row.device.label,
                "attempts": row.attempts,
                "code_used": row.code_used,
                "link_used": row.link_used,
            }
            for row in _codes(reader).select_related("device").order_by("pk")
        ],
        "passkeys_and_second_factors": [
            {"kind": row.type, "name": str(row), "added": row.created_at, "last_used": row.last_used_at}
            for row in Authenticator.objects.filter(user=reader).order_by("pk")
        ],
    }


def _codes(reader: Reader) -> QuerySet[Code]:
    return Code.objects.filter(Q(reader=reader) | Q(identity=reader.identity))


def _erase_account(reader: Reader) -> None:
    _codes(reader).delete()
    Authenticator.objects.filter(user=reader).delete()
    EmailAddress.objects.filter(user=reader).delete()
    Login.objects.filter(reader=reader).delete()


def _mails_to(reader: Reader) -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.filter(to__iexact=reader.email)


def _mails(reader: Reader) -> list[dict[str, Any]]:
    """Mails to the address the account has now; a code in a subject is crossed out, for it may still be good."""
    return [
        {
            "kind": row.kind,
            "subject": "(a code)" if row.kind == "code" else row.subject,
            "written": row.created,
            "state": row.state,
            "settled": row.settled,
        }
        for row in _mails_to(reader).order_by("pk")
    ]


def _events(reader: Reader) -> list[dict[str, Any]]:
    rows = Event.objects.filter(subject=reader.subject).order_by("pk")
    return [{"at": row.at, "what": row.kind, "article": row.article, "more": row.data} for row in rows]


def _forget_whose_events(reader: Reader) -> None:
    """What happened stays counted; to whom does not."""
    Event.objects.filter(subject=reader.subject).update(subject="")
