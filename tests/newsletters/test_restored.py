"""A database that was restored or copied mails nothing by itself."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from factories import make_article, make_reader, make_topic
from masthead.core import clock
from masthead.core.models import Heartbeat, Notice, OutgoingMail
from masthead.library import keeping
from masthead.newsletters import choices, editions, personal, restored
from masthead.newsletters.models import Claim, Edition, Newsletter, Tick, WelcomeStep
from masthead.newsletters.personal import month
from masthead.readers.models import Reader
from masthead.site import backup

from .conftest import Clock

pytestmark = pytest.mark.django_db

Make = Callable[..., Newsletter]


@pytest.fixture
def daily(make_newsletter: Make, standing_clock: Clock, frozen: list[str]) -> Newsletter:
    """A Daily whose Monday edition is on its way, and whose Tuesday one is a draft."""
    row = make_newsletter()
    restored.look()
    make_article("A Canal Is a Promise", dated=clock.now())
    editions.tick()
    standing_clock.at("2026-11-23T06:00")
    editions.tick()
    make_article("Another", dated=standing_clock.at("2026-11-24T04:00"))
    standing_clock.at("2026-11-24T05:00")
    editions.tick()
    assert frozen == ["daily:2026-11-23"]
    return row


def states() -> dict[str, str]:
    return dict(Edition.objects.order_by("key").values_list("key", "state"))


def test_the_same_database_is_known_again(daily: Newsletter) -> None:
    assert [restored.look() for _ in range(3)] == [False] * 3
    daily.refresh_from_db()
    assert daily.paused == "" and states() == {"2026-11-23": "sending", "2026-11-24": "draft"}


def test_one_that_lies_elsewhere_starts_paused_and_mails_nothing(
    daily: Newsletter, frozen: list[str], standing_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restored, "here", lambda: "another place")
    assert restored.look()
    daily.refresh_from_db()
    assert daily.paused.startswith("This database was restored or copied")
    assert states()["2026-11-23"] == "paused"
    assert Notice.objects.filter(key=restored.NOTICE).exists()
    standing_clock.at("2026-11-24T06:00")
    editions.tick()
    assert frozen == ["daily:2026-11-23"] and states()["2026-11-24"] == "skipped"
    assert not restored.look()  # it is told once


def test_started_again_it_mails_the_next_edition_and_none_before(
    daily: Newsletter, frozen: list[str], standing_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restored, "here", lambda: "another place")
    standing_clock.at("2026-11-25T07:00")  # the original may have mailed today's
    editions.tick()
    editions.unpause(newsletter=daily)
    assert not Notice.objects.filter(key=restored.NOTICE).exists()
    editions.tick()
    assert frozen == ["daily:2026-11-23"]
    assert states() == {"2026-11-23": "paused", "2026-11-24": "skipped", "2026-11-25": "skipped"}
    make_article("A third", dated=standing_clock.at("2026-11-26T04:00"))
    standing_clock.at("2026-11-26T06:00")
    editions.tick()
    assert frozen == ["daily:2026-11-23", "daily:2026-11-26"]


def test_one_that_was_put_back_in_place_is_noticed_by_what_it_does_not_know(daily: Newsletter) -> None:
    restored.note()
    Edition.objects.all().delete()
    assert restored.look()
    daily.refresh_from_db()
    assert daily.paused and not restored.look()


def test_so_is_one_that_was_put_back_in_the_middle_of_an_edition(daily: Newsletter) -> None:
    now = clock.now()
    claim = Claim.objects.create(edition=daily.editions.get(state="sending"), sender="a:1:b", connections=8, made=now, alive=now)
    restored.note()
    assert not restored.look()
    claim.delete()  # a copy made before it does not know to whom it was mailed since
    assert restored.look()
    assert states()["2026-11-23"] == "paused"


def test_a_new_database_is_no_copy(make_newsletter: Make) -> None:
    daily = make_newsletter()
    assert not restored.look()
    daily.refresh_from_db()
    assert daily.paused == "" and Heartbeat.objects.filter(name__startswith=restored.PREFIX).count() == 1


def test_where_a_database_lies_has_one_name() -> None:
    assert restored.here() == restored.here() and len(restored.here()) == 40


sqlite_only = pytest.mark.skipif("postgres" in os.environ.get("MASTHEAD_DATABASE_URL", ""), reason="copies the file")


@sqlite_only
@pytest.mark.django_db(transaction=True)
def test_a_copied_file_has_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = restored.here()
    copy = shutil.copy(connection.settings_dict["NAME"], tmp_path / "masthead.sqlite3")
    monkeypatch.setitem(connection.settings_dict, "NAME", str(copy))
    assert restored.here() != original


@sqlite_only
@pytest.mark.django_db(transaction=True)
def test_a_backup_says_in_itself_that_it_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where it comes to lie in the very file its original had."""
    (tmp_path / "media").mkdir()
    monkeypatch.setattr(settings, "MEDIA_ROOT", str(tmp_path / "media"))
    restored.look()
    with tarfile.open(backup.write(tmp_path / "backup.tar")) as archive:
        archive.extractall(tmp_path / "restored", filter="data")
    with sqlite3.connect(tmp_path / "restored" / "masthead.sqlite3") as copy:
        marks = copy.execute("SELECT name, at FROM core_heartbeat WHERE name LIKE 'place:%'").fetchall()
    copy.close()
    assert [name for name, _ in marks] == [restored.BACKUP]
    # as the restored database would meet it
    Heartbeat.objects.filter(name__startswith=restored.PREFIX).delete()
    Heartbeat.objects.create(name=marks[0][0], at=clock.now())
    assert restored.look()


