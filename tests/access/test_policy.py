"""The decision tables of DESIGN 3, row by row, and the rules that must hold for any visitor."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.access.policy import (
    Access,
    ArticleFacts,
    Grant,
    Policy,
    Reason,
    Standing,
    Visitor,
    decide,
    standing,
)

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
POLICY = Policy(timezone="Europe/London")
OPEN = ArticleFacts(1, "open")
METERED = ArticleFacts(2, "metered")
SUBSCRIBERS = ArticleFacts(3, "subscribers")

nobody = Visitor(instant_left=1)
ada = Visitor(reader="ada", device="ada-laptop", choices_left=3, period="2026-11")


def holding(*grants: Grant, who: Visitor = ada) -> Visitor:
    return replace(who, grants=grants)


@pytest.mark.parametrize(
    ("visitor", "article", "reason"),
    [
        (nobody, OPEN, Reason.OPEN),
        (replace(ada, staff=True), SUBSCRIBERS, Reason.STAFF),
        (holding(Grant("subscription")), SUBSCRIBERS, Reason.SUBSCRIPTION),
        (holding(Grant("comp")), METERED, Reason.COMP),
        (holding(Grant("seat")), METERED, Reason.SEAT),
        (replace(nobody, institution="City Library"), SUBSCRIBERS, Reason.INSTITUTION),
        (holding(Grant("gift", SUBSCRIBERS.id), who=nobody), SUBSCRIBERS, Reason.GIFT),
        (holding(Grant("unlock", METERED.id)), METERED, Reason.UNLOCK),
        (holding(Grant("instant", METERED.id), who=nobody), METERED, Reason.INSTANT),
    ],
)
def test_what_opens_an_article(visitor: Visitor, article: ArticleFacts, reason: Reason) -> None:
    decision = decide(POLICY, article, visitor, NOW)
    assert (decision.opens, decision.reason) == (True, reason)


@pytest.mark.parametrize(
    ("visitor", "article", "reason", "left"),
    [
        (nobody, METERED, Reason.REGISTER, 1),
        (replace(nobody, instant_left=0), METERED, Reason.REGISTER, 0),
        (replace(nobody, code_pending=True), METERED, Reason.CONFIRM, 0),
        (ada, METERED, Reason.CHOOSE, 3),
        (replace(ada, choices_left=0), METERED, Reason.SPENT, 0),
        (ada, SUBSCRIBERS, Reason.SUBSCRIBE, 0),
        (nobody, SUBSCRIBERS, Reason.SUBSCRIBE, 0),
        (replace(nobody, code_pending=True), SUBSCRIBERS, Reason.SUBSCRIBE, 0),
    ],
)
def test_what_the_gate_offers(visitor: Visitor, article: ArticleFacts, reason: Reason, left: int) -> None:
    decision = decide(POLICY, article, visitor, NOW)
    assert (decision.opens, decision.reason, decision.left) == (False, reason, left)


def test_the_first_row_that_matches_wins() -> None:
    everything = holding(
        Grant("instant", 2), Grant("unlock", 2), Grant("gift", 2), Grant("seat"), Grant("comp"), Grant("subscription")
    )
    order = [Reason.SUBSCRIPTION, Reason.COMP, Reason.SEAT, Reason.GIFT, Reason.UNLOCK, Reason.INSTANT]
    for reason in order:
        assert decide(POLICY, METERED, everything, NOW).reason == reason
        everything = replace(everything, grants=tuple(g for g in everything.grants if g.kind != reason))
    assert decide(POLICY, METERED, everything, NOW).reason == Reason.CHOOSE


def test_a_grant_opens_from_its_first_moment_until_before_its_last() -> None:
    comp = Grant("comp", since=NOW, until=NOW + timedelta(days=1))
    assert not decide(POLICY, METERED, holding(comp), NOW - timedelta(seconds=1)).opens
    assert decide(POLICY, METERED, holding(comp), NOW).opens
    assert not decide(POLICY, METERED, holding(comp), NOW + timedelta(days=1)).opens


def test_an_unlock_of_one_article_opens_no_other() -> None:
    assert not decide(POLICY, METERED, holding(Grant("unlock", 99)), NOW).opens


def test_an_article_grant_of_a_whole_kind_opens_nothing_else() -> None:
    assert not decide(POLICY, METERED, holding(Grant("subscription", 99)), NOW).opens
    assert standing(holding(Grant("subscription", 99)), NOW) == Standing.REGISTERED


def test_what_was_opened_stays_open_when_access_is_tightened() -> None:
    tightened = ArticleFacts(METERED.id, "subscribers")
    assert decide(POLICY, tightened, holding(Grant("unlock", METERED.id)), NOW).opens


def test_choices_described_in_an_earlier_period_are_all_left_in_this_one() -> None:
    last_month = replace(ada, choices_left=0, period="2026-10")
    decision = decide(POLICY, METERED, last_month, NOW)
    assert (decision.reason, decision.left) == (Reason.CHOOSE, 3)


def test_spent_says_when_the_next_choices_come_in_the_publications_time_zone() -> None:
    auckland = replace(POLICY, timezone="Pacific/Auckland")
    decision = decide(auckland, METERED, replace(ada, choices_left=0), NOW)
    assert decision.renews == datetime(2026, 11, 30, 11, tzinfo=UTC)


def test_a_device_that_paid_is_a_subscriber_though_nobody_is_logged_in() -> None:
    assert standing(holding(Grant("subscription"), who=nobody), NOW) == Standing.SUBSCRIBER


grants = st.builds(
    Grant,
    kind=st.sampled_from(["subscription", "comp", "seat", "gift", "unlock", "instant", "admin", ""]),
    article=st.none() | st.integers(1, 4),
    until=st.none() | st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    since=st.none() | st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
)
visitors = st.builds(
    Visitor,
    reader=st.none() | st.just("ada"),
    device=st.none() | st.just("laptop"),
    grants=st.lists(grants, max_size=4).map(tuple),
    code_pending=st.booleans(),
    instant_left=st.integers(-1, 2),
    choices_left=st.integers(-1, 3),
    period=st.sampled_from(["", "2026-10", "2026-11"]),
)


@given(visitors, st.sampled_from(["metered", "subscribers", "", "OPEN", "free"]))
def test_without_a_grant_in_date_nothing_shut_opens(visitor: Visitor, access: str) -> None:
    decision = decide(POLICY, ArticleFacts(2, access), visitor, NOW)
    useful = [
        g
        for g in visitor.grants
        if g.in_date(NOW)
        and (
            (g.article is None and g.kind in {"subscription", "comp", "seat"})
            or (g.article == 2 and g.kind in {"gift", "unlock", "instant"})
        )
    ]
    assert decision.opens == bool(useful)


@given(visitors, st.sampled_from(list(Access)))
def test_left_is_never_negative_and_never_above_the_allowance(visitor: Visitor, access: Access) -> None:
    decision = decide(POLICY, ArticleFacts(2, access), visitor, NOW)
    assert 0 <= decision.left <= POLICY.allowance


@pytest.mark.parametrize("broken", [replace(POLICY, timezone="Mars/Olympus"), replace(POLICY, period="fortnight")])
def test_a_malformed_policy_opens_nothing(broken: Policy) -> None:
    for visitor in (nobody, ada):
        assert decide(broken, METERED, visitor, NOW).reason == Reason.SUBSCRIBE
