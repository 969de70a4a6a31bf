"""Claiming: who is due is asked once more who they are; what became of rows is written down once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from masthead.core import clock
from masthead.newsletters import claiming, settling, suppression
from masthead.newsletters.claiming import Settled, Taken
from masthead.newsletters.models import Claim, Delivery, Edition, Preferences, Suppression, Tick
from masthead.newsletters.progress import progress
from newsletters.post import freeze_for, make_newsletter, render_small

pytestmark = pytest.mark.django_db
State = Delivery.State


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    render_small(monkeypatch)


def take(most: int = 500) -> Taken | None:
    return claiming.take(sender="here:1:abc", connections=2, prepare=lambda *_: None, most=most)


def states(edition: Edition) -> dict[str, str]:
    rows = Delivery.objects.filter(edition=edition)
    return {row.address.partition("@")[0]: State(row.state).name.lower() for row in rows}


def test_rows_are_taken_once_in_ascending_order() -> None:
    edition = freeze_for(5)
    first, second = take(3), take(3)
    assert first and second and take(3) is None
    numbers = [row.number for row in (*first.rows, *second.rows)]
    assert numbers == sorted(numbers) and len(set(numbers)) == 5
    assert set(states(edition).values()) == {"claimed"}


def test_who_is_not_to_be_mailed_any_more_is_not() -> None:
    edition = freeze_for(7)
    readers = [row.reader for row in Delivery.objects.filter(edition=edition).order_by("pk").select_related("reader")]
    suppression.suppress(address=readers[0].email, reason=Suppression.Reason.BOUNCE)
    Tick.objects.filter(reader=readers[1]).delete()
    Preferences.objects.create(reader=readers[2], paused_until=date.today() + timedelta(days=2))
    type(readers[3]).objects.filter(pk=readers[3].pk).update(is_active=False)
    type(readers[4]).objects.filter(pk=readers[4].pk).update(email="new@example.org", identity="new@example.org")
    readers[5].delete()
    taken = take()
    assert taken and [row.address for row in taken.rows] == ["reader6@example.org"]
    found = states(edition)
    assert found.pop("reader6") == "claimed" and set(found.values()) == {"suppressed"}
    replies = set(Delivery.objects.filter(edition=edition, state=State.SUPPRESSED).values_list("reply", flat=True))
    assert len(replies) == 6


@pytest.mark.parametrize("state", ["paused", "cancelled", "done", "approved"])
def test_of_an_edition_that_does_not_run_nothing_is_taken(state: str) -> None:
    edition = freeze_for(2)
    Edition.objects.filter(pk=edition.pk).update(state=state)
    assert not claiming.due() and take() is None


def test_of_a_newsletter_that_is_paused_nothing_is_taken() -> None:
    freeze_for(2)
    make_newsletter(paused="restored from a backup")
    assert take() is None


def test_what_cannot_be_journalled_is_not_claimed() -> None:
    edition = freeze_for(2)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        claiming.take(sender="here:1:abc", connections=2, prepare=full)
    assert set(states(edition).values()) == {"pending"} and not Claim.objects.exists()


def test_an_outcome_is_written_once_and_by_who_has_the_claim() -> None:
    edition = freeze_for(2)
    taken = take()
    assert taken
    one, two = (row.number for row in taken.rows)
    claiming.write([Settled(one, taken.claim, State.SUBMITTED, 250, "2.0.0 queued as 1")])
    claiming.write([Settled(one, taken.claim, State.REFUSED, 550, "no"), Settled(two, taken.claim + 1, State.REFUSED, 550, "no")])
    assert states(edition) == {"reader0": "submitted", "reader1": "claimed"}
    row = Delivery.objects.get(pk=one)
    assert (row.code, row.reply, row.attempts) == (250, "2.0.0 queued as 1", 1) and row.settled


def test_what_was_held_to_be_in_doubt_is_put_right_when_its_sender_knows_better() -> None:
    freeze_for(1)
    taken = take()
    assert taken
    Delivery.objects.update(state=State.IN_DOUBT)
    claiming.write([Settled(taken.rows[0].number, taken.claim, State.SUBMITTED, 250, "ok", external_id="provider-7")])
    row = Delivery.objects.get()
    assert (row.state, row.external_id) == (State.SUBMITTED, "provider-7")


def test_what_is_deferred_comes_again_when_it_is_due() -> None:
    freeze_for(1)
    taken = take()
    assert taken
    later = clock.now() + timedelta(minutes=5)
    claiming.write([Settled(taken.rows[0].number, taken.claim, State.DEFERRED, 450, "later", due=later)])
    assert take() is None
    Delivery.objects.update(due=clock.now())
    again = take()
    assert again and again.rows[0].attempts == 1


def test_an_edition_is_done_when_nothing_is_left() -> None:
    edition = freeze_for(1)
    assert not settling.finish()
    taken = take()
    assert taken and not settling.finish()
    claiming.write([Settled(taken.rows[0].number, taken.claim, State.SUBMITTED, 250)])
    assert not settling.finish()  # the claim is open
    claiming.end([taken.claim])
    assert settling.finish() == 1
    edition.refresh_from_db()
    assert edition.state == Edition.State.DONE and edition.finished


def test_mail_in_doubt_is_judged_by_the_publishers_rule_after_a_day() -> None:
    from masthead.newsletters.models import Mailing

    edition = freeze_for(2)
    old, new = Delivery.objects.order_by("pk")
    yesterday = clock.now() - timedelta(days=1, minutes=1)
    Delivery.objects.filter(pk=old.pk).update(state=State.IN_DOUBT, settled=yesterday)
    Delivery.objects.filter(pk=new.pk).update(state=State.IN_DOUBT, settled=clock.now())
    settling.finish()
    assert not settling.judge_doubt()  # left until the provider tells
    mailing = Mailing.load()
    mailing.in_doubt = Mailing.InDoubt.RESEND
    mailing.save()
    assert settling.judge_doubt() == 1
    edition.refresh_from_db()
    assert edition.state == Edition.State.SENDING and states(edition) == {"reader0": "pending", "reader1": "in_doubt"}
    mailing.in_doubt = Mailing.InDoubt.COUNT
    mailing.save()
    Delivery.objects.filter(pk=new.pk).update(settled=yesterday)
    assert settling.judge_doubt() == 1
    assert states(edition)["reader1"] == "submitted"


def test_progress_counts_by_state_and_estimates() -> None:
    freeze_for(10)
    taken = take(4)
    assert taken
    claiming.write([Settled(row.number, taken.claim, State.SUBMITTED, 250) for row in taken.rows[:3]])
    Delivery.objects.filter(address="reader9@example.org").update(due=clock.now() + timedelta(hours=3))
    found = progress(Edition.objects.get())
    assert (found.total, found.settled, found.left, found.waiting) == (10, 3, 7, 1)
    assert (found.counts["submitted"], found.counts["claimed"], found.counts["pending"]) == (3, 1, 6)
    assert found.per_second > 0 and found.done_at and found.done_at > clock.now()
