"""The evening before: the next edition is begun on the desk, and what its editors do there holds."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from factories import make_article
from masthead.core import clock
from masthead.core.models import Publication
from masthead.core.timezones import zone
from masthead.newsletters import composing
from masthead.newsletters import editions as services
from masthead.newsletters.models import Edition, Newsletter
from masthead.newsroom import editions, wire
from newsroom_desk import form_of, headlines, make_daily, make_draft, make_entry

pytestmark = pytest.mark.django_db

LIST = "/newsroom/newsletters/editions/"
SCRIPT = {"headers": {"X-Requested-With": "XMLHttpRequest"}}


def in_twelve_hours() -> datetime:
    """Far from any cut-off, whatever time it is now."""
    return (clock.now() + timedelta(hours=12)).astimezone(zone(Publication.load().timezone))


def make_early(*titles: str) -> Edition:
    """The next edition, due in twelve hours and begun, with an article of each of ``titles``."""
    now, due = clock.now(), in_twelve_hours()
    daily = make_daily(weekdays="1234567", hour=due.time())
    for n, title in enumerate(titles):
        make_article(title, dated=now - timedelta(minutes=n + 1), standfirst=f"What {title.lower()} says.")
    return services.prepare(newsletter=daily, day=due.date())[0]


def address(edition: Edition) -> str:
    return f"{LIST}{edition.pk}/"


def press(client, edition: Edition, do: str, **typed: object):
    form = form_of(client.get(address(edition)).content.decode())
    return client.post(address(edition), form | typed | {"do": do})


def item(edition: Edition, title: str):
    return edition.items.get(article__title=title)


def test_the_next_edition_is_begun_from_the_list(as_role):
    daily, client = make_daily(weekdays="1234567", hour=in_twelve_hours().time()), as_role("Editor")
    make_article("Straits", dated=clock.now() - timedelta(hours=1))
    page = client.get(LIST).content.decode()
    action = f"/newsroom/newsletters/{daily.pk}/prepare/"
    assert action in page
    day = services.next_date(daily, clock.now()).date
    first, second = (client.post(action, {"day": day.isoformat()}) for _ in range(2))
    edition = Edition.objects.get()
    assert (first.status_code, first["Location"], second["Location"]) == (303, address(edition), address(edition))
    assert headlines(edition) == ["Straits"]
    assert [row.what for row in editions.history(edition)].count("Begun before its time") == 1
    page = client.get(LIST).content.decode()
    assert action not in page and "begun early; what is new by" in page
    assert "Begun early." in client.get(address(edition)).content.decode()


def test_another_day_than_the_next_is_refused_with_a_sentence(as_role):
    daily, client = make_daily(weekdays="1234567", hour=in_twelve_hours().time()), as_role("Editor")
    day = services.next_date(daily, clock.now()).date + timedelta(days=2)
    answer = client.post(f"/newsroom/newsletters/{daily.pk}/prepare/", {"day": day.isoformat()}, follow=True)
    assert "only the next one can" in answer.content.decode()
    assert client.post(f"/newsroom/newsletters/{daily.pk}/prepare/", {"day": "tomorrow"}).status_code in (302, 403)
    assert not Edition.objects.exists()


def test_support_and_writers_begin_none(as_role):
    daily = make_daily(weekdays="1234567")
    day = services.next_date(daily, clock.now()).date
    for role in ("Writer", "Support"):
        as_role(role, f"{role}@example.org").post(f"/newsroom/newsletters/{daily.pk}/prepare/", {"day": day.isoformat()})
    assert not Edition.objects.exists()


def test_what_is_moved_put_in_or_pinned_stays_and_a_pin_is_let_go_again(as_role):
    edition, client = make_early("One", "Two", "Three"), as_role("Editor")
    press(client, edition, f"up:{item(edition, 'Three').pk}")
    assert headlines(edition) == ["One", "Three", "Two"]
    assert [row.article.title for row in edition.items.filter(pinned=True)] == ["Three"]
    press(client, edition, f"pin:{item(edition, 'One').pk}")
    page = client.get(address(edition)).content.decode()
    assert page.count('aria-pressed="true"') == 2
    press(client, edition, f"pin:{item(edition, 'One').pk}")
    editions.add(number=edition.pk, block="latest", by=None, article=make_article("Old", dated=clock.now() - timedelta(days=90)))
    for title in ("New", "Newer"):
        make_article(title)
    services.complete(edition=edition)
    assert headlines(edition) == ["Newer", "Three", "New", "Old", "One"]


def test_dragging_pins_what_was_dragged(as_role):
    edition, client = make_early("One", "Two", "Three", "Four"), as_role("Editor")
    order = [str(item(edition, title).pk) for title in ("Four", "One", "Two", "Three")]
    press(client, edition, "save", item=order)
    assert headlines(edition) == ["Four", "One", "Two", "Three"]
    assert [row.article.title for row in edition.items.filter(pinned=True)] == ["Four"]


@pytest.mark.parametrize(
    ("order", "dragged"),
    [("abcd", ""), ("bacd", "b"), ("dabc", "d"), ("bcda", "a"), ("abdc", "d"), ("dcba", "dcb"), ("", ""), ("a", "")],
)
def test_of_an_order_is_known_what_was_moved(order, dragged):
    assert "".join(editions.moved(["abcd".index(each) for each in order], order)) == dragged


def test_what_is_taken_out_stays_out_until_it_is_put_back(as_role):
    edition, client = make_early("One", "Two"), as_role("Editor")
    press(client, edition, f"remove:{item(edition, 'One').pk}")
    services.complete(edition=edition)
    assert headlines(edition) == ["Two"]
    press(client, edition, f"restore:{edition.set_aside.get().pk}")
    services.complete(edition=edition)
    assert headlines(edition) == ["One", "Two"]


def test_composed_anew_what_comes_back_is_not_out_any_more(as_role):
    edition, client = make_early("One", "Two"), as_role("Editor")
    press(client, edition, f"up:{item(edition, 'Two').pk}")
    press(client, edition, f"remove:{item(edition, 'One').pk}")
    client.post(f"{address(edition)}sure/recompose/")
    assert headlines(edition) == ["One", "Two"]
    assert not edition.set_aside.exists() and not edition.items.filter(pinned=True).exists()


def test_what_is_picked_for_it_follows_the_wire_desks_order(staff):
    edition, editor = make_early("One"), staff("Editor", "e2@example.org")
    first, second = make_entry("First"), make_entry("Second")
    for entry in (first, second):
        wire.pick(entry=entry, newsletter=edition.newsletter, comment="", by=editor)
    assert headlines(edition, "wire") == ["First", "Second"]
    wire.order(numbers=[second.pk, first.pk])
    services.complete(edition=edition)
    assert headlines(edition, "wire") == ["Second", "First"]


def test_taken_out_of_one_newsletter_a_pick_still_stands_for_the_other(staff):
    edition, editor, entry = make_early("One"), staff("Editor", "e2@example.org"), make_entry("First")
    wire.pick(entry=entry, newsletter=None, comment="", by=editor)
    picked = type(entry).objects.get(pk=entry.pk).picked
    editions.take_out(number=edition.pk, item=edition.items.get(entry=entry).pk, by=None)
    assert type(entry).objects.get(pk=entry.pk).picked == picked
    composing.refresh(edition, add=True)
    assert headlines(edition, "wire") == []


def test_what_is_new_is_named_and_taken_in_with_a_press_that_saves_first(as_role):
    edition, client = make_early("One"), as_role("Editor")
    assert "New since" not in client.get(address(edition)).content.decode()
    make_article("Late news")
    page = client.get(address(edition)).content.decode()
    assert "New since: “Late news”." in page
    press(client, edition, "complete", opening="Good evening.")
    edition.refresh_from_db()
    assert headlines(edition) == ["Late news", "One"] and edition.opening == "Good evening."


def test_an_editor_who_writes_while_the_clock_completes_it_loses_nothing(as_role):
    edition, client = make_early("One", "Two", "Three", "Four", "Five"), as_role("Editor")
    five = item(edition, "Five")
    typed = form_of(client.get(address(edition)).content.decode())
    typed |= {"opening": "Good morning.", f"headline-{five.pk}": "Five, rewritten"}
    make_article("Late news")
    Newsletter.objects.update(cutoff=13 * 60)
    services.tick()
    assert headlines(edition) == ["Late news", "One", "Two", "Three", "Four"]
    answer = client.post(address(edition), typed | {"do": "save"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "The clock, which took in what is new at the cut-off, changed this edition" in page
    assert "Put in meanwhile" in page and "Late news" in page
    assert "Five, rewritten" in page, "what was written on a thing that is out is shown once more"
    client.post(address(edition), form_of(page) | {"do": "save"})
    edition.refresh_from_db()
    assert edition.opening == "Good morning."
    assert headlines(edition) == ["Late news", "One", "Two", "Three", "Four"]


def test_an_ordinary_draft_has_no_pins(as_role):
    edition = make_draft()
    page = as_role("Editor").get(address(edition)).content.decode()
    assert "Begun early" not in page and "aria-pressed" not in page.partition("data-desk-form")[2].partition("</form>")[0]
