"""What has to be done from time to time: publishing what is scheduled, and forgetting what is old."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from django.core.management import call_command
from django.db.models import Exists, OuterRef, Q
from django_tasks_db.models import DBTaskResult

from masthead.articles import services as articles
from masthead.billing import chores as billing
from masthead.core import changelog, clock, limits
from masthead.core.models import Change, Heartbeat, OutgoingMail
from masthead.insights import chores as insights
from masthead.newsletters import forgetting as newsletters
from masthead.newsletters.wire import watching as wire
from masthead.readers.models import Code

CHANGES = timedelta(days=1)
CODES = timedelta(days=60)
MAILS = timedelta(days=90)
TASKS = timedelta(days=30)
ATTEMPTS = timedelta(hours=2)


def publish_scheduled() -> None:
    """Publish what is due and unpublish what has expired, as Wagtail decides it."""
    articles.withdraw_expired()
    call_command("publish_scheduled")


def clear() -> None:
    """Forget what is of no use any more. Each rule is short, so that no write lock is held for long."""
    moment = clock.now()
    limits.clear(moment - ATTEMPTS)
    clear_changes(moment - CHANGES)
    Code.objects.filter(expires__lt=moment - CODES).delete()
    OutgoingMail.objects.exclude(state=OutgoingMail.State.PENDING).filter(settled__lt=moment - MAILS).delete()
    # refused mail is settled by its state; it has no moment of its own
    OutgoingMail.objects.filter(state=OutgoingMail.State.REFUSED, settled=None, created__lt=moment - MAILS).delete()
    DBTaskResult.objects.finished().filter(finished_at__lt=moment - TASKS).delete()
    Heartbeat.objects.filter(name__startswith="worker:", at__lt=moment - timedelta(days=1)).delete()
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    insights.clear()
    wire.clear()
    billing.clear()
    newsletters.clear()


def clear_changes(before: datetime) -> int:
    """Forget change-log rows older than ``before``, but the newest of each key: a pass is judged by it."""
    newer = Change.objects.filter(key=OuterRef("key"), number__gt=OuterRef("number"))
    # these are named once only, and nobody who has not followed for so long goes by them: a library compares everything anyway
    named_once = Q(key__startswith="articles:") | Q(key__startswith="more:")
    # the last row of all stays: whoever follows the log would take one that ends earlier for another database's
    once = Change.objects.filter(named_once, at__lt=before, number__lt=changelog.latest()).delete()[0]
    return once + Change.objects.filter(Exists(newer), at__lt=before).delete()[0]
