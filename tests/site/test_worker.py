"""The worker's duties, each alone; ``test_serve.py`` sees them run as a process."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.utils import timezone
from django_tasks import task
from django_tasks_db.models import DBTaskResult

from masthead.core import clock, limits, mail
from masthead.core.models import Attempt, Change, Heartbeat, OutgoingMail
from masthead.readers.models import Code, Device
from masthead.site import chores, preparation, worker

calls: list[int] = []


@task()
def remember(number: int) -> int:
    """A task that leaves a trace."""
    calls.append(number)
    return number


@task()
def stumble() -> None:
    """A task that fails."""
    raise ValueError("a stone")


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    calls.clear()


def orphan(started: timedelta, *workers: str) -> DBTaskResult:
    """A task that the last of ``workers`` began ``started`` ago and never finished."""
    row = DBTaskResult.objects.get(pk=remember.enqueue(7).id)
    row.status, row.started_at, row.worker_ids = "RUNNING", timezone.now() - started, list(workers)
    row.save()
    return row


@pytest.mark.django_db(transaction=True)
class TestTasks:
    def test_what_is_ready_is_run_once(self) -> None:
        remember.enqueue(1)
        remember.enqueue(2)
        one = worker.Worker()
        one.run_tasks()
        one.run_tasks()
        assert sorted(calls) == [1, 2]

    def test_a_task_that_fails_stops_nothing(self) -> None:
        stumble.enqueue()
        remember.enqueue(3)
        worker.Worker().run_tasks()
        assert calls == [3]
        assert DBTaskResult.objects.failed().count() == 1

    def test_what_a_dead_worker_left_is_put_back_and_run(self) -> None:
        orphan(timedelta(minutes=5), "worker:dead")
        assert worker.put_back_orphans() == 1
        worker.Worker().run_tasks()
        assert calls == [7]

    def test_what_a_living_worker_runs_is_left_alone(self) -> None:
        Heartbeat.objects.create(name="worker:busy", at=clock.now())
        orphan(timedelta(hours=2), "worker:busy")
        assert worker.put_back_orphans() == 0

    def test_a_worker_that_has_just_begun_gets_time_for_its_first_heartbeat(self) -> None:
        orphan(timedelta(seconds=5), "worker:new")
        assert worker.put_back_orphans() == 0

    def test_a_task_that_kills_its_workers_is_given_up(self) -> None:
        row = orphan(timedelta(minutes=5), "worker:a", "worker:b", "worker:c")
        assert worker.put_back_orphans() == 1
        row.refresh_from_db()
        assert row.status == "FAILED"


@pytest.mark.django_db
class TestLeases:
    def test_one_worker_gets_a_chore(self) -> None:
        assert worker._lease("chore:test", timedelta(seconds=55))
        assert not worker._lease("chore:test", timedelta(seconds=55))

    def test_it_comes_round_again(self) -> None:
        assert worker._lease("chore:test", timedelta(seconds=55))
        Heartbeat.objects.update(at=clock.now() - timedelta(seconds=56))
        assert worker._lease("chore:test", timedelta(seconds=55))
        assert not worker._lease("chore:test", timedelta(seconds=55))

    def test_a_lease_from_a_trial_in_the_future_holds_up_nothing(self) -> None:
        Heartbeat.objects.create(name="chore:test", at=clock.now() + timedelta(days=30))
        assert worker._lease("chore:test", timedelta(seconds=55))
        assert not worker._lease("chore:test", timedelta(seconds=55))


@pytest.mark.django_db(transaction=True)
def test_a_loop_survives_a_database_that_goes_away(caplog: pytest.LogCaptureFixture) -> None:
    stop, done = threading.Event(), threading.Event()
    answers = iter([OperationalError("server closed the connection\nmore"), OperationalError("still away"), None])

    def work() -> None:
        answer = next(answers, None)
        if answer:
            raise answer
        done.set()

    with patch.object(worker, "LONGEST_WAIT", 0.05):
        loop = worker.Loop("mail", 0.01, work, stop)
        loop.start()
        assert done.wait(5)
        stop.set()
        loop.join(5)
    assert not loop.is_alive()
    told = [record for record in caplog.records if record.name == "masthead.worker"]
    assert "server closed the connection" in told[0].message and "more" not in told[0].message
    assert told[0].exc_info is None
    assert "works again" in told[-1].message


@pytest.mark.django_db(transaction=True)
def test_a_worker_shows_that_it_lives_and_signs_off() -> None:
    one = worker.Worker()
    thread = threading.Thread(target=one.run)
    thread.start()
    deadline = time.monotonic() + 10
    while not Heartbeat.objects.filter(name=one.name).exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    one.stop.set()
    thread.join(15)
    assert not thread.is_alive()
    assert not Heartbeat.objects.filter(name=one.name).exists()


@pytest.mark.django_db(transaction=True)
class TestWhileTheDemoIsFilledIn:
    def test_a_worker_waits_with_its_loops(self) -> None:
        Heartbeat.objects.create(name=preparation.FILLING, at=clock.now())
        one = worker.Worker()
        thread = threading.Thread(target=one.run)
        with patch.object(one, "loops", [worker.Loop("test", 0.05, lambda: calls.append(1), one.stop)]):
            thread.start()
            time.sleep(1)
            waited = not calls
            Heartbeat.objects.filter(name=preparation.FILLING).delete()
            deadline = time.monotonic() + 10
            while not calls and time.monotonic() < deadline:
                time.sleep(0.05)
            one.stop.set()
            thread.join(15)
        assert waited and calls and not thread.is_alive()

    def test_one_that_began_before_makes_no_edition(self) -> None:
        with patch.object(worker.editions, "tick") as tick:
            Heartbeat.objects.create(name=preparation.FILLING, at=clock.now())
            worker.Worker().make_editions()
            assert not tick.called
            Heartbeat.objects.filter(name=preparation.FILLING).delete()
            worker.Worker().make_editions()
            assert tick.called

    @pytest.mark.parametrize("begun", [timedelta(minutes=-11), timedelta(days=30)])
    def test_whoever_was_killed_while_filling_holds_up_nothing(self, begun: timedelta) -> None:
        Heartbeat.objects.create(name=preparation.FILLING, at=clock.now() + begun)
        assert not preparation.filling()


@pytest.mark.django_db
class TestClearing:
    def test_of_each_key_the_newest_change_is_kept(self) -> None:
        old, older = clock.now() - timedelta(days=2), clock.now() - timedelta(days=3)
        for key, at in [("article:1", older), ("article:1", old), ("article:2", older), ("list", older), ("list", clock.now())]:
            Change.objects.create(key=key, at=at)
        numbers = {key: list(Change.objects.filter(key=key).values_list("number", flat=True)) for key in ("article:1", "list")}
        chores.clear()
        kept = set(Change.objects.values_list("number", flat=True))
        assert kept >= {numbers["article:1"][-1], numbers["list"][-1]}
        assert not kept & {numbers["article:1"][0], numbers["list"][0]}
        assert Change.objects.filter(key="article:2").exists()

    def test_old_mail_goes_and_waiting_mail_stays(self) -> None:
        for state in OutgoingMail.State:
            row = mail.hand_over(kind="code", to="ada@example.org", subject=state, text="")
            moment = clock.now() - timedelta(days=91)
            settled = moment if state == "submitted" else None
            OutgoingMail.objects.filter(pk=row.pk).update(state=state, created=moment, settled=settled)
        recent = mail.hand_over(kind="code", to="ada@example.org", subject="recent", text="")
        OutgoingMail.objects.filter(pk=recent.pk).update(state="submitted", settled=clock.now())
        chores.clear()
        assert set(OutgoingMail.objects.values_list("subject", flat=True)) == {"pending", "recent"}

    def test_attempts_are_forgotten_after_two_hours(self) -> None:
        limits.over_hourly({"address": ("ada@example.org", 5)})
        Attempt.objects.create(key="old", slice=int((clock.now() - timedelta(hours=3)).timestamp()) // limits.SLICE)
        chores.clear()
        assert not Attempt.objects.filter(key="old").exists()
        assert Attempt.objects.count() == 1

    def test_codes_are_forgotten_after_sixty_days(self) -> None:
        device = Device.objects.create(created=clock.now(), last_seen=clock.now())
        for days in (61, 59):
            Code.objects.create(
                address="ada@example.org", identity="ada@example.org", device=device, purpose=Code.Purpose.READ,
                code_hash="x", link_hash=f"{days}", period="2026-11", created=clock.now(),
                expires=clock.now() - timedelta(days=days),
            )  # fmt: skip
        chores.clear()
        assert list(Code.objects.values_list("link_hash", flat=True)) == ["59"]
