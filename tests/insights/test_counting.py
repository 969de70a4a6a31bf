"""Counters add up: from threads and processes, when the database fails or is slow, and at the end. Real ones of each."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import Sum

from masthead.access.policy import Reason, Standing
from masthead.core import notices
from masthead.core.models import Notice
from masthead.insights import counting, ledger, store
from masthead.insights.models import ViewCount, VisitorMark

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"


def someone(number: int = 1) -> tuple[str, str, str]:
    """A visitor who is nobody in particular."""
    return (f"192.0.2.{number}", "", BROWSER)


def total() -> int:
    return ViewCount.objects.exclude(decision=store.DROPPED).aggregate(sum=Sum("count"))["sum"] or 0


# Adding up ------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_was_noted_is_counted_by_article_standing_decision_and_robot() -> None:
    gate = counting.tally(7, "anonymous", "register", False)
    crawled = counting.tally(7, "anonymous", "register", True)
    home = counting.tally(None, "registered", "page", False)
    for tally, times in ((gate, 3), (crawled, 2), (home, 1)):
        for _ in range(times):
            counting.note(tally, someone())
    assert counting.flush() == 6
    rows = set(ViewCount.objects.values_list("article", "standing", "decision", "robot", "count"))
    assert rows == {
        (7, "anonymous", "register", False, 3),
        (7, "anonymous", "register", True, 2),
        (0, "registered", "page", False, 1),
    }
    assert counting.flush() == 0


@pytest.mark.django_db
def test_flushes_of_one_minute_add_to_one_row() -> None:
    tally = counting.tally(7, "anonymous", "register", False)
    for _ in range(3):
        counting.note(tally, someone())
        counting.flush()
    assert total() == 3
    assert ViewCount.objects.count() <= 2, "a minute may have passed"


def test_a_tally_is_one_object_for_as_long_as_somebody_keeps_it() -> None:
    tally = counting.tally(7, Standing.ANONYMOUS, Reason.REGISTER, False)
    assert counting.tally(7, "anonymous", "register", False) is tally
    assert counting.tally(7, "anonymous", "register", True) is not tally
    assert tally.kind == (7, "anonymous", "register", False)


@pytest.mark.django_db
def test_words_too_long_for_the_table_do_not_stop_the_others() -> None:
    counting.note(counting.tally(7, "s" * 99, "d" * 99, False), someone())
    assert counting.flush() == 1


@pytest.mark.django_db(transaction=True)
def test_threads_that_note_while_others_flush_lose_nothing() -> None:
    tallies = [counting.tally(n, "anonymous", "open", False) for n in range(5)]
    done = threading.Event()

    def note_many() -> None:
        for n in range(4000):
            counting.note(tallies[n % 5], someone(n % 50))

    def flush_on() -> None:
        while not done.is_set():
            counting.flush()
        connection.close()

    noting = [threading.Thread(target=note_many) for _ in range(6)]
    flushing = [threading.Thread(target=flush_on) for _ in range(2)]
    for thread in (*noting, *flushing):
        thread.start()
    for thread in noting:
        thread.join()
    done.set()
    for thread in flushing:
        thread.join()
    counting.flush()
    assert total() == 24_000
    assert VisitorMark.objects.count() == 50


def test_noting_is_cheap() -> None:
    tally, who = counting.tally(7, "anonymous", "open", False), someone()
    best = 1.0
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(20_000):
            counting.note(tally, who)
        best = min(best, (time.perf_counter() - began) / 20_000)
    assert best < 2e-6, "some 0.1 µs; a machine shared with other tests is slower"


# Processes ------------------------------------------------------------------------------------------------------------

NOTING = """
import os, sys, threading, django
django.setup()
from masthead.insights import counting
assert not any("insights" in thread.name for thread in threading.enumerate()), "importing starts nothing"
tally = counting.tally(7, "anonymous", "open", False)
def note(times):
    for n in range(times):
        counting.note(tally, (f"192.0.2.{n % 100}", "", "Mozilla/5.0 (a browser)"))
