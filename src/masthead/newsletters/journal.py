"""What a sender has begun, on its own disk: so that after its death only what was in flight is in doubt.

One file a claim, ``DATA/outbox/CLAIM-TOKEN.journal``: a head, the numbers of the claim's rows, and for each row four bytes: begun
or not, ended or not, the verdict and the server's code. All of it is written when the claim is made, so that a full disk is
noticed before anything is claimed, and never between two messages. Later writes change bytes in place; the kernel keeps them
when the process is killed.

Whoever writes a journal holds a lock on it (``flock``), which ends with the process. A journal nobody holds is a dead sender's.

Not guaranteed: that anything survives the *machine's* end. Bytes are not forced to the disk, and a journal may then say less than
was done. Each therefore names the boot it was written in, and is believed in no other: see ``settling`` for what is done instead.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

SUFFIX = ".journal"

_HEAD = struct.Struct("<8s36sQI")  # magic, boot, claim, rows
_MAGIC = b"MASTHEAD"
_NUMBER = struct.Struct("<Q")
_ROW = struct.Struct("<BBH")  # stage, verdict (a delivery's state), code
BEGUN, ENDED = 1, 2

PARTIAL_LIVES = 3600.0  # seconds after which a half-made journal is litter


@lru_cache(maxsize=1)
def boot() -> bytes:
    """What tells this boot of this machine from any other."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()[:36]
    except OSError:  # no Linux: whatever a journal says is then believed by the process that wrote it only
        return f"{os.getpid():036d}".encode()


class Journal:
    """The journal of one claim, open and locked."""

    def __init__(self, folder: Path, claim: int, token: str, numbers: Sequence[int]) -> None:
        """Write it whole. Raises ``OSError`` where there is no room."""
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{claim}-{token}{SUFFIX}"
        partial = folder / f".{self.path.name}.partial"
        rows = _HEAD.size + _NUMBER.size * len(numbers)
        self._at = {number: rows + _ROW.size * n for n, number in enumerate(numbers)}
        self._file = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write(self._file, _HEAD.pack(_MAGIC, boot(), claim, len(numbers)))
            _write(self._file, b"".join(map(_NUMBER.pack, numbers)) + bytes(_ROW.size * len(numbers)))
            partial.rename(self.path)
        except BaseException:
            os.close(self._file)
            partial.unlink(missing_ok=True)
            raise

    def began(self, number: int) -> None:
        """The content of ``number`` is about to be written. Raises ``OSError`` where that cannot be kept."""
        os.pwrite(self._file, _ROW.pack(BEGUN, 0, 0), self._at[number])

    def ended(self, number: int, state: int, code: int) -> None:
        """What became of ``number``. A failure to keep that leaves it in doubt after a crash, and harms nothing else."""
        with suppress(OSError):
            os.pwrite(self._file, _ROW.pack(ENDED, state, code), self._at[number])

    def discard(self) -> None:
        """All of it is in the database: away with it."""
        if self._file >= 0:
            self.path.unlink(missing_ok=True)  # while it is locked: nobody ever finds it unlocked
            os.close(self._file)
            self._file = -1

    def leave(self) -> None:
        """Let go of it: it is for somebody else to read."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _write(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


@dataclass(frozen=True, slots=True)
class Record:
    """What a journal says: rows begun and not ended, and what became of those that ended (state, code)."""

    claim: int
    token: str
    begun: frozenset[int] = frozenset()
    ended: dict[int, tuple[int, int]] = field(default_factory=dict)
    believed: bool = True  # it was written since this machine started


def read(path: Path) -> Record | None:
    """What the journal at ``path`` says, whoever holds it; None where it is none."""
    claim, _, token = path.name.removesuffix(SUFFIX).partition("-")
    try:
        data = path.read_bytes()
        magic, booted, number, count = _HEAD.unpack_from(data)
        numbers = struct.unpack_from(f"<{count}Q", data, _HEAD.size)
        rows = [_ROW.unpack_from(data, _HEAD.size + _NUMBER.size * count + _ROW.size * n) for n in range(count)]
    except (OSError, struct.error):
        return None
    if magic != _MAGIC or str(number) != claim:
        return None
    pairs = list(zip(numbers, rows, strict=True))
    return Record(
        number,
        token,
        frozenset(n for n, (stage, _state, _code) in pairs if stage == BEGUN),
        {n: (state, code) for n, (stage, state, code) in pairs if stage == ENDED},
        booted.rstrip(b"\0") == boot(),
    )


@contextmanager
def left(path: Path) -> Iterator[bool]:
    """Whether nobody holds the journal at ``path``; it is ours inside."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield path.exists()  # its holder may have discarded it meanwhile
    finally:
        os.close(file)


def found(folder: Path) -> list[Path]:
    """The journals in ``folder``; half-made ones that are old are cleared away."""
    for partial in folder.glob(f".*{SUFFIX}.partial"):
        with suppress(OSError):
            if time.time() - partial.stat().st_mtime > PARTIAL_LIVES:
                partial.unlink()
    return sorted(folder.glob(f"*{SUFFIX}"))
