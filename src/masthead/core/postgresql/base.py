"""Django's PostgreSQL backend, but for one thing: while the server does not answer, one thread at a time tries, not everyone.

A server that refuses is known at once. One that takes connections and is silent, or to which packets get lost, costs whoever
tries the whole ``connect_timeout``; with a few threads and many requests the last would wait for minutes.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any

from django.db.backends.postgresql import base

Database = base.Database

SLOW = 1.0  # seconds after which an attempt that fails has cost too much to be repeated at once
PAUSE = 1.0  # seconds without any attempt then

_trying = threading.Lock()
_away = False
_not_before = 0.0


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection."""

    def get_new_connection(self, conn_params: Any) -> Any:
        """Connect; fails at once where this process has just failed, or another of its threads is trying again."""
        if not _away:
            return self._connect(conn_params)
        if time.monotonic() < _not_before or not _trying.acquire(blocking=False):
            raise Database.OperationalError("the database server did not answer a moment ago")
        try:
            return self._connect(conn_params)
        finally:
            _trying.release()

    def _connect(self, conn_params: Any) -> Any:
        global _away, _not_before
        started = time.monotonic()
        try:
            found = super().get_new_connection(conn_params)
        except Database.OperationalError:
            now = time.monotonic()
            _away, _not_before = True, now + PAUSE if now - started > SLOW else 0.0
            raise
        _away = False
        return found


def _begin_anew() -> None:
    global _trying, _away, _not_before
    _trying, _away, _not_before = threading.Lock(), False, 0.0


os.register_at_fork(after_in_child=_begin_anew)
