"""Noticing that a database is not the one that mailed: restored from a backup, or copied and started a second time.

Such a database knows nothing of what the original has mailed since. Nothing goes from it by itself: every newsletter is paused,
and so is every edition on its way, until somebody who knows says otherwise. Readers' own mails (welcome, alerts, your month) rest
until the first newsletter goes on again; what was due before is left out.

It is noticed by a mark in the database that says where it lies. A copy has the mark and lies elsewhere; a backup's SQLite file
has had it taken out (``site.backup``). And by a note beside the database, in the data directory, of the last edition that went
and the last rows a sender took: a database that does not know them has been put back. What cannot be noticed is a copy of the
whole machine.
"""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import NotSupportedError, ProgrammingError, connection, transaction
from django.db.models import Max

from masthead.core import clock, notices
from masthead.core.models import Heartbeat
from masthead.newsletters.models import Claim, Edition, Newsletter

log = logging.getLogger("masthead.newsletters")

PREFIX = "place:"  # of the Heartbeat that says where this database lies
BACKUP = PREFIX + "a backup"
NOTE = "last-edition.json"
NOTICE = "newsletters:restored"
RESTS = "newsletters:rest"  # the Heartbeat of a database of which nobody has yet said that it may mail
AGAIN = "newsletters:again"  # and of when somebody said so

REASON = "This database was restored or copied"


def look() -> bool:
    """Pause everything if this is not the database that mailed; whether it was not. Called before anything is mailed."""
    found = here()
    with transaction.atomic():
        marks = set(Heartbeat.objects.select_for_update().filter(name__startswith=PREFIX).values_list("name", flat=True))
        elsewhere = bool(marks) and marks != {PREFIX + found}
        put_back = not elsewhere and _put_back()
        if marks != {PREFIX + found}:
            Heartbeat.objects.filter(name__in=marks).delete()
            Heartbeat.objects.get_or_create(name=PREFIX + found, defaults={"at": clock.now()})
        if elsewhere or put_back:
            pause_everything(clock.now())
    if elsewhere or put_back:
        note()
    return elsewhere or put_back


def pause_everything(now: datetime) -> None:
    """Pause every newsletter and every edition on its way, with the reason, and tell the operator."""
    reason = f"{REASON} on {now.day} {now:%B %Y}: it does not know what was mailed since the copy was made."
    newsletters = Newsletter.objects.filter(paused="").update(paused=reason[:200])
    running = Edition.objects.filter(state=Edition.State.SENDING).update(state=Edition.State.PAUSED, reason=reason)
    Heartbeat.objects.update_or_create(name=RESTS, defaults={"at": now})
    if newsletters or running:
        log.warning("%s %d newsletters and %d editions are paused.", reason, newsletters, running)
        notices.tell(NOTICE, f"Newsletters are paused. {reason} See docs/how-to/newsletters.md.")


def rests() -> bool:
    """Whether nobody has said yet that this database, restored or copied, may mail."""
    return Heartbeat.objects.filter(name=RESTS).exists()


def begin_again(now: datetime) -> None:
    """Somebody who knows says that this database may mail. Nothing that was due before ``now`` is made up for."""
    if Heartbeat.objects.filter(name=RESTS).delete()[0]:
        Heartbeat.objects.update_or_create(name=AGAIN, defaults={"at": now})


def began_again() -> datetime | None:
    """Since when this database may mail again; None where it never rested."""
    return Heartbeat.objects.filter(name=AGAIN).values_list("at", flat=True).first()


def note() -> None:
    """Keep beside the database which edition went last, and which rows a sender took last."""
    last = _last()
    path = Path(settings.MASTHEAD.data) / NOTE
    told = json.dumps({"frozen": last.isoformat() if last else "", "claim": _last_claim()})
    try:
        if path.is_file() and path.read_text() == told:
            return
        partial = path.with_suffix(".partial")
        partial.write_text(told)
        partial.replace(path)
    except OSError as error:
        log.warning("%s cannot be written: %s", path, error)


def _last() -> datetime | None:
    return Edition.objects.aggregate(last=Max("frozen"))["last"]


def _last_claim() -> int:
    return Claim.objects.aggregate(last=Max("pk"))["last"] or 0


def _put_back() -> bool:
    """Whether the note beside the database tells of an edition that the database has not seen go, or of mail of one under way."""
    try:
        told = json.loads((Path(settings.MASTHEAD.data) / NOTE).read_text())
        noted = datetime.fromisoformat(told["frozen"]) if told["frozen"] else None
        claim = int(told.get("claim", 0))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False
    if claim > _last_claim():
        return True
    return noted is not None and noted > (_last() or datetime.min.replace(tzinfo=noted.tzinfo))


# Where a database lies ------------------------------------------------------------------------------------------------


def here() -> str:
    """A name for where this database lies, which stays the same for as long as it is the same one."""
    parts = _postgresql() if connection.vendor == "postgresql" else _sqlite()
    return hashlib.sha256(" ".join(map(str, parts)).encode()).hexdigest()[:40]


def _sqlite() -> list[object]:
    # not the device: its number may change when the machine starts; a copy has another file in another directory
    path = Path(str(connection.settings_dict["NAME"]))
    try:
        return [path.stat().st_ino, path.parent.stat().st_ino]
    except OSError:
        return ["memory"]


def _postgresql() -> list[object]:
    """The cluster, the database and the table; and the cluster's timeline, which a standby that takes over begins anew.

    Such a standby may lack what the old server committed last.
    """
    questions = [
        "SELECT oid FROM pg_database WHERE datname = current_database()",
        "SELECT 'newsletters_edition'::regclass::oid",
        "SELECT system_identifier FROM pg_control_system()",
        "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)",
    ]
    found: list[object] = []
    for question in questions:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(question)
                found += cursor.fetchone()
        except (ProgrammingError, NotSupportedError):  # not every server lets everybody ask; a failing one is no other place
            found.append("")
    return found
