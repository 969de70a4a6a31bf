"""Who writes the index: on each machine the one process, web or worker, that holds the lock beside it.

Every process runs a :class:`Keeper` and calls :meth:`Keeper.tick` some times a second. Most find the lock taken and do nothing;
when the holder dies, the kernel frees the lock and the next one goes on from where the index itself says it stands.

Not guaranteed: a writer that is killed redoes what it had not committed. Nothing is lost by that, and nothing stands twice.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from masthead.core import notices
from masthead.library import building, documents, soundness
from masthead.library.place import Busy, Place, place_in
from masthead.library.soundness import is_damage

log = logging.getLogger("masthead.library")

EVERY = 0.25  # seconds between two looks at the change log
COMPARE = 600.0  # seconds between two comparisons of all articles with the index
LITTLE = 3_000  # articles that are indexed on the spot; more in a process of their own, for its memory and its time
LONGEST_WAIT = 30.0  # seconds after failures
NOTICE = "library"
_CODE = re.compile(r"(?:os error |code: )(\d+)")  # the system's own, within what tantivy says
CHECKING = 0.05  # the part of its time that the holder gives to doubts
NO_ROOM = 1 << 20  # bytes free, below which whatever fails fails for that
ENDING = 2.0  # seconds a builder is given to stop
BUSY = 75  # exit status of a builder that finds another one at work


def place() -> Place:
    """Where this data directory's index lies."""
    return place_in(settings.MASTHEAD.data)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Have ``child`` stop, and wait for it. A killed builder leaves at most a directory, which the next one takes away."""
    child.terminate()
    try:
        child.wait(ENDING)
    except subprocess.TimeoutExpired:
        child.kill()
        with suppress(subprocess.TimeoutExpired):  # it waits for a disk that does not answer
            child.wait(ENDING)


class Keeper:
    """Keeps the index of one data directory. ``patience``: seconds it leaves the lock to others, at first."""

    def __init__(self, where: Place | None = None, *, patience: float = 0.0) -> None:
        self._place = where or place()
        self._not_before = time.monotonic() + patience
        self._lock: IO[str] | None = None
        self._follower: building.Follower | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._compared = 0.0
        self._anew = False  # whether the index in use has to be built anew
        self._unusable: Path | None = None  # an index that was looked at and cannot be gone on with
        self._build_after = 0.0
        self._failures = 0
        self._told = True  # perhaps: somebody who is no more may have told of a failure
        self._sound_until = 0.0

    @property
    def holds(self) -> bool:
        """Whether this process is the one that writes."""
        return self._lock is not None

    def tick(self) -> None:
        """Do what there is to do. Never raises: what goes wrong is told to the operator and tried again, ever more slowly."""
        if time.monotonic() < self._not_before or not self._hold():
            return
        try:
            if self._keep() and self._told:
                notices.settled(NOTICE)
                self._failures, self._told = 0, False
        except Busy:
            self._wait(1.0)
        except (DatabaseError, InterfaceError) as error:
            # a database that is away explains itself elsewhere
            log.info("the library waits for the database: %s", str(error).strip().partition("\n")[0])
            connection.close()
            self._wait(2.0)
        except BaseException as error:  # tantivy raises ValueError for everything, a full disk included; or it panics
            if not (isinstance(error, Exception) or is_damage(error)):
                raise
            self._failed(error)

    def stop(self) -> None:
        """Let go of the lock. A process that builds is told to stop, and waited for: it holds a lock, too."""
        if self._child is not None:
            _end(self._child)
            self._child = None
        self._follower = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def start(self) -> None:
        """Tick in a thread of its own, for as long as the process lives."""

        def run() -> None:
            while True:
                self.tick()
                time.sleep(EVERY)

        threading.Thread(target=run, name="library", daemon=True).start()

    def _hold(self) -> bool:
        if self._lock is not None and not self._place.still(self._lock):
            self.stop()  # somebody took the directory away, and whoever comes next will hold another lock
        if self._lock is None:
            try:
                self._lock = self._place.lock()
            except OSError as error:
                self._failed(error)
            if self._lock is None:
                self._not_before = max(self._not_before, time.monotonic() + 1.0)
        return self._lock is not None

    def _keep(self) -> bool:
        """Follow the log, and see to it that an index is built where one is needed. Says whether all is well."""
        builds = self._builds()
        path = self._place.current()
        # whoever cannot read it, for want of the right to, doubts it again and again
        doubted = time.monotonic() > self._sound_until and self._place.doubted()
        if self._follower is None or self._follower.path != path or doubted:
            self._follower = None
            if path is None or path == self._unusable or not self._open(path):
                self._unusable = path
                return not builds and self._build()
        # also while another one is built: this one is in use until then, and what is withdrawn has to go from it
        try:
            remains = self._follower.follow()
        except BaseException as error:
            if not is_damage(error) or self._place.current() == path:
                raise
            self._follower = None  # its place was taken, and with it the file we were about to write
            return False
        if builds:
            self._follower.rest()
            return False
        if remains and not self._anew and (time.monotonic() - self._compared > COMPARE or not self._compared):
            found = self._follower.reconcile()
            remains = found is not None
            if found:
                log.info("%d articles were missing from the library or stood there no more", found)
            if self._compared and remains:  # not at once: whoever takes a new version back finds the old index
                self._place.be_alone()
            self._compared = time.monotonic()
        self._anew = self._anew or not remains
        if self._anew:
            return self._build()
        self._follower.rest()
        return True

    def _builds(self) -> bool:
        """Whether a process of ours is building. That one failed keeps nobody from following."""
        if self._child is None:
            return False
        status = self._child.poll()
        if status is None:
            return True
        self._child = None
        if status not in (0, BUSY):
            self._tell(f"building it ended with status {status}")
            self._build_after = time.monotonic() + min(2.0**self._failures, LONGEST_WAIT)
        return False

    def _open(self, path: Path) -> bool:
        """Go on with the index at ``path``, if it is of this version and undamaged. Says whether."""
        about = self._place.about(path)
        if about is None:
            return False
        begun = time.monotonic()
        broken = soundness.damaged(path)
        self._sound_until = time.monotonic() + (time.monotonic() - begun) / CHECKING
        if broken:
            log.warning("the library's index is damaged (%s): it is built anew", ", ".join(broken[:5]))
            return False
        try:
            self._follower = building.Follower(self._place, path, about)
        except BaseException as error:
            if not is_damage(error):
                raise
            log.warning("the library's index cannot be opened (%s): it is built anew", error)
            return False
        with suppress(Busy), self._place.building():
            self._place.tidy(path)
        self._compared, self._anew = 0.0, False
        return True

    def _build(self) -> bool:
        """See to it that an index is built, here or in a process of its own. All is not well until it is there: False."""
        if time.monotonic() < self._build_after or self._place.is_building():
            return False  # lately that failed, or somebody does by hand
        if documents.count() <= LITTLE:
            self._follower = None
            building.build(self._place)
            return False
        environment = {**os.environ, "MASTHEAD_DATA": str(settings.MASTHEAD.data)}
        self._child = subprocess.Popen(  # noqa: S603  # ourselves
            [sys.executable, "-m", "masthead.site", "reindex", "--keeper", str(os.getpid())],
            env=environment,
            stdin=subprocess.DEVNULL,
            cwd=Path.cwd(),
        )
        return False

    def _failed(self, error: BaseException) -> None:
        self._follower = self._unusable = None
        self._tell(str(error).strip().partition("\n")[0] or type(error).__name__)
        self._wait(min(2.0**self._failures, LONGEST_WAIT))

    def _tell(self, sentence: str) -> None:
        self._failures += 1
        self._told = True
        sentence = self._plainly(sentence)
        log.warning("the library cannot be kept up to date: %s", sentence)
        try:
            notices.tell(
                NOTICE,
                f"The library's index cannot be written on {socket.gethostname()[:60]} ({sentence}). Searches answer with what "
                "it held before, and nothing is lost: what is missing is added once there is room on the disk and the directory "
                "can be written.",
            )
        except (DatabaseError, InterfaceError):
            connection.close()

    def _plainly(self, sentence: str) -> str:
        """``sentence`` in the system's own words, where it is about the system."""
        if code := _CODE.search(sentence):
            return f"{os.strerror(int(code[1]))}: {self._place.root}"
        with suppress(OSError):
            if shutil.disk_usage(self._place.root).free < NO_ROOM:
                return f"{os.strerror(errno.ENOSPC)}: {self._place.root}"
        return sentence[:200]

    def _wait(self, seconds: float) -> None:
        self._not_before = time.monotonic() + seconds
