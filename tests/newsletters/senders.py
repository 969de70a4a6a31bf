"""Senders in processes of their own, for tests that kill them; and the verdict on what came of it."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

from masthead.core.mail_url import MailServer, Way
from masthead.newsletters import sending, transports
from masthead.newsletters.models import Delivery, Edition
from masthead.newsletters.smtp import Patience
from newsletters.sink import Sink

CONNECTIONS = 6
HASTY = Patience(
    connect=2, greeting=2, hello=2, envelope=3, data=3, content=3, end=3, farewell=0.3, idle=1, retry=0.02, longest=0.2
)


class Sender:
    """``masthead newsletters deliver`` in a process of its own, forked: it starts at once."""

    def __init__(
        self,
        sink: Sink,
        *,
        data: Path | None = None,
        connections_: int = CONNECTIONS,
        before: Callable[[], Any] | None = None,
        patience: Patience = HASTY,
    ) -> None:
        connections.close_all()  # a child must not share them
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                status = _deliver(sink, data, connections_, before, patience)
            except BaseException:
                logging.getLogger("masthead").exception("the sender failed")
            finally:
                os._exit(status)
        self._ended = False

    def kill(self, number: int = signal.SIGKILL) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self, within: float = 30.0) -> int:
        """Wait for its end; returns the exit status (negative: the signal)."""
        deadline = time.monotonic() + within
        while not self._ended:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._ended = True
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > deadline:
                self.kill()
                os.waitpid(self.pid, 0)
                self._ended = True
                raise AssertionError("the sender did not end")
            time.sleep(0.01)
        return 0


def _deliver(sink: Sink, data: Path | None, count: int, before: Callable[[], Any] | None, patience: Patience) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if data is not None:
        settings.MASTHEAD = replace(settings.MASTHEAD, data=data)
    if before is not None:
        before()
    server = MailServer(Way.SMTP, "127.0.0.1", sink.port, connections=count)
    sending.deliver_all(stop, transports.of(server, patience))
    connections.close_all()
    return 0


@dataclass(frozen=True)
class Verdict:
    """What became of an edition."""

    states: Counter[str]
    twice: list[str]  # addresses whose message the server took more than once
    lost: list[str]  # addresses said to be submitted that the server never saw
    unsaid: list[str]  # addresses whose message the server took and that are shown as something else than submitted or in doubt


def verdict(edition: Edition, sink: Sink) -> Verdict:
    """Compare the outbox with what the server took."""
    took = sink.counts()
    rows = dict(Delivery.objects.filter(edition=edition).values_list("address", "state"))
    names = {state.value: state.name.lower() for state in Delivery.State}
    submitted = {address for address, state in rows.items() if state == Delivery.State.SUBMITTED}
    doubtful = {address for address, state in rows.items() if state == Delivery.State.IN_DOUBT}
    return Verdict(
        Counter(names[state] for state in rows.values()),
        [address for address, count in took.items() if count > 1],
        [address for address in submitted if not took[address]],
        [address for address in took if address not in submitted | doubtful],
    )


def in_doubt(edition: Edition) -> int:
    return Delivery.objects.filter(edition=edition, state=Delivery.State.IN_DOUBT).count()


def settled(edition: Edition) -> int:
    """How many rows all is said of."""
    open_states = (Delivery.State.PENDING, Delivery.State.CLAIMED, Delivery.State.DEFERRED)
    return Delivery.objects.filter(edition=edition).exclude(state__in=open_states).count()


def until(condition: Callable[[], bool], within: float = 20.0) -> None:
    """Wait for ``condition``."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)
