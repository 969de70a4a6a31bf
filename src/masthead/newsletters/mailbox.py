"""The mailbox that mail comes back to: read each minute by the worker, by IMAP or POP.

A mail is taken out only after what it says is committed: a worker that dies in between reads it again, and what is told twice is
kept once. With IMAP whatever is not about our mail (a reader who answered) stays, marked as seen and flagged. POP knows no marks:
everything is taken out, so give bounces a mailbox of their own.

A mail that cannot be dealt with (it breaks us, or the connection) stays and is set aside: flagged and unseen with IMAP, by its
number in this process's memory with POP. What is set aside is read again after all the others, a few a visit and not for ever, so
that however many there are they hold up nothing; the operator is told of them.
"""

from __future__ import annotations

import imaplib
import logging
import poplib
import random
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from urllib.parse import unquote, urlsplit

from django.db import DatabaseError, InterfaceError, OperationalError, connection

from masthead.core import clock, notices
from masthead.core.models import Notice
from masthead.newsletters import dsn, returns

log = logging.getLogger(__name__)

MOST = 500  # mails a visit
AGAIN = 50  # of those set aside
BREAKS = 3  # of the connection in one visit; more, and it is not the mails
GIVEN_UP = timedelta(days=3)  # after its arrival a mail set aside is left to people (IMAP)
TRIES = 20  # so often is one read (POP)
REMEMBERED = 10_000  # set aside in a POP mailbox
TIMEOUT = 30.0
SCHEMES = ("imaps", "imap", "pop3s", "pop3")
PORTS = {"imaps": 993, "imap": 143, "pop3s": 995, "pop3": 110}

Take = Callable[[bytes], int]
BROKEN = (imaplib.IMAP4.abort, OSError, EOFError)

BAD, LEFT = "bounce-mails", "bounce-mails-left"  # the notices

_tries: dict[str, int] = {}  # of mails set aside, by their POP numbers


def visit(url: str, take: Take = returns.take_mail) -> int:
    """Read what has come to the mailbox at ``url`` and act on it; how many mails were about mail of ours.

    Raises what the mailbox or the database says when they are away: nothing is set aside for that.
    """
    parts = urlsplit(url)
    if parts.scheme.startswith("imap"):
        known, aside, left = _Imap(url, take).visit()
    else:
        known, aside, left = _pop(url, take)
    _tell(aside, left)
    return known


def _tell(aside: int, left: int) -> None:
    """Tell the operator how many mails are set aside, and how many were left to people just now."""
    if aside:
        what = _mails(aside)
        notices.tell(BAD, f"{what} in the mailbox for bounces cannot be dealt with; the worker's log says why. Others are read.")
    elif Notice.objects.filter(key=BAD).exists():
        notices.settled(BAD)
    if left:
        what = _mails(left)
        notices.tell(LEFT, f"{what} in the mailbox for bounces, read in vain too often, will not be read again: look there.")


def _mails(number: int) -> str:
    return f"{number} mails" if number != 1 else "A mail"


def _login(url: str) -> tuple[str, int, str, str]:
    parts = urlsplit(url)
    port = parts.port or PORTS[parts.scheme]
    return parts.hostname or "", port, unquote(parts.username or ""), unquote(parts.password or "")


class _Imap:
    """One visit by IMAP. Where the connection breaks it is opened again, without the mail at which it broke."""

    def __init__(self, url: str, take: Take) -> None:
        self._url, self._take = url, take
        self._breaks = self._known = 0
        self._box = self._open()

    def visit(self) -> tuple[int, int, int]:
        """Read what is new, then some of what was set aside: (about our mail, set aside at the end, left to people)."""
        left = 0
        try:
            for number in self._found("UNSEEN UNFLAGGED UNDELETED")[:MOST]:
                self._read(number)
            aside = self._found("UNSEEN FLAGGED UNDELETED")
            old = set(self._found(f"UNSEEN FLAGGED UNDELETED BEFORE {_day(clock.now() - GIVEN_UP)}")) if aside else set()
            for number in random.sample(aside, min(AGAIN, len(aside))):
                if not self._read(number) and number in old:
                    self._mark(number, r"\Seen")
                    left += 1
            if self._known:
                self._box.expunge()
            return self._known, len(self._found("UNSEEN FLAGGED UNDELETED")), left
        finally:
            self._close()

    def _read(self, number: str) -> bool:
        """Read one mail and act on it; False where that could not be done, and it is set aside."""
        try:
            raw = self._fetch(number)
            mails = None if raw is None else _taken(self._take, raw)
            # only now: what it says is committed
            if mails:
                self._known += 1
                self._mark(number, r"\Deleted")
            elif mails == 0:
                self._mark(number, r"\Seen \Flagged")
            else:
                self._mark(number, r"\Flagged")
            return mails is not None
        except BROKEN:
            self._breaks += 1
            if self._breaks > BREAKS:
                raise
            log.warning("the mailbox's connection broke at a mail; it is set aside", exc_info=True)
            self._close()
            self._box = self._open()
            self._mark(number, r"\Flagged")
            return False

    def _open(self) -> imaplib.IMAP4:
        host, port, user, password = _login(self._url)
        parts = urlsplit(self._url)
        box: imaplib.IMAP4
        if parts.scheme == "imaps":
            box = imaplib.IMAP4_SSL(host, port, ssl_context=ssl.create_default_context(), timeout=TIMEOUT)
        else:
            box = imaplib.IMAP4(host, port, timeout=TIMEOUT)
        try:
            box.login(user, password)
            folder = unquote(parts.path.strip("/")) or "INBOX"
            answer, said = box.select(_quoted(folder))
            if answer != "OK":
                raise OSError(f"There is no folder {folder}: {said!r}")
        except BaseException:
            box.shutdown()
            raise
        return box

    def _close(self) -> None:
        try:
            self._box.logout()
        except (imaplib.IMAP4.error, OSError):
            with suppress(OSError):
                self._box.shutdown()

    def _found(self, which: str) -> list[str]:
        _, found = self._box.uid("SEARCH", which)
        return (found[0] or b"").decode().split()

    def _mark(self, number: str, flags: str) -> None:
        self._box.uid("STORE", number, "+FLAGS", f"({flags})")

    def _fetch(self, number: str) -> bytes | None:
        """The mail, or as much of it as is ever read. Asked for without marking it: it is not dealt with yet."""
        try:
            _, answer = self._box.uid("FETCH", number, f"(BODY.PEEK[]<0.{dsn.LARGEST}>)")
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:  # the server cannot read it
            return None
        return next((part[1] for part in answer or [] if isinstance(part, tuple)), None)


