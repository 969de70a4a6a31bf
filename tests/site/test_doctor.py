"""Each thing an operator can get wrong is found, and the line says what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db.migrations.recorder import MigrationRecorder

from masthead.core import clock, mail, notices
from masthead.core.models import Heartbeat, Notice, OutgoingMail
from masthead.site import doctor
from masthead.site.doctor import Finding, Verdict

pytestmark = pytest.mark.django_db


def find(subject: str) -> Finding:
    return next(finding for finding in doctor.examine() if finding.subject == subject)


def surroundings(settings: object, **values: object) -> None:
    settings.MASTHEAD = replace(settings.MASTHEAD, **values)  # type: ignore[attr-defined]


def test_a_laptop_is_well_but_for_its_worker() -> None:
    Heartbeat.objects.create(name="worker:one", at=clock.now())
    assert [finding for finding in doctor.examine() if finding.verdict is Verdict.FAIL] == []


def test_every_complaint_says_what_to_do(settings: object) -> None:
    surroundings(settings, base_url="http://www.example.org", clock_offset=60)
    notices.tell("untrusted-proxy", "Requests come from 10.0.0.1 with X-Forwarded-For.")
    complaints = [finding for finding in doctor.examine() if finding.verdict is not Verdict.OK]
    assert len(complaints) >= 5
    for finding in complaints:
        assert ";" in finding.text or ":" in finding.text, finding


@pytest.mark.parametrize(
    ("url", "verdict"),
    [
        ("https://www.example.org", Verdict.OK),
        ("http://127.0.0.1:8000", Verdict.WARN),
        ("http://www.example.org", Verdict.FAIL),
    ],
)
def test_the_base_url(settings: object, url: str, verdict: Verdict) -> None:
    surroundings(settings, base_url=url)
    assert find("base URL").verdict is verdict


class FakeDatabase:
    """A PostgreSQL whose clock is wrong by ``seconds``."""

    vendor = "postgresql"

    def __init__(self, seconds: float) -> None:
        self.moment = datetime.now(UTC) + timedelta(seconds=seconds)

    def cursor(self) -> FakeDatabase:
        return self

    def __enter__(self) -> FakeDatabase:
        return self

    def __exit__(self, *given: object) -> None:
        pass

    def execute(self, sql: str) -> None:
        pass

    def fetchone(self) -> tuple[datetime]:
        return (self.moment,)


def test_clocks_of_this_machine_and_its_database_agree() -> None:
    assert find("clocks").verdict is Verdict.OK


@pytest.mark.parametrize(("seconds", "said"), [(60, "behind"), (-60, "ahead of")])
def test_clocks_that_differ(seconds: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "connection", FakeDatabase(seconds))
    found = doctor.check_clocks()
    assert found.verdict is Verdict.WARN and f"60 s {said} the database's" in found.text
    monkeypatch.setattr(doctor, "connection", FakeDatabase(seconds / 60))
    assert doctor.check_clocks().verdict is Verdict.OK


def test_a_worker_that_stopped_beating(settings: object) -> None:
    assert find("worker").verdict is Verdict.FAIL
    beat = Heartbeat.objects.create(name="worker:one", at=clock.now() - timedelta(minutes=2))
    assert find("worker").verdict is Verdict.FAIL
    # left over from a trial with a shifted clock: that is no life
    Heartbeat.objects.filter(pk=beat.pk).update(at=clock.now() + timedelta(days=9))
    assert find("worker").verdict is Verdict.FAIL
    Heartbeat.objects.filter(pk=beat.pk).update(at=clock.now())
    assert find("worker").verdict is Verdict.OK


def test_mail_that_nobody_submits() -> None:
    row = mail.hand_over(kind="code", to="ada@example.org", subject="", text="")
    assert find("mail").verdict is Verdict.WARN  # files, not readers
    OutgoingMail.objects.filter(pk=row.pk).update(created=clock.now() - timedelta(minutes=6), error="550 no", attempts=2)
    finding = find("mail")
    assert finding.verdict is Verdict.FAIL and "550 no" in finding.text


def test_a_missing_migration_and_nothing_that_would_need_it() -> None:
    MigrationRecorder.Migration.objects.filter(app="core", name__startswith="0002").delete()
    findings = list(doctor.examine())
    assert findings[-1].subject == "database" and findings[-1].verdict is Verdict.FAIL
    assert "masthead prepare" in findings[-1].text


def test_a_proxy_that_is_not_trusted_is_reported_for_a_day() -> None:
    assert find("proxies").verdict is Verdict.OK
    Notice.objects.create(key="untrusted-proxy", text="From 10.0.0.1: name it.", first_seen=clock.now(), last_seen=clock.now())
    assert find("notice").verdict is Verdict.WARN
    Notice.objects.update(last_seen=clock.now() - timedelta(hours=25))
    assert find("proxies").verdict is Verdict.OK


def test_a_shifted_clock_is_not_forgotten(settings: object) -> None:
    surroundings(settings, clock_offset=86400)
    assert find("clock").verdict is Verdict.WARN


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    for free, verdict in [(10**10, Verdict.OK), (5 * 10**8, Verdict.WARN), (10**6, Verdict.FAIL)]:
        monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _, free=free: type("Usage", (), {"free": free}))
        assert find("disk").verdict is verdict
