"""Plain Wagtail on the server Masthead itself uses (uvicorn: httptools on uvloop), through uvicorn's own bridge to WSGI."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks import machine

PATH = "/texts/measured/"
ROOT = Path(__file__).resolve().parent.parent


def start(work: Path, core: int, length: int, words: str) -> tuple[machine.Pinned, int]:
    """Make the site under ``work`` with a page of ``length`` characters and serve it from one process."""
    env = {**os.environ, "PLAIN_WAGTAIL_DATA": str(work), "DJANGO_SETTINGS_MODULE": "benchmarks.plain_wagtail.settings"}
    made = subprocess.run(
        [sys.executable, "-m", "benchmarks.plain_wagtail.make", str(length)],
        env=env,
        cwd=ROOT,
        input=words,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise SystemExit(f"masthead: the plain Wagtail site could not be made.\n{made.stderr[-2000:]}")
    port = machine.free_port()
    command = [
        *(sys.executable, "-W", "ignore", "-m", "uvicorn", "--app-dir", str(ROOT), "--interface", "wsgi", "--loop", "uvloop"),
        *("--http", "httptools", "--no-access-log", "--log-level", "warning", "--host", "127.0.0.1", "--port", str(port)),
        "benchmarks.plain_wagtail.wsgi:application",
    ]
    server = machine.Pinned(command, core, log=work / "plain.log", env=env)
    try:
        server.wait_until(lambda: machine.listening(port))
    except BaseException:
        server.stop()
        raise
    return server, port
