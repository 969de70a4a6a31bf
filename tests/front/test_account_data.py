"""Everything held about me: told in full, erased in full, and nothing forgotten when somebody adds a table."""

from __future__ import annotations

import json
from importlib import import_module, util
from typing import Any

import pytest
from django.apps import apps
from django.db import models

from factories import make_article, make_reader, make_topic
from front.journey import Browser, code_for
from masthead.access import services as access
from masthead.access.policy import ArticleFacts
from masthead.articles import services as articles
from masthead.core import clock
from masthead.core.models import Event, Meter, OutgoingMail
from masthead.library import keeping
from masthead.newsletters import choices, suppression
from masthead.newsletters import services as newsletters
from masthead.newsletters.models import Delivery, Edition, Newsletter, PersonalMail
from masthead.readers.models import Reader

pytestmark = pytest.mark.django_db

# What staff do in the newsroom is the publication's record; deleting them leaves it, or takes their own desk with them.
WAGTAIL = {"wagtailcore", "wagtailadmin", "wagtailusers", "wagtaildocs", "wagtailimages", "wagtailsearch"}
NEWSROOM = WAGTAIL | {"admin", "newsroom", "taggit"}
OF_STAFF = {
    "access.PolicyVersion.changed_by",
    "access.Grant.given_by",
    "newsletters.Edition.approved_by",
    "newsletters.WireEntry.picked_by",
}
PERMISSIONS = {"auth.Group", "auth.Permission", "readers.Reader_groups", "readers.Reader_user_permissions"}


def covered() -> set[str]:
    """The models that the apps' ``privacy`` modules say they tell and erase."""
    names: set[str] = set()
    for config in apps.get_app_configs():
        if config.name.startswith("masthead.") and config.label != "core" and util.find_spec(f"{config.name}.privacy"):
            names |= set(import_module(f"{config.name}.privacy").COVERS)
    return names


def test_every_table_that_points_at_a_reader_is_told_and_erased() -> None:
    missing = []
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.get_fields(include_parents=False):
            if not isinstance(field, models.ForeignKey | models.ManyToManyField) or field.related_model is not Reader:
                continue
            place = f"{model._meta.label}.{field.name}"
            if model._meta.app_label in NEWSROOM or place in OF_STAFF or model._meta.label in PERMISSIONS | covered():
                continue
            missing.append(place)
    assert not missing, f"say in the app's privacy.py what is told and erased of {missing}"


def test_what_is_said_to_be_covered_exists() -> None:
    for name in covered():
        assert apps.get_model(name)


def _ada() -> tuple[Reader, Browser]:
    """Ada, who did everything a reader can do."""
    daily, _ = Newsletter.objects.get_or_create(slug="daily", defaults={"title": "Daily"})
    browser, article = Browser(), make_article("The Told Article")
    browser.keep_reading(article, newsletters=["daily"])
    browser.confirm()
    ada = Reader.objects.get()
    access.choose(reader=ada, device=None, article=ArticleFacts(make_article("The Chosen Article").pk, "metered"))
    articles.save_for_later(reader=ada, article=article)
    newsletters.set_ticks(reader=ada, slugs=[daily.slug], origin="account")
    followed = keeping.follow(reader=ada, thing=make_topic("The Told Topic"))
    searched = keeping.save_search(reader=ada, address="q=told", name="The Told Search")
    for what in ({}, {"follow": followed}, {"search": searched}):
        keeping.make_feed(reader=ada, **what)
    choices.save(reader=ada, wanted=choices.Choices({"daily": ""}, timezone="Asia/Tokyo", alerts="daily"), origin="account")
    PersonalMail.objects.create(reader=ada, kind=PersonalMail.Kind.MONTH, key="2026-11", at=clock.now())
    _deliver(daily, ada)
    suppression.suppress(address=ada.email, reason=suppression.Reason.BOUNCE, detail="550 no such user")
    browser.post("/account/email/", {"email": "ada@new.example"})
    return ada, browser


def _deliver(newsletter: Newsletter, reader: Reader) -> None:
    """One edition in each state that a row of the outbox can have."""
    now = clock.now()
    for state in Delivery.State:
        fields = {"date": now.date(), "due": now, "since": now, "frozen": now, "state": Edition.State.SENDING}
        edition = Edition.objects.create(newsletter=newsletter, key=f"edition-{state}", **fields)
        Delivery.objects.create(
            edition=edition,
            reader=reader,
            address=reader.email,
            standing="registered",
            due=now,
            state=state,
            reply=f"550 <{reader.email}> unknown" if state == Delivery.State.REFUSED else "",
        )


