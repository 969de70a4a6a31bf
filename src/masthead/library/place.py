"""Where the index lies, which of its directories is the one in use, and who may write. No database.

``search/version-N/`` in the data directory holds ``current`` (the name of the directory in use), that directory, perhaps one that
is being built, and two locks: ``lock`` is held by the one process that follows the change log, ``building`` by whoever builds.
Another version's processes, which may run beside this one's for a while, have a directory of their own.
Everything is replaced by rename: whoever is killed leaves what was there before.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from masthead.library.schema import VERSION

ABOUT = "masthead.json"
_NAME = re.compile(r"index-[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class About:
    """What an index says of itself: for what it was made, and how far it has followed the change log."""

    version: int
    language: str
    timezone: str
    teaser: int  # paragraphs that are open, as the policy had it
    number: int
    moment: str = ""  # when that number was logged, where that is known: a database put back counts up to it once more
    languages: tuple[str, ...] = ()  # of its texts; the publication's first
    names: tuple[tuple[str, str], ...] = ()  # topics and authors, each with its slug and a digest of what is indexed of it

    def at(self, number: int, moment: str) -> About:
        """The same, having followed the log to ``number``, logged at ``moment``."""
        return replace(self, number=number, moment=moment)


class Busy(Exception):
    """Another process builds an index here."""


def place_in(data: Path) -> Place:
    """Where this version keeps its index in the data directory ``data``."""
    return Place(data / "search" / f"version-{VERSION}")


@dataclass(frozen=True, slots=True)
class Place:
    """The directory of one version's index in one data directory."""

    root: Path

    def current(self) -> Path | None:
        """The index in use; None where there is none."""
        with suppress(OSError, ValueError):
            name = (self.root / "current").read_text().strip()
            if _NAME.fullmatch(name) and (path := self.root / name).is_dir():
                return path
        return None

    def about(self, path: Path | None) -> About | None:
        """What the index at ``path`` says of itself; None where it cannot be used by this version."""
        if path is None:
            return None
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            found: dict[str, Any] = json.loads((path / ABOUT).read_text())
            if found["version"] == VERSION:
                return About(
                    version=VERSION,
                    language=str(found["language"]),
                    timezone=ZoneInfo(found["timezone"]).key,
                    teaser=int(found["teaser"]),
                    number=int(found["number"]),
                    moment=str(found.get("moment", "")),
                    languages=tuple(str(language) for language in found["languages"]),
                    names=tuple((str(name), str(digest)) for name, digest in found["names"]),
                )
        return None

    def write_about(self, path: Path, about: About) -> None:
        """Put down what the index at ``path`` is. After its commit: killed in between, the same changes are read once more."""
        _replace(path / ABOUT, json.dumps(asdict(about)))

    def new(self) -> Path:
        """An empty directory to build in."""
        path = self.root / f"index-{uuid4().hex[:12]}"
        path.mkdir(parents=True)
        return path

    def use(self, path: Path) -> None:
        """From now on the index at ``path`` is the one in use; what lay here before goes.

        Processes that still have files of the old one open read on in them until they look again.
        """
        _replace(self.root / "current", path.name)
        self.tidy(path)

    def tidy(self, path: Path) -> None:
        """Take away every index but the one at ``path``: former ones, and what somebody was building when he was killed.

        Only for whoever builds, or sees that nobody does.
        """
        for other in self.root.glob("index-*"):
            if other != path:
                shutil.rmtree(other, ignore_errors=True)
        for partial in self.root.glob("*.part"):
            partial.unlink(missing_ok=True)

    def be_alone(self) -> None:
        """Take away what other versions left here; not what a process of theirs still keeps."""
        for other in self.root.parent.glob("version-*"):
            with suppress(OSError):
                if other != self.root and (kept := Place(other).lock()) is not None:
                    shutil.rmtree(other, ignore_errors=True)
                    kept.close()
        if self.root.name == f"version-{VERSION}":
            with suppress(OSError):
                Place(self.root.parent)._clear()

    def _clear(self) -> None:
        """Take away an index that lies here itself, as it did before versions had directories; nothing that is not surely its.

        Not what a process of that time still keeps or builds.
        """
        ours = [path for path in self.root.iterdir() if _NAME.fullmatch(path.name) and _is_index(path)]
        if not ours or (kept := self.lock()) is None:
            return
        with kept, suppress(Busy), self.building():
            for path in ours:
                shutil.rmtree(path, ignore_errors=True)
            for name in ("current", "doubted", "progress", "lock", "building"):
                if (path := self.root / name).is_file() and not path.is_symlink():
                    path.unlink()

    def doubt(self) -> None:
        """Ask whoever writes to look whether the index in use is damaged."""
        with suppress(OSError):
            (self.root / "doubted").touch()

    def doubted(self) -> bool:
        """Whether somebody asked for that since the last call."""
        with suppress(OSError):
            (self.root / "doubted").unlink()
            return True
        return False

    def discard(self, path: Path) -> None:
        """Take away a directory that will not be used."""
        shutil.rmtree(path, ignore_errors=True)

    def lock(self, name: str = "lock") -> IO[str] | None:
        """The lock ``name``, held for as long as what is returned stays open; None where another process has it.

        The kernel lets go of it when its holder dies, however that happens.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        handle = (self.root / name).open("a")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            return None
        return handle

    def still(self, handle: IO[str], name: str = "lock") -> bool:
        """Whether ``handle`` is that of the lock as others find it; not so once somebody has taken the directory away."""
        try:
            mine, theirs = os.fstat(handle.fileno()), (self.root / name).stat()
        except OSError:
            return False
        return (mine.st_dev, mine.st_ino) == (theirs.st_dev, theirs.st_ino)

    @contextmanager
    def building(self) -> Iterator[None]:
        """Build within this. Raises :class:`Busy` where another process does."""
        handle = self.lock("building")
        if handle is None:
            raise Busy("An index is being built already.")
        try:
            yield
        finally:
            with suppress(OSError):
                (self.root / "progress").unlink()
            handle.close()

    def is_building(self) -> bool:
        """Whether some other process builds just now."""
        handle = self.lock("building")
        if handle is None:
            return True
        handle.close()
        return False

    def tell(self, done: int, total: int) -> None:
        """Note how far building has come, for whoever waits."""
        with suppress(OSError):  # nobody is hurt by a missing number
            _replace(self.root / "progress", f"{done} {total}")

    def progress(self) -> tuple[int, int]:
        """How many articles are indexed, of how many; (0, 0) where nobody builds."""
        with suppress(OSError, ValueError):
            done, total = (self.root / "progress").read_text().split()
            return int(done), int(total)
        return 0, 0


def _is_index(path: Path) -> bool:
    return not path.is_symlink() and (path / "meta.json").is_file()


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    partial.write_text(text)
    partial.replace(path)
