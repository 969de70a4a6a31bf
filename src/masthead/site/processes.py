"""Small truths about processes and ports that the supervisor and its children share."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
M_ARENA_MAX = -8

# opened here, so that a freshly forked child has it at hand
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int) -> None:
    """Make sure this process does not outlive ``parent``, even one that was killed with SIGKILL.

    On Linux the kernel sees to it; elsewhere a thread looks twice a second. ``parent`` was noted before the fork: asking
    ``getppid`` afterwards would miss a parent that died in between.
    """
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        os._exit(1)


def keep_memory_together() -> None:
    """Have all threads share two heaps, where they would get one each: what is let go in one is of no use to another.

    Threads of a web worker make pages that another keeps. Only for glibc; elsewhere nothing is done.
    """
    if _libc is not None and hasattr(_libc, "mallopt"):
        _libc.mallopt(M_ARENA_MAX, 2)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def port_is_free(host: str, port: int) -> bool:
    """Whether nobody listens on ``port``.

    Asked before anything is prepared, so that a second start says so at once. SO_REUSEADDR only lets it ignore connections that
    are already closed.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
