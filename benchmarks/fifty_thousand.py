"""Fifty thousand articles: an archive for ``masthead import jsonl`` read twice over, in a data directory that may be kept.

What is read again is another article: its title and id carry a number, and its text ends with a line of its own, since the
importer leaves out what is there already. So does a text that stands twice in the archive itself. Records without title or text
are passed over, and a few are read a third time instead. Every tenth article is open and
three of ten are the subscribers', so that a search has something to show and something to keep back.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import publication
from masthead.imports import jsonl

COUNT = 50_000
LONGEST_TITLE = 255
ACCESSES = ("open", "metered", "subscribers", "metered", "metered", "subscribers", "metered", "metered", "subscribers", "metered")
VERSION = 1  # of what is made of an archive; another number makes kept data directories void
KEPT = "fifty-thousand.json"


def fifty_thousand(records: Iterable[dict[str, Any]], count: int = COUNT) -> Iterator[dict[str, Any]]:
    """Every record, then all of them again as other articles, and again, until there are ``count``.

    A text that came before ends with a line of its own.
    """
    first = list(records)
    if not first:
        raise ValueError("an archive without one article cannot be made longer")
    seen: set[bytes] = set()
    for at in range(count):
        reading, number = divmod(at, len(first))
        record = first[number]
        if reading:
            yield again(record, at + 1)
            continue
        mark = jsonl.fingerprint(record)
        yield record if mark not in seen else {**record, "body": _marked(record["body"], f"Also printed as number {at + 1}.")}
        seen.add(mark)


def again(record: dict[str, Any], number: int) -> dict[str, Any]:
    """``record`` as another article, known from all others by ``number``."""
    end = f" (reprint {number})"
    return {
        **record,
        "id": f"{record['id']}-{number}",
        "title": record["title"][: LONGEST_TITLE - len(end)] + end,
        "body": _marked(record["body"], f"Reprint, number {number}."),
    }


def _marked(body: str, line: str) -> str:
    return f"{body.rstrip()}\n\n{line}\n"


def write(archive: Path, folder: Path) -> dict[str, Path]:
    """Write the fifty thousand, a file for each access; returns the files."""
    paths = {access: folder / f"{access}.jsonl" for access in dict.fromkeys(ACCESSES)}
    files = {access: path.open("w", encoding="utf-8") for access, path in paths.items()}
    try:
        for number, record in enumerate(fifty_thousand(read(archive))):
            files[ACCESSES[number % len(ACCESSES)]].write(json.dumps(record, ensure_ascii=False) + "\n")
    finally:
        for file in files.values():
            file.close()
    return paths


def read(archive: Path) -> Iterator[dict[str, Any]]:
    """The records of ``archive`` that have what an article needs."""
    for line in jsonl.read(archive):
        if line.record and line.record.get("title") and line.record.get("body"):
            yield line.record


def prepare(archive: Path, data: Path) -> None:
    """Fill ``data`` with them, unless that was done before; interrupted, the next time goes on."""
    mark = {"version": VERSION, "archive": archive.name, "bytes": archive.stat().st_size}
    kept = data / KEPT
    if kept.is_file() and json.loads(kept.read_text()) == mark:
        publication.command(data, "prepare")
        return
    publication.command(data, "prepare", "--demo")
    texts = data / "fifty-thousand"
    texts.mkdir(parents=True, exist_ok=True)
    for access, path in write(archive, texts).items():
        publication.command(data, "import", "jsonl", str(path), "--access", access, "--fewest-words", "1")
        path.unlink()
    texts.rmdir()
    kept.write_text(json.dumps(mark) + "\n")


def texts() -> Iterator[dict[str, Any]]:
    """Every live article of this process's data directory, as ``masthead export`` writes it."""
    from masthead.imports import export

    for record in export.records():
        if record["kind"] == "article" and record["live"]:
            yield record


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path)
    parser.add_argument("data", type=Path)
    given = parser.parse_args()
    prepare(given.archive, given.data)
    sys.exit(0)
