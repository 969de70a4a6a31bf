"""What hardly ever changes, kept in memory for as long as the change log says nothing of it.

Only where this process follows the change log (:func:`follow`, which the edge does) is anything kept at all; elsewhere, in the
worker and in commands, every look goes to the database. What is kept may be half a second old: fit for showing pages, never for
spending.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from masthead.core import changelog

T = TypeVar("T")


class FollowedLog(Protocol):
    """The change log as one process has read it so far."""

    number: int

    def latest(self, *keys: str) -> int:
        """The highest number read for any of ``keys``; 0 for none."""

    def is_fresh(self) -> bool:
        """Whether it has been read within the last two seconds."""


_log: FollowedLog | None = None


def follow(log: FollowedLog | None) -> None:
    """From now on keep things by ``log``; with None, keep nothing."""
    global _log
    _log = log


def latest(number: int, *keys: str) -> int:
    """The highest number logged for any of ``keys``, for something that was told at ``number``.

    From memory where this process follows the log and has read beyond ``number``: then it is as old as everything else shown.
    """
    log = _log
    if log is not None and log.is_fresh() and number <= log.number:
        return log.latest(*keys)
    return changelog.latest(*keys)


class Remembered(Generic[T]):
    """The value of ``load()``, kept until the log names one of ``keys`` (or everything).

    With ``seconds`` no longer than that, for what moves on without any change.
    """

    def __init__(self, load: Callable[[], T], *keys: str, seconds: float = float("inf")) -> None:
        self._load = load
        self._keys = (changelog.EVERYTHING, *keys)
        self._seconds = seconds
        self._lock = threading.Lock()
        self._held: tuple[FollowedLog, int, float, T] | None = None

    def get(self) -> T:
        """The value. Raises what ``load`` raises."""
        log = _log
        if log is None or not log.is_fresh():
            return self._load()
        held = self._held
        if held is None or self._is_old(held, log):
            with self._lock:  # one of many threads asks; the others find its answer
                held = self._held
                if held is None or self._is_old(held, log):
                    # the number is read first: what changes while we load is newer than what we get
                    number, until = log.number, time.monotonic() + self._seconds
                    held = self._held = (log, number, until, self._load())
        return held[3]

    def _is_old(self, held: tuple[FollowedLog, int, float, T], log: FollowedLog) -> bool:
        return held[0] is not log or time.monotonic() >= held[2] or log.latest(*self._keys) > held[1]
