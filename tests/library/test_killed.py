"""Writers that are killed, two machines, a full disk, readers in many threads; and the library answers throughout."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from tantivy import Query

from factories import make_article, make_author, make_topic, set_policy
from masthead.articles import bulk
from masthead.articles.models import Article
from masthead.core import clock, notices
from masthead.library import building, documents, schema, search, soundness
from masthead.library.keeper import NOTICE, Keeper
from masthead.library.place import Place, place_in
from masthead.library.reading import Library
from shelves import Shelf

ROUNDS = 40
PATIENCE = 60.0  # seconds for what takes two: another test may have the machine

# One process that has loaded everything, and forks a writer for each line "write DIRECTORY": killing one costs no start.
WRITERS = """
import os, signal, sys, time
import django
django.setup()
from pathlib import Path
from masthead.library import building, documents, keeper
from masthead.library.place import Place

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    kind, root = line.split()
    child = os.fork()
    if child:
        print(child, flush=True)
        continue
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    keeper.COMPARE = 0.5
    if kind == "large":  # as if there were many articles: built in a process of its own
        keeper.LITTLE = -1
    one = keeper.Keeper(Place(Path(root)))
    while True:
        one.tick()
        time.sleep(0.01)
"""


class Writers:
    """Starts and kills writers that have this test's database."""

    def __init__(self, data: Path) -> None:
        database = django_settings.DATABASES["default"]
        url = f"sqlite:///{database['NAME']}"
        if connection.vendor == "postgresql":
            user = f"{database['USER']}:{database['PASSWORD']}".rstrip(":")
            url = f"postgres://{user}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "masthead.site.settings",
            "MASTHEAD_DATABASE_URL": url,
            "MASTHEAD_DATA": str(data),
            "MASTHEAD_SECRET_KEY": django_settings.SECRET_KEY,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-c", WRITERS],
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._living: set[int] = set()

    def start(self, place: Place, kind: str = "write") -> int:
        """A writer for ``place``; returns its number."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{kind} {place.root}\n")
        self._process.stdin.flush()
        number = int(self._process.stdout.readline())
        self._living.add(number)
        return number

    def kill(self, number: int) -> None:
        """kill -9, and wait until it is gone."""
        os.kill(number, signal.SIGKILL)
        self._living.discard(number)
        until(lambda: not Path(f"/proc/{number}").exists())

    def end(self) -> str:
        """Kill all that are left; returns what they complained of."""
        for number in list(self._living):
            self.kill(number)
        return self._process.communicate(timeout=PATIENCE)[1]


def until(true: Callable[[], Any], seconds: float = PATIENCE) -> float:
    """Wait until something is ``true``; returns how long that took."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() - begun < seconds, "never happened"
        time.sleep(0.01)
    return time.monotonic() - begun


@pytest.fixture
def data(settings: Any, tmp_path: Path) -> Path:
    """The data directory of the writers and of this process."""
    from dataclasses import replace

    path = tmp_path / "data"
    path.mkdir()
    settings.MASTHEAD = replace(settings.MASTHEAD, data=path)
    return path


@pytest.fixture
def writers(data: Path, transactional_db: None) -> Iterator[Writers]:
    """Somebody to write, and to kill."""
    found = Writers(data)
    yield found
    found.end()


def made(number: int, word: str) -> list[int]:
    """So many articles at once."""
    return bulk.create(
        [
            bulk.NewArticle(
                title=f"{word} {n}",
                body=[{"type": "paragraph", "value": f"<p>{word} {n} {'of the sea ' * 60}</p>", "id": f"{word}{n}"}] * 6,
                dated=clock.now(),
            )
            for n in range(number)
        ]
    )


def held(place: Place) -> dict[int, int]:
    """What the index at ``place`` holds: article and version, with none twice."""
    state = Library(place).state()
    if state is None:
        return {}
    addresses = [address for _, address in state.searcher.search(Query.all_query(), 100_000).hits]
    numbers = state.searcher.fast_field_values("number", addresses) if addresses else []
    assert len(numbers) == len(set(numbers)), "an article stands there twice"
    return dict(zip(map(int, numbers), state.searcher.fast_field_values("rendered", addresses), strict=True)) if addresses else {}


