"""The index follows what happens to articles, and what an operator does to it."""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tantivy import Document

from factories import make_article, make_author, make_topic, set_policy
from masthead.articles import bulk
from masthead.articles.models import Article, Topic
from masthead.core import changelog, clock, notices
from masthead.core.models import Change, Publication
from masthead.library import building, documents, keeper, schema, search, soundness
from masthead.library.keeper import Keeper
from masthead.library.place import Place
from masthead.site import chores
from shelves import Shelf

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(shelf: Shelf) -> Iterator[Callable[..., None]]:
    """Tick as a web process or worker does, once, whatever it waits for."""
    one = Keeper(shelf.place)

    def tick(times: int = 1) -> None:
        for _ in range(times):
            one._not_before = one._sound_until = 0.0
            one.tick()
        search.library().forget()

    tick.keeper = one  # type: ignore[attr-defined]
    yield tick
    one.stop()


def compare(kept: Any) -> None:
    """Have the keeper compare everything now."""
    kept.keeper._compared = 0.0
    kept()


# --- what happens to articles


def test_an_article_is_found_once_it_is_published_and_no_more_once_it_is_withdrawn(shelf: Shelf, kept: Any) -> None:
    first = make_article("Straits")
    kept(2)
    assert shelf.found("straits") == {first.pk}
    second = make_article("More Straits")
    assert shelf.found("straits") == {first.pk}
    kept()
    assert shelf.found("straits") == {first.pk, second.pk}
    first.unpublish()
    kept()
    assert shelf.found("straits") == {second.pk}
    first.save_revision().publish()
    second.delete()
    kept()
    assert shelf.found("straits") == {first.pk}


def test_an_article_stands_there_once_however_often_it_is_changed(shelf: Shelf, kept: Any) -> None:
    article = make_article("Straits", paragraphs=["One."] * 5)
    kept(2)
    for title in ("Canals", "Rivers", "Lakes"):
        article.title = title
        article.save_revision().publish()
        kept()
    results = shelf.ask("lakes")
    assert (results.numbers, results.total) == ((article.pk,), 1)
    assert shelf.ask().total == 1
    assert shelf.found("straits") == shelf.found("rivers") == set()


def test_its_access_topics_and_authors_follow(shelf: Shelf, kept: Any) -> None:
    article = make_article("Straits", access="open", paragraphs=["One.", "Two.", "Three.", "Okapis."])
    kept(2)
    assert shelf.found("okapis") == {article.pk}
    article.access = "subscribers"
    article.topics.set([make_topic("Zoology")])
    article.save_revision().publish()
    kept()
    assert shelf.found("okapis") == set()
    assert shelf.found("okapis", whole=True) == {article.pk}
    assert dict(shelf.ask(whole=True).facets["access"]) == {"subscribers": 1}
    assert shelf.found(topic="zoology") == shelf.found("topic:zoology") == {article.pk}


def test_a_topic_s_new_name_is_found_and_its_old_one_no_more(shelf: Shelf, kept: Any) -> None:
    topic = make_topic("Burma", kind="country", aliases="Rangoon")
    article, other = make_article("Rice", topics=[topic]), make_article("Wheat", topics=[make_topic("Trade")])
    kept(2)
    assert shelf.found('"Burma"') == {article.pk}
    topic.name, topic.slug, topic.aliases = "Myanmar", "myanmar", "Naypyidaw"
    topic.save()
    kept()
    assert shelf.found('"naypyidaw"') == {article.pk}
    assert shelf.found(topic="myanmar") == {article.pk}
    assert shelf.found('"rangoon"') == shelf.found(topic="burma") == set()
    assert shelf.found(topic="trade") == {other.pk}


def test_a_topic_that_is_merged_into_another_is_gone_from_the_index(shelf: Shelf, kept: Any) -> None:
    old, new = make_topic("Commerce"), make_topic("Trade")
    article = make_article("Rice", topics=[old])
    kept(2)
    article.topics.set([new])
    article.save()
    old.delete()
    kept()
    assert shelf.found(topic="commerce") == set()
    assert shelf.found(topic="trade") == {article.pk}
    assert [slug for slug, _ in shelf.ask().facets["topic"]] == ["trade"]


