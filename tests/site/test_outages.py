"""A database that is away fills no log, and nothing else is kept from the operator."""

from __future__ import annotations

import logging
import sys

import psycopg
import pytest
from django.db import OperationalError

from masthead.site import outages


def record(error: Exception, cause: Exception | None) -> logging.LogRecord:
    """What Django logs of a request that failed."""
    try:
        raise error from cause
    except Exception:
        return logging.LogRecord("django.request", logging.ERROR, __file__, 1, "Internal Server Error: /", (), sys.exc_info())


def test_an_outage_is_one_line_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(outages.time, "monotonic", lambda: now)
    once = outages.OnceAMinute()
    first, second, third = (record(OperationalError("gone\nmore"), psycopg.OperationalError("gone")) for _ in range(3))
    assert (once.filter(first), once.filter(second)) == (True, False)
    assert first.getMessage().startswith("the database does not answer: gone (") and first.exc_info is None
    now += 61
    assert once.filter(third)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ValueError("a bug"), None),
        (OperationalError("no such table: core_change"), None),  # SQLite's
        (OperationalError("canceling statement"), psycopg.errors.QueryCanceled("canceling statement")),
        (OperationalError("disk full"), psycopg.errors.DiskFull("disk full")),
    ],
)
def test_whatever_else_went_wrong_keeps_its_traceback(error: Exception, cause: Exception | None) -> None:
    once = outages.OnceAMinute()
    for told in (record(error, cause), record(error, cause)):
        assert once.filter(told) and told.exc_info


def test_what_is_no_error_passes() -> None:
    assert outages.OnceAMinute().filter(logging.LogRecord("x", logging.INFO, __file__, 1, "hello", (), None))
