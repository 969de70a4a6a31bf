"""The kill matrix: whatever dies, no address is mailed twice, none is skipped, and few are in doubt.

Senders are real processes that are really killed; the mail server counts what it took before it says so (``sink``). After
everything went wrong one sender may work in peace, and then each address is submitted once, or shown as in doubt, refused or
deferred.
"""

from __future__ import annotations

import random
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from masthead.core.models import Notice
from masthead.newsletters import claiming, journal, judging, sending, settling, watching
from masthead.newsletters.models import Claim, Delivery, Edition
from newsletters.post import freeze_for, render_small
from newsletters.senders import CONNECTIONS, HASTY, Sender, in_doubt, settled, until, verdict
from newsletters.sink import Fault, Sink, sink

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.processes]


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any) -> None:
    """Everything that waits waits less."""
    render_small(monkeypatch)
    settings.MASTHEAD = replace(settings.MASTHEAD, data=tmp_path)
    monkeypatch.setattr(watching, "LEASE", 3.0)
    monkeypatch.setattr(watching, "STILL", 4.5)
    monkeypatch.setattr(sending, "RENEW", 0.2)
    monkeypatch.setattr(sending, "IDLE", 0.1)
    monkeypatch.setattr(sending, "LOOK", 0.05)
    monkeypatch.setattr(sending, "PATIENCE", 0.1)
    monkeypatch.setattr(claiming, "durable", lambda: None)  # processes are killed here, not machines
    monkeypatch.setattr(judging, "BACK_OFF", [judging.timedelta(milliseconds=50)] * 6)
    monkeypatch.setattr(judging, "SERVER_AWAY", judging.timedelta(milliseconds=50))


def all_in_order(edition: Edition, server: Sink, *, most_in_doubt: int, refused: int = 0) -> None:
    """The judge."""
    edition.refresh_from_db()
    found = verdict(edition, server)
    assert not found.twice and not found.lost and not found.unsaid, found
    assert found.states["in_doubt"] <= most_in_doubt, found
    assert found.states["refused"] <= refused, found
    assert not set(found.states) - {"submitted", "in_doubt", "refused"}, found
    assert sum(found.states.values()) == edition.recipients
    assert edition.state == Edition.State.DONE, edition.reason
    assert not Claim.objects.filter(ended=None).exists()


def in_peace(server: Sink, **more: object) -> None:
    """Senders one after another, until nobody is left who is not mailed or the edition is paused."""
    left = Delivery.objects.filter(edition__state=Edition.State.SENDING, state__in=settling.UNDER_WAY)
    for _ in range(20):
        assert Sender(server, **more).wait() == 0  # type: ignore[arg-type]
        if not left.exists():
            return
        time.sleep(0.05)  # some are deferred
    raise AssertionError("it never ended")


def test_undisturbed_everybody_gets_it_once(tmp_path: Path) -> None:
    edition = freeze_for(1200)
    with sink(tmp_path) as server:
        in_peace(server)
        all_in_order(edition, server, most_in_doubt=0)
    assert not list((tmp_path / "outbox").glob("*"))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_at_random_moments(tmp_path: Path, seed: int) -> None:
    edition = freeze_for(700)
    moments = random.Random(seed)
    with sink(tmp_path, delay=0.002) as server:
        deaths = 0
        for _ in range(4):
            before = in_doubt(edition)
            sender = Sender(server)
            goal = settled(edition) + moments.randrange(1, 120)
            until(lambda: settled(edition) > goal, within=10)  # noqa: B023
            time.sleep(moments.uniform(0, 0.03))
            sender.kill()
            deaths += sender.wait() == -signal.SIGKILL
            watching.Watcher().look()
            assert in_doubt(edition) - before <= CONNECTIONS
        assert deaths
        in_peace(server)
        all_in_order(edition, server, most_in_doubt=CONNECTIONS * deaths)


def test_told_to_end_at_random_moments_leaves_nothing_in_doubt(tmp_path: Path) -> None:
    edition = freeze_for(700)
    with sink(tmp_path, delay=0.002) as server:
        for seed in range(4):
            sender = Sender(server)
            goal = settled(edition) + 20 * seed
            until(lambda: settled(edition) > goal, within=10)  # noqa: B023
            sender.kill(signal.SIGTERM)
            assert sender.wait() == 0
            assert not Claim.objects.filter(ended=None).exists()
        in_peace(server)
        all_in_order(edition, server, most_in_doubt=0)