def test_so_is_a_region_or_an_author_who_is_deleted(shelf: Shelf, kept: Any) -> None:
    region, author = make_topic("Arctic", kind="region"), make_author("Ada Lovelace")
    article = make_article("Rice", topics=[region], authors=[author, make_author("Grace Hopper")])
    kept(2)
    assert shelf.found("author:lovelace") == shelf.found(region="arctic") == {article.pk}
    region.delete()
    author.delete()
    kept()
    assert shelf.found("author:lovelace") == shelf.found(region="arctic") == set()
    assert shelf.found("author:hopper") == {article.pk}


def test_an_author_s_new_name(shelf: Shelf, kept: Any) -> None:
    author = make_author("Ada Lovelace")
    article = make_article("Rice", authors=[author])
    kept(2)
    author.name = "Ada King"
    author.save()
    kept()
    assert shelf.found("author:king") == {article.pk}
    assert shelf.found("author:lovelace") == set()


def test_articles_made_by_the_thousand(shelf: Shelf, kept: Any) -> None:
    kept(2)
    made = [
        bulk.NewArticle(
            title=f"Import {n}", body=[{"type": "paragraph", "value": "<p>Camels.</p>", "id": str(n)}], dated=clock.now()
        )
        for n in range(30)
    ]
    bulk.create(made)
    kept()
    assert shelf.ask("camels").total == 30


def test_what_is_published_beside_them_does_not_wait(shelf: Shelf, kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "PORTION", 10)
    gone = make_article("Dromedaries")
    kept(2)
    number = shelf.place.about(shelf.place.current()).number
    bulk.create([bulk.NewArticle(title=f"Import {n}", body=[], dated=clock.now()) for n in range(25)])
    new = make_article("Straits")
    gone.unpublish()
    kept()
    assert shelf.found("straits") == {new.pk}
    assert shelf.found("dromedaries") == set()
    assert shelf.ask("import").total == 8, "and so many of the others as there was time for"
    assert shelf.place.about(shelf.place.current()).number == number, "whoever goes on after us reads the log from here"
    kept.keeper.stop()
    kept(3)
    assert shelf.ask("import").total == 25
    assert shelf.place.about(shelf.place.current()).number == changelog.latest()


def test_another_teaser_time_zone_or_language_builds_it_anew(shelf: Shelf, kept: Any) -> None:
    paragraphs = ["One.", "Two.", "Three.", "Okapis.", "Last."]
    article = make_article("Zoo", paragraphs=paragraphs, dated=datetime(2019, 12, 31, 23, 0, tzinfo=UTC))
    kept(2)
    assert shelf.found(year="2019") == {article.pk}
    places = {shelf.place.current()}
    set_policy(teaser_paragraphs=4)
    kept(2)
    places.add(shelf.place.current())
    assert shelf.found("okapis") == {article.pk}
    publication = Publication.load()
    publication.timezone = "Asia/Kolkata"
    publication.save()
    kept(2)
    places.add(shelf.place.current())
    assert shelf.found(year="2020") == {article.pk}
    publication.language = "de"
    publication.save()
    kept(2)
    places.add(shelf.place.current())
    about = shelf.place.about(shelf.place.current())
    assert about is not None
    assert (about.language, about.timezone, about.teaser) == ("de", "Asia/Kolkata", 4)
    assert len(places) == 4
    assert list(shelf.place.root.glob("index-*")) == [shelf.place.current()]


# --- what the log does not tell


def test_what_was_missed_is_found_by_comparing(shelf: Shelf, kept: Any) -> None:
    topic = make_topic("Burma")
    gone, changed, named = (
        make_article("Gone"),
        make_article("Before", paragraphs=["One."] * 5),
        make_article("Rice", topics=[topic]),
    )
    kept(2)
    new = make_article("New")
    Article.objects.filter(pk=gone.pk).update(live=False)
    changed.title = "After"
    changed.save_revision().publish()
    topic.name = "Myanmar"
    topic.save()
    Change.objects.filter(number__lt=changelog.latest()).delete()
    Change.objects.update(key="visitor:somebody")
    kept()
    assert shelf.found("new") == set(), "the log says nothing"
    compare(kept)
    assert shelf.found("new") == {new.pk}
    assert shelf.found("after") == {changed.pk}
    assert shelf.found("gone") == shelf.found("before") == set()
    assert shelf.found("topic:myanmar") == {named.pk}


