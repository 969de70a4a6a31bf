"""The outbox's statements: taking rows to submit, writing down what became of them, giving them back.

A claim is committed before the first byte of any of its rows is sent. Who is not to be mailed any more is asked once more then:
hours may have passed since the edition was frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from masthead.core import clock
from masthead.core.models import Publication
from masthead.core.timezones import zone
from masthead.newsletters import suppression
from masthead.newsletters.models import Claim, Delivery, Edition, Suppression

State = Delivery.State

MOST = 500  # rows of one claim


@dataclass(frozen=True, slots=True)
class Row:
    """One recipient to submit to."""

    number: int
    address: str
    subject: str  # the reader's, opaque
    standing: str
    variant: str
    clicks: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A claim and its rows, in ascending order."""

    claim: int
    edition: int
    rows: tuple[Row, ...]
    checked: int  # rows that were due; those not to be mailed any more are not in ``rows``


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one row. ``counted``: it was a try of this address."""

    number: int
    claim: int
    state: int
    code: int = 0
    reply: str = ""
    due: datetime | None = None
    external_id: str = ""
    counted: bool = True


def durable() -> None:
    """Let this connection's commits survive the machine's end: on SQLite they otherwise need only survive the process's.

    What is not in doubt may be sent again; so an outcome that was committed must not be forgotten.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=FULL")


_DUE = """
SELECT e.id FROM newsletters_edition e JOIN newsletters_newsletter n ON n.id = e.newsletter_id
WHERE e.state = 'sending' AND n.paused = '' AND EXISTS (
    SELECT 1 FROM newsletters_delivery d WHERE d.edition_id = e.id AND d.state IN (0, 3) AND d.due <= %s)
ORDER BY e.due, e.id LIMIT 1
"""

_TAKE = """
UPDATE newsletters_delivery SET state = 1, claim_id = %s WHERE id IN (
    SELECT id FROM newsletters_delivery WHERE edition_id = %s AND state IN (0, 3) AND due <= %s
    ORDER BY due, id LIMIT %s{skip})
"""

# with what is to be known of their readers now; in one question, since five hundred numbers cost more to ask for than to join
_TAKEN = """
SELECT d.id, d.address, d.standing, d.variant, d.clicks, d.attempts, r.subject, r.email = d.address, r.is_active,
    r.confirmed IS NOT NULL, t.id IS NOT NULL, p.paused_until > %s
FROM newsletters_delivery d
LEFT JOIN readers_reader r ON r.id = d.reader_id
LEFT JOIN newsletters_tick t ON t.reader_id = d.reader_id AND t.newsletter_id = %s
LEFT JOIN newsletters_preferences p ON p.reader_id = d.reader_id
WHERE d.claim_id = %s AND d.state = 1 ORDER BY d.id
"""


def due() -> bool:
    """Whether any row is to be submitted now. Cheap: it is asked each second."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [_moment(clock.now())])
        return cursor.fetchone() is not None


def take(*, sender: str, connections: int, prepare: Callable[[int, Sequence[int]], object], most: int = MOST) -> Taken | None:
    """Claim up to ``most`` due rows of the edition that has waited longest; None where nothing is due.

    ``prepare(claim, numbers)`` is called before the commit and may raise: then nothing is claimed.
    """
    now = clock.now()
    postgresql = connection.vendor == "postgresql"
    with transaction.atomic(), connection.cursor() as cursor:
        # shared with other senders, and shut out by whoever pauses or cancels
        cursor.execute(_DUE + (" FOR SHARE OF e" if postgresql else ""), [_moment(now)])
        found = cursor.fetchone()
        if found is None:
            return None
        edition = found[0]
        claim = Claim.objects.create(edition_id=edition, sender=sender, connections=connections, made=now, alive=now).pk
        cursor.execute(_TAKE.format(skip=" FOR UPDATE SKIP LOCKED" if postgresql else ""), [claim, edition, _moment(now), most])
        today = now.astimezone(zone(Publication.load().timezone)).date()
        newsletter = Edition.objects.filter(pk=edition).values_list("newsletter", flat=True)[0]
        cursor.execute(_TAKEN, [today.isoformat(), newsletter, claim])
        taken = cursor.fetchall()
        rows, dropped = _check(taken)
        for why, numbers in dropped.items():
            Delivery.objects.filter(pk__in=numbers).update(state=State.SUPPRESSED, claim=None, reply=why, settled=now)
        if rows:
            prepare(claim, [row.number for row in rows])
        else:
            Claim.objects.filter(pk=claim).update(ended=now)
    return Taken(claim, edition, tuple(rows), len(taken))


def _check(taken: Sequence[Sequence[Any]]) -> tuple[list[Row], dict[str, list[int]]]:
    """The rows that may be mailed, and for the others why not."""
    barred = suppression.suppressed([row[1] for row in taken]) if Suppression.objects.filter(since__isnull=False).exists() else ()
    rows: list[Row] = []
    dropped: dict[str, list[int]] = {}
    for number, address, standing, variant, clicks, attempts, subject, same, active, confirmed, ticked, resting in taken:
        if subject is None:
            why = "The account was deleted."
        elif address in barred:
            why = "The address is suppressed."
        elif not ticked:
            why = "The reader has unsubscribed."
        elif resting:
            why = "The reader wants no mail just now."
        elif not active or not confirmed:
            why = "The account is closed."
        elif not same:
            why = "The reader has another address now."
        else:
            rows.append(Row(number, address, subject, standing, variant, bool(clicks), attempts))
            continue
        dropped.setdefault(why, []).append(number)
    return rows, dropped


_WRITE_POSTGRESQL = """
UPDATE newsletters_delivery d
SET state = v.state, code = v.code, reply = v.reply, settled = v.settled, due = COALESCE(v.due, d.due),
    external_id = v.external_id, attempts = d.attempts + v.counted
