"""Everything held about a reader: each app registers how to tell it and how to erase it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Holding:
    """One app's part: ``export`` returns JSON-ready data for a reader; ``erase`` deletes what may not outlive the account."""

    name: str
    export: Callable[[Any], Any]
    erase: Callable[[Any], None]


_holdings: dict[str, Holding] = {}


def register(name: str, *, export: Callable[[Any], Any], erase: Callable[[Any], None]) -> None:
    """Add a part under ``name``. Called from an app's ``ready``; a second call with the same name replaces the first."""
    _holdings[name] = Holding(name, export, erase)


def export(reader: Any) -> dict[str, Any]:
    """Everything held about ``reader``, by part."""
    return {name: holding.export(reader) for name, holding in sorted(_holdings.items())}


def erase(reader: Any) -> None:
    """Let every part erase what it holds. Call it in the transaction that deletes the reader."""
    for holding in _holdings.values():
        holding.erase(reader)
