"""Runs wrk, and believes a run only if everything went well."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine

SCRIPT = Path(__file__).with_name("replay.lua")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class BadRun(Exception):
    """A measurement that measured something else than it was meant to."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one run of wrk saw: seconds, requests, bytes, and latencies in microseconds."""

    seconds: float
    requests: int
    bytes: int
    p50: int
    p99: int
    processor: float = 0.0  # seconds wrk itself burned

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def size(self) -> float:
        """Bytes of an answer, headers and all, on average."""
        return self.bytes / max(1, self.requests)


def parse(output: str) -> Result:
    """Read the line ``replay.lua`` prints. Raises :class:`BadRun` where a request failed or none was answered."""
    line = re.search(r"^RESULT (.+)$", output, re.MULTILINE)
    if line is None:
        raise BadRun(f"wrk said nothing that can be read: {output.strip()[-500:]!r}")
    values = {name: int(value) for name, value in re.findall(r"(\w+)=(-?\d+)", line[1])}
    failed = {name: values[name] for name in ("connect", "read", "write", "status", "timeout") if values[name]}
    if failed:
        raise BadRun("wrk met errors: " + ", ".join(f"{count} {name}" for name, count in failed.items()))
    if not values["requests"]:
        raise BadRun("wrk got no answer at all")
    return Result(values["duration"] / 1e6, values["requests"], values["bytes"], values["p50"], values["p99"])


def write_requests(path: Path, requests: Sequence[bytes]) -> Path:
    """Write whole requests, in turn, as ``replay.lua`` and ``paced.py`` read them."""
    path.write_bytes(b"".join(requests))
    return path


def request(port: int, path: str, cookies: str = "") -> bytes:
    """A browser's GET, as short as one can honestly be: by its name it is counted as a reader, not as a robot."""
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"User-Agent: {BROWSER}", "Accept-Encoding: gzip"]
    if cookies:
        lines.append(f"Cookie: {cookies}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def run(port: int, requests: Path, *, many: bool, core: int, seconds: int, connections: int, nice: int = 0) -> Result:
    """One run against ``port``, on ``core``, of at most ``seconds`` and what it takes to read the requests."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("masthead: wrk is not installed.")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    finished = subprocess.run(
        [
            *(wrk, "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "10s"),
            *("--script", str(SCRIPT), f"http://127.0.0.1:{port}/", "--", str(requests)),
        ],
        env={**os.environ, "REPLAY": "many" if many else "one"},
        start_new_session=True,
        preexec_fn=machine.on(core, nice),
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if finished.returncode:
        raise BadRun(f"wrk ended with {finished.returncode}: {finished.stderr.strip()[-500:]}")
    found = parse(finished.stdout)
    burned = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Result(found.seconds, found.requests, found.bytes, found.p50, found.p99, burned)
