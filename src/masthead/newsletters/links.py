"""The signed addresses in our mail, and its Message-IDs. No database: a sender asks several times a mail.

A token names a reader (by their opaque subject) and what it is for, and carries an HMAC of both. It is good for ever, also after
the secret key has changed while the former one is accepted: a mail read next year must still end what it began. Whoever holds
one (a mail is forwarded) can change what is mailed to that reader and nothing else.

Message-IDs are the same on each try, and carry an HMAC of edition and address: a bounce that brings one back proves that it
was ours and to whom.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings

from masthead.core.keys import Mac, derive

SUBJECT = 22  # characters of a reader's subject (``core.keys.subject``)
MAC = 22  # of 16 bytes in base64url
LONGEST_SCOPE = 40

_TOKEN = re.compile(rf"([nkp])([A-Za-z0-9_-]{{{SUBJECT}}})([A-Za-z0-9_-]{{{MAC}}})([A-Za-z0-9_-]{{0,{LONGEST_SCOPE}}})\Z")
_MESSAGE_ID = re.compile(r"<?([A-Za-z0-9_-]{1,40})\.([A-Za-z0-9_-]{1,60})\.([0-9a-f]{32})@[^\s<>@]{1,255}>?\Z")


class Kind(StrEnum):
    """Mails that belong to no newsletter, each with an unsubscribe address of its own."""

    ALERTS = "alerts"
    MONTH = "month"
    WELCOME = "welcome"


@dataclass(frozen=True, slots=True)
class Token:
    """What a token says: whose it is, and what it ends (``newsletter`` or ``kind``; neither: all preferences)."""

    subject: str
    newsletter: str = ""
    kind: Kind | None = None

    @property
    def preferences(self) -> bool:
        """Whether it is for the page of preferences."""
        return not self.newsletter and self.kind is None


@lru_cache(maxsize=64)
def _key(purpose: str, secret: str) -> bytes:
    return derive(purpose, secret)


def _mac(what: str, subject: str, scope: str, secret: str) -> str:
    digest = hmac.digest(_key("mail link", secret), f"{what}:{subject}:{scope}".encode(), "sha256")
    return urlsafe_b64encode(digest[:16]).decode()[:MAC]


def unsubscribe_token(reader_subject: str, newsletter_slug: str) -> str:
    """What ends one newsletter for one reader."""
    return f"n{reader_subject}{_mac('n', reader_subject, newsletter_slug, settings.SECRET_KEY)}{newsletter_slug}"


def kind_token(reader_subject: str, kind: Kind) -> str:
    """What ends one kind of personal mail for one reader."""
    return f"k{reader_subject}{_mac('k', reader_subject, kind.value, settings.SECRET_KEY)}{kind.value}"


def preferences_token(reader_subject: str) -> str:
    """What shows and changes what one reader wants of our mail."""
    return f"p{reader_subject}{_mac('p', reader_subject, '', settings.SECRET_KEY)}"


def unsubscribe_url(token: str) -> str:
    """The address that ``token`` (of :func:`unsubscribe_token` or :func:`kind_token`) is good at."""
    return f"{settings.MASTHEAD.base_url}/newsletters/unsubscribe/{token}/"


def preferences_url(reader_subject: str) -> str:
    """Where a reader changes what is mailed to them, without logging in."""
    return f"{settings.MASTHEAD.base_url}/newsletters/preferences/{preferences_token(reader_subject)}/"


def read(token: str) -> Token | None:
    """What ``token`` says, or None where we did not write it (with this secret key or a former one)."""
    found = _TOKEN.match(token)
    if found is None:
        return None
    what, subject, mac, scope = found.groups()
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if hmac.compare_digest(mac, _mac(what, subject, scope, secret)):
            break
    else:
        return None
    if what == "n":
        return Token(subject, newsletter=scope) if scope else None
    if what == "k":
        return Token(subject, kind=Kind(scope)) if scope in list(Kind) else None
    return Token(subject) if not scope else None


def one_click(token: str) -> dict[str, str]:
    """The two header fields of RFC 8058 for a mail that ``token`` ends."""
    return {"List-Unsubscribe": f"<{unsubscribe_url(token)}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


# --- Message-IDs


@lru_cache(maxsize=8)
def _host(base_url: str) -> str:
    return urlsplit(base_url).hostname or "localhost"


def message_id(newsletter_slug: str, edition_key: str, address: str) -> str:
    """The Message-ID, with its angle brackets, of an edition to ``address`` (as its Delivery has it)."""
    name = f"{newsletter_slug}.{edition_key}"
    mac = _message_mac(name, address, settings.SECRET_KEY)
    return f"<{name}.{mac}@{_host(settings.MASTHEAD.base_url)}>"


def _message_mac(name: str, address: str, secret: str) -> str:
    return hmac.digest(_key("message id", secret), f"{name}:{address}".encode(), "sha256")[:16].hex()


@dataclass(frozen=True, slots=True)
class MessageId:
    """A Message-ID that looks like ours: of which edition it says it is, and the HMAC that has to be right for an address."""

    newsletter: str
    edition: str
    mac: str

    def is_to(self, address: str) -> bool:
        """Whether we wrote it for a mail to ``address``."""
        name = f"{self.newsletter}.{self.edition}"
        return any(
            hmac.compare_digest(self.mac, _message_mac(name, address, secret))
            for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        )


def read_message_id(text: str) -> MessageId | None:
    """The parts of a Message-ID in our form, or None. What it says is proved only by :meth:`MessageId.is_to`."""
    found = _MESSAGE_ID.match(text.strip()) if len(text) < 1000 else None
    return MessageId(*found.groups()) if found else None


class Signer:
    """The addresses and the Message-ID of one edition's letters, as bytes: all that is the same in each is looked up once."""

    def __init__(self, newsletter_slug: str, edition_key: str) -> None:
        links, ids = derive("mail link"), derive("message id")
        base = settings.MASTHEAD.base_url.encode()
        self._slug = newsletter_slug.encode()
        self._links, self._ids = Mac(links), Mac(ids)
        self._unsubscribe = base + b"/newsletters/unsubscribe/n%b%b%b/"
        self._preferences = base + b"/newsletters/preferences/p%b%b/"
        self._name = f"{newsletter_slug}.{edition_key}".encode()
        self._host = _host(settings.MASTHEAD.base_url).encode()

    def unsubscribe_url(self, subject: bytes) -> bytes:
        """:func:`unsubscribe_url` of :func:`unsubscribe_token`."""
        mac = self._links.digest(b"n:%b:%b" % (subject, self._slug))
        return self._unsubscribe % (subject, urlsafe_b64encode(mac[:16])[:MAC], self._slug)

    def preferences_url(self, subject: bytes) -> bytes:
        """:func:`preferences_url`."""
        mac = self._links.digest(b"p:%b:" % subject)
        return self._preferences % (subject, urlsafe_b64encode(mac[:16])[:MAC])

    def message_id(self, address: bytes) -> bytes:
        """:func:`message_id`."""
        mac = self._ids.digest(b"%b:%b" % (self._name, address))[:16].hex().encode()
        return b"<%b.%b@%b>" % (self._name, mac, self._host)
