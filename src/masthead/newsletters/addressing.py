"""The letter of one recipient: the edition's frozen message with what is the reader's own in its places."""

from __future__ import annotations

import time
from email.utils import formatdate

from masthead.core import clock
from masthead.newsletters import links, mime
from masthead.newsletters.claiming import Row
from masthead.newsletters.models import Edition, EditionContent
from masthead.newsletters.smtp import Letter


class Missing(Exception):
    """There is no content for a kind of recipient: the outbox does not fit the edition."""


class Addresser:
    """Makes the letters of one edition. The messages are read once and taken apart once."""

    def __init__(self, edition: int) -> None:
        row = Edition.objects.select_related("newsletter").get(pk=edition)
        self._signer = links.Signer(row.newsletter.slug, row.key)
        self._messages = {
            (content.standing, content.variant, content.clicks): mime.split(bytes(content.message))
            for content in EditionContent.objects.filter(edition=edition).only("standing", "variant", "clicks", "message")
        }
        self._date = b""
        self._date_at = 0.0

    def letter(self, row: Row) -> Letter:
        """The letter for ``row``, ready for the wire."""
        message = self._messages.get((row.standing, row.variant, row.clicks))
        if message is None:
            raise Missing(f"no content for {row.standing} {row.variant} {row.clicks}")
        address, subject = row.address.encode(), row.subject.encode()
        unsubscribe = self._signer.unsubscribe_url(subject)
        content = message.fill(
            {
                "to": address,
                "message_id": self._signer.message_id(address),
                "date": self._now(),
                "unsubscribe": unsubscribe,
                "list_unsubscribe": unsubscribe,
                "preferences": self._signer.preferences_url(subject),
            }
        )
        return Letter(row.number, row.address, content, ready=True)

    def _now(self) -> bytes:
        now = time.monotonic()
        if now - self._date_at > 1 or not self._date:
            self._date, self._date_at = formatdate(clock.now().timestamp()).encode(), now
        return self._date
