"""Figures for people and for programs: Markdown on the screen and in a file, and everything raw in a JSON file beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, its columns padded; all but the first are figures and stand to the right."""
    lines = [list(head), *(list(row) for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]

    def written(line: Sequence[str]) -> str:
        cells = [
            cell.ljust(width) if at == 0 else cell.rjust(width) for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        return "| " + " | ".join(cells) + " |"

    rule = "|" + "|".join(("-" * (width + 2)) if at == 0 else ("-" * (width + 1) + ":") for at, width in enumerate(widths)) + "|"
    return "\n".join([written(lines[0]), rule, *(written(line) for line in lines[1:])])


def number(value: float) -> str:
    """``value`` with three digits that mean something."""
    if value >= 1000:
        return f"{value:,.0f}"
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def milliseconds(micro: float) -> str:
    """Microseconds as milliseconds."""
    return number(micro / 1000)


@dataclass(frozen=True, slots=True)
class Target:
    """Something promised, and what was found."""

    promise: str
    wanted: float
    found: float | None
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Whether it holds. What was not measured does not."""
        if self.found is None:
            return False
        return self.found <= self.wanted if self.at_most else self.found >= self.wanted

    def row(self) -> list[str]:
        """Its line in the table."""
        sign = "at most" if self.at_most else "at least"
        found = "not measured" if self.found is None else number(self.found)
        verdict = "-" if self.found is None else "met" if self.met else "MISSED"
        return [self.promise, f"{sign} {self.wanted:g}", found, verdict]


def targets(promised: Iterable[Target]) -> str:
    """The table of promises."""
    return table(["promise", "wanted", "found", ""], [target.row() for target in promised])


def write(name: str, text: str, raw: dict[str, Any], folder: Path = RESULTS) -> Path:
    """Write ``text`` and ``raw`` under ``name`` and the time; returns the Markdown file."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    (folder / f"{stem}.json").write_text(json.dumps(raw, indent=1) + "\n")
    page = folder / f"{stem}.md"
    page.write_text(text + "\n")
    return page