@pytest.mark.processes
def test_a_writer_may_be_killed_at_any_moment(writers: Writers, data: Path) -> None:
    place = place_in(data)
    made(300, "Straits")
    dice = random.Random(9)
    articles = list(Article.objects.order_by("pk")[:40])
    was_there = False
    for turn in range(ROUNDS):
        match turn % 5:
            case 0:
                (place.root / "current").unlink(missing_ok=True)  # so that it builds
                was_there = False
            case 1:
                made(dice.randrange(1, 40), f"Canal{turn}")
            case 2:
                dice.choice(articles[20:]).save_revision().publish()
            case 3 if len(articles) > 30:
                articles.pop().delete()
            case _:
                article = articles[turn % 20]
                article.title = f"Lake {turn}"
                article.save_revision().publish()
        number = writers.start(place)
        time.sleep(dice.random() * (0.8 if turn % 5 == 0 else 0.25))
        writers.kill(number)
        state = Library(place).state()
        was_there = was_there or state is not None
        if was_there:
            assert state is not None, f"turn {turn}: there was an index, and now there is none"
            assert state.searcher.search(Query.term_query(schema.SCHEMA, "body", "sea"), 1).hits
            held(place)
            assert soundness.damaged(place.current() or data) == []
    writers.start(place)
    until(lambda: held(place) == documents.versions())
    until(lambda: len(list(place.root.glob("index-*"))) == 1)


@pytest.mark.processes
def test_a_builder_in_a_process_of_its_own_ends_with_its_keeper(writers: Writers, data: Path) -> None:
    place = place_in(data)
    made(200, "Straits")
    for seconds in (0.0, 0.3, 1.5):
        number = writers.start(place, "large")
        until(lambda: builders(data))
        time.sleep(seconds)
        writers.kill(number)
        until(lambda: not builders(data))
    writers.start(place, "large")
    until(lambda: held(place) == documents.versions())


# --- while a large index is built in a process of its own, the one in use is kept up to date


SOON = 2.0  # seconds after which what is published is found


@pytest.fixture
def slow(writers: Writers, data: Path) -> Iterator[tuple[Place, int, int]]:
    """A place with an index in use, its holder, and the builder of another one, who has begun and is stopped in the middle."""
    place = place_in(data)
    made(1_000, "Straits")
    holder = writers.start(place, "large")
    until(lambda: held(place) == documents.versions())
    set_policy(teaser_paragraphs=4)
    yield place, holder, stopped(place, data)


def stopped(place: Place, data: Path) -> int:
    """The builder that is at work, stopped."""
    until(lambda: place.progress()[1] and builders(data))
    (number,) = builders(data)
    os.kill(number, signal.SIGSTOP)
    return number


def happenings() -> tuple[Article, Article]:
    """An article that is published just now, and one that is withdrawn."""
    gone = Article.objects.filter(live=True, title__startswith="Straits").order_by("pk").first()
    assert gone
    gone.unpublish()
    return make_article("Canal"), gone


@pytest.mark.processes
def test_what_happens_while_another_index_is_built_is_seen_at_once(slow: tuple[Place, int, int]) -> None:
    place, _, builder = slow
    before = place.current()
    new, gone = happenings()
    changed = Article.objects.filter(live=True, title__startswith="Straits").order_by("-pk").first()
    assert changed
    changed.title = "Lakes"
    changed.save_revision().publish()
    took = until(lambda: held(place) == documents.versions())
    assert took < SOON * 3, "two seconds, on a machine that does nothing else"
    assert place.current() == before, "in the index that is in use"
    assert new.pk in held(place)
    assert gone.pk not in held(place)
    os.kill(builder, signal.SIGCONT)
    until(lambda: place.current() != before)
    assert held(place) == documents.versions(), "and the new one has it, too, when it takes its place"
    about = place.about(place.current())
    assert about is not None
    assert about.teaser == 4


@pytest.mark.processes
def test_also_once_the_builder_is_killed(slow: tuple[Place, int, int], data: Path) -> None:
    place, _, builder = slow
    before = place.current()
    os.kill(builder, signal.SIGKILL)
    happenings()
    until(lambda: held(place) == documents.versions())
    assert place.current() == before
    until(lambda: [notice.key for notice in notices.recent()] == [NOTICE])
    until(lambda: place.current() != before)
    until(lambda: held(place) == documents.versions())
    until(lambda: not notices.recent())


@pytest.mark.processes
def test_also_once_the_holder_is_killed(slow: tuple[Place, int, int], writers: Writers, data: Path) -> None:
    place, holder, _ = slow
    before = place.current()
    happenings()
    writers.kill(holder)
    until(lambda: not builders(data))
    happenings()
    writers.start(place, "large")
    builder = stopped(place, data)
    until(lambda: held(place) == documents.versions())
    assert place.current() == before
    happenings()
    until(lambda: held(place) == documents.versions())
    assert place.current() == before
    os.kill(builder, signal.SIGCONT)
    until(lambda: place.current() != before)
    assert held(place) == documents.versions()


