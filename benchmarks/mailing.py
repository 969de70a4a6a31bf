"""Steps of ``benchmarks.newsletters``, each run in a process of its own that has one publication's settings.

python -m benchmarks.mailing prepare 100000   readers, half of them subscribers, and an edition on its way to all of them
python -m benchmarks.mailing send             mails what is due; prints what it cost as JSON
python -m benchmarks.mailing django PORT 5000 the same letters by Django's EmailMultiAlternatives over one kept connection
python -m benchmarks.mailing judge            what the outbox says
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from collections import Counter
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

TEXT = "All the news that is fit to be counted, said once more in other words so that it is long enough.\n" * 60
HTML = (
    '<tr><td style="padding:12px 24px;font-family:Georgia,serif;font-size:17px;line-height:26px">A paragraph of an edition, '
    "with as much mark-up around it as mails need; it goes on for a while and then it ends.</td></tr>\n"
) * 105


def main(arguments: list[str]) -> None:
    """Do one step."""
    from masthead.site import bootstrap

    bootstrap.configure(None)
    bootstrap.setup_django()
    step, *rest = arguments
    {"prepare": prepare, "send": send, "django": with_django, "judge": judge}[step](*map(int, rest))


def render(edition: Any, *, standing: str, variant: str, clicks: bool) -> SimpleNamespace:
    """An edition of about 30 kB, with links of the reader's own in both parts."""
    from masthead.newsletters import mime

    unsubscribe, preferences = mime.place("unsubscribe"), mime.place("preferences")
    return SimpleNamespace(
        subject=f"The Daily for {standing}",
        text=f"{TEXT}\n{unsubscribe}\n{preferences}\n",
        html=f'<table>{HTML}</table><p><a href="{unsubscribe}">No more</a> <a href="{preferences}">Preferences</a></p>',
    )


def message(edition: Any, rendered: Any) -> bytes:
    """The same as MIME, with the header fields that editions have."""
    from masthead.newsletters import mime

    return mime.build(
        {
            "From": "The Daily <letters@example.org>",
            "To": mime.place("to"),
            "Subject": rendered.subject,
            "Date": mime.place("date"),
            "Message-ID": mime.place("message_id"),
            "List-Id": mime.Written("The Daily <daily.example.org>"),
            "List-Unsubscribe": mime.Written(f"<{mime.place('list_unsubscribe')}>"),
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        rendered.text,
        rendered.html,
    )


def prepare(count: int) -> None:
    """Readers and an edition that is frozen; says how long freezing took."""
    from django.db import connection

    from masthead.access.models import Grant
    from masthead.core import clock
    from masthead.newsletters import freezing
    from masthead.newsletters.models import Edition, Newsletter, Tick
    from masthead.readers.models import Reader

    now = clock.now()
    newsletter, _ = Newsletter.objects.get_or_create(slug="daily", defaults={"title": "Daily"})
    if Reader.objects.count() < count:
        for start in range(0, count, 5000):
            readers = Reader.objects.bulk_create(
                Reader(email=a, identity=a, password="!", confirmed=now)
                for a in (f"reader.{n:06}@subscribers.example.org" for n in range(start, min(start + 5000, count)))
            )
            Tick.objects.bulk_create(Tick(reader=reader, newsletter=newsletter, created=now, origin="gate") for reader in readers)
            Grant.objects.bulk_create(Grant(kind="comp", reader=reader, since=now) for reader in readers[::2])
    number = Edition.objects.count()
    edition = Edition.objects.create(
        newsletter=newsletter,
        key=f"edition-{number}",
        date=date(2026, 11, 23),
        due=now,
        since=now,
        state=Edition.State.APPROVED,
        subject="News",
    )
    freezing.rendering = SimpleNamespace(render=render, message=message)  # type: ignore[assignment]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    began = time.perf_counter()
    assert freezing.freeze(edition)
    size = len(bytes(edition.contents.all()[0].message))
    print(json.dumps({"freezing": time.perf_counter() - began, "recipients": edition.recipients, "size": size}))


def send() -> None:
    """Mail what is due, and say what it cost this process."""
    from masthead.newsletters import sending, settling

    levels: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            levels.append(_resident())

    first = _resident()
    before, began = _burned(), time.perf_counter()
    threading.Thread(target=watch, daemon=True).start()
    ended = sending.Sender().deliver(threading.Event())
    seconds = time.perf_counter() - began
    over.set()
    settling.finish()
    print(
        json.dumps(
            {
                "ended": ended,
                "seconds": seconds,
                "processor": _burned() - before,
                "growth": (max(levels, default=first) - first) / 1e6,
            }
        )
    )


def with_django(port: int, count: int) -> None:
    """What most programs do: make each mail anew and send it over one connection that is kept."""
    from django.core.mail import EmailMultiAlternatives, get_connection

    connection = get_connection("django.core.mail.backends.smtp.EmailBackend", host="127.0.0.1", port=port)
    connection.open()
    before, began = _burned(), time.perf_counter()
    for n in range(count):
        end = f"https://example.org/newsletters/unsubscribe/n{n:06}abcdefghijklmnopqrstuvwxyz0123456789/"
        mail = EmailMultiAlternatives(
            "The Daily",
            f"{TEXT}\n{end}\n",
            "letters@example.org",
            [f"reader.{n:06}@subscribers.example.org"],
            headers={"List-Unsubscribe": f"<{end}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
            connection=connection,
        )
        mail.attach_alternative(f'<table>{HTML}</table><p><a href="{end}">No more</a></p>', "text/html")
        mail.send()
    seconds = time.perf_counter() - began
    print(json.dumps({"ended": count, "seconds": seconds, "processor": _burned() - before}))
    connection.close()


def judge() -> None:
    """The states of the last edition's recipients."""
    from masthead.newsletters.models import Delivery, Edition

    edition = Edition.objects.order_by("-pk")[0]
    states = Counter(Delivery.objects.filter(edition=edition).values_list("state", flat=True))
    print(json.dumps({"state": edition.state, "states": {Delivery.State(s).name.lower(): n for s, n in states.items()}}))


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _burned() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(sys.argv[1:])
