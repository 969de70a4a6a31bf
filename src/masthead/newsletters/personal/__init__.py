"""Mails that are one reader's own: welcome, alerts, your month. Each is written once, whatever dies when.

What a mail says is put together first; then one transaction keeps that it was written and hands it over (``writing.write``), so
that a worker killed anywhere wrote it and kept that, or neither. They are handed over a few at a time: nobody waits for a log-in
code behind ten thousand of them.
"""

from __future__ import annotations

from collections.abc import Callable

from masthead.newsletters import restored
from masthead.newsletters.personal import alerts, month, welcome

DUTIES: tuple[Callable[[], int], ...] = (welcome.tick, alerts.tick, month.tick)


def tick() -> int:
    """Write what is due; how many mails. The worker calls it every few seconds, in one process at a time.

    Nothing from a database that was restored or copied: it does not know what has been written since.
    """
    if restored.rests():
        return 0
    return sum(duty() for duty in DUTIES)
