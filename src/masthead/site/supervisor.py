"""Runs the roles as child processes, and ends every one of them, whatever happens.

Children are forked, not started afresh: loading Django takes seconds, and so it is done once, before the first fork. What can go
wrong, and what is done about it:

* A signal may come at any time, also while a child is being started. The handler only notes it; all deciding is done in one loop.
* A child may have children. Each child leads a session of its own, and what is left of its process group is killed when it ends.
* Before the first child is ready nobody is being served, so it is killed outright; afterwards each is asked first and killed on a
  time-out.
* The supervisor itself may be killed with SIGKILL. Children have asked the kernel to die with it (``processes.die_with_parent``).
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

from masthead.site import processes

GRACE = 10.0  # seconds a child gets to finish what it is doing
STEADY = 60.0  # a child that ran this long starts counting its failures anew
LONGEST_WAIT = 30.0  # between two restarts of a child that keeps dying
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass
class Child:
    """One role: the function that runs it (returning an exit status), and its present process, if any."""

    name: str
    work: Callable[[], int]
    graceful: bool = True  # whether asking it to stop is safe yet
    pid: int = 0
    started: float = 0.0
    failures: int = 0
    restart_at: float = 0.0

    def start(self) -> None:
        """Start the role in a session of its own; all it prints goes to stderr."""
        self.started = time.monotonic()
        parent = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        # A signal that came between the fork and the child's own handlers would be taken by a copy of ours, and lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        self.pid = os.fork()
        if self.pid == 0:
            self._be_the_child(parent)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def _be_the_child(self, parent: int) -> NoReturn:
        status = 70
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            for number in (*STOPPING, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
            processes.die_with_parent(parent)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(2, 1)
            status = self.work()
            sys.stderr.flush()
        except BaseException:
            traceback.print_exc()
        finally:
            # never back into the supervisor's stack, of which this process has a copy
            os._exit(status)

    def ended(self) -> bool:
        """Whether the process has ended. Leaves it unreaped, so that its group's number cannot be given to another."""
        if not self.pid:
            return True
        with suppress(ChildProcessError):
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None
        return True

    def terminate(self) -> None:
        """Ask the role to stop."""
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)

    def bury(self) -> int:
        """Kill whatever is left of the role's process group, and reap it; returns the exit status."""
        if not self.pid:
            return 0
        pid, self.pid = self.pid, 0
        # The group exists once the child has called setsid(); a child killed before that is still in ours.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        try:
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        except ChildProcessError:
            return 0


class Supervisor:
    """Runs ``children`` until a signal comes. The first is awaited: ``is_ready`` is asked until true, then ``on_ready`` runs."""

    def __init__(self, children: Sequence[Child], *, is_ready: Callable[[], bool], on_ready: Callable[[], None]) -> None:
        self.children = list(children)
        self._is_ready = is_ready
        self._on_ready = on_ready
        self._ready = False
        self._signals = 0
        self._wake_read = -1

    def run(self) -> int:
        """Run until stopped; returns the exit status (0 after a signal, 1 when a role failed before all was ready)."""
        with self._listening():
            try:
                return self._watch()
            finally:
                self._stop()

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Note stop signals and wake the loop on any signal, also on a child's end."""
        self._wake_read, wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(wake_write, False)
        before = {number: signal.signal(number, self._note) for number in STOPPING}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        previous_fd = signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(previous_fd)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(self._wake_read)
            os.close(wake_write)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    def _pause(self, seconds: float) -> None:
        """Sleep for ``seconds`` or until a signal comes."""
        if select.select([self._wake_read], [], [], seconds)[0]:
            with suppress(BlockingIOError):
                os.read(self._wake_read, 4096)

    def _watch(self) -> int:
        for child in self.children:
            if self._signals:
                return 0
            child.start()
        while not self._signals:
            for child in self.children:
                if child.pid and child.ended() and not self._signals:
                    if not self._ready and child is self.children[0]:
                        status = child.bury()
                        return status if 0 < status < 125 else 1
                    self._schedule_restart(child)
                if not child.pid and time.monotonic() >= child.restart_at:
                    child.start()
            if not self._ready and self._is_ready():
                self._ready = True
                for child in self.children:
                    child.graceful = True
                self._on_ready()
            self._pause(0.5 if self._ready else 0.05)
        return 0

    def _schedule_restart(self, child: Child) -> None:
        ran = time.monotonic() - child.started
        status = child.bury()
        child.failures = 0 if ran > STEADY else child.failures + 1
        wait = min(0.5 * 2**child.failures, LONGEST_WAIT)
        child.restart_at = time.monotonic() + wait
        print(  # noqa: T201 - the supervisor knows no logging: it has to work when nothing else does
            f"masthead: the {child.name} process ended (status {status}); starting it again in {wait:.0f} s.",
            file=sys.stderr,
            flush=True,
        )

    def _stop(self) -> None:
        living = [child for child in self.children if child.pid]
        for child in living:
            if child.graceful:
                child.terminate()
            else:
                child.bury()
        deadline = time.monotonic() + GRACE
        impatient = self._signals + 1  # one more signal: stop waiting
        while time.monotonic() < deadline and self._signals < impatient:
            if all(child.ended() for child in living):
                break
            self._pause(0.05)
        for child in living:
            child.bury()