def test_two_senders_share_and_the_one_that_lives_takes_over_by_itself(tmp_path: Path) -> None:
    edition = freeze_for(1500)
    with sink(tmp_path, delay=0.001) as server:
        first, second = Sender(server), Sender(server)
        until(lambda: Claim.objects.values("sender").distinct().count() == 2 and settled(edition) > 50)
        first.kill()
        first.wait()
        assert second.wait() == 0
        all_in_order(edition, server, most_in_doubt=CONNECTIONS)


def test_on_another_machine_without_the_journal(tmp_path: Path) -> None:
    edition = freeze_for(700)
    with sink(tmp_path, delay=0.005) as server:
        sender = Sender(server, data=tmp_path / "one")
        until(lambda: settled(edition) > 100)
        sender.kill()
        sender.wait()
        in_peace(server, data=tmp_path / "other")
        all_in_order(edition, server, most_in_doubt=CONNECTIONS)


def test_a_journal_of_before_the_machine_was_started_anew_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edition = freeze_for(700)
    with sink(tmp_path, delay=0.005) as server:
        sender = Sender(server)
        until(lambda: settled(edition) > 100)
        sender.kill()
        sender.wait()
        monkeypatch.setattr(journal, "boot", lambda: b"another")
        in_peace(server)
        all_in_order(edition, server, most_in_doubt=CONNECTIONS)


def test_one_that_was_frozen_for_long_begins_nothing_when_it_wakes(tmp_path: Path) -> None:
    edition = freeze_for(700)
    with sink(tmp_path, delay=0.005) as server:
        sleeper = Sender(server)
        until(lambda: settled(edition) > 60)
        sleeper.kill(signal.SIGSTOP)
        in_peace(server, data=tmp_path / "other")
        sleeper.kill(signal.SIGCONT)
        assert sleeper.wait() == 0
        all_in_order(edition, server, most_in_doubt=CONNECTIONS)


@pytest.mark.parametrize("state", ["connect", "ehlo", "mail", "rcpt", "data"])
def test_connections_dropped_before_the_end_put_nobody_in_doubt(tmp_path: Path, state: str) -> None:
    edition = freeze_for(150)
    often = 3 if state in ("connect", "ehlo") else 9
    with sink(tmp_path, Fault(state, "drop", every=often)) as server:
        in_peace(server)
        all_in_order(edition, server, most_in_doubt=0)


@pytest.mark.parametrize("state", ["content", "end", "accepted"])
def test_connections_dropped_after_the_end_put_one_in_doubt_each(tmp_path: Path, state: str) -> None:
    edition = freeze_for(150)
    with sink(tmp_path, Fault(state, "drop", every=40, most=3)) as server:
        in_peace(server)
        all_in_order(edition, server, most_in_doubt=3)
        # what breaks amid the content may be seen before its end was written: then it was certainly not taken
        assert in_doubt(edition) == 3 or state == "content"


@pytest.mark.parametrize("state", ["end", "accepted"])
@pytest.mark.parametrize("what", ["close", "drop"])
def test_a_server_that_closes_after_each_message_pauses_the_edition(tmp_path: Path, state: str, what: str) -> None:
    edition = freeze_for(150)
    with sink(tmp_path, Fault(state, what)) as server:
        in_peace(server)
        edition.refresh_from_db()
        assert edition.state == Edition.State.PAUSED and "before the server answered" in edition.reason
        found = verdict(edition, server)
        assert not found.twice and not found.unsaid and 0 < found.states["in_doubt"] <= CONNECTIONS
        assert found.states["in_doubt"] + found.states["pending"] + found.states["deferred"] == 150


@pytest.mark.parametrize("reply", ["421 4.3.2 Going down", "450 4.2.0 Greylisted", "452 4.3.1 Full"])
@pytest.mark.parametrize("state", ["mail", "rcpt", "data", "end"])
def test_what_is_deferred_is_tried_again(tmp_path: Path, state: str, reply: str) -> None:
    edition = freeze_for(60)
    with sink(tmp_path, Fault(state, reply, every=8, most=6)) as server:
        in_peace(server)
        all_in_order(edition, server, most_in_doubt=0)


