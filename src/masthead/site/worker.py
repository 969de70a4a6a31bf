"""The worker: submits mail, runs tasks, publishes what is scheduled, clears what is old, and shows that it lives.

Each duty is a loop in a thread of its own, so that a slow mail server delays no publication. Any number of workers may run at
once: mails and tasks are claimed row by row, and chores are leased (:func:`_lease`).

What is *not* guaranteed: a task runs at least once, not exactly once. One that a killed worker left running is put back.
"""

from __future__ import annotations

import imaplib
import logging
import os
import poplib
import signal
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import FrameType
from uuid import uuid4

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker as TaskWorker
from django_tasks_db.models import DBTaskResult

from masthead.billing import chores as billing
from masthead.core import clock, mail, notices
from masthead.core.models import Heartbeat, Notice, OutgoingMail
from masthead.library import keeper, onward
from masthead.newsletters import editions, mailbox, personal, restored, sending, settling, watching
from masthead.newsletters.wire import watching as wire
from masthead.site import chores, preparation

log = logging.getLogger("masthead.worker")

HEARTBEAT = 5.0  # seconds between two
DEAD_AFTER = timedelta(seconds=60)  # without a heartbeat
MOST_TRIES = 3  # of a task whose workers keep dying
LONGEST_WAIT = 30.0  # after failures
GRACE = 8.0  # seconds the loops get to finish; the supervisor allows a little more

PREFIX = "worker:"