"""


def start(script: str, data: Path) -> subprocess.Popen[str]:
    """A Python process with this test's database."""
    database = settings.DATABASES["default"]
    url = f"sqlite:///{database['NAME']}"
    if connection.vendor == "postgresql":
        user = f"{database['USER']}:{database['PASSWORD']}".rstrip(":")
        url = f"postgres://{user}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "masthead.site.settings",
        "MASTHEAD_DATABASE_URL": url,
        "MASTHEAD_DATA": str(data),
        "MASTHEAD_SECRET_KEY": settings.SECRET_KEY,
    }
    return subprocess.Popen(
        [sys.executable, "-c", NOTING + script], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_two_processes_count_on_the_same_rows_and_flush_when_they_end(tmp_path: Path) -> None:
    script = "import time\nfor _ in range(3):\n    note(5000)\n    time.sleep(0.7)\nnote(5000)\n"
    both = [start(script, tmp_path / name) for name in ("one", "two")]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert total() == 40_000, said
    assert VisitorMark.objects.count() == 100, "both share the day's salt"


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_a_forked_child_writes_its_own_and_not_its_parents(tmp_path: Path) -> None:
    script = """
counting.autostart = False
note(3)
child = os.fork()
counting.autostart = True
note(5)
if child:
    os.waitpid(child, 0)
sys.exit()
"""
    process = start(script, tmp_path)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == 0, said
    assert total() == 3 + 5 + 5, said


# A database that fails, or is slow ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_flush_that_fails_in_the_middle_writes_nothing_and_the_next_one_all() -> None:
    for n in range(10):
        counting.note(counting.tally(n, "anonymous", "open", False), someone(n))
    insert = store.add_counts

    def insert_and_fail(*args: Any, **kwargs: Any) -> None:
        insert(*args, **kwargs)
        raise OperationalError("the server closed the connection unexpectedly")

    with patch.object(store, "add_counts", insert_and_fail):
        assert counting.flush() == 0
    assert (total(), VisitorMark.objects.count()) == (0, 0)
    assert counting.waiting() == 10
    assert counting.flush() == 10
    assert (total(), VisitorMark.objects.count()) == (10, 10)


@pytest.mark.django_db(transaction=True)
def test_of_many_batches_those_before_the_failure_are_not_written_again() -> None:
    for n in range(10):
        counting.note(counting.tally(n, "anonymous", "open", False), someone(n))
    write, times = store.write, []

    def fail_at_the_third(batch: ledger.Batch) -> None:
        times.append(batch)
        if len(times) == 3:
            raise OperationalError("disk I/O error")
        write(batch)

    with patch.object(ledger, "ROWS", 2), patch.object(store, "write", fail_at_the_third):
        assert counting.flush() == 4
        assert total() == 4
        assert counting.flush() == 6
    assert total() == 10


@pytest.mark.django_db
def test_between_two_batches_others_have_the_machine_for_most_of_the_time() -> None:
    """However slow it is: a reader's first visit costs a write, and a morning's thousands must not take the machine."""
    for n in range(4):
        counting.note(counting.tally(n, "anonymous", "open", False), someone(n))
    counting._collect()
    write, rests = store.write, []

    def slowly(batch: ledger.Batch) -> None:
        time.sleep(0.05)
        write(batch)

    with patch.object(ledger, "ROWS", 2), patch.object(ledger, "VISITORS", 2), patch.object(store, "write", slowly):
        counting._write(rest=rests.append)
    assert len(rests) == 2
    assert all(rest >= 4 * 0.05 for rest in rests)


@pytest.mark.django_db
def test_readers_and_nobody_in_particular_are_marked_in_one_batch() -> None:
    view = counting.tally(7, "anonymous", "open", False)
    for who in (someone(1), someone(2), ("ada", "", ""), ("ben", "", ""), ("ada", "", "")):
        counting.note(view, who)
    counting.flush()
    assert sorted(VisitorMark.objects.values_list("known", flat=True)) == [False, False, True, True]
    counting._ledger._written.clear()
    counting.note(view, ("ada", "", ""))
    counting.flush()
    assert VisitorMark.objects.count() == 4, "one who was marked already stays one"


@contextmanager
def database_held() -> Iterator[None]:
    """Another process keeps everybody from writing."""
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                if connection.vendor == "postgresql":
                    cursor.execute("LOCK TABLE insights_viewcount IN ACCESS EXCLUSIVE MODE")
                else:
                    cursor.execute("UPDATE insights_viewcount SET count = count")
            held.set()
            release.wait(30)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    try:
        yield
    finally:
        release.set()
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_hangs_holds_no_caller_up_and_gets_all_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "EVERY", 0.05)
    monkeypatch.setattr(counting, "autostart", True)
    tally = counting.tally(7, "anonymous", "open", False)
    with database_held():
        slowest, end = 0.0, time.monotonic() + 1
        noted = 0
        while time.monotonic() < end:
            began = time.perf_counter()
            counting.note(tally, someone())
            slowest = max(slowest, time.perf_counter() - began)
            noted += 1
            time.sleep(0.0005)
        assert counting.waiting() >= noted - 1
        assert len(counting._hits) < noted / 2, "the collector goes on while the writer waits"
    assert slowest < 0.2
    deadline = time.monotonic() + 10
    while counting.waiting() and time.monotonic() < deadline:
        time.sleep(0.05)
    counting.stop()
    assert total() == noted


@pytest.mark.django_db(transaction=True)
def test_stopping_takes_two_seconds_at_most_though_the_database_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "EVERY", 0.05)
    counting.start()
    writer = counting._writer
    assert writer is not None
    with database_held():
        counting.note(counting.tally(7, "anonymous", "open", False), someone())
        time.sleep(0.3)
        began = time.monotonic()
        counting.stop()
        assert time.monotonic() - began < 2.5
    writer.join(10)
    assert total() == 1, "it came through after all, since the process lived on"


@pytest.mark.django_db
def test_what_does_not_fit_is_dropped_counted_and_told_when_the_database_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    notices._told.clear()
    monkeypatch.setattr(counting._ledger, "most_keys", 3)
    with patch.object(store, "write", side_effect=OperationalError("could not connect")):
        for n in range(5):
            for _ in range(10):
                counting.note(counting.tally(n, "anonymous", "open", False), someone())
            counting.flush()
    assert counting.dropped() == 20
    assert counting.flush() == 30
    assert total() == 30
    assert ViewCount.objects.get(decision=store.DROPPED).count == 20
    assert "20 views could not be counted" in Notice.objects.get(key="insights-dropped").text
    counting.flush()
    assert ViewCount.objects.get(decision=store.DROPPED).count == 20, "told once"
    assert counting.dropped() == 20
