"""The event recorder: what happened, kept as rows in the transaction of what happened."""

from typing import Any

from masthead.core import clock
from masthead.core.models import Event


def record(kind: str, *, article: int | None = None, subject: str = "", **data: Any) -> None:
    """Keep that ``kind`` happened now, to ``subject`` (opaque), about ``article`` (its number). No addresses in ``data``."""
    Event.objects.create(at=clock.now(), kind=kind, article=article, subject=subject, data=data)