def _day(moment: datetime) -> str:
    """As IMAP writes a day, whatever the locale."""
    return imaplib.Time2Internaldate(moment).strip('"').partition(" ")[0]


def _quoted(folder: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", folder) + '"'


def _pop(url: str, take: Take) -> tuple[int, int, int]:
    """One visit by POP, which takes things out only when a session ends well: what was set aside has one of its own."""
    known, left = 0, 0
    with _session(url) as box:
        names, sizes = _names(box), _sizes(box)
        for number in [number for number in sizes if names[number] not in _tries][:MOST]:
            known += _pop_one(box, number, names[number], sizes[number], take)
    aside = [name for name in names.values() if name in _tries]
    again = sorted((name for name in aside if _tries[name] < TRIES), key=_tries.__getitem__)[:AGAIN]
    if again:
        with _session(url) as box:
            numbers = {name: number for number, name in _names(box).items()}
            sizes = _sizes(box)
            for name in again:
                if (number := numbers.get(name, 0)) in sizes:
                    known += _pop_one(box, number, name, sizes[number], take)
                    left += _tries.get(name) == TRIES
    return known, sum(name in _tries for name in aside), left


def _pop_one(box: poplib.POP3, number: int, name: str, size: int, take: Take) -> bool:
    """Read one mail and take it out; whether it was about mail of ours. One that cannot be dealt with is set aside."""
    try:
        lines = box.top(number, 2000)[1] if size > dsn.LARGEST else box.retr(number)[1]
    except (*BROKEN, poplib.error_proto):
        _set_aside(name)
        box.noop()  # raises where it was not the mail alone
        return False
    mails = _taken(take, b"\r\n".join(lines))
    if mails is None:
        _set_aside(name)
        return False
    _tries.pop(name, None)
    box.dele(number)
    return bool(mails)


def _set_aside(name: str) -> None:
    _tries[name] = _tries.get(name, 0) + 1
    while len(_tries) > REMEMBERED:
        _tries.pop(next(iter(_tries)))


@contextmanager
def _session(url: str) -> Iterator[poplib.POP3]:
    host, port, user, password = _login(url)
    box: poplib.POP3
    if urlsplit(url).scheme == "pop3s":
        box = poplib.POP3_SSL(host, port, timeout=TIMEOUT, context=ssl.create_default_context())
    else:
        box = poplib.POP3(host, port, timeout=TIMEOUT)
    try:
        box.user(user)
        box.pass_(password)
        yield box
    finally:
        try:
            box.quit()  # only now is anything taken out
        finally:
            box.close()


def _names(box: poplib.POP3) -> dict[int, str]:
    """What each mail is called in every session, by its number in this one."""
    try:
        return {int(fields[0]): fields[1].decode() for fields in (line.split() for line in box.uidl()[1])}
    except poplib.error_proto:  # a server without names: what stays comes first next time
        return {number: str(number) for number in _sizes(box)}


def _sizes(box: poplib.POP3) -> dict[int, int]:
    return {int(fields[0]): int(fields[1]) for fields in (line.split() for line in box.list()[1])}


def _taken(take: Take, raw: bytes) -> int | None:
    """What ``take`` made of a mail; None where it failed, and the mail has to be read again."""
    try:
        return take(raw)
    except Exception as error:  # one mail must not hold up those behind it
        if isinstance(error, OperationalError | InterfaceError) and not _database_answers():
            raise
        log.warning("a mail that came back could not be dealt with; it is set aside", exc_info=True)
        return None


def _database_answers() -> bool:
    """Whether it was the mail, and not the database."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True
