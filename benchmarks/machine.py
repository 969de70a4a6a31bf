"""Processes on chosen cores, what they burn and hold, and whether anybody else burned the same core meanwhile."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from masthead.site.processes import die_with_parent

TICKS = os.sysconf("SC_CLK_TCK")
STOP_WITHIN = 10.0  # seconds between SIGTERM and SIGKILL


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core the server gets, and which one whoever asks it."""

    server: int
    client: int

    @staticmethod
    def choose() -> Cores:
        """The first two this process may run on. With one core a server and its client would measure one another."""
        ours = sorted(os.sched_getaffinity(0))
        if len(ours) < 2:
            raise SystemExit("masthead: two cores are needed, one for the server and one for who asks it.")
        return Cores(ours[0], ours[1])


class Pinned:
    """A server process and all it starts, on one core, in a session of its own by which it is found and ended."""

    def __init__(self, command: Sequence[str], core: int, *, log: Path, env: dict[str, str] | None = None) -> None:
        parent = os.getpid()

        def prepare() -> None:
            os.sched_setaffinity(0, {core})
            die_with_parent(parent)

        self.core = core
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=prepare,
            )

    def __enter__(self) -> Pinned:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def pids(self) -> list[int]:
        """The living processes of this session."""
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError):
                    fields = _stat(int(folder.name))
                    if int(fields[3]) == self.process.pid and fields[0] != "Z":
                        found.append(int(folder.name))
        return sorted(found)

    def seconds(self) -> float:
        """The processor time burned so far by the processes that live now."""
        return sum(burned(pid) for pid in self.pids())

    def busiest(self) -> int:
        """The process that burned most: the worker, where others only look after it."""
        return max(self.pids(), key=burned)

    def on_its_core(self) -> bool:
        """Whether every thread of every process may run on the one core only."""
        for pid in self.pids():
            with contextlib.suppress(OSError):
                for thread in Path(f"/proc/{pid}/task").iterdir():
                    if os.sched_getaffinity(int(thread.name)) != {self.core}:
                        return False
        return True

    def wait_until(self, ready: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait for ``ready``; a server that ends or never gets there says why in its log."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                tail = self.log.read_text(errors="replace")[-2000:]
                raise SystemExit(f"masthead: {self.process.args!r} did not come up.\n{tail}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the whole session: politely, then not."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None or self.pids():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.process.pid, number)
                for pid in self.pids():  # a child that made a group of its own is still of the session
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
            deadline = time.monotonic() + STOP_WITHIN
            while time.monotonic() < deadline:
                if self.process.poll() is not None and not self.pids():
                    return
                time.sleep(0.02)


def burned(pid: int) -> float:
    """The processor time of ``pid``, in seconds; 0 where it is gone."""
    try:
        fields = _stat(pid)
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _stat(pid: int) -> list[str]:
    """What follows the name in /proc/PID/stat: state, parent, group, session, ..."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


@dataclass(frozen=True, slots=True)
class Memory:
    """What one process holds, in megabytes: all of it, its share, and what would be free without it."""

    rss: float
    pss: float
    uss: float

    @staticmethod
    def of(pid: int) -> Memory:
        """Read /proc/PID/smaps_rollup."""
        sums: dict[str, int] = {}
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, _, rest = line.partition(":")
            sums[name] = int(rest.split()[0])
        unique = sums["Private_Clean"] + sums["Private_Dirty"]
        return Memory(sums["Rss"] / 1024, sums["Pss"] / 1024, unique / 1024)


class Watch:
    """How busy each core was between two moments, from /proc/stat."""

    def __init__(self) -> None:
        self.before = self._read()
        self.started = time.monotonic()

    @staticmethod
    def _read() -> dict[int, float]:
        busy = {}
        for line in Path("/proc/stat").read_text().splitlines():
            name, *numbers = line.split()
            if name.startswith("cpu") and name != "cpu":
                user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, numbers[:8])
                busy[int(name[3:])] = (user + nice + system + irq + softirq + steal) / TICKS
        return busy

    def busy(self, core: int) -> tuple[float, float]:
        """Seconds ``core`` was busy since the beginning, and seconds passed."""
        return self._read()[core] - self.before[core], time.monotonic() - self.started


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listening(port: int) -> bool:
    """Whether anybody accepts connections on ``port``."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def describe() -> dict[str, str]:
    """What the figures were taken on."""
    model = "unknown processor"
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    return {
        "processor": model,
        "cores": str(len(os.sched_getaffinity(0))),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load at the beginning": load,
    }


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP unwind the stack as Ctrl-C does, so that whatever was started is ended and tidied away."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    former = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
