"""``masthead newsletters``, run as an operator runs it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from masthead.core import clock
from masthead.newsletters import restored
from masthead.newsletters.cli import command
from masthead.newsletters.models import Edition
from newsletters.post import freeze_for, make_newsletter, render_small

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    render_small(monkeypatch)


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(command, list(arguments))
    return done.exit_code, done.output


def test_an_edition_is_paused_resumed_and_cancelled() -> None:
    edition = freeze_for(3)
    assert run("pause", "daily:2026-11-23", "--reason", "A wrong name.") == (
        0,
        "daily:2026-11-23 is paused; mails being submitted just now still go.\n",
    )
    assert "paused" in run("list")[1] and "A wrong name." in run("status", "daily:2026-11-23")[1]
    assert run("resume", "daily:2026-11-23")[0] == 0
    assert run("cancel", "daily:2026-11-23", "--yes")[0] == 0
    edition.refresh_from_db()
    assert edition.state == Edition.State.CANCELLED
    assert "cancelled" in run("status", "daily:2026-11-23")[1]


def test_what_makes_no_sense_is_refused_with_a_sentence() -> None:
    freeze_for(1)
    assert run("resume", "daily:2026-11-23") == (1, "Error: daily:2026-11-23 is not paused.\n")
    status, said = run("status", "daily:1999-01-01")
    assert status == 1 and "There is no edition daily:1999-01-01" in said


def test_a_newsletter_is_stopped_with_a_reason_and_started_again() -> None:
    daily = make_newsletter()
    assert run("stop", "daily", "--reason", "The editor is ill.") == (
        0,
        "daily rests; what a sender has in hand just now still goes.\n",
    )
    daily.refresh_from_db()
    assert daily.paused == "The editor is ill."
    assert "rests already: The editor is ill." in run("stop", "daily", "--reason", "Another.")[1]
    assert run("stop", "nothing")[0] == 1
    assert run("start", "daily") == (0, "daily goes on.\n")
    daily.refresh_from_db()
    assert daily.paused == ""


def test_starting_lets_readers_own_mails_go_on_where_there_is_no_newsletter() -> None:
    restored.pause_everything(clock.now())
    assert restored.rests()
    assert run("start")[0] == 0
    assert not restored.rests()
