"""Facts as JSON, for the ledger; and back. Pure.

A name written here stays readable for ever: the ledger is never rewritten. New fields need a default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from masthead.billing.lifecycle import Dispute, Fact, Failure, Payment, Refund, Ruling, Snapshot, Span, Status

_KINDS: dict[str, type[Fact]] = {
    "snapshot": Snapshot,
    "payment": Payment,
    "failure": Failure,
    "refund": Refund,
    "dispute": Dispute,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def to_json(facts: Iterable[Fact]) -> list[dict[str, Any]]:
    """``facts`` as plain data; what stands at its default is left out."""
    return [_written(fact) for fact in facts]


def from_json(rows: Iterable[Mapping[str, Any]]) -> list[Fact]:
    """The facts written by :func:`to_json`. Raises ``ValueError`` for a kind nobody knows."""
    return [_read(row) for row in rows]


def _written(fact: Fact) -> dict[str, Any]:
    row: dict[str, Any] = {"fact": _NAMES[type(fact)]}
    for field in fields(fact):
        value = getattr(fact, field.name)
        if value != field.default:
            row[field.name] = _plain(value)
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, Span):
        return [_plain(value.since), _plain(value.until)]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value


def _read(row: Mapping[str, Any]) -> Fact:
    kind = _KINDS.get(row.get("fact", ""))
    if kind is None:
        raise ValueError(f"a fact of no kind we know: {row.get('fact')!r}")
    known = {field.name: field.type for field in fields(kind)}
    values = {name: _value(known[name], value) for name, value in row.items() if name in known}
    return kind(**values)


def _value(annotation: Any, value: Any) -> Any:
    if value is None:
        return None
    if annotation.startswith("Span"):
        since, until = value
        return Span(datetime.fromisoformat(since), datetime.fromisoformat(until))
    if annotation.startswith("datetime"):
        return datetime.fromisoformat(value)
    if annotation == "Status":
        return Status(value)
    return Ruling(value) if annotation == "Ruling" else value
