"""The life of a subscription: whatever order and however often its events come, the same follows."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from masthead.billing.facts import from_json, to_json
from masthead.billing.lifecycle import (
    Dispute,
    Fact,
    Failure,
    Mail,
    Message,
    Outcome,
    Payment,
    Refund,
    Ruling,
    Snapshot,
    Span,
    State,
    Status,
    fold,
    merge,
    news,
)

GRACE = timedelta(days=7)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: float) -> datetime:
    """Noon-less arithmetic: ``number`` days after the beginning of the story."""
    return BEGIN + timedelta(days=number)


def month(number: int) -> Span:
    """The ``number``-th period of 30 days."""
    return Span(day(30 * number), day(30 * (number + 1)))


def paid(number: int, invoice: str = "", amount: int = 900, at: datetime | None = None) -> Payment:
    return Payment(at or month(number).since, invoice or f"in_{number}", month(number), amount, "EUR")


def failed(number: int, attempt: int = 1) -> Failure:
    return Failure(month(number).since + timedelta(days=attempt - 1), f"in_{number}", month(number), 900, "EUR", attempt)


def seen(at: datetime, status: Status = Status.ACTIVE, **more: object) -> Snapshot:
    return Snapshot(at, status, **more)  # type: ignore[arg-type]


def of(*facts: Fact) -> Outcome:
    return fold(facts, grace=GRACE)


# --- the states, told one by one


def test_nothing_paid_opens_nothing() -> None:
    outcome = of(seen(day(0), Status.STARTING))
    assert (outcome.state, outcome.stretches, outcome.messages()) == (State.STARTING, (), ())
    assert not of(seen(day(0), Status.ACTIVE)).stretches, "a status alone is no reason"
    assert not of(seen(day(0), Status.PAST_DUE), failed(0)).stretches


def test_a_payment_opens_its_period_and_grace_while_another_is_expected() -> None:
    outcome = of(paid(0), seen(day(0)))
    assert outcome.state == State.ACTIVE
    assert outcome.stretches == (Span(day(0), day(37)),)
    assert (outcome.first_until, outcome.paid_until, outcome.renews) == (day(30), day(30), day(30))
    assert of(paid(0)).stretches == (Span(day(0), day(30)),), "grace needs somebody who means to collect"


def test_a_renewal_joins_the_period_before() -> None:
    outcome = of(paid(0), paid(1), seen(day(30)))
    assert outcome.stretches == (Span(day(0), day(67)),)
    assert outcome.first_until == day(30), "a paying device has the first period, whatever follows"


def test_a_failed_renewal_is_owed_until_it_is_paid() -> None:
    owing = of(paid(0), seen(day(30), Status.PAST_DUE), failed(1))
    assert owing.state == State.PAST_DUE
    assert owing.access_until == day(37)
    assert Message(Mail.PAYMENT_FAILED, "in_1:1") in owing.messages()
    recovered = of(paid(0), seen(day(30), Status.PAST_DUE), failed(1), paid(1, at=day(33)))
    assert (recovered.state, recovered.owed) == (State.ACTIVE, None), "the payment counts before the status follows"
    assert Message(Mail.PAYMENT_FAILED, "in_1:1") not in recovered.messages(), "late news of a failure frightens nobody"


def test_cancelled_at_the_periods_end_reads_to_that_end_and_may_come_back() -> None:
    cancelled = seen(day(5), cancels=True, cancelled_at=day(5))
    outcome = of(paid(0), seen(day(0)), cancelled)
    assert (outcome.state, outcome.access_until, outcome.renews) == (State.CANCELLING, day(30), None)
    assert outcome.state_at(day(29)) == State.CANCELLING
    assert outcome.state_at(day(30)) == State.ENDED, "though nobody told us"
    back = of(paid(0), seen(day(0)), cancelled, seen(day(6)))
    assert (back.state, back.access_until) == (State.ACTIVE, day(37))


def test_ended_at_once_takes_no_paid_period_away() -> None:
    outcome = of(paid(0), seen(day(5), Status.ENDED, ended_at=day(5)))
    assert (outcome.state, outcome.stretches) == (State.ENDED, (Span(day(0), day(30)),))


def test_a_pause_reads_to_the_end_of_what_is_paid_for() -> None:
    outcome = of(paid(0), seen(day(5), Status.PAUSED, resumes_at=day(90)))
    assert (outcome.state, outcome.access_until, outcome.resumes_at) == (State.PAUSED, day(30), day(90))


def test_a_trial_opens_until_its_end_and_ends_with_the_subscription() -> None:
    trial = Span(day(0), day(14))
    trying = seen(day(0), Status.TRIALING, trial=trial)
    assert of(trying).state == State.TRIALING
    assert of(trying).stretches == (Span(day(0), day(21)),)
    assert of(trying, seen(day(3), cancels=True, trial=trial)).access_until == day(14)
    assert of(trying, seen(day(3), Status.ENDED, trial=trial, ended_at=day(3))).stretches == (Span(day(0), day(3)),)
    assert of(trying, paid(0), seen(day(14), trial=trial)).access_until == day(37)


def test_a_refund_takes_away_what_it_names_from_then_on() -> None:
    whole = Refund(day(10), "re_1", "in_0", 900)
    outcome = of(paid(0), seen(day(0)), whole)
    assert (outcome.state, outcome.stretches) == (State.REFUNDED, (Span(day(0), day(10)),))
    assert outcome.paid[0].refunded == 900
    part = Refund(day(10), "re_1", "in_0", 400)
    assert of(paid(0), seen(day(0)), part).state == State.ACTIVE
    rest = Refund(day(12), "re_2", "in_0", 500)
    assert of(paid(0), seen(day(0)), part, rest).access_until == day(12)
    came_back = Refund(day(15), "re_1", "in_0", 900, failed=True)
    assert of(paid(0), seen(day(0)), whole, came_back).access_until == day(37)
    assert of(paid(0), paid(1), seen(day(30)), Refund(day(10), "re_1", "in_0", 900)).stretches == (
        Span(day(0), day(10)),
        Span(day(30), day(67)),
    )


def test_a_dispute_shuts_until_it_is_won() -> None:
    fought = Dispute(day(10), "dp_1", "in_0")
    assert of(paid(0), seen(day(0)), fought).state == State.DISPUTED
    assert of(paid(0), seen(day(0)), fought).access_until == day(10)
    won = Dispute(day(20), "dp_1", "in_0", Ruling.WON)
    assert of(paid(0), seen(day(0)), fought, won).stretches == (Span(day(0), day(37)),)
    lost = Dispute(day(20), "dp_1", "in_0", Ruling.LOST)
    assert of(paid(0), seen(day(0)), fought, lost).access_until == day(10)


def test_of_two_snapshots_in_one_second_the_one_further_along_counts() -> None:
    assert of(paid(0), seen(day(0), Status.ACTIVE), seen(day(0), Status.STARTING)).state == State.ACTIVE


def test_each_event_calls_for_its_mail_once() -> None:
    story = [paid(0), paid(1), seen(day(0)), seen(day(40), cancels=True, cancelled_at=day(40))]
    assert [m.mail for m in of(*story).messages()] == [Mail.RECEIPT, Mail.RECEIPT, Mail.WELCOME, Mail.CANCELLED]
    ended = of(*story, seen(day(60), Status.ENDED, ended_at=day(60)))
    assert ended.messages()[-1] == Message(Mail.ENDED)


def test_asking_again_is_no_news() -> None:
    known = [paid(0), seen(day(0), Status.STARTING), seen(day(1), price=1)]
    assert not news([seen(day(9), price=1), paid(0)], known)
    assert news([seen(day(9), price=2)], known)
    assert news([paid(1)], known)
    assert news([seen(day(0), Status.STARTING), seen(day(9), Status.STARTING)], known), "it went back"


# --- any story at all

days = st.integers(0, 400).map(lambda n: BEGIN + timedelta(days=n))
spans = st.builds(lambda since, length: Span(since, since + timedelta(days=length)), days, st.integers(1, 60))
invoices = st.sampled_from(["in_1", "in_2", "in_3", "in_4"])
amounts = st.sampled_from([0, 300, 900])
snapshots = st.builds(
    Snapshot,
    days,
    st.sampled_from(Status),
    period=st.none() | spans,
    trial=st.none() | spans,
    cancels=st.booleans(),
    cancelled_at=st.none() | days,
    ended_at=st.none() | days,
    price=st.none() | st.integers(1, 2),
)
payments = st.builds(Payment, days, invoices, spans, amounts, st.just("EUR"))
failures = st.builds(Failure, days, invoices, spans, amounts, st.just("EUR"), st.integers(1, 4))
refunds = st.builds(Refund, days, st.sampled_from(["re_1", "re_2", "re_3"]), invoices, amounts, st.booleans())
disputes = st.builds(Dispute, days, st.sampled_from(["dp_1", "dp_2"]), invoices, st.sampled_from(Ruling))
stories = st.lists(snapshots | payments | failures | refunds | disputes, max_size=14)


@given(stories, st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_comes_to_the_same(story: list[Fact], chance: random.Random) -> None:
    told = story + [fact for fact in story if chance.random() < 0.5]
    chance.shuffle(told)
    assert of(*told) == of(*story)
    assert of(*told).messages() == of(*story).messages()


@given(stories)
def test_told_in_two_halves_or_all_at_once(story: list[Fact]) -> None:
    """Nothing but the set of facts is remembered between two events, so that the ledger can be folded anew at any time."""
    assert of(*story[len(story) // 2 :], *story[: len(story) // 2]) == of(*story)


@given(stories, days)
def test_no_access_without_a_reason(story: list[Fact], moment: datetime) -> None:
    outcome = of(*story)
    if not outcome.opens_at(moment):
        return
    payments = [f for f in story if isinstance(f, Payment)]
    bought = any(f.period.holds(moment) for f in payments)
    tried = any(
        f.trial is not None and f.trial.holds(moment) for f in story if isinstance(f, Snapshot)
    ) and any(isinstance(f, Snapshot) and f.status == Status.TRIALING for f in story)
    ends = [f.period.until for f in payments] + ([outcome.trial.until] if outcome.trial else [])
    graced = outcome.renews is not None and any(end <= moment < end + GRACE for end in ends)
    assert bought or tried or graced


@given(stories)
def test_no_paid_period_is_taken_away_but_by_what_names_it(story: list[Fact]) -> None:
    named = {f.invoice for f in story if isinstance(f, (Refund, Dispute))}
    outcome = of(*story)
    for fact in story:
        if isinstance(fact, Payment) and fact.invoice not in named:
            assert any(s.since <= fact.period.since and fact.period.until <= s.until for s in outcome.stretches)


@given(stories)
def test_part_of_a_payment_given_back_takes_nothing_away(story: list[Fact]) -> None:
    whole = [f for f in story if not isinstance(f, (Refund, Dispute))]
    amounts = {f.invoice: f.amount for f in whole if isinstance(f, Payment)}
    parts = [Refund(day(1), f"re_{i}", invoice, amount - 1) for i, (invoice, amount) in enumerate(amounts.items()) if amount > 1]
    assert of(*whole, *parts).stretches == of(*whole).stretches


@given(stories)
def test_stretches_are_disjoint_in_order_and_never_empty(story: list[Fact]) -> None:
    stretches = of(*story).stretches
    assert all(s.since < s.until for s in stretches)
    assert all(a.until < b.since for a, b in pairwise(stretches))
    assert merge(stretches) == stretches


@given(stories)
def test_each_mail_is_asked_for_once(story: list[Fact]) -> None:
    messages = of(*story).messages()
    assert len(messages) == len(set(messages))


@given(stories)
def test_facts_survive_the_ledger(story: list[Fact]) -> None:
    assert from_json(to_json(story)) == story
