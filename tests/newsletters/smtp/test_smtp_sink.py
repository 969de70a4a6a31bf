"""Postfix's own sink takes the letters, a few thousand of them, over several connections."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator

import pytest

from masthead.newsletters.smtp import Verdict
from newsletters.smtp.real import SBIN, free_port, within
from newsletters.smtp.submitting import letters, message, submit

SMTP_SINK = shutil.which("smtp-sink") or shutil.which("smtp-sink", path=SBIN)
pytestmark = [pytest.mark.processes, pytest.mark.skipif(SMTP_SINK is None, reason="there is no smtp-sink (Postfix) here")]


@pytest.fixture
def start() -> Iterator[Callable[..., int]]:
    running: list[subprocess.Popen[bytes]] = []

    def begin(*options: str) -> int:
        port = free_port()
        other = ["-u", "nobody"] if os.geteuid() == 0 else []
        running.append(subprocess.Popen([str(SMTP_SINK), *other, *options, f"127.0.0.1:{port}", "100"], stdin=subprocess.DEVNULL))
        within(10, lambda: _listens(port), "smtp-sink")
        return port

    yield begin
    for process in running:
        process.kill()
        process.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("options", [(), ("-e",), ("-p",)], ids=["ESMTP", "no ESMTP", "no pipelining"])
def test_all_are_submitted(options: tuple[str, ...], start: Callable[..., int]) -> None:
    port = start(*options)
    found = submit(port, letters(1000, message("The news. " * 3000)), connections=8, late=True)
    assert found.verdicts == [Verdict.SUBMITTED] * 1000


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        (("-f", "RCPT"), Verdict.REFUSED),  # -f: 5xx, -r: 4xx, -q: hangs up, -Q: 421 and hangs up
        (("-r", "RCPT"), Verdict.DEFERRED),
        (("-f", "."), Verdict.REFUSED),
        (("-r", "."), Verdict.DEFERRED),
        (("-q", "RCPT"), Verdict.DEFERRED),
        (("-q", "DATA"), Verdict.DEFERRED),
        (("-q", "."), Verdict.IN_DOUBT),
        (("-Q", "MAIL"), Verdict.DEFERRED),
        (("-Q", "."), Verdict.DEFERRED),
    ],
    ids=str,
)
def test_its_refusals_and_hang_ups_are_told_apart(options: tuple[str, ...], verdict: Verdict, start: Callable[..., int]) -> None:
    port = start(*options)
    found = submit(port, letters(3), connections=2)
    assert found.verdicts == [verdict] * 3