FROM unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::smallint[], %s::text[], %s::timestamptz[], %s::timestamptz[],
    %s::text[], %s::smallint[]) AS v(id, claim, state, code, reply, settled, due, external_id, counted)
WHERE d.id = v.id AND d.claim_id = v.claim AND d.state IN (1, 6)
"""

# nearly all: the server said 250
_WRITE_SUBMITTED = """
UPDATE newsletters_delivery d
SET state = 2, code = 250, reply = v.reply, settled = %s::timestamptz, external_id = '', attempts = d.attempts + 1
FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS v(id, claim, reply)
WHERE d.id = v.id AND d.claim_id = v.claim AND d.state IN (1, 6)
"""

_WRITE_SQLITE = """
UPDATE newsletters_delivery
SET state = %s, code = %s, reply = %s, settled = %s, due = COALESCE(%s, due), external_id = %s, attempts = attempts + %s
WHERE id = %s AND claim_id = %s AND state IN (1, 6)
"""


def write(outcomes: Sequence[Settled]) -> None:
    """Write down what became of rows, all of it or nothing.

    Repeated it changes nothing. A row that was settled meanwhile as in doubt is put right; one that went back is left alone.
    """
    if not outcomes:
        return
    now = clock.now()
    if connection.vendor == "postgresql":
        _write_postgresql(outcomes, now)
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            _WRITE_SQLITE,
            [
                (
                    o.state,
                    o.code,
                    o.reply,
                    _moment(_settled(o, now)),
                    _moment(o.due),
                    o.external_id,
                    int(o.counted),
                    o.number,
                    o.claim,
                )
                for o in outcomes
            ],
        )


def _write_postgresql(outcomes: Sequence[Settled], now: datetime) -> None:
    plain = [o for o in outcomes if o.state == State.SUBMITTED and o.code == 250 and o.counted and not o.external_id]
    others = [o for o in outcomes if not (o.state == State.SUBMITTED and o.code == 250 and o.counted and not o.external_id)]
    if plain:
        _prepared(_WRITE_SUBMITTED, [now, [o.number for o in plain], [o.claim for o in plain], [o.reply for o in plain]])
    if others:
        columns = [
            [o.number for o in others],
            [o.claim for o in others],
            [o.state for o in others],
            [o.code for o in others],
            [o.reply for o in others],
            [_settled(o, now) for o in others],
            [o.due for o in others],
            [o.external_id for o in others],
            [int(o.counted) for o in others],
        ]
        _prepared(_WRITE_POSTGRESQL, columns)


def _prepared(statement: str, parameters: list[Any]) -> None:
    """Execute with parameters bound and the plan kept by the server: Django writes them into the text and plans each time."""
    from psycopg import Cursor

    connection.ensure_connection()
    with connection.wrap_database_errors, Cursor(connection.connection) as cursor:
        cursor.execute(statement, parameters, prepare=True)


def _settled(outcome: Settled, now: datetime) -> datetime | None:
    return None if outcome.state in (State.PENDING, State.DEFERRED) else now


def _moment(moment: datetime | None) -> Any:
    """As the database's driver takes it."""
    return connection.ops.adapt_datetimefield_value(moment) if moment is not None else None


def renew(claims: Iterable[int]) -> dict[int, str]:
    """Show that the sender of ``claims`` lives. Returns those still its own, with the state of their edition."""
    mine = list(claims)
    Claim.objects.filter(pk__in=mine, ended=None).update(alive=clock.now())
    return dict(
        Claim.objects.filter(pk__in=mine, ended=None).values_list("pk", "edition__state"),
    )


def give_back(claim: int, numbers: Iterable[int]) -> None:
    """Rows that nothing was sent of become due again; in a cancelled edition they are cancelled."""
    rows = Delivery.objects.filter(claim=claim, state=State.CLAIMED, pk__in=list(numbers))
    rows.filter(edition__state=Edition.State.CANCELLED).update(state=State.CANCELLED, claim=None, settled=clock.now())
    rows.update(state=State.PENDING, claim=None)


def end(claims: Iterable[int]) -> None:
    """These claims have no rows left."""
    Claim.objects.filter(pk__in=list(claims), ended=None).update(ended=clock.now())


def disown(sender: str, known: Iterable[int]) -> None:
    """Give back what ``sender`` may have claimed without hearing of it: the connection broke during the commit."""
    with transaction.atomic():
        for claim in Claim.objects.filter(sender=sender, ended=None).exclude(pk__in=list(known)):
            Delivery.objects.filter(claim=claim, state=State.CLAIMED).update(state=State.PENDING, claim=None)
            end([claim.pk])