def builders(data: Path) -> list[int]:
    """The processes that build an index in ``data``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (
                b"reindex" in (folder / "cmdline").read_bytes()
                and f"MASTHEAD_DATA={data}".encode() in (folder / "environ").read_bytes()
            ):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.mark.processes
def test_two_machines_find_what_is_published(writers: Writers, tmp_path: Path) -> None:
    places = [place_in(tmp_path / name) for name in ("one", "two")]
    make_article("Straits")
    for place in places:
        place.root.parent.mkdir(parents=True)
        writers.start(place)
    until(lambda: all(held(place) == documents.versions() for place in places))
    libraries = [Library(place) for place in places]
    took = []
    for number in range(3):
        article = make_article(f"Canal {number}", paragraphs=[f"canal{number}"])

        def found(one: Library, number: int = number, article: Article = article) -> bool:
            state = one.state()
            assert state is not None
            hits = state.searcher.search(Query.term_query(schema.SCHEMA, "title", str(number)), 5).hits
            return state.searcher.fast_field_values("number", [address for _, address in hits]) == [article.pk] if hits else False

        took.append(until(lambda: all(found(one) for one in libraries)))
    # two seconds on a machine that does nothing else
    assert min(took) < 2.0


@pytest.mark.processes
def test_the_next_writer_goes_on_where_the_killed_one_stopped(writers: Writers, data: Path) -> None:
    place = place_in(data)
    make_article("Straits")
    first, second = writers.start(place), writers.start(place)
    until(lambda: held(place) == documents.versions())
    for number in (first, second):
        make_article(f"Canal {number}")
        until(lambda: held(place) == documents.versions())
        writers.kill(number)
        if number == first:
            make_article("While nobody writes")
    assert held(place) == documents.versions()


@pytest.mark.django_db
def test_a_full_disk_is_told_searches_go_on_and_nothing_is_lost(shelf: Shelf) -> None:
    shelf.place.root.mkdir(parents=True)
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(shelf.place.root)], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("only root may mount a small disk")
    one = Keeper(shelf.place)

    def tick() -> None:
        one._not_before = 0.0
        one.tick()
        search.library().forget()

    try:
        old = make_article("Straits", authors=[make_author()], topics=[make_topic()])
        for _ in range(2):
            tick()
        filler = shelf.place.root / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        new = make_article("Canals")
        for _ in range(3):
            tick()
            assert shelf.found("straits") == {old.pk}
        assert [notice.key for notice in notices.recent()] == [NOTICE]
        assert shelf.found("canals") == set()
        # whoever begins anew finds what was there, too
        one.stop()
        search._library.cache_clear()
        tick()
        assert shelf.found("straits") == {old.pk}
        with pytest.raises((OSError, ValueError)):
            building.build(shelf.place)
        assert shelf.found("straits") == {old.pk}
        filler.unlink()
        for _ in range(3):
            tick()
        assert shelf.found("canals") == {new.pk}
        assert shelf.found("straits") == {old.pk}
        assert notices.recent() == []
    finally:
        one.stop()
        search._library.cache_clear()
        subprocess.run(["umount", "-l", str(shelf.place.root)], check=True)


@pytest.mark.django_db(transaction=True)
def test_eight_threads_search_while_two_hundred_articles_are_published(data: Path) -> None:
    shelf = Shelf(place_in(data))
    make_article("Straits", access="open")
    made(100, "Sea")
    shelf.build()
    over = threading.Event()
    errors: list[str] = []
    asked = [0] * 8

    def ask(which: int) -> None:
        dice = random.Random(which)
        try:
            while not over.is_set():
                text = dice.choice(["straits", "sea 7", '"of the sea"', "se*", "straitz", "sea -canal", "canal", "of the"])
                results = shelf.ask(text, whole=bool(which % 2), page=str(dice.randrange(1, 4)))
                assert results.ready
                search.completions("se", policy=policy, now=clock.now())
                asked[which] += 1
        except BaseException as error:
            errors.append(repr(error))
        finally:
            connection.close()

    from masthead.access.services import current_policy

    policy = current_policy()
    threads = [threading.Thread(target=ask, args=(which,)) for which in range(8)]
    for thread in threads:
        thread.start()
    keeper = Keeper(shelf.place)
    try:
        for number in range(20):
            made(10, f"Canal{number}")
            keeper._not_before = 0.0
            keeper.tick()
    finally:
        over.set()
        for thread in threads:
            thread.join(PATIENCE)
        keeper.stop()
    assert errors == []
    assert all(asked)
    search.library().forget()
    assert shelf.ask("").total == 301
