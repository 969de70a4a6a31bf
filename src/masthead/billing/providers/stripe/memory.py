"""When a subscription was first seen to be as it is, for a while.

Stripe does not tell when a subscription was last changed. Webhooks say it (the event's moment); whatever is looked up is so at
the moment of asking. So that asking again writes nothing new, the moment at which the same was said before is taken, as long as
nothing else was said in between. It is kept in the cache: where it is forgotten, a looked-up state is written once more, and
nothing else comes of it.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from datetime import datetime, timedelta

from django.core.cache import cache

from masthead.billing.lifecycle import Snapshot
from masthead.billing.providers.stripe import objects

log = logging.getLogger(__name__)

_LIFE = timedelta(days=60)


def told(subscription: str, snapshot: Snapshot) -> None:
    """``snapshot`` came with a moment of its own."""
    held = _held(subscription)
    if held is None or held[1] <= snapshot.at:
        _keep(subscription, snapshot)


def found(subscription: str, snapshot: Snapshot) -> Snapshot:
    """``snapshot`` was looked up: the same with the moment since which it is known to be so."""
    held = _held(subscription)
    if held is not None and held[0] == _digest(snapshot):
        return replace(snapshot, at=held[1])
    told(subscription, snapshot)
    return snapshot


def _held(subscription: str) -> tuple[str, datetime] | None:
    try:
        held = cache.get(_key(subscription))
    except Exception as error:  # each back end has errors of its own, and money does not wait for any of them
        log.warning("what was said of %s before is not known: %s", subscription, error)
        return None
    return (held[0], datetime.fromisoformat(held[1])) if held else None


def _keep(subscription: str, snapshot: Snapshot) -> None:
    try:
        cache.set(_key(subscription), (_digest(snapshot), snapshot.at.isoformat()), int(_LIFE.total_seconds()))
    except Exception as error:
        log.warning("what was said of %s is not kept: %s", subscription, error)


def _digest(snapshot: Snapshot) -> str:
    return hashlib.sha256(repr(objects.timeless(snapshot)).encode()).hexdigest()


def _key(subscription: str) -> str:
    return f"billing:stripe:{subscription}"