def test_so_is_a_policy_whose_change_was_forgotten(shelf: Shelf, kept: Any) -> None:
    article = make_article("Zoo", paragraphs=["One.", "Two.", "Three.", "Okapis.", "Last."])
    kept(2)
    set_policy(teaser_paragraphs=4)
    Change.objects.update(key="visitor:somebody")
    kept()
    assert shelf.found("okapis") == set()
    compare(kept)
    kept()
    assert shelf.found("okapis") == {article.pk}


def test_clearing_old_changes_does_not_build_anything_anew(shelf: Shelf, kept: Any) -> None:
    article = make_article("Straits")
    kept(2)
    place = shelf.place.current()
    bulk.create([bulk.NewArticle(title="Camels", body=[], dated=clock.now())])
    kept()
    with changelog.transaction() as changes:
        changes.add(changelog.more(article.pk))  # the last for days, and of no use to anybody
    kept()
    Change.objects.update(at=clock.now() - timedelta(days=3))
    chores.clear_changes(clock.now() - timedelta(days=1))
    kept(2)
    assert shelf.place.current() == place
    assert shelf.found("straits") == {article.pk}


def test_a_database_put_back_from_a_backup_is_another_one(shelf: Shelf, kept: Any) -> None:
    kept_article, lost = make_article("Kept"), make_article("Lost")
    kept(2)
    number = changelog.latest()
    lost.delete()
    Change.objects.filter(number__gt=number - 3).delete()  # as it was some changes ago
    kept(2)
    assert shelf.found("lost") == set()
    assert shelf.found("kept") == {kept_article.pk}


@pytest.mark.parametrize("beyond", [0, 3])
def test_also_once_it_has_gone_on_to_where_the_index_is_and_beyond(shelf: Shelf, kept: Any, beyond: int) -> None:
    article, topic = make_article("Kept"), make_topic("Trade")
    kept(2)
    bulk.add_topics({article.pk: [topic.pk]})
    kept()
    assert shelf.found("topic:trade") == {article.pk}
    article.topics.through.objects.all().delete()  # as it was before; and since then something else has come
    Change.objects.filter(number=changelog.latest()).update(key="visitor:somebody", at=clock.now())
    Change.objects.bulk_create([Change(key="visitor:another", at=clock.now()) for _ in range(beyond)])
    compare(kept)
    kept()
    assert shelf.found("topic:trade") == set()
    assert shelf.found("kept") == {article.pk}


# --- damage


