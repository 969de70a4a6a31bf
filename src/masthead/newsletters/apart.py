"""Reading what strangers wrote (feeds, calendars) in a process of its own, which may take only so much time and memory.

A parser that a hostile file drives mad then takes its own process with it, and nothing else. The other side is a module that
reads bytes from standard input and writes JSON; :func:`confine` is the first thing it calls.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

SECONDS = 10  # of computing
MEMORY = 1 << 30  # bytes of address space, Python and its libraries included
SOURCE = Path(__file__).resolve().parents[2]


class Unreadable(Exception):
    """The file could not be read; the message says why, to an editor."""


def read(module: str, data: bytes, *arguments: str) -> Any:
    """What ``module`` makes of ``data``, in a process of its own; :class:`Unreadable` where it makes nothing of it."""
    try:
        done = subprocess.run(  # noqa: S603 - a module of ours
            [sys.executable, "-m", module, *("".join(c for c in each if c.isprintable()) for each in arguments)],
            input=data,
            capture_output=True,
            timeout=SECONDS * 3,
            env={"PYTHONPATH": str(SOURCE), "PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unreadable("It takes too long to read.") from None
    if done.returncode == 0:
        return json.loads(done.stdout)
    if done.returncode < 0:
        raise Unreadable("It takes too long to read, or too much memory.")
    lines = done.stderr.decode(errors="replace").strip().splitlines()
    raise Unreadable(lines[-1].removeprefix("masthead: ")[:300] if lines else "It cannot be read.")


def confine() -> None:
    """Take no more than a reader's share of time and memory from here on, and write no file."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answer(value: Any) -> None:
    """Hand ``value`` to the process that asked."""
    sys.stdout.write(json.dumps(value))
    sys.stdout.flush()
