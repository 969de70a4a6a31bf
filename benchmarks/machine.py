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
from typing import ClassVar

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


def on(core: int, nice: int = 0) -> Callable[[], None]:
    """What a child does before it becomes another program: keep to ``core``, and not outlive this process."""
    parent = os.getpid()

    def prepare() -> None:
        os.sched_setaffinity(0, {core})
        if nice:
            prioritise(os.getpid(), nice)
        die_with_parent(parent)

    return prepare


def prioritise(pid: int, nice: int) -> None:
    """Give ``pid`` the priority ``nice``: among its own kind, and where Linux groups processes by session, its session's too."""
    os.setpriority(os.PRIO_PROCESS, pid, nice)
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(nice))


class Pinned:
    """A server process and all that descend from it, on one core."""

    nice = 0  # of all servers
    running: ClassVar[list[Pinned]] = []

    def __init__(self, command: Sequence[str], core: int, *, log: Path, env: dict[str, str] | None = None) -> None:
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
                preexec_fn=on(core, self.nice),
            )

        self.running.append(self)

    def __enter__(self) -> Pinned:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def pids(self) -> list[int]:
        """The living ones: children, and children's children."""
        parents = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with contextlib.suppress(OSError):
                    fields = _stat(int(folder.name))
                    if fields[0] != "Z":
                        parents[int(folder.name)] = int(fields[1])
        found = [self.process.pid] if self.process.pid in parents else []
        for pid in found:  # grows while it is walked
            found += [child for child, parent in parents.items() if parent == pid]
        return found

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
        for pid in self.pids() if self.nice else ():  # those that began a session of their own
            prioritise(pid, self.nice)

    def stop(self) -> None:
        """End all of it: the first one politely, which ends the others; if that takes too long, every one."""
        if self in self.running:
            self.running.remove(self)
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            for pid in reversed(self.pids()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait()


def burned(pid: int) -> float:
    """The processor time of ``pid``, in seconds; 0 where it is gone."""
    try:
        fields = _stat(pid)
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def settle(within: float = 15.0) -> None:
    """Wait until no server of ours has anything left to do: what one still writes down is not to slow the next one."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        before = sum(server.seconds() for server in Pinned.running)
        time.sleep(0.3)
        if sum(server.seconds() for server in Pinned.running) - before <= 0.02:
            return


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
