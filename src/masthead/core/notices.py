"""What the operator should know: written where it is noticed, shown by ``masthead doctor`` and in the newsroom."""

from datetime import timedelta

from django.db import DatabaseError

from masthead.core import clock
from masthead.core.models import Notice

_told: dict[str, float] = {}


def tell(key: str, text: str) -> None:
    """Keep that ``text`` holds now. At most one write a minute and process for a key; never raises for a slow database."""
    moment = clock.now()
    if moment.timestamp() - _told.get(key, 0) < 60:
        return
    _told[key] = moment.timestamp()
    try:
        Notice.objects.update_or_create(
            key=key,
            defaults={"text": text, "last_seen": moment},
            create_defaults={"text": text, "first_seen": moment, "last_seen": moment},
        )
    except DatabaseError:
        _told.pop(key, None)


def recent(hours: int = 24) -> list[Notice]:
    """The notices seen in the last ``hours``, newest first."""
    return list(Notice.objects.filter(last_seen__gte=clock.now() - timedelta(hours=hours)).order_by("-last_seen"))


def settled(key: str) -> None:
    """What ``key`` told of is mended."""
    _told.pop(key, None)
    Notice.objects.filter(key=key).delete()
