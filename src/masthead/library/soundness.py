"""Whether the files of an index still are what was written: a disk that fails changes some, a restored backup lacks some. Pure.

tantivy puts a sum into every file, but checks it only when asked, and its Python binding cannot ask. Without a check a changed
byte gives wrong answers, or none, or a panic.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MAGIC = 1337  # the last four bytes of each of tantivy's files; the four before them tell how long the footer is
PIECE = 1 << 20
NEEDED = ("fast", "fieldnorm", "idx", "pos", "store", "term")  # of every segment


def is_damage(error: BaseException) -> bool:
    """Whether ``error`` is how an index that is damaged, gone or not writable shows.

    Rust's panics come through as an exception of a class that nobody can import, and that is no ``Exception``.
    """
    return isinstance(error, ValueError | OSError) or type(error).__name__ == "PanicException"


def damaged(path: Path) -> list[str]:
    """The names of the files at ``path`` that belong to its index and are not as they were written; empty where all are."""
    try:
        meta: dict[str, Any] = json.loads((path / "meta.json").read_text())
        files = list(_files(meta))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return ["meta.json"]
    return [name for name in files if not _sound(path / name)]


def litter(path: Path) -> list[Path]:
    """What a writer that was killed, or found no room, left at ``path``: files that belong to nothing it committed.

    tantivy takes a new name for each segment, but names a list of deleted documents after the commit it is for. Left there, one
    stops every later attempt at that commit.
    """
    try:
        kept = {*_files(json.loads((path / "meta.json").read_text()))}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return []
    return [
        file
        for file in path.iterdir()
        if file.name.startswith(".tmp") or file.suffix == ".part" or (file.suffix == ".del" and file.name not in kept)
    ]


def _files(meta: dict[str, Any]) -> Iterator[str]:
    for segment in meta["segments"]:
        name = segment["segment_id"].replace("-", "")
        yield from (f"{name}.{kind}" for kind in NEEDED)
        if deletes := segment["deletes"]:
            yield f"{name}.{deletes['opstamp']}.del"


def _sound(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(end - 8)
            tail = file.read(8)
            length, magic = int.from_bytes(tail[:4], "little"), int.from_bytes(tail[4:], "little")
            if magic != MAGIC:
                return False
            file.seek(end - 8 - length)
            wanted = json.loads(file.read(length))["crc"]
            file.seek(0)
            left, found = end - 8 - length, 0
            while left > 0 and (piece := file.read(min(PIECE, left))):
                found = zlib.crc32(piece, found)
                left -= len(piece)
            return bool(found == wanted)
    except (OSError, ValueError, TypeError, KeyError):
        return False
