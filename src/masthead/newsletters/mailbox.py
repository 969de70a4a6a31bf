"""The mailbox that mail comes back to: read each minute by the worker, by IMAP or POP.

A mail is taken out only after what it says is committed: a worker that dies in between reads it again, and what is told twice is
kept once. With IMAP whatever is not about our mail (a reader who answered) stays, marked as seen and flagged. POP knows no marks:
everything is taken out, so give bounces a mailbox of their own.
"""

from __future__ import annotations

import imaplib
import logging
import poplib
import re
import ssl
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from masthead.newsletters import dsn, returns

log = logging.getLogger(__name__)

MOST = 500  # mails a visit
TIMEOUT = 30.0
SCHEMES = ("imaps", "imap", "pop3s", "pop3")
PORTS = {"imaps": 993, "imap": 143, "pop3s": 995, "pop3": 110}

Take = Callable[[bytes], int]


def visit(url: str, take: Take = returns.take_mail) -> int:
    """Read what has come to the mailbox at ``url`` and act on it; how many mails were about mail of ours."""
    parts = urlsplit(url)
    if parts.scheme.startswith("imap"):
        return _imap(url, take)
    return _pop(url, take)


def _login(url: str) -> tuple[str, int, str, str]:
    parts = urlsplit(url)
    port = parts.port or PORTS[parts.scheme]
    return parts.hostname or "", port, unquote(parts.username or ""), unquote(parts.password or "")


def _imap(url: str, take: Take) -> int:
    host, port, user, password = _login(url)
    parts = urlsplit(url)
    box: imaplib.IMAP4
    if parts.scheme == "imaps":
        box = imaplib.IMAP4_SSL(host, port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT)
    else:
        box = imaplib.IMAP4(host, port, timeout=TIMEOUT)
    with box:
        box.login(user, password)
        folder = unquote(parts.path.strip("/")) or "INBOX"
        answer, said = box.select(_quoted(folder))
        if answer != "OK":
            raise OSError(f"There is no folder {folder}: {said!r}")
        _, found = box.uid("SEARCH", "UNSEEN")
        numbers = (found[0] or b"").split()[:MOST]
        known = 0
        for number in numbers:
            raw = _fetch(box, number.decode())
            if raw is None:
                continue
            mails = _taken(take, raw)
            # only now: what it says is committed
            if mails:
                known += 1
                box.uid("STORE", number.decode(), "+FLAGS", r"(\Deleted)")
            elif mails == 0:
                box.uid("STORE", number.decode(), "+FLAGS", r"(\Seen \Flagged)")
        if known:
            box.expunge()
    return known


def _fetch(box: imaplib.IMAP4, number: str) -> bytes | None:
    """The mail, or as much of it as is ever read. Asked for without marking it: it is not dealt with yet."""
    _, answer = box.uid("FETCH", number, f"(BODY.PEEK[]<0.{dsn.LARGEST}>)")
    return next((part[1] for part in answer or [] if isinstance(part, tuple)), None)


def _quoted(folder: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", folder) + '"'


def _pop(url: str, take: Take) -> int:
    host, port, user, password = _login(url)
    box: poplib.POP3
    if urlsplit(url).scheme == "pop3s":
        box = poplib.POP3_SSL(host, port, timeout=TIMEOUT, context=ssl.create_default_context())
    else:
        box = poplib.POP3(host, port, timeout=TIMEOUT)
    known = 0
    try:
        box.user(user)
        box.pass_(password)
        waiting = [line.split() for line in box.list()[1]][:MOST]
        for number, size in ((int(fields[0]), int(fields[1])) for fields in waiting):
            lines = box.top(number, 2000)[1] if size > dsn.LARGEST else box.retr(number)[1]
            mails = _taken(take, b"\r\n".join(lines))
            if mails is None:
                continue
            known += bool(mails)
            box.dele(number)
    finally:
        box.quit()  # only now is anything taken out
    return known


def _taken(take: Take, raw: bytes) -> int | None:
    """What ``take`` made of a mail; None where it failed, and the mail has to be read again."""
    try:
        return take(raw)
    except Exception:  # one mail must not hold up those behind it
        log.warning("a mail that came back could not be dealt with; it is read again", exc_info=True)
        return None