# --- readers' own mails


@pytest.fixture
def reader(daily: Newsletter, standing_clock: Clock) -> Reader:
    """Came on the 23rd, follows trade, wants alerts, and is to be welcomed."""
    WelcomeStep.objects.all().delete()
    for after in (0, 3):
        WelcomeStep.objects.create(after=after, subject=f"Step {after}", text="Hello.")
    standing_clock.at("2026-11-23T12:00")
    ada = make_reader("ada@example.org")
    Tick.objects.create(reader=ada, newsletter=daily, created=clock.now(), origin="gate")
    keeping.follow(reader=ada, thing=make_topic("Trade"))
    choices.save(reader=ada, wanted=choices.Choices(ticks={"daily": ""}, alerts="daily"), origin="account")
    return ada


def published(title: str, moment: datetime) -> None:
    article = make_article(title, dated=moment, topics=[make_topic("Trade")])
    type(article).objects.filter(pk=article.pk).update(first_published_at=moment)


def told() -> list[str]:
    return list(
        OutgoingMail.objects.filter(kind__in=["welcome", "alert", "month"]).order_by("pk").values_list("subject", flat=True)
    )


def test_readers_own_mails_rest_until_a_newsletter_goes_on_and_none_before_is_made_up_for(
    daily: Newsletter, reader: Reader, standing_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restored, "here", lambda: "another place")
    assert restored.look()
    published("Told by the original", standing_clock.at("2026-11-23T18:00"))
    standing_clock.at("2026-11-24T07:05")
    assert personal.tick() == 0
    editions.unpause(newsletter=daily)
    assert personal.tick() == 0 and told() == []
    published("Told by us", standing_clock.at("2026-11-24T18:00"))
    standing_clock.at("2026-11-25T07:05")
    personal.tick()
    standing_clock.at("2026-11-26T12:05")
    personal.tick()
    assert told() == ["New for you: Told by us", "Step 3"]


def test_your_month_comes_only_to_those_whose_day_was_not_yet(
    daily: Newsletter, standing_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    WelcomeStep.objects.all().delete()
    month._quiet.clear()
    readers = [make_reader(f"r{n}@example.org") for n in range(6)]
    Tick.objects.bulk_create([Tick(reader=row, newsletter=daily, created=clock.now(), origin="gate") for row in readers])
    standing_clock.at("2026-12-01T12:00")
    monkeypatch.setattr(restored, "here", lambda: "another place")
    assert restored.look()
    editions.unpause(newsletter=daily)
    assert personal.tick() == 0
    standing_clock.at("2026-12-03T12:00")
    personal.tick()
    assert sorted(OutgoingMail.objects.filter(kind="month").values_list("to", flat=True)) == sorted(
        row.email for row in readers if row.pk % 3
    )
