"""Records judged and cleaned in a process of its own: half of an import's work needs no database. No Django here."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from masthead.imports import jsonl

Verdicts = list[tuple["jsonl.Entry | str", bytes]]


def judge(records: list[dict[str, Any]], zone: str, now: datetime, fewest_words: int) -> Verdicts:
    """For each record what will be an article, or why it will not be one; and its body's fingerprint."""
    where = ZoneInfo(zone)
    verdicts: Verdicts = []
    for record in records:
        try:
            verdicts.append((jsonl.entry(record, where, now, fewest_words), jsonl.fingerprint(record)))
        except jsonl.Refused as refused:
            verdicts.append((str(refused), b""))
        except RecursionError:
            verdicts.append(("has Markdown nested too deeply", b""))
    return verdicts


class Judges:
    """Judges batches, beside the caller with ``helper``, else when asked."""

    def __init__(self, zone: str, fewest_words: int, *, now: datetime, helper: bool) -> None:
        self.rules = (zone, now.astimezone(UTC), fewest_words)
        self.pool: ProcessPoolExecutor | None = None
        if helper:
            # spawned, not forked: a forked one would hold our database connections
            self.pool = ProcessPoolExecutor(
                1, mp_context=multiprocessing.get_context("spawn"), initializer=_settle, initargs=(os.getpid(),)
            )

    def __enter__(self) -> Judges:
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool:
            self.pool.shutdown(wait=True, cancel_futures=True)

    def judge(self, records: list[dict[str, Any]]) -> Future[Verdicts]:
        """The verdicts on ``records``, sooner or later."""
        if self.pool:
            return self.pool.submit(judge, records, *self.rules)
        done: Future[Verdicts] = Future()
        done.set_result(judge(records, *self.rules))
        return done


def _settle(parent: int) -> None:
    """In the helper: Ctrl-C is the parent's to answer, and a parent that was killed leaves nobody behind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(100_000, 20, 20)  # parsing makes many small objects that soon go by themselves

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
