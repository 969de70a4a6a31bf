"""Mails of one reader's own: when they come, what they say, and that each comes once."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, connections

from factories import canary, make_article, make_comp, make_reader, make_topic, set_policy
from front.journey import Browser, mails_to
from masthead.access import services as access
from masthead.access.policy import ArticleFacts
from masthead.articles.models import Article
from masthead.core import clock, mail
from masthead.core.models import OutgoingMail, Publication
from masthead.library import keeping
from masthead.newsletters import choices, links, services, suppression
from masthead.newsletters.choices import Choices
from masthead.newsletters.links import Kind
from masthead.newsletters.models import Newsletter, PersonalMail, Tick, WelcomeStep
from masthead.newsletters.personal import alerts, month, tick, welcome, writing
from masthead.readers.models import Reader
from newsletters.came_back import make_newsletter, subscriber_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_said_before() -> Iterator[None]:
    month._quiet.clear()
    yield
    month._quiet.clear()


@pytest.fixture
def at(settings: Any) -> Any:
    """Sets the clock: ``at("2026-11-23T07:05")``, in UTC."""

    def move(text: str) -> datetime:
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
        offset = int((moment - datetime.now(UTC)).total_seconds())
        settings.MASTHEAD = replace(settings.MASTHEAD, clock_offset=offset)
        return moment

    return move


def written(kind: str, to: str = "ada@example.org") -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(kind=kind, to=to).order_by("pk"))


def publish(title: str, moment: datetime, **fields: Any) -> Article:
    """An article that was published at ``moment``."""
    article = make_article(title, dated=moment, **fields)
    Article.objects.filter(pk=article.pk).update(first_published_at=moment)
    return article


# --- alerts


@pytest.fixture
def ada(at: Any) -> Reader:
    """Follows trade, and wants alerts each day."""
    at("2026-11-22T12:00")
    reader = make_reader("ada@example.org")
    keeping.follow(reader=reader, thing=make_topic("Trade"))
    choices.save(reader=reader, wanted=Choices(alerts="daily"), origin="account")
    return reader


def test_what_is_new_in_what_is_followed_comes_at_seven(ada: Reader, at: Any) -> None:
    article = publish("Straits", at("2026-11-22T18:00"), topics=[make_topic("Trade")])
    publish("Elsewhere", at("2026-11-22T19:00"), topics=[make_topic("Food")])
    at("2026-11-23T06:59")
    assert tick() == 0
    at("2026-11-23T07:03")
    assert tick() == 1
    (mail,) = written("alert")
    assert mail.subject == "New for you: Straits"
    assert article.path_on_site in mail.text and article.path_on_site in mail.html
    assert "Elsewhere" not in mail.text
    assert tick() == 0, "once"


def test_nothing_new_no_mail(ada: Reader, at: Any) -> None:
    publish("Before they asked", at("2026-11-22T10:00"), topics=[make_topic("Trade")])
    at("2026-11-23T07:03")
    assert tick() == 0
    assert not written("alert")


def test_each_article_is_told_of_once_and_none_is_missed(ada: Reader, at: Any) -> None:
    topic = make_topic("Trade")
    for day in range(23, 28):
        publish(f"Night of {day}", at(f"2026-11-{day}T03:00"), topics=[topic])
        at(f"2026-11-{day}T07:05")
        tick()
        publish(f"Minute after {day}", at(f"2026-11-{day}T07:06"), topics=[topic])
        tick()
    told = [title for m in written("alert") for title in re.findall(r"(?m)^(?:Night of|Minute after) \d\d$", m.text)]
    expected = [f"Night of {day}" for day in range(23, 28)] + [f"Minute after {day}" for day in range(23, 27)]
    assert sorted(told) == sorted(expected)


def test_it_comes_at_seven_on_the_readers_own_clock(ada: Reader, at: Any) -> None:
    choices.save(reader=ada, wanted=Choices(alerts="daily", timezone="Pacific/Auckland"), origin="account")
    publish("Straits", at("2026-11-22T13:00"), topics=[make_topic("Trade")])
    at("2026-11-22T17:59")
    assert tick() == 0
    at("2026-11-22T18:03")  # seven in the morning there
    assert tick() == 1


def test_once_a_week_is_on_mondays(ada: Reader, at: Any) -> None:
    choices.save(reader=ada, wanted=Choices(alerts="weekly"), origin="account")
    publish("Straits", at("2026-11-24T13:00"), topics=[make_topic("Trade")])
    for day in range(25, 30):
        at(f"2026-11-{day}T12:00")
        assert tick() == 0
    at("2026-11-30T07:03")
    assert tick() == 1


@pytest.mark.parametrize("name", ["Europe/London", "America/Santiago", "Asia/Kathmandu", "Pacific/Kiritimati"])
def test_an_hour_comes_once_a_day_through_a_year(name: str) -> None:
    zone = ZoneInfo(name)
    moment, seen = datetime(2026, 1, 1, tzinfo=UTC), set()
    while moment.year == 2026:
        seen.add(alerts.due_at(moment, zone, "daily"))
        moment += timedelta(minutes=47)
    local = sorted(each.astimezone(zone) for each in seen)
    assert len({each.date() for each in local}) == len(local)
    assert {(each.hour, each.minute) for each in local} == {(7, 0)}
    assert 365 <= len(local) <= 367


def test_one_article_under_two_headings_is_told_of_once(ada: Reader, at: Any) -> None:
    keeping.follow(reader=ada, thing=make_topic("Shipping"))
    publish("Straits", at("2026-11-22T18:00"), topics=[make_topic("Trade"), make_topic("Shipping")])
    at("2026-11-23T07:03")
    tick()
    assert written("alert")[0].subject == "New for you: Straits"


def test_a_saved_search_finds_what_the_reader_could_find(ada: Reader, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of every article for those to whom all of it is open; what anybody finds for the others."""
    saved = keeping.save_search(reader=ada, address="q=canary", name="Canaries")
    article = publish("Straits", at("2026-11-22T18:00"))
    asked: list[bool] = []

    def results(found: Any, *, whole: bool, **_: Any) -> list[int]:
        assert found == saved
        asked.append(whole)
        return [article.pk] if whole else []

    monkeypatch.setattr(keeping, "results_of", results)
    at("2026-11-23T07:03")
    assert tick() == 0
    make_comp(ada)
    publish("Straits again", at("2026-11-23T18:00"))
    PersonalMail.objects.filter(key=choices.LOOKED).update(at=datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert tick() == 1
    assert asked == [False, True]
    assert "SEARCH: CANARIES" in written("alert")[0].text


def test_while_the_library_is_prepared_nothing_is_lost(ada: Reader, at: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    keeping.save_search(reader=ada, address="q=straits")
    publish("Straits", at("2026-11-22T18:00"), topics=[make_topic("Trade")])
    at("2026-11-23T07:03")
    monkeypatch.setattr(keeping, "results_of", lambda *_, **__: None)
    assert tick() == 0
    monkeypatch.setattr(keeping, "results_of", lambda *_, **__: [])
    assert tick() == 1


def test_only_teasers_are_mailed(ada: Reader, at: Any) -> None:
    make_comp(ada)
    article = publish("Straits", at("2026-11-22T18:00"), access="subscribers", topics=[make_topic("Trade")])
    at("2026-11-23T07:03")
    tick()
    (mail,) = written("alert")
    assert "Teaser paragraph 1 of Straits." in mail.text
    for text in (mail.text, mail.html):
        assert canary(article) not in text


def test_alerts_switched_on_again_begin_then(ada: Reader, at: Any) -> None:
    choices.save(reader=ada, wanted=Choices(), origin="account")
    publish("Meanwhile", at("2026-11-22T18:00"), topics=[make_topic("Trade")])
    at("2026-11-22T20:00")
    choices.save(reader=ada, wanted=Choices(alerts="daily"), origin="account")
    at("2026-11-23T07:03")
    assert tick() == 0


# --- who is not mailed


@pytest.mark.parametrize("why", ["suppressed", "paused", "closed", "unconfirmed", "stopped", "deleted"])
def test_who_is_not_to_be_mailed_is_not(ada: Reader, at: Any, why: str) -> None:
    publish("Straits", at("2026-11-22T18:00"), topics=[make_topic("Trade")])
    at("2026-11-23T07:03")
    if why == "suppressed":
        suppression.suppress(address=ada.email, reason=suppression.Reason.BOUNCE)
    elif why == "paused":
        pause = datetime(2026, 12, 1).date()
        choices.save(reader=ada, wanted=Choices(alerts="daily", paused_until=pause), origin="account")
    elif why == "closed":
        Reader.objects.update(is_active=False)
    elif why == "unconfirmed":
        Reader.objects.update(confirmed=None)
    elif why == "stopped":
        choices.stop_everything(reader=ada, origin="mail")
    else:
        Browser().log_in(ada).post("/account/delete/", {"email": ada.email})
    assert tick() == 0
    assert not written("alert")


# --- welcome


@pytest.fixture
def steps() -> list[WelcomeStep]:
    WelcomeStep.objects.all().delete()
    texts = [(0, "Welcome"), (3, "How choosing works"), (10, "What we are for")]
    return [WelcomeStep.objects.create(after=after, subject=subject, text=f"*{subject}*, we say.") for after, subject in texts]


def test_the_series_comes_after_so_many_days_each_step_once(steps: list[WelcomeStep], at: Any) -> None:
    at("2026-11-01T09:00")
    subscriber_of()
    for day in range(1, 20):
        at(f"2026-11-{day:02}T09:05")
        tick()
        tick()
    assert [mail.subject for mail in written("welcome")] == ["Welcome", "How choosing works", "What we are for"]
    assert "<em>Welcome</em>, we say." in written("welcome")[0].html


def test_it_ends_with_the_last_tick(steps: list[WelcomeStep], at: Any) -> None:
    at("2026-11-01T09:00")
    ada = subscriber_of()
    assert tick() == 1
    services.untick(reader=ada, slugs=["daily"], origin="mail")
    at("2026-11-04T09:05")
    assert tick() == 0


def test_it_ends_by_its_own_address_and_the_newsletter_stays(steps: list[WelcomeStep], at: Any) -> None:
    at("2026-11-01T09:00")
    ada = subscriber_of()
    tick()
    choices.leave(token=links.read(links.kind_token(ada.subject, Kind.WELCOME)), origin="one-click")
    at("2026-11-04T09:05")
    assert tick() == 0
    assert Tick.objects.filter(reader=ada).exists()


def test_another_newsletter_later_begins_no_second_welcome(steps: list[WelcomeStep], at: Any) -> None:
    at("2026-10-15T09:00")
    subscriber_of()
    at("2026-11-15T09:00")
    subscriber_of("weekly")
    assert tick() == 0


def test_ticking_anew_brings_no_step_twice(steps: list[WelcomeStep], at: Any) -> None:
    at("2026-11-01T09:00")
    ada = subscriber_of()
    tick()
    services.untick(reader=ada, slugs=["daily"], origin="mail")
    at("2026-11-02T09:00")
    services.tick(reader=ada, slugs=["daily"], origin="page")
    assert tick() == 0
    assert len(written("welcome")) == 1


def test_a_step_written_later_is_not_mailed_to_everybody_who_ever_came(steps: list[WelcomeStep], at: Any) -> None:
    at("2026-09-01T09:00")
    subscriber_of()
    at("2026-11-15T09:00")
    WelcomeStep.objects.create(after=1, subject="New step", text="x")
    assert tick() == 0


def test_an_address_that_was_only_typed_is_welcomed_by_nobody(steps: list[WelcomeStep]) -> None:
    make_newsletter()
    Browser().keep_reading(make_article(), newsletters=["daily"])
    tick()
    assert [mail.kind for mail in mails_to("ada@example.org")] == ["code"]


# --- your month


@pytest.fixture
def month_reader(at: Any) -> Reader:
    """Gets the Daily, and chose two articles in October."""
    at("2026-10-05T09:00")
    WelcomeStep.objects.all().delete()
    publication = Publication.load()
    publication.timezone = "UTC"
    publication.save()
    reader = subscriber_of()
    for title in ("The First Choice", "The Second Choice"):
        article = make_article(title)
        access.choose(reader=reader, device=None, article=ArticleFacts(article.pk, article.access))
    make_article("Never Chosen")
    return reader


def through_the_first_days(at: Any) -> None:
    for day in (1, 2, 3):
        for hour in (8, 9):
            at(f"2026-11-{day:02}T{hour:02}:15")
            tick()


def test_it_says_what_was_opened_and_what_there_is_again(month_reader: Reader, at: Any) -> None:
    at("2026-11-01T07:59")
    assert tick() == 0
    through_the_first_days(at)
    (mail,) = written("month")
    assert mail.subject == "Your three free articles for November"
    assert "In October you opened" in mail.text
    assert "The First Choice" in mail.text and "The Second Choice" in mail.text
    assert "Never Chosen" in mail.text[mail.text.index("YOU MIGHT CHOOSE") :]
    assert "Choice" not in mail.text[mail.text.index("YOU MIGHT CHOOSE") :].replace("might choose", "")


def test_it_is_spread_over_three_days(at: Any) -> None:
    at("2026-10-05T09:00")
    WelcomeStep.objects.all().delete()
    for number in range(12):
        subscriber_of(email=f"reader{number}@example.org")
    counts = []
    for day in (1, 2, 3, 4):
        at(f"2026-11-{day:02}T08:15")
        month._quiet.clear()
        counts.append(tick())
    assert counts == [4, 4, 4, 0]


def test_subscribers_have_no_month(month_reader: Reader, at: Any) -> None:
    make_comp(month_reader)
    through_the_first_days(at)
    assert not written("month")


def test_who_never_asked_for_mail_gets_none(at: Any) -> None:
    at("2026-10-05T09:00")
    make_reader()
    through_the_first_days(at)
    assert not written("month")


def test_who_came_this_month_has_had_their_choices_told(at: Any) -> None:
    WelcomeStep.objects.all().delete()
    at("2026-11-01T07:00")
    subscriber_of()
    through_the_first_days(at)
    assert not written("month")


def test_a_machine_that_was_off_for_weeks_sends_no_month(month_reader: Reader, at: Any) -> None:
    at("2026-11-14T09:00")
    assert tick() == 0


def test_a_publication_without_choices_sends_none(month_reader: Reader, at: Any) -> None:
    set_policy(allowance=0)
    through_the_first_days(at)
    assert not written("month")


# --- once, and beside others


@pytest.mark.parametrize("kind", ["alert", "welcome", "month"])
def test_each_kind_can_be_ended_with_one_click(
    ada: Reader, month_reader: Reader, steps: list[WelcomeStep], at: Any, kind: str
) -> None:
    publish("Straits", at("2026-11-30T18:00"), topics=[make_topic("Trade")])
    Tick.objects.update(created=datetime(2026, 12, 1, 6, tzinfo=UTC))
    choices.save(reader=ada, wanted=Choices({"daily": ""}, alerts="daily", month=True), origin="account")
    PersonalMail.objects.filter(key=choices.LOOKED).update(at=datetime(2026, 11, 30, 12, tzinfo=UTC))
    for day in (1, 2, 3):
        at(f"2026-12-0{day}T08:15")
        month._quiet.clear()
        tick()
    mail = written(kind)[0]
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = mail.headers["List-Unsubscribe"].strip("<>")
    assert address in mail.html and address in mail.text
    Browser().post("/" + address.split("/", 3)[3], {"List-Unsubscribe": "One-Click"})
    of = {"alert": Kind.ALERTS, "welcome": Kind.WELCOME, "month": Kind.MONTH}[kind]
    assert [each for each in Kind if not choices.wants(ada, each)] == [of]


def test_a_code_never_carries_a_way_to_unsubscribe(ada: Reader) -> None:
    Browser().log_in(ada)
    (code,) = [mail for mail in mails_to(ada.email) if mail.kind == "code"]
    assert not code.headers
    assert "nsubscribe" not in f"{code.text}{code.html}"


def test_few_are_handed_over_at_once(at: Any, monkeypatch: pytest.MonkeyPatch, steps: list[WelcomeStep]) -> None:
    """A log-in code waits behind no more than these."""
    monkeypatch.setattr(writing, "MOST_WAITING", 5)
    at("2026-11-01T09:00")
    for number in range(8):
        subscriber_of(email=f"reader{number}@example.org")
    assert tick() == 5
    assert tick() == 0
    OutgoingMail.objects.update(state="submitted")
    assert tick() == 3


def put_off(domain: str, count: int) -> None:
    """So many mails wait for another try at ``domain``."""
    for n in range(count):
        row = mail.hand_over(kind="alert", to=f"waiting{n}@{domain}", subject="Hello", text="Hello")
        OutgoingMail.objects.filter(pk=row.pk).update(attempts=2, due=clock.now() + timedelta(minutes=30))


def test_a_hundred_mails_put_off_at_one_domain_hold_up_nobody_elsewhere(ada: Reader, at: Any) -> None:
    eve = make_reader("eve@away.example")
    keeping.follow(reader=eve, thing=make_topic("Trade"))
    choices.save(reader=eve, wanted=Choices(alerts="daily"), origin="account")
    publish("Straits", at("2026-11-22T18:00"), topics=[make_topic("Trade")])
    at("2026-11-23T07:03")
    put_off("away.example", 100)
    assert tick() == 1
    assert written("alert") and not written("alert", eve.email), "nothing more is piled up there"
    at("2026-11-23T09:00")
    OutgoingMail.objects.filter(to__endswith="@away.example").update(state="submitted")
    assert tick() == 1
    assert written("alert", eve.email)[0].subject == "New for you: Straits", "what was new meanwhile is not missed"


@pytest.mark.parametrize("since", [True, False])
def test_a_domain_that_has_taken_some_mail_since_is_not_away(since: bool, at: Any, steps: list[WelcomeStep]) -> None:
    at("2026-11-01T09:00")
    for step in ("put off", "taken") if since else ("taken", "put off"):
        if step == "put off":
            put_off("large.example", writing.AWAY)
        else:
            mail.hand_over(kind="code", to="somebody@large.example", subject="Your code", text="123456")
    OutgoingMail.objects.filter(kind="code").update(state="submitted")
    subscriber_of(email="eve@large.example")
    assert tick() == int(since)


@pytest.mark.parametrize("kind", ["welcome", "month"])
def test_other_mails_of_ones_own_wait_for_an_away_domain_too(kind: str, at: Any, steps: list[WelcomeStep]) -> None:
    at("2026-10-20T12:00" if kind == "month" else "2026-11-01T09:00")
    subscriber_of(email="eve@away.example")
    at("2026-11-03T08:30" if kind == "month" else "2026-11-01T09:01")
    put_off("away.example", writing.AWAY)
    tick()
    assert not written(kind, "eve@away.example")
    OutgoingMail.objects.all().delete()
    month._quiet.clear()
    tick()
    assert written(kind, "eve@away.example")


def test_put_off_everywhere_it_is_the_mail_server_that_is_away_and_all_wait(at: Any, steps: list[WelcomeStep]) -> None:
    at("2026-11-01T09:00")
    for n in range(writing.MOST_WAITING // writing.A_DOMAIN):
        put_off(f"domain{n}.example", writing.A_DOMAIN)
    subscriber_of()
    assert tick() == 0


def test_those_who_cannot_be_mailed_hold_up_nobody(at: Any, monkeypatch: pytest.MonkeyPatch, steps: list[WelcomeStep]) -> None:
    monkeypatch.setattr(writing, "MOST_WAITING", 2)
    at("2026-11-01T09:00")
    for number in range(3):
        suppression.suppress(address=subscriber_of(email=f"gone{number}@example.org").email, reason=suppression.Reason.BOUNCE)
    at("2026-11-01T09:01")
    subscriber_of()
    assert tick() == 1
    assert written("welcome")


def _write_and_die(moment: str, reader: int, step: int, after: int) -> None:
    """In a process of its own: write a step, and be killed at the ``after``-th statement from its beginning."""
    connections.close_all()
    seen = 0

    def die(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal seen
        result = execute(sql, params, many, context)
        seen += 1
        if seen >= after:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    with connection.execute_wrapper(die):
        row, who = WelcomeStep.objects.get(pk=step), Reader.objects.get(pk=reader)
        writing.write(reader=who, kind=Kind.WELCOME, key=welcome.key_of(row), letter=welcome.letter(row))
    os._exit(0)


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_anywhere_wrote_it_once_or_not_yet() -> None:
    step = WelcomeStep.objects.create(after=0, subject="Welcome", text="Hello.")
    fork = multiprocessing.get_context("fork")
    for after in range(1, 40):
        Newsletter.objects.all().delete()
        OutgoingMail.objects.all().delete()
        reader = subscriber_of(email=f"reader{after}@example.org")
        connections.close_all()
        process = fork.Process(target=_write_and_die, args=("", reader.pk, step.pk, after))
        process.start()
        process.join(60)
        mails, kept = OutgoingMail.objects.count(), PersonalMail.objects.filter(reader=reader).count()
        assert mails == kept, f"killed after statement {after}"
        tick()
        assert OutgoingMail.objects.count() == 1
        if process.exitcode == 0:
            return
    pytest.fail("it never came to its end")


def test_it_can_be_written_now_only_by_one(steps: list[WelcomeStep]) -> None:
    ada = subscriber_of()
    letter = welcome.letter(steps[0])
    assert writing.write(reader=ada, kind=Kind.WELCOME, key="step-1", letter=letter)
    assert not writing.write(reader=ada, kind=Kind.WELCOME, key="step-1", letter=letter)
    assert clock.now() and len(written("welcome")) == 1
