"""Starts real servers for tests, and finds whatever one left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

SERVE = [sys.executable, "-P", "-m", "masthead.site", "serve"]


def free_port() -> int:
    """A port nobody listens on, most likely also in a second from now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listening(port: int) -> bool:
    """Whether anybody accepts connections on ``port``."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def environment(data: Path, **more: str) -> dict[str, str]:
    """A clean environment whose data directory is ``data``: it also marks every process that descends from the server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MASTHEAD_", "DJANGO_"))}
    return {**kept, "MASTHEAD_DATA": str(data), **more}


def living(data: Path) -> list[int]:
    """The processes that were started with ``data`` as data directory and still run (zombies do not)."""
    mark = f"MASTHEAD_DATA={data}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                if state != "Z" and mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found


def freed(port: int, within: float = 3.0) -> bool:
    """Whether ``port`` is free. A killed process's last thread closes its sockets a moment after the process is a zombie."""
    deadline = time.monotonic() + within
    while listening(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def none_living(data: Path, within: float = 3.0) -> bool:
    """Whether every process of ``data`` is gone, at the latest after ``within`` seconds."""
    deadline = time.monotonic() + within
    while living(data):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Server:
    """A ``masthead serve`` in a process of its own, killed at the end whatever happens."""

    def __init__(self, data: Path, *arguments: str, command: list[str] | None = None, **variables: str) -> None:
        self.data = data
        self.port = free_port()
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [*(command or SERVE), "--port", str(self.port), *arguments],
            env=environment(data, **variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()

    def _kill(self) -> None:
        for pid in living(self.data):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_until_ready(self) -> float:
        """Wait for the line that says so; returns the seconds since the start. Without it nothing of this server is left over.

        What a server that failed leaves open would be found, and complained of, in whichever test comes later.
        """
        assert self.process.stdout and self.process.stderr
        line = self.process.stdout.readline()
        if line != f"Masthead is ready at {self.url}/\n":
            self._kill()  # all of it: whoever lives on keeps stderr open, and reading it would never end
            said = self.process.stderr.read()
            self.__exit__()
            raise AssertionError(f"not ready, but {line!r}: {said}")
        return time.monotonic() - self.started

    def stop(self, number: int = signal.SIGTERM, within: float = 15.0) -> int:
        """Send ``number`` and wait for the end; returns the exit status."""
        self.process.send_signal(number)
        return self.process.wait(within)
