"""Explain says what decide() says, and why every grant did or did not count."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from factories import make_article, make_device, make_reader, set_policy
from masthead.access import services
from masthead.access.explain import explain
from masthead.access.models import Grant
from masthead.access.policy import ArticleFacts, decide
from masthead.core import clock
from masthead.core.models import Event
from masthead.newsroom.cli import command
from masthead.readers.models import Login

pytestmark = pytest.mark.django_db


def facts(article) -> ArticleFacts:
    return ArticleFacts(article.pk, article.access)


def test_it_is_the_same_decision():
    now = clock.now()
    for access in ("open", "metered", "subscribers", "nonsense"):
        reader, article = make_reader(f"{access}@example.org"), make_article(access="metered")
        told = explain(reader=reader, article=ArticleFacts(article.pk, access))
        visitor = services.visitor_of(reader, None, services.current_policy(), now)
        decision = decide(services.current_policy(), ArticleFacts(article.pk, access), visitor, now)
        assert (told.opens, told.decision, told.standing) == (decision.opens, decision.reason, decision.standing)


def test_choices_are_counted_and_told():
    reader = make_reader()
    articles = [make_article(f"Article {n}") for n in range(4)]
    for article in articles[:3]:
        services.choose(reader=reader, device=None, article=facts(article))
    told = explain(reader=reader, article=facts(articles[3]))
    assert (told.decision, told.used, told.left, told.allowance) == ("spent", 3, 0, 3)
    assert "spent" in told.sentence and "the next 3 come" in told.sentence
    assert [grant.why for grant in told.grants] == ["It is for another article."] * 3
    told = explain(reader=reader, article=facts(articles[0]))
    assert (told.opens, told.decision) == (True, "unlock")
    assert [grant.counted for grant in told.grants].count(True) == 1


def test_every_grant_says_why_it_did_not_count():
    reader, giver, article, other = make_reader(), make_reader("boss@example.org"), make_article(), make_article("Other")
    now = clock.now()
    over = services.give_comp(reader=reader, days=1, reason="Over", by=giver)
    Grant.objects.filter(pk=over.pk).update(since=now - timedelta(days=9), until=now - timedelta(days=8))
    Grant.objects.create(kind="comp", reader=reader, since=now + timedelta(days=1), reason="To come")
    Grant.objects.create(kind="unlock", reader=reader, article=other, period="2026-11", since=now)
    Grant.objects.create(kind="subscription", reader=reader, article=article, since=now, reason="Malformed")
    good = services.give_comp(reader=reader, days=None, reason="Guest author", by=giver)
    told = explain(reader=reader, article=facts(article))
    whys = {grant.reason or grant.kind: grant.why for grant in told.grants}
    assert whys == {
        "Over": "It has ended.",
        "To come": "It has not begun.",
        "unlock": "It is for another article.",
        "Malformed": "A grant of this kind counts for everything or for nothing; this one names an article.",
        "Guest author": "It opens the article: the first that does, in the order the rules are asked.",
    }
    assert [grant.id for grant in told.grants if grant.counted] == [good.pk]


def test_browsers_they_are_logged_in_with_are_decided_for_as_well():
    reader, article, device = make_reader(), make_article(), make_device()
    now = clock.now()
    Login.objects.create(reader=reader, device=device, session_key="s", method="code", created=now, last_seen=now)
    services.grant_instant(device=device, address="ada@example.org", network="192.0.2.1", article=facts(article))
    told = explain(reader=reader, article=facts(article))
    assert told.decision == "choose"
    (where,) = told.elsewhere
    assert (where.decision, where.opens) == ("instant", True)
    (grant,) = told.grants
    assert grant.counted and "that one browser only" in grant.why


def test_it_writes_nothing():
    reader, article = make_reader(), make_article()
    before = Event.objects.count(), Grant.objects.count()
    explain(reader=reader, article=facts(article))
    assert (Event.objects.count(), Grant.objects.count()) == before


def test_the_command_in_words_and_in_json():
    set_policy(allowance=2)
    reader, article = make_reader(), make_article()
    run = CliRunner().invoke(command, ["--reader", reader.email.upper(), "--article", article.slug])
    assert run.exit_code == 0, run.output
    assert "stays shut" in run.output and "2 of 2 left" in run.output and "choose" in run.output
    run = CliRunner().invoke(command, ["--reader", reader.email, "--article", article.slug, "--json"])
    told = json.loads(run.output)
    assert (told["decision"], told["opens"], told["left"], told["article_slug"]) == ("choose", False, 2, article.slug)


@pytest.mark.parametrize("unknown", ["reader", "article", "nonsense"])
def test_the_unknown_is_one_sentence_and_exit_status_1(unknown):
    reader, article = make_reader(), make_article()
    address = {"reader": "nobody@example.org", "nonsense": "no address"}.get(unknown, reader.email)
    run = CliRunner().invoke(command, ["--reader", address, "--article", "no" if unknown == "article" else article.slug])
    assert run.exit_code == 1
    assert len(run.output.strip().splitlines()) == 1
