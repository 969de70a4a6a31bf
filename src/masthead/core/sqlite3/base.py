"""Django's SQLite backend, with a write-ahead log, which several processes may ask for at once.

Readers and a writer are in nobody's way with it. The file remembers it, but somebody has to be the first, and web and worker
open a fresh data directory in the same moment. Whoever loses is told "database is locked" *at once*: there SQLite takes waiting
for a deadlock, and ``timeout`` counts for nothing. So it is asked again here, for as long as any other lock is waited for.
"""

from __future__ import annotations

import random
import time
from typing import Any

from django.db.backends.sqlite3 import base

Database = base.Database

PAUSE = 0.02  # seconds between two attempts, on average


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection."""

    def get_new_connection(self, conn_params: Any) -> Any:
        """Open the file, and see that it has a write-ahead log. A database in memory, which can have none, stays as it is."""
        found = super().get_new_connection(conn_params)
        try:
            _write_ahead(found, conn_params.get("timeout", 5.0))
        except BaseException:
            found.close()
            raise
        return found


def _write_ahead(connection: Any, seconds: float) -> None:
    """Give the file a write-ahead log. Raises ``OperationalError`` where another process has held it for ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except Database.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != Database.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            time.sleep(random.uniform(0.5, 1.5) * PAUSE)  # noqa: S311 - two that lose together shall not try together
        else:
            return
