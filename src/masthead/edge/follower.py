"""Reads the change log for one process: twice a second in a thread, and at once where a visitor's pass is ahead of it."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

from django.db import Error, connection

from masthead.access import networks, services
from masthead.access.policy import Policy
from masthead.core import change_keys, changelog
from masthead.edge.edge import Edge

log = logging.getLogger("masthead.edge")

EVERY = 0.5  # seconds
RECENT = timedelta(minutes=11)  # a pass lives ten


class Follower:
    """Keeps ``edge`` up to date with the database."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._lock = threading.Lock()
        self._policy: Policy | None = None
        self._stop = threading.Event()
        edge.read_log = self.read

    def read(self) -> None:
        """Read what is new now. Never raises for a database that is away: what is held is shown for ten minutes more."""
        with self._lock:
            edge = self._edge
            try:
                known = edge.log.number
                number, rows = changelog.state(known if known >= 0 else None, RECENT)
                keys = {key for _, key in rows}
                # read after the rows that told of it: it may be newer than they are, never older
                if self._policy is None or number < known or keys & {change_keys.POLICY, change_keys.EVERYTHING}:
                    self._policy = services.current_policy()
                edge.learn(rows, number, self._policy, networks.licences())
            except Error as error:
                if not edge.log.failing:
                    log.warning("the change log cannot be read: %s", str(error).strip().partition("\n")[0])
                edge.failed()
                connection.close()

    def start(self) -> None:
        """Read on in a thread of its own until :meth:`stop`."""
        threading.Thread(target=self._run, name="edge-follower", daemon=True).start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.read()
            except Exception:
                log.exception("following the change log")
                self._edge.failed()
                connection.close()
            self._stop.wait(EVERY)
        connection.close()
