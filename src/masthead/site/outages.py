"""A database server that is away is told of once a minute and in a line, not with a traceback for every request."""

from __future__ import annotations

import logging
import time

EVERY = 60.0  # seconds


class OnceAMinute(logging.Filter):
    """Shortens records of requests that failed because PostgreSQL could not be reached, and drops all but one a minute.

    What else may go wrong with a database, an SQLite file included, keeps its traceback.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told = -EVERY

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether ``record`` is written."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None or not _is_outage(error):
            return True
        now = time.monotonic()
        if now - self._told < EVERY:
            return False
        self._told = now
        first_line = str(error).strip().partition("\n")[0]
        record.msg, record.args = "the database does not answer: %s (the next of these is told in a minute)", (first_line,)
        record.exc_info = record.exc_text = None
        return True


def _is_outage(error: BaseException) -> bool:
    cause = error.__cause__
    if not type(error).__module__.startswith("django.db") or not type(cause).__module__.startswith("psycopg"):
        return False
    # without a code: the server was not reached; else a lost connection (08), a server that stops or starts (57P)
    return type(error).__name__ in ("OperationalError", "InterfaceError") and (
        getattr(cause, "sqlstate", None) or "08"
    ).startswith(("08", "57P"))