def test_every_file_may_be_damaged_and_the_index_is_built_anew(shelf: Shelf, kept: Any) -> None:
    for number in range(12):
        make_article(f"Straits {number}", topics=[make_topic("Trade")], authors=[make_author()])
    kept(2)
    for article in Article.objects.all():
        article.save_revision().publish()
        kept()
        if list(shelf.place.current().glob("*.del")):
            break  # a list of deleted documents lies there
    dice = random.Random(3)
    names = sorted(path.name for path in shelf.place.current().iterdir() if not path.name.endswith("lock"))
    assert any(name.endswith(".del") for name in names)
    for name in names:
        for how in ("cut", "garbled", "gone") if name.endswith("json") else (dice.choice(["cut", "garbled"]), "gone"):
            damaged = shelf.place.current()
            path = next((p for p in damaged.iterdir() if p.suffix == Path(name).suffix and p.suffix != ".json"), damaged / name)
            if not path.exists():
                continue
            was = path.read_bytes()
            if how == "gone":
                path.unlink()
            else:
                # written anew and not changed in place: a file that is cut under somebody who has it mapped kills him
                text = was[: len(was) // 2] if how == "cut" else bytes(dice.randrange(256) for _ in was[:-9]) + was[-9:]
                path.with_suffix(".new").write_bytes(text)
                path.with_suffix(".new").replace(path)
            search._library.cache_clear()
            kept.keeper.stop()
            kept(3)
            results = shelf.ask("straits")
            assert results.ready, (name, how)
            assert results.total == 12, (name, how)
            assert soundness.damaged(shelf.place.current()) == [], (name, how)


def test_a_commit_that_was_cut_short_is_made_by_the_next_writer(shelf: Shelf, kept: Any, data: Path) -> None:
    """Killed, or out of room, after the lists of deleted documents were written and before the commit counts."""
    articles = [make_article(f"Straits {number}") for number in range(12)]
    kept(2)
    index, before = shelf.place.current(), data / "before"
    shutil.copytree(index, before)
    for article in articles[:2]:  # one of them lies in a segment with others, however they were spread
        article.title = "Canals"
        article.save_revision().publish()
    kept()
    (deleted,) = index.glob("*.del")
    deleted.rename(before / deleted.name)
    (before / ".tmpAbCdEf").touch()
    shutil.rmtree(index)
    before.rename(index)
    kept.keeper.stop()
    search._library.cache_clear()
    kept()
    assert shelf.found("canals") == {article.pk for article in articles[:2]}
    assert shelf.ask().total == 12
    assert notices.recent() == []
    assert not (index / ".tmpAbCdEf").exists()
    assert shelf.place.current() == index, "mended, not built anew"


def test_whoever_searches_tells_whoever_writes(shelf: Shelf, kept: Any) -> None:
    article = make_article("Straits")
    kept(2)
    broken = shelf.place.current()
    (path,) = broken.glob("*.term")
    shutil.copy(path, path.with_suffix(".new"))
    with path.with_suffix(".new").open("r+b") as file:
        file.truncate(40)
    path.with_suffix(".new").replace(path)
    search._library.cache_clear()
    assert not shelf.ask("straits").ready
    kept(2)
    assert shelf.place.current() != broken
    assert shelf.found("straits") == {article.pk}


def test_whoever_doubts_again_and_again_does_not_keep_the_writer_busy(
    shelf: Shelf, kept: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_article("Straits")
    kept(2)
    looked: list[Path] = []

    def slow(path: Path) -> list[str]:
        looked.append(path)
        time.sleep(0.2)  # an index of a gigabyte takes longer
        return []

    monkeypatch.setattr(soundness, "damaged", slow)
    shelf.place.doubt()
    kept()
    for _ in range(5):
        shelf.place.doubt()
        kept.keeper.tick()
    assert len(looked) == 1
    kept()
    assert len(looked) == 2, "but none is forgotten"


def test_a_doubt_without_reason_changes_nothing(shelf: Shelf, kept: Any) -> None:
    make_article("Straits")
    kept(2)
    place = shelf.place.current()
    shelf.place.doubt()
    kept(2)
    assert shelf.place.current() == place
    assert not shelf.place.doubted()


@pytest.mark.parametrize("text", ["", "..", ".", "/etc", "index-", "index-0000", "../../x", "\x00", "index-../x", "ünïcode"])
def test_a_wrong_current_is_mended(shelf: Shelf, kept: Any, text: str) -> None:
    article = make_article("Straits")
    kept(2)
    (shelf.place.root / "current").write_text(text)
    kept(2)
    assert shelf.found("straits") == {article.pk}


@pytest.mark.parametrize(
    "change",
    [
        {"version": schema.VERSION + 1},
        {"version": "1"},
        {"number": "many"},
        {"teaser": None},
        {"timezone": "Mars/Olympus"},
        {"names": 7},
        {"languages": None},
    ],
)
def test_an_index_that_says_nonsense_of_itself_is_built_anew(shelf: Shelf, kept: Any, change: dict[str, Any]) -> None:
    article = make_article("Straits")
    kept(2)
    path = shelf.place.current() / "masthead.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    kept.keeper.stop()
    search._library.cache_clear()
    assert not shelf.ask("straits").ready
    kept(2)
    assert shelf.found("straits") == {article.pk}


@pytest.mark.parametrize("text", ["", "[]", "null", "7", "{", '"x"', "\udcff"])
def test_so_is_one_that_says_nothing(shelf: Shelf, kept: Any, text: str) -> None:
    make_article("Straits")
    kept(2)
    (shelf.place.current() / "masthead.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    kept.keeper.stop()
    search._library.cache_clear()
    assert not shelf.ask("straits").ready
    kept(2)
    assert shelf.ask("straits").total == 1


def test_the_directory_may_be_taken_away_under_everybody(shelf: Shelf, kept: Any) -> None:
    article = make_article("Straits")
    kept(2)
    shutil.rmtree(shelf.place.root)
    kept(3)
    assert shelf.found("straits") == {article.pk}
    assert shelf.place.lock() is None, "and it holds the lock that others find"


def test_another_version_s_index_goes_once_nobody_of_that_version_is_left(shelf: Shelf, kept: Any) -> None:
    former = Place(shelf.place.root.with_name("version-1"))
    held = former.lock()
    assert held is not None
    make_article("Straits")
    kept(2)
    compare(kept)
    compare(kept)
    assert former.root.exists(), "its processes go on with it"
    held.close()
    kept.keeper.stop()
    kept()
    assert former.root.exists(), "whoever goes back to it at once finds it"
    kept.keeper._compared -= keeper.COMPARE
    kept()
    assert not former.root.exists()


def former_layout(shelf: Shelf) -> Place:
    """An index in search/ itself, where it lay before versions had directories, and what is not ours beside it."""
    former = Place(shelf.place.root.parent)
    shutil.copytree(shelf.place.current(), former.root / "index-0123456789ab")
    (former.root / "current").write_text("index-0123456789ab")
    for name in ("lock", "building", "notes.txt"):
        (former.root / name).touch()
    for name in ("index-abc", "index-of-people", "kept"):
        (former.root / name).mkdir()
    return former


def test_an_index_from_before_there_were_versions_goes_and_nothing_else_does(shelf: Shelf, kept: Any) -> None:
    make_article("Straits")
    kept(2)
    former = former_layout(shelf)
    held = former.lock()
    kept.keeper._compared -= keeper.COMPARE
    kept()
    assert former.current(), "somebody keeps it"
    held.close()
    kept.keeper._compared -= keeper.COMPARE
    kept()
    left = {path.name for path in former.root.iterdir()}
    assert left == {"notes.txt", "index-abc", "index-of-people", "kept", shelf.place.root.name}
    assert shelf.ask("straits").total == 1


def test_it_stays_while_ours_is_not_complete(shelf: Shelf, kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    make_article("Straits")
    kept(2)
    former = former_layout(shelf)
    monkeypatch.setattr(building.Follower, "reconcile", lambda self: None)
    kept.keeper._compared -= keeper.COMPARE
    kept()
    assert former.current()


def test_a_builder_that_is_stopped_is_waited_for(kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "ENDING", 0.5)
    for deaf in ("", "signal.signal(signal.SIGTERM, signal.SIG_IGN);"):
        child = subprocess.Popen(
            [sys.executable, "-c", f"import signal, time; {deaf} print(flush=True); time.sleep(60)"], stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        child.stdout.read(1)
        kept.keeper._child = child
        kept.keeper.stop()
        assert child.returncode is not None, "no zombie is left"
        child.stdout.close()


def test_what_a_killed_builder_left_is_taken_away(shelf: Shelf, kept: Any) -> None:
    make_article("Straits")
    kept(2)
    left, partial = shelf.place.new(), shelf.place.root / "current.77.part"
    partial.touch()
    kept.keeper.stop()
    kept(2)
    assert not left.exists()
    assert not partial.exists()


def test_but_not_what_somebody_is_building(shelf: Shelf, kept: Any) -> None:
    make_article("Straits")
    kept(2)
    with shelf.place.building():
        left = shelf.place.new()
        kept.keeper.stop()
        kept(2)
        assert left.exists()


# --- who writes


def test_one_of_several_writes_and_the_next_takes_over(shelf: Shelf) -> None:
    first, second = Keeper(shelf.place), Keeper(shelf.place)
    for one in (first, second):
        one.tick()
    assert (first.holds, second.holds) == (True, False)
    article = make_article("Straits")
    second._not_before = 0.0
    second.tick()
    assert not second.holds
    first.stop()
    for _ in range(2):
        second._not_before = 0.0
        second.tick()
    assert second.holds
    search.library().forget()
    assert shelf.found("straits") == {article.pk}
    second.stop()


def test_a_worker_is_given_time_to_be_first(shelf: Shelf) -> None:
    patient = Keeper(shelf.place, patience=60)
    patient.tick()
    assert not patient.holds


def test_a_directory_that_cannot_be_written_is_told_and_mended(shelf: Shelf, kept: Any) -> None:
    article = make_article("Straits")
    shelf.place.root.parent.mkdir()
    shelf.place.root.write_text("not a directory")
    kept()
    assert [notice.key for notice in notices.recent()] == [keeper.NOTICE]
    assert not shelf.ask("straits").ready
    shelf.place.root.unlink()
    kept(3)
    assert shelf.found("straits") == {article.pk}
    assert notices.recent() == []


def test_what_was_told_by_somebody_who_is_no_more_is_taken_back_by_the_next(shelf: Shelf, kept: Any) -> None:
    notices.tell(keeper.NOTICE, "The disk was full, and then all was started anew.")
    kept(2)
    assert notices.recent() == []


@pytest.mark.parametrize(
    "words",
    [
        "Failed to open file for write: 'IoError { io_error: Custom { kind: StorageFull, error: Os { code: 28, kind",
        "An IO error occurred: 'No space left on device (os error 28) at path \"/search/index-1/.tmpAb\"'",
    ],
)
def test_the_operator_is_told_in_plain_words(shelf: Shelf, kept: Any, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    def full(*_: Any) -> None:
        raise ValueError(words)

    make_article("Straits")
    with monkeypatch.context() as patched:
        patched.setattr(documents.Maker, "documents", full)
        kept()
    text = notices.recent()[0].text
    kept(2)
    assert f"on {socket.gethostname()} (No space left on device: {shelf.place.root})" in text


def test_a_failed_commit_is_told_searches_go_on_and_nothing_is_lost(
    shelf: Shelf, kept: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = make_article("Straits")
    kept(2)
    new = make_article("Canals")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(documents.Maker, "documents", full)
        kept(2)
    assert "No space left" in notices.recent()[0].text
    assert shelf.found("straits") == {old.pk}
    kept(2)
    assert shelf.found("canals") == {new.pk}
    assert notices.recent() == []


def test_a_build_that_fails_leaves_what_was_there(shelf: Shelf, kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    article = make_article("Straits")
    kept(2)
    before = shelf.place.current()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(documents.Maker, "documents", full)
        with pytest.raises(OSError, match="No space"):
            building.build(shelf.place)
    assert list(shelf.place.root.glob("index-*")) == [before]
    assert shelf.place.progress() == (0, 0)
    assert shelf.found("straits") == {article.pk}


def test_an_empty_publication_has_an_empty_library(shelf: Shelf, kept: Any) -> None:
    assert not shelf.ask("straits").ready
    kept(2)
    results = shelf.ask("straits")
    assert (results.ready, results.total, results.suggestion) == (True, 0, "")
    assert shelf.ask().total == 0
    assert Topic.objects.count() == 0


def test_names_an_import_brings_do_not_have_everything_written_twice(
    shelf: Shelf, kept: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(2)
    topics = bulk.topics(["Camels"], "theme")
    made = [bulk.NewArticle(title=f"Import {n}", body=[], dated=clock.now(), topics=tuple(topics.values())) for n in range(5)]
    bulk.create(made)
    written: list[int] = []
    make = documents.Maker.documents

    def counted(maker: documents.Maker, numbers: Sequence[int]) -> Iterator[Document]:
        written.append(len(numbers))
        return make(maker, numbers)

    monkeypatch.setattr(documents.Maker, "documents", counted)
    kept()
    make_topic("Another")  # whoever saves a topic makes every name be looked at
    kept()
    compare(kept)
    assert written == [5]
    assert shelf.ask("topic:camels").total == 5