class Loop(threading.Thread):
    """Calls ``work`` every ``interval`` seconds until stopped; after a failure it logs one line and waits longer."""

    def __init__(self, name: str, interval: float, work: Callable[[], object], stop: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self._interval = interval
        self._work = work
        self._stop_asked = stop

    def run(self) -> None:
        failures = 0
        try:
            while not self._stop_asked.is_set():
                wait = self._interval
                try:
                    self._work()
                    if failures:
                        log.warning("%s: works again", self.name)
                    failures = 0
                except BaseException as error:  # tantivy's panics are no Exception, and a loop that ends is missed by nobody
                    if isinstance(error, SystemExit | KeyboardInterrupt):
                        raise
                    failures += 1
                    wait = min(max(self._interval, 0.5) * 2**failures, LONGEST_WAIT)
                    log.warning(
                        "%s: %s; trying again in %.0f s",
                        self.name,
                        _line(error),
                        wait,
                        # a failing database explains itself; anything else is a bug, whose place we want to know
                        exc_info=None if isinstance(error, DatabaseError) else error,
                    )
                    connection.close()
                self._stop_asked.wait(wait)
        finally:
            connection.close()


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".strip().partition("\n")[0]


class Worker:
    """One worker process."""

    def __init__(self) -> None:
        self.name = f"{PREFIX}{socket.gethostname()[:40]}:{uuid4().hex[:12]}"
        self.stop = threading.Event()
        self._keeper = keeper.Keeper()
        self._chooser = onward.Chooser()
        self._watcher = watching.Watcher()
        self._sender = sending.Sender()
        self._tasks = TaskWorker(
            queue_names=["*"],
            interval=0,
            batch=True,  # run what there is, then return
            backend_name="default",
            startup_delay=False,
            max_tasks=None,
            worker_id=self.name,
            excluded_queue_names=[],
        )
        self.loops = [
            Loop("heartbeat", HEARTBEAT, self.beat, self.stop),
            Loop("mail", 0.25, self.submit_mail, self.stop),
            Loop("tasks", 0.5, self.run_tasks, self.stop),
            Loop("webhooks", 0.25, billing.webhooks, self.stop),
            Loop("polls", 3.0, billing.polls, self.stop),
            Loop("chores", 5.0, self.do_chores, self.stop),
            Loop("library", keeper.EVERY, self._keeper.tick, self.stop),
            Loop("onward", 0.5, self.lead_onward, self.stop),
            Loop("newsletters", 1.0, self.mail_editions, self.stop),
            Loop("outbox", 2.0, self.see_to_the_outbox, self.stop),
            Loop("editions", 2.0, self.make_editions, self.stop),
            Loop("wire", 10.0, wire.fetch_due, self.stop),
            Loop("personal", 5.0, self.write_to_readers, self.stop),
            Loop("bounces", 10.0, self.read_what_came_back, self.stop),
        ]

    def run(self) -> None:
        """Work until ``stop`` is set, then let the loops finish."""
        # workers and web processes are started in any order
        self._wait_until(preparation.migrations_applied, "waiting for migrations (`masthead prepare`)")
        self._look_where_we_are()
        self._wait_until(lambda: not preparation.filling(), "waiting for the demo publication to be filled in")
        for loop in self.loops:
            loop.start()
        while not self.stop.wait(1.0):
            pass
        self._tasks.running = False
        deadline = time.monotonic() + GRACE
        for loop in self.loops:
            if loop.is_alive():
                loop.join(max(0.0, deadline - time.monotonic()))
        if not any(loop.is_alive() for loop in self.loops):
            self._keeper.stop()
            self._sign_off()

    def _wait_until(self, ready: Callable[[], bool], waiting: str) -> None:
        """Wait until the database is there and ``ready``; each minute a line says for what."""
        told = 0.0
        while not self.stop.is_set():
            try:
                if ready():
                    return
                reason = waiting
            except DatabaseError as error:
                reason = _line(error)
            finally:
                connection.close()
            # under `serve` the web process is preparing right now: that is worth no line
            if told and time.monotonic() - told > 60:
                log.warning("%s", reason)
                told = time.monotonic()
            told = told or time.monotonic()
            self.stop.wait(0.3)

    def _look_where_we_are(self) -> None:
        """Before anything is mailed: a database that was restored or copied starts with its newsletters paused."""
        while not self.stop.is_set():
            try:
                restored.look()
                return
            except DatabaseError as error:
                log.warning("%s", _line(error))
                self.stop.wait(1.0)
            finally:
                connection.close()

    def beat(self) -> None:
        """Show that this worker lives."""
        Heartbeat.objects.update_or_create(name=self.name, defaults={"at": clock.now()})

    def submit_mail(self) -> None:
        """Submit all mail that is due. Looks before it claims: on SQLite a claim takes the one write lock."""
        while not self.stop.is_set():
            if not OutgoingMail.objects.filter(state=OutgoingMail.State.PENDING, due__lte=clock.now()).exists():
                return
            if not mail.submit_due():
                return

    def run_tasks(self) -> None:
        """Run every task that is ready. Looks first, for the same reason."""
        if DBTaskResult.objects.ready().exists():
            self._tasks.run()

    def lead_onward(self) -> None:
        """Choose what newly published articles lead on to: all that wait, with a pause after each batch."""
        while self._chooser.tick() and not self.stop.wait(0.1):
            pass

    def mail_editions(self) -> None:
        """Submit what is due of the editions on their way. Takes as long as it takes: an hour for a large one."""
        self._sender.deliver(self.stop)

    def make_editions(self) -> None:
        """Make the editions that are due, and let go those whose hour has come: one worker every few seconds."""
        if preparation.filling():  # begun after this worker: newsletters are written before what they mail
            return
        if _lease("chore:editions", timedelta(seconds=4), ahead=timedelta(minutes=1)):
            editions.tick()

    def see_to_the_outbox(self) -> None:
        """Settle what dead senders left, and say of editions that all is done."""
        try:
            self._watcher.look()
            settling.finish()
        except DatabaseError:
            self._watcher.forget()
            raise

    def write_to_readers(self) -> None:
        """Write the mails that are one reader's own, in one worker at a time. Two at once would only do work in vain."""
        if _lease("chore:personal", timedelta(seconds=15)):
            personal.tick()

    def read_what_came_back(self) -> None:
        """Read the mailbox that mail comes back to, each minute."""
        url = settings.MASTHEAD.bounce_mailbox
        if not url or not _lease("chore:bounces", timedelta(seconds=55)):
            return
        try:
            mailbox.visit(url)
        except (OSError, imaplib.IMAP4.error, poplib.error_proto, EOFError) as error:
            notices.tell("bounce-mailbox", f"The mailbox for bounces cannot be read: {_line(error)}"[:500])
            raise
        if Notice.objects.filter(key="bounce-mailbox").exists():
            notices.settled("bounce-mailbox")

    def do_chores(self) -> None:
        """Publish what is scheduled (each minute), put back orphaned tasks (each minute), clear (every ten minutes)."""
        if _lease("chore:minute", timedelta(seconds=55)):
            put_back_orphans()
            chores.publish_scheduled()
            billing.each_minute()
        if _lease("chore:clear", timedelta(minutes=10)):
            chores.clear()
        if _lease("chore:doubt", timedelta(minutes=10)):
            settling.judge_doubt()

    def _sign_off(self) -> None:
        try:
            Heartbeat.objects.filter(name=self.name).delete()
        except DatabaseError:
            log.info("no heartbeat to take back")
        finally:
            connection.close()


def _lease(name: str, period: timedelta, ahead: timedelta = timedelta(hours=1)) -> bool:
    """Whether this worker is to do the chore ``name`` now: true for one worker in each ``period``.

    A lease that lies more than ``ahead`` in the future was taken by a clock that has been put back since, and counts for nothing.

    One conditional UPDATE decides, so that two workers never publish the same revision at once.
    """
    moment = clock.now()
    Heartbeat.objects.bulk_create([Heartbeat(name=name, at=moment - timedelta(days=1))], ignore_conflicts=True)
    due = Heartbeat.objects.filter(name=name, at__lte=moment - period)
    # a trial that ended leaves a lease in the future
    void = Heartbeat.objects.filter(name=name, at__gt=moment + ahead)
    return bool(due.update(at=moment) or void.update(at=moment))


def put_back_orphans() -> int:
    """Put tasks back whose worker died; after ``MOST_TRIES`` workers one is marked as failed. Returns how many."""
    living = set(
        Heartbeat.objects.filter(name__startswith=PREFIX, at__gt=clock.now() - DEAD_AFTER).values_list("name", flat=True)
    )
    # a worker's first heartbeat may be a moment younger than its first task
    since = timezone.now() - DEAD_AFTER
    count = 0
    for orphan in DBTaskResult.objects.running().filter(started_at__lt=since):
        if orphan.worker_ids and orphan.worker_ids[-1] in living:
            continue
        count += 1
        log.warning("task %s was left by a worker that died (try %d)", orphan.task_path, len(orphan.worker_ids))
        if len(orphan.worker_ids) >= MOST_TRIES:
            orphan.set_failed(RuntimeError(f"{MOST_TRIES} workers died while they ran this task"))
        else:
            with transaction.atomic():
                DBTaskResult.objects.running().filter(pk=orphan.pk, started_at=orphan.started_at).update(
                    status="READY", started_at=None
                )
    return count


def _shift_djangos_clock() -> None:
    """In a trial, let Django and Wagtail see the shifted time too: Wagtail compares a schedule with *its* now."""
    if settings.MASTHEAD.clock_offset:
        timezone.now = clock.now  # type: ignore[assignment,unused-ignore]


def run() -> None:
    """Run one worker until SIGTERM or SIGINT."""
    _shift_djangos_clock()
    worker = Worker()

    def stop(number: int, frame: FrameType | None) -> None:
        worker.stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    worker.run()
    # A loop may hang in a mail server's time-out. Its row is claimed for a minute and then submitted by another worker.
    logging.shutdown()
    os._exit(0)
