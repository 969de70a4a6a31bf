"""The sender: takes what is due from the outbox, hands it to a carrier, writes down what became of it.

Three threads. The *carrier's* asks :meth:`Session.take` for letters and tells :meth:`Session.ended` their outcomes. The
*feeder* claims the next rows before the last are used up. The *writer* commits outcomes in groups: all that came while the
last commit took. Only then may a connection begin its next message; so a commit's time is shared by all connections, and at
most one message of each is without an outcome on record.

Who may go on is settled by a lease: the writer moves the claims' ``alive`` on every second, and where it could not for
``watching.LEASE`` seconds (of a clock that also counts a machine's sleep) nothing more is begun.

What is *not* guaranteed is in docs/explanation/newsletters-delivery.md.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from uuid import uuid4

from django.db import DatabaseError, InterfaceError, connection, transaction

from masthead.core import notices
from masthead.newsletters import claiming, settling, transports, watching
from masthead.newsletters.addressing import Addresser, Missing
from masthead.newsletters.claiming import Row, Settled, Taken
from masthead.newsletters.journal import Journal
from masthead.newsletters.judging import Judge
from masthead.newsletters.models import Claim, Delivery, Edition, Mailing
from masthead.newsletters.smtp import Letter, Outcome
from masthead.newsletters.watching import Watcher, boottime, outbox

log = logging.getLogger(__name__)

State = Delivery.State

RENEW = 1.0  # seconds between two signs of life
LOW = 500  # rows in hand at which the next are claimed
LOOK = 0.25  # seconds between looks at an empty outbox, while letters are on their way
PATIENCE = 1.0  # seconds until the database is asked again after it failed
IDLE = 1.0  # seconds between looks at an outbox of which others hold rows
GRACE = 4.0  # seconds letters in flight get when the sender is stopped
LAST_TRIES = 3.0  # seconds to write down the last outcomes when stopping without a database

MAIL_NOTICE = "newsletters mail server"
DISK_NOTICE = "newsletters disk"


class Batch:
    """The rows of one claim."""

    __slots__ = ("addresser", "claim", "edition", "journal", "left", "lost", "revoked", "rows")

    def __init__(self, taken: Taken, journal: Journal, addresser: Addresser) -> None:
        self.claim = taken.claim
        self.edition = taken.edition
        self.journal = journal
        self.addresser = addresser
        self.rows = deque(taken.rows)  # not taken up yet; whoever pops one has it
        self.left = len(taken.rows)  # without outcome on record; the writer's
        self.revoked = False  # its edition does not go on: no more are taken up
        self.lost = False  # somebody else has settled it: nothing of it may begin


class Sender:
    """Submits what is due, whenever it is asked to. It remembers what the mail server said last."""

    def __init__(self, transport: transports.Transport | None = None) -> None:
        self._transport = transport
        self._judge: Judge | None = None

    def deliver(self, stop: threading.Event) -> int:
        """Submit all that is due now, or until ``stop``; returns how many letters ended."""
        if not claiming.due():
            return 0
        transport = self._transport or transports.current()
        refusals = Mailing.load().refusals
        if self._judge is None:
            self._judge = Judge(refusals=refusals, connections=transport.connections)
        self._judge.limit(refusals)
        return Session(transport, stop, self._judge).run()


def deliver_all(stop: threading.Event, transport: transports.Transport | None = None) -> int:
    """Submit until nothing is due and nobody holds anything, or until ``stop``; returns how many letters ended here."""
    watcher, sender = Watcher(), Sender(transport)
    ended = 0
    while not stop.is_set():
        try:
            watcher.look()
            ended += sender.deliver(stop)
            settling.finish()
            if not claiming.due() and not Claim.objects.filter(ended=None).exists():
                break
        except (DatabaseError, InterfaceError) as error:
            _say(f"the database failed: {error}")
            watcher.forget()
            connection.close()
        stop.wait(IDLE)  # somebody else has rows: another sender, or one whose death is not certain yet
    return ended


class Session:
    """One run of a sender, from the first claim until nothing is due."""

    def __init__(self, transport: transports.Transport, stop: threading.Event, judge: Judge) -> None:
        self.name = f"{socket.gethostname()[:30]}:{os.getpid()}:{uuid4().hex[:12]}"
        self._token = self.name.rpartition(":")[2]
        self._connections = transport.connections
        self._ahead = transport.ahead
        self._stop_asked = stop
        self._queue: deque[Batch] = deque()
        self._batches: dict[int, Batch] = {}  # open claims
        self._flying: dict[int, tuple[Batch, Row]] = {}
        self._outcomes: deque[tuple[Batch, Settled]] = deque()
        self._taken = 0  # the carrier's thread counts up
        self._written = 0  # the writer's
        self._lease = boottime() + watching.LEASE
        self._judge = judge
        self._pause: deque[tuple[int, str]] = deque()
        self._hungry = threading.Event()
        self._news = threading.Event()
        self._ending = False  # no more claims
        self._over = False  # the carrier has ended
        self._unsure = False  # a claim may have been committed without our hearing of it
        self._addressers: dict[int, Addresser] = {}
        self._told = ""
        self._failure: BaseException | None = None
        self._taking = threading.Lock()  # a row is either taken up or given back
        self._carrier = transport.carrier(self)

    def run(self) -> int:
        """Submit until nothing is due or ``stop``."""
        claiming.durable()
        if not self._claim():
            return 0
        threads = [
            threading.Thread(target=self._guarded, args=(work,), name=f"newsletters {name}", daemon=True)
            for name, work in (("feeder", self._feed), ("writer", self._write))
        ]
        for thread in threads:
            thread.start()
        try:
            for letter in self._carrier.run():
                self._untake(letter.number)
                self._taken -= 1
        finally:
            self._ending = self._over = True
            self._hungry.set()
            self._news.set()
            for thread in threads:
                thread.join()
            for batch in self._batches.values():  # what could not be written down: whoever looks next settles it
                batch.journal.leave()
        if self._failure is not None:
            raise self._failure
        return self._written

    def _guarded(self, work: Callable[[], None]) -> None:
        """Nothing goes on without one of the threads."""
        try:
            work()
        except BaseException as error:
            self._failure = error
            self._finish()
        finally:
            connection.close()

    # --- the carrier's thread

    def take(self) -> Letter | None:
        """The next letter. None while as many as may be have no outcome on record."""
        out = self._taken - self._written
        if out >= self._ahead or (out and self._judge.probing) or self._pause or boottime() > self._lease:
            return None
        while self._queue:
            batch = self._queue[0]
            with self._taking:
                row = batch.rows.popleft() if batch.rows and not batch.revoked else None
                if row is not None:
                    self._flying[row.number] = (batch, row)
            if row is None:
                self._queue.popleft()
                continue
            try:
                letter = batch.addresser.letter(row)
            except (Missing, ValueError, KeyError) as error:
                self._untake(row.number)
                batch.revoked = True
                self._pause.append((batch.edition, f"It could not be written: {error}."))
                self._news.set()
                return None
            self._taken += 1
            if self._judge.probing:
                self._judge.probes += 1
            if len(self._queue) < 2 and len(batch.rows) < LOW and not self._hungry.is_set():
                self._hungry.set()
            return letter
        self._hungry.set()
        return None

    def _untake(self, number: int) -> None:
        with self._taking:
            batch, row = self._flying.pop(number)
            batch.rows.appendleft(row)

    def began(self, number: int) -> bool:
        """Keep that ``number`` begins now; False where it may not."""
        batch = self._flying[number][0]
        if batch.lost or boottime() > self._lease:
            log.warning("the lease ran out: nothing more is begun")
            return False
        try:
            batch.journal.began(number)
        except OSError as error:
            self._disk(error)
            return False
        return True

    def ended(self, outcome: Outcome) -> None:
        """Judge an outcome and hand it to the writer."""
        batch, row = self._flying.pop(outcome.number)
        judge = self._judge
        ruling = judge.judge(outcome, row.address, row.attempts)
        batch.journal.ended(outcome.number, ruling.state, outcome.code)
        due = None if ruling.wait is None else claiming.clock.now() + ruling.wait
        external = outcome.external_id if isinstance(outcome, transports.Provided) else ""
        settled = Settled(row.number, batch.claim, ruling.state, outcome.code, ruling.reply[:200], due, external, ruling.counted)
        self._outcomes.append((batch, settled))
        if judge.pause:
            self._pause.append((batch.edition, judge.pause))
            judge.reset()
        if not self._news.is_set():
            self._news.set()

    # --- the feeder

    def _feed(self) -> None:
        while not self._ending:
            if self._stop_asked.is_set():
                break
            if self._rows() < LOW and not self._claim() and not self._rows() and self._taken == self._written:
                break
            self._hungry.wait(LOOK)
            self._hungry.clear()
        self._finish()

    def _finish(self) -> None:
        self._ending = True
        self._carrier.stop(GRACE)

    def _rows(self) -> int:
        return sum(len(batch.rows) for batch in list(self._queue))

    def _claim(self) -> bool:
        """Claim the next rows; whether there may be more to come."""
        journals: list[Journal] = []

        def prepare(claim: int, numbers: Sequence[int]) -> None:
            journals.append(Journal(outbox(), claim, self._token, numbers))

        try:
            claiming.durable()
            if self._unsure:
                claiming.disown(self.name, list(self._batches))
                self._unsure = False
            if not claiming.due():
                return False
            taken = claiming.take(sender=self.name, connections=self._connections, prepare=prepare)
            if taken is None:
                return False
            if not taken.rows:
                return True
            addresser = self._addressers.get(taken.edition)
            if addresser is None:
                addresser = self._addressers[taken.edition] = Addresser(taken.edition)
        except OSError as error:
            self._disk(error)
            self._drop(journals)
            return self._bide()
        except (DatabaseError, InterfaceError) as error:
            self._unsure = True
            self._drop(journals)
            _say(f"the database failed during a claim: {error}")
            connection.close()
            return self._bide()
        batch = Batch(taken, journals[0], addresser)
        self._batches[batch.claim] = batch
        self._queue.append(batch)
        if DISK_NOTICE in _said:
            _said.pop(DISK_NOTICE)
            notices.settled(DISK_NOTICE)
        self._carrier.nudge()
        return True

    @staticmethod
    def _drop(journals: list[Journal]) -> None:
        for each in journals:
            each.discard()

    def _bide(self) -> bool:
        """Wait a little after a failure; whether it is worth going on, which it is while anything is in hand."""
        self._stop_asked.wait(PATIENCE)
        return bool(self._batches)

    # --- the writer

    def _write(self) -> None:
        renewed = time.monotonic()
        failing_since: float | None = None
        while True:
            self._news.wait(RENEW)
            self._news.clear()
            over = self._over  # read first: what came before it is in the deque
            group = [self._outcomes.popleft() for _ in range(len(self._outcomes))]
            try:
                self._commit(group)
                if self._pause:
                    self._pause_editions()
                if time.monotonic() - renewed >= RENEW or over:
                    renewed = time.monotonic()
                    self._renew()
                if over and not self._outcomes:
                    self._give_all_back()
                    return
                failing_since = None
            except (DatabaseError, InterfaceError) as error:
                self._outcomes.extendleft(reversed(group))
                connection.close()
                _say(f"the database failed: {error}")
                failing_since = failing_since or time.monotonic()
                if over and time.monotonic() - failing_since > LAST_TRIES:
                    log.error("stopped without the database: what is not written down is in the journals")
                    return
                time.sleep(0.25)
                self._news.set()

    def _commit(self, group: list[tuple[Batch, Settled]]) -> None:
        if not group:
            return
        if connection.vendor == "sqlite":
            claiming.durable()
            began = time.monotonic()
            with transaction.atomic():
                claiming.write([settled for _batch, settled in group])
            taken = time.monotonic() - began
        else:  # one statement is one transaction
            claiming.write([settled for _batch, settled in group])
        numbers = [settled.number for _batch, settled in group]
        group_of: dict[Batch, int] = {}
        for batch, _settled in group:
            group_of[batch] = group_of.get(batch, 0) + 1
        group.clear()  # written down: a failure below does not bring it back
        self._written += len(numbers)
        self._carrier.release(numbers)
        for batch, count in group_of.items():
            batch.left -= count
        self._close([batch for batch in group_of if not batch.left])
        if connection.vendor == "sqlite":
            # readers' choices wait for the same lock, and whoever takes it again at once leaves them no moment
            time.sleep(min(max(taken, 0.002), 0.05))

    def _close(self, batches: list[Batch]) -> None:
        if batches:
            claiming.end([batch.claim for batch in batches])
            for batch in batches:
                batch.journal.discard()
                self._batches.pop(batch.claim, None)

    def _renew(self) -> None:
        """Show that this sender lives, and see whether anybody wants otherwise."""
        asked = boottime()
        batches = list(self._batches.values())
        self._close([batch for batch in batches if not batch.left])
        mine = claiming.renew([batch.claim for batch in batches])
        for batch in batches:
            if batch.claim not in mine:
                batch.lost = batch.revoked = True  # before the lease is longer again
                if batch.left:
                    log.warning("claim %d was settled by somebody else", batch.claim)
                batch.journal.discard()
                self._batches.pop(batch.claim, None)
            elif mine[batch.claim] != Edition.State.SENDING:
                self._give_back(batch)
        self._lease = asked + watching.LEASE
        self._tell_trouble()

    def _give_back(self, batch: Batch) -> None:
        """Rows not taken up go back."""
        with self._taking:
            batch.revoked = True
            rows = list(batch.rows)
        if rows:
            claiming.give_back(batch.claim, [row.number for row in rows])
            batch.rows.clear()
            batch.left -= len(rows)
        if not batch.left:
            self._close([batch])

    def _give_all_back(self) -> None:
        for batch in list(self._batches.values()):
            self._give_back(batch)

    def _pause_editions(self) -> None:
        while self._pause:
            number, reason = self._pause[0]
            log.warning("edition %d is paused: %s", number, reason)
            settling.pause_and_tell(Edition.objects.select_related("newsletter").get(pk=number), reason)
            for batch in list(self._batches.values()):
                if batch.edition == number:
                    self._give_back(batch)
            self._pause.popleft()

    # --- words

    def _tell_trouble(self) -> None:
        trouble = self._judge.trouble
        if trouble:
            notices.tell(MAIL_NOTICE, trouble[:500])
        elif self._told:
            notices.settled(MAIL_NOTICE)
        self._told = trouble

    def _disk(self, error: OSError) -> None:
        text = f"No newsletter is mailed: nothing can be written to {outbox()} ({error.strerror}). Make room there."
        _say(text, DISK_NOTICE)
        notices.tell(DISK_NOTICE, text)


def _say(text: str, key: str = "") -> None:
    """One line, and the same one at most once a minute."""
    text = " ".join(text.split())[:300]
    now = time.monotonic()
    if now - _said.get(key or text, -60.0) >= 60:
        if len(_said) > 100:
            _said.clear()
        _said[key or text] = now
        log.warning("newsletters: %s", text)


_said: dict[str, float] = {}
