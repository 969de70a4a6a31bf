"""The mail back end for a laptop: each message to each recipient is one ``.eml`` file, put there by rename."""

import uuid
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from masthead.core import clock


class EmailBackend(BaseEmailBackend):
    """Write to ``DATA/mail/``. A reader of the directory never sees half a message."""

    def send_messages(self, messages: list[EmailMessage]) -> int:
        """Write ``messages``; returns how many."""
        folder = Path(settings.MASTHEAD.data) / "mail"
        folder.mkdir(parents=True, exist_ok=True)
        for message in messages:
            content = message.message()
            for _recipient in message.recipients():
                name = f"{clock.now():%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}.eml"
                partial = folder / f".{name}.partial"
                partial.write_bytes(content.as_bytes(linesep="\r\n"))
                partial.rename(folder / name)
        return len(messages)
