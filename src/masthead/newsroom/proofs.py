"""An edition looked at before it goes: with harmless words where each reader's own stands, on the screen or as a test mail."""

from __future__ import annotations

import re

from django.conf import settings

from masthead.core import mail
from masthead.newsletters import mime, rendering
from masthead.newsletters.models import Edition
from masthead.readers.models import Reader

# addresses of a test lead to where readers choose; nothing can be unsubscribed by pressing them
NAMES = ("to", "message_id", "date", "unsubscribe", "preferences", "list_unsubscribe")


def filled(text: str) -> str:
    """``text`` with words in all its places."""
    home = f"{settings.MASTHEAD.base_url}/newsletters/"
    for name in NAMES:
        text = text.replace(mime.place(name), home)
    return text


def rendered(edition: Edition, *, standing: str, variant: str = "a") -> rendering.Rendered:
    """The edition for one kind of reader, its links uncounted where they can be; of one that has gone, what was mailed."""
    kept = edition.contents.filter(standing=standing, variant__in=[variant, "a"]).order_by("-variant", "clicks").first()
    if kept is not None:
        return rendering.Rendered(kept.subject, filled(kept.html), filled(kept.text))
    found = rendering.render(edition, standing=standing, variant=variant, clicks=False)
    return rendering.Rendered(found.subject, filled(found.html), filled(found.text), found.shortened)


def mail_test(*, edition: Edition, to: str, standing: str, by: Reader) -> None:
    """Mail ``edition`` as it is saved to ``to``, marked as a test in subject and head; replies go to whoever asked."""
    proof = rendered(edition, standing=standing)
    words = f"A test of {edition}, asked for by {by.get_full_name() or by.email}. Its links are not counted."
    note = f'<p style="margin:0;padding:8px;text-align:center">{_safe(words)}</p>'
    mail.hand_over(
        kind="edition test",
        to=to,
        subject=f"[Test] {proof.subject}",
        text=f"{words}\n\n{proof.text}",
        html=re.sub(r"(<body[^>]*>)", rf"\1{note}", proof.html, count=1),
        headers={"Reply-To": by.email},
    )


def _safe(words: str) -> str:
    from django.utils.html import escape

    return str(escape(words)).replace("\\", "&#92;")
