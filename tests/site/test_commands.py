"""The command line: quick to help, one sentence for a mistake, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
import servers
from django.core.management.base import CommandError
from django.db import OperationalError

from masthead.site import bootstrap, group

MASTHEAD = [sys.executable, "-P", "-m", "masthead.site"]


def masthead(*arguments: str, data: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = servers.environment(data, **variables)
    return subprocess.run([*MASTHEAD, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_help_lists_every_command_without_loading_django(tmp_path: Path) -> None:
    script = (
        "import sys; from masthead.site.group import run; status = run(['--help']);"
        "print('django' in sys.modules, status, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=servers.environment(tmp_path), capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "False 0"
    for name, entry in group.COMMANDS.items():
        assert name in done.stdout and entry.help in done.stdout
    assert not list(tmp_path.iterdir())  # asking for help makes nothing


@pytest.mark.parametrize("name", [name for name, entry in group.COMMANDS.items() if name != "manage"])
def test_each_command_explains_itself(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with click.Context(group.masthead) as context:
        command = group.masthead.get_command(context, name)
    assert command is not None and command.help and command.help.strip()


@pytest.mark.parametrize(
    ("arguments", "variables", "status", "sentence"),
    [
        (["frobnicate"], {}, 2, "No such command 'frobnicate'"),
        (["serve", "--port", "70000"], {}, 2, "70000"),
        (["doctor"], {"MASTHEAD_EDGE": "perhaps"}, 2, "MASTHEAD_EDGE is 'perhaps'; say on or off."),
        (["worker"], {"MASTHEAD_TYPO": "1"}, 2, "MASTHEAD_TYPO is not a variable Masthead knows"),
        (["export"], {}, 1, "run `masthead prepare`"),
        (["manage", "migrate", "nothere"], {}, 1, "No installed app with label 'nothere'"),
    ],
)
def test_a_mistake_is_one_sentence(
    tmp_path: Path, arguments: list[str], variables: dict[str, str], status: int, sentence: str
) -> None:
    done = masthead(*arguments, data=tmp_path, **variables)
    assert done.returncode == status, done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_data_may_be_named_for_every_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = masthead("--data", "elsewhere", "doctor", data=tmp_path / "unused")
    assert f"{tmp_path / 'elsewhere'}" in done.stdout
    assert done.returncode == 1  # nothing is prepared there
    assert not (tmp_path / "unused").exists()


@pytest.mark.parametrize(
    ("error", "part"),
    [
        (OperationalError("no such table: core_change"), "masthead prepare"),
        (OperationalError("database is locked"), "locked"),
        (OperationalError('connection to server at "10.0.0.9" failed\nIs the server running?'), "MASTHEAD_DATABASE_URL"),
        (OSError(28, "No space left on device"), "disk is full"),
        (CommandError("No such thing."), "No such thing."),
    ],
)
def test_known_failures_have_a_sentence(error: Exception, part: str) -> None:
    sentence = bootstrap.sentence_for(error)
    assert sentence is not None and part in sentence and "\n" not in sentence


def test_a_bug_keeps_its_traceback() -> None:
    assert bootstrap.sentence_for(KeyError("x")) is None

    def bug() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        bootstrap.guarded(bug)


def test_statuses() -> None:
    def leave(error: BaseException) -> int:
        def work() -> None:
            raise error

        return bootstrap.guarded(work)

    assert bootstrap.guarded(lambda: None) == 0
    assert bootstrap.guarded(lambda: 3) == 3
    assert leave(KeyboardInterrupt()) == 130
    assert leave(click.ClickException("no")) == 1
    assert leave(bootstrap.BadSurroundings("no")) == 2
    assert os.environ["MASTHEAD_DATA"]