def test_the_file_holds_it_all_and_nothing_that_logs_in() -> None:
    _, browser = _ada()
    response = browser.get("/account/data.json")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert response["Content-Disposition"].startswith("attachment; filename=")
    assert response["Cache-Control"] == "private, no-store"
    text = response.content.decode()
    held = json.loads(text)["held"]
    assert held["account"]["address"] == "ada@example.org"
    assert held["account"]["confirmed"]
    assert [row["method"] for row in held["account"]["log_ins"]] == ["code"]
    assert {row["purpose"] for row in held["account"]["codes"]} == {"read", "change"}
    assert [row["kind"] for row in held["reading"]["grants"]] == ["unlock"]
    assert [row["kind"] for row in held["reading"]["grants_of_your_browsers"]] == ["instant"]
    assert {row["what"]: row["count"] for row in held["reading"]["meters"]} == {
        "articles chosen": 1,
        "articles read at once with this address": 1,
    }
    assert [row["title"] for row in held["saved"]] == ["The Told Article"]
    assert [row["newsletter"] for row in held["newsletters"]] == ["daily"]
    assert [(row["what"], row["name"]) for row in held["library"]["follows"]] == [("topic", "The Told Topic")]
    assert [(row["name"], row["query"]) for row in held["library"]["searches"]] == [("The Told Search", "q=told")]
    assert held["mail"]["preferences"]["time_zone"] == "Asia/Tokyo"
    assert held["mail"]["not_mailed_because"]["told"] == "550 no such user"
    assert [row["edition"] for row in held["mail"]["editions"]][:2] == ["daily:edition-0", "daily:edition-1"]
    assert [(row["kind"], row["of"]) for row in held["mail"]["written_to_you_alone"]] == [("month", "2026-11")]
    feeds = [row["of"] for row in held["library"]["private_feeds"]]
    assert feeds == ["everything you follow", "The Told Topic", "The Told Search"]
    assert [row["kind"] for row in held["mails"]] == ["code"]
    assert {"registration", "login", "unlock"} <= {row["what"] for row in held["events"]}
    secrets = [code_for("ada@example.org"), code_for("ada@new.example"), browser.cookies["masthead_session"].value]
    for secret in [*secrets, "hash", "password", "session_key"]:
        assert secret not in text


def test_another_readers_file_is_another_file() -> None:
    _ada()
    eve = Browser().log_in(make_reader("eve@example.org"))
    text = eve.get("/account/data.json").content.decode()
    assert "ada@" not in text
    assert "The Told Article" not in text


def _rows_about(reader_id: int) -> list[str]:
    found: list[str] = []
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.get_fields():
            points = isinstance(field, models.ForeignKey) and field.related_model is Reader
            if points and model._base_manager.filter(**{field.name: reader_id}).exists():
                found.append(f"{model._meta.label}.{field.name}")
    return found


def test_deleting_leaves_a_count_and_nothing_else() -> None:
    ada, browser = _ada()
    subject, number = ada.subject, ada.pk
    assert _rows_about(number)
    assert browser.post("/account/delete/", {"email": ada.email}).status_code == 303
    assert _rows_about(number) == []
    assert not Event.objects.filter(subject=subject).exists()
    assert Event.objects.filter(kind="unlock").count() == 1, "what happened stays counted"
    assert [mail.kind for mail in OutgoingMail.objects.filter(to="ada@example.org")] == ["account_deleted"]
    meters = list(Meter.objects.filter(scope="choice").values_list("key", "count"))
    assert len(meters) == 1
    assert "ada" not in meters[0][0]
    assert meters[0][1] == 1
    waiting = {Delivery.State.PENDING, Delivery.State.DEFERRED, Delivery.State.SUPPRESSED}
    states = dict(Delivery.objects.values_list("edition__key", "state"))
    for state in Delivery.State:
        expected = Delivery.State.SUPPRESSED if state in waiting else state
        assert states[f"edition-{state}"] == expected, "what waits is never mailed; what happened stays what happened"
    assert Delivery.objects.filter(address__startswith="forgotten:").count() == len(states)
    assert suppression.is_suppressed("ada@example.org"), "a hash of the address is still not mailed"
    for place in _columns_with("ada@example.org") - {"core_outgoingmail.to"}:
        pytest.fail(f"the address still stands in {place}")


def _columns_with(text: str) -> set[str]:
    """Every column of every table that holds ``text``, whatever it is for."""
    found: set[str] = set()
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:
            if isinstance(field, models.CharField | models.TextField | models.JSONField):
                rows: Any = model._base_manager.values_list(field.attname, flat=True)
                if any(text in str(value).lower() for value in rows if value):
                    found.add(f"{model._meta.db_table}.{field.column}")
    return found
