"""The event recorder: what happened, kept as rows in the transaction of what happened.

What a reader came by (an edition, say) is kept with everything recorded while they are answered. It is read from the address of
the page a form stood on, never from a cookie: it says what led to something, and follows nobody about.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from masthead.core import clock
from masthead.core.models import Event

_via: ContextVar[str] = ContextVar("via", default="")


@contextmanager
def came_by(name: str) -> Iterator[None]:
    """Keep ``name`` as ``via`` with everything recorded in this block; with an empty one whatever stood before holds."""
    token = _via.set(name or _via.get())
    try:
        yield
    finally:
        _via.reset(token)


def via() -> str:
    """What whoever is being answered came by; empty where that is not known."""
    return _via.get()


def record(kind: str, *, article: int | None = None, subject: str = "", **data: Any) -> None:
    """Keep that ``kind`` happened now, to ``subject`` (opaque), about ``article`` (its number). No addresses in ``data``."""
    name = _via.get()
    if name:
        data.setdefault("via", name)
    Event.objects.create(at=clock.now(), kind=kind, article=article, subject=subject, data=data)