@pytest.mark.parametrize("reply", ["550 5.1.1 No such user", "552 5.3.4 Too large"])
@pytest.mark.parametrize("state", ["rcpt", "end"])
def test_what_is_refused_is_not(tmp_path: Path, state: str, reply: str) -> None:
    edition = freeze_for(60)
    with sink(tmp_path, Fault(state, reply, every=10, most=4)) as server:
        in_peace(server)
        all_in_order(edition, server, most_in_doubt=0, refused=4)
        row = Delivery.objects.filter(edition=edition, state=Delivery.State.REFUSED).first()
        assert row and row.code == int(reply[:3]) and row.attempts == 1 and reply[4:] in row.reply


@pytest.mark.parametrize("state", ["connect", "ehlo", "mail", "rcpt", "data"])
def test_a_server_that_hangs_before_the_end_is_asked_again(tmp_path: Path, state: str) -> None:
    edition = freeze_for(40)
    # who is slow but does not hang is asked again, too: little patience changes nothing else
    hasty = replace(HASTY, connect=0.7, greeting=0.7, hello=0.7, envelope=0.7, data=0.7)
    with sink(tmp_path, Fault(state, "hang", every=5, most=1)) as server:
        in_peace(server, patience=hasty)
        all_in_order(edition, server, most_in_doubt=0)


def test_a_server_that_hangs_after_the_end_puts_one_in_doubt(tmp_path: Path) -> None:
    edition = freeze_for(40)
    with sink(tmp_path, Fault("accepted", "hang", every=5, most=1)) as server:
        in_peace(server)
        all_in_order(edition, server, most_in_doubt=1)


def test_the_same_refusal_again_and_again_pauses_the_edition_until_somebody_resumes_it(tmp_path: Path) -> None:
    edition = freeze_for(120)
    with sink(tmp_path, Fault("end", "554 5.7.1 Looks like spam", most=25)) as server:
        in_peace(server)
        edition.refresh_from_db()
        assert edition.state == Edition.State.PAUSED
        assert edition.reason.startswith("20 identical refusals in a row: 554 5.7.1 Looks like spam")
        assert settling.resume(edition, refused_again=True)
        in_peace(server)
        all_in_order(edition, server, most_in_doubt=0, refused=5)


def test_a_server_that_lets_us_in_nowhere_pauses_the_edition(tmp_path: Path) -> None:
    edition = freeze_for(60)
    with sink(tmp_path, Fault("mail", "530 5.7.0 Authentication required")) as server:
        in_peace(server)
        edition.refresh_from_db()
        assert edition.state == Edition.State.PAUSED and "refuses everything: 530" in edition.reason
        assert Delivery.objects.filter(edition=edition, state=Delivery.State.REFUSED).count() == 0


def test_a_full_disk_lets_nothing_begin_and_nothing_be_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edition = freeze_for(700)
    full = tmp_path / "full"
    full.touch()

    def fill() -> None:
        real = journal._write

        def write(file: int, data: bytes) -> None:
            if full.exists():
                raise OSError(28, "No space left on device")
            real(file, data)

        journal._write = write

    with sink(tmp_path) as server:
        sender = Sender(server, before=fill)
        until(lambda: Notice.objects.filter(key=sending.DISK_NOTICE).exists())
        assert not server.counts() and not Claim.objects.exists()
        assert "No space left on device" in Notice.objects.get(key=sending.DISK_NOTICE).text
        full.unlink()
        assert sender.wait() == 0
        all_in_order(edition, server, most_in_doubt=0)
        assert not Notice.objects.filter(key=sending.DISK_NOTICE).exists()


def test_pause_and_cancel_reach_a_running_sender(tmp_path: Path) -> None:
    edition = freeze_for(900)
    with sink(tmp_path, delay=0.01) as server:
        sender = Sender(server)
        until(lambda: settled(edition) > 20)
        assert settling.pause(edition, "Wait.")
        assert sender.wait() == 0
        taken = sum(server.counts().values())
        assert taken < 900 and not Delivery.objects.filter(edition=edition, state=Delivery.State.CLAIMED).exists()
        assert settling.resume(edition)
        sender = Sender(server)
        until(lambda: settled(edition) > taken + 20)
        assert settling.cancel(edition)
        assert sender.wait() == 0
        settling.finish()
        found = verdict(edition, server)
        assert not found.twice and not found.lost and not found.unsaid
        assert set(found.states) == {"submitted", "cancelled"}
    connection.close()
