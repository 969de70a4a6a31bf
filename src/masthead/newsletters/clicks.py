"""Clicks: the address a link in an edition is mailed as, and how often each was followed, in aggregate.

The address names an edition, a link's number, a standing and a subject; it is the same for all who got that content, so that
nothing about a reader could be learnt from it. Where it leads stands in our table and never in the address: nobody can make it
lead elsewhere. Its HMAC only keeps strangers from counting what was never mailed.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from django.conf import settings
from django.db import connection

from masthead.core import clock
from masthead.core.keys import derive
from masthead.newsletters.models import EditionContent, LinkClicks

MAC = 9  # bytes
LONGEST = 40  # characters of a token

_STANDINGS = (EditionContent.Standing.REGISTERED.value, EditionContent.Standing.SUBSCRIBER.value)
_VARIANTS = ("a", "b")


@dataclass(frozen=True, slots=True)
class Link:
    """What a mailed address says: which link of which edition, and to whom it was mailed."""

    edition: int
    number: int
    standing: str
    variant: str


@lru_cache(maxsize=8)
def _key(secret: str) -> bytes:
    return derive("mail click", secret)


def token(edition_id: int, number: int, standing: str, variant: str) -> str:
    """A short URL-safe token for link ``number`` of an edition."""
    who = _STANDINGS.index(standing) | _VARIANTS.index(variant or "a") << 1
    body = _varint(edition_id) + _varint(number << 2 | who)
    return urlsafe_b64encode(body + _mac(body, settings.SECRET_KEY)).rstrip(b"=").decode()


def address(edition_id: int, number: int, standing: str, variant: str) -> str:
    """The address to mail link ``number`` of an edition as, to those of ``standing`` who get subject ``variant``."""
    return f"{settings.MASTHEAD.base_url}/newsletters/go/{token(edition_id, number, standing, variant)}/"


def read(text: str) -> Link | None:
    """What ``text`` says, or None where we did not write it (with this secret key or a former one)."""
    if not text.isascii() or len(text) > LONGEST:
        return None
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    body, mac = raw[:-MAC], raw[-MAC:]
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if not body or not any(hmac.compare_digest(mac, _mac(body, secret)) for secret in secrets):
        return None
    edition, rest = _read_varint(body)
    packed, _ = _read_varint(rest)
    return Link(edition, packed >> 2, _STANDINGS[packed & 1], _VARIANTS[packed >> 1 & 1])


def count(*, link_id: int, standing: str, variant: str) -> None:
    """Add one to how often a link was followed in this hour. One statement; two at once lose nothing."""
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    add(link_id=link_id, standing=standing, variant=variant, hour=hour)


def add(*, link_id: int, standing: str, variant: str, hour: datetime, number: int = 1) -> None:
    """Add ``number`` to a link's clicks in ``hour``."""
    quote = connection.ops.quote_name
    table = quote(LinkClicks._meta.db_table)
    field = LinkClicks._meta.get_field("hour")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (link_id, standing, variant, hour, count) VALUES (%s, %s, %s, %s, %s) "  # noqa: S608
            f"ON CONFLICT (link_id, standing, variant, hour) DO UPDATE SET count = {table}.count + excluded.count",
            [link_id, standing, variant, field.get_db_prep_value(hour, connection), number],
        )


def _mac(body: bytes, secret: str) -> bytes:
    return hmac.digest(_key(secret), body, "sha256")[:MAC]


def _varint(number: int) -> bytes:
    out = bytearray()
    while True:
        number, low = number >> 7, number & 0x7F
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def _read_varint(data: bytes) -> tuple[int, bytes]:
    value = shift = 0
    for place, byte in enumerate(data):
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, data[place + 1 :]
    return value, b""
