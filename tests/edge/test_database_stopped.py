"""The database goes away under a running server: what is held is shown, all else says so, and everything comes back by itself.

Between the server and PostgreSQL stands a forwarder of this test's own, and that is what is stopped: nobody else's database.
"""

from __future__ import annotations

import os
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import servers
from servers import Server

from databases import Postgresql
from edge.live import Answer, Told, Visitor, settles, slug_of, within
from factories import CANARY
from publications import Publications

URL = os.environ.get("MASTHEAD_DATABASE_URL", "")


def _reachable() -> bool:
    if not URL.startswith("postgres"):
        return False
    with suppress(psycopg.Error):
        psycopg.connect(URL, connect_timeout=3).close()
        return True
    return False


pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not _reachable(), reason="MASTHEAD_DATABASE_URL names no PostgreSQL that answers"),
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs all of 127.0.0.0/8, which only Linux has"),
]

PUBLICATION = """
made = [make_article(f"Metered {n}") for n in range(6)] + [make_article("Subscribers", access="subscribers")]
make_comp(make_reader("subscriber@example.org"))
make_reader("reader@example.org")
found = [article.path_on_site for article in made]
"""
SOON = 6.0  # seconds within which everything is answered, whatever the database does


class Forwarder:
    """Forwards connections to ``target``, until it is told otherwise."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._silent = False
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.port = servers.free_port()
        self.listen()

    def listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=100)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                incoming, _ = listener.accept()
                self._open.append(incoming)
                if self._silent:
                    continue
                outgoing = socket.create_connection(self._target)
                self._open.append(outgoing)
                for pair in ((incoming, outgoing), (outgoing, incoming)):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Close everything."""
        for end in [self._listener, *self._open]:
            if end is not None:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
        self._open, self._listener = [], None

    @contextmanager
    def away(self, *, silent: bool = False) -> Iterator[None]:
        """No database meanwhile: connections are refused or, where ``silent``, taken and never answered."""
        self.cut()
        if silent:
            self._silent = True
            self.listen()
        try:
            yield
        finally:
            if silent:
                self._silent = False
                self.cut()
            self.listen()


@dataclass
class Site:
    """A publication whose web role asks its database through ``forwarder``; ``url`` is the way past it."""

    server: Server
    forwarder: Forwarder
    url: str
    told: Told
    metered: list[str]
    subscribers: str

    def visitor(self, address: str = "127.0.0.1") -> Visitor:
        return Visitor(self.server.port, address)

    def within(self, code: str) -> object:
        return within(self.server.data, code, MASTHEAD_DATABASE_URL=self.url)

    def views(self, path: str) -> int:
        """How many views of the article at ``path`` are written."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(
                "SELECT coalesce(sum(count), 0) FROM insights_viewcount v"
                " JOIN wagtailcore_page p ON p.id = v.article WHERE p.slug = %s",
                [slug_of(path)],
            ).fetchone()
        assert row
        return int(row[0])

    def ready(self) -> bool:
        return self.visitor().get("/health/ready").status == 200


@pytest.fixture(scope="module")
def site(database: Postgresql, publications: Publications, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = publications.empty(tmp_path_factory.mktemp("stopped") / "data")
    name = f"test_masthead_stopped_{os.getpid()}"
    parts = urlsplit(URL)
    login = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    with psycopg.connect(URL, autocommit=True) as maintenance:
        database.copy_to(name)
        forwarder = Forwarder((parts.hostname or "127.0.0.1", parts.port or 5432))
        straight = urlunsplit(parts._replace(path=f"/{name}"))
        roundabout = f"postgres://{login}127.0.0.1:{forwarder.port}/{name}"
        try:
            with Server(data, "--empty", MASTHEAD_DATABASE_URL=roundabout, MASTHEAD_WEB_WORKERS="1") as server:
                server.wait_until_ready()
                told = Told(server)
                *metered, subscribers = within(data, PUBLICATION, MASTHEAD_DATABASE_URL=straight)
                yield Site(server, forwarder, straight, told, metered, subscribers)
        finally:
            forwarder.cut()
            maintenance.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(autouse=True)
def _whole_again(site: Site) -> Iterator[None]:
    """Whatever a test did, the next one begins with a database that answers."""
    before = servers.living(site.server.data)
    yield
    settles(site.ready, 15)
    assert servers.living(site.server.data) == before, "a process died"


def timed(visitor: Visitor, path: str) -> tuple[Answer, float]:
    started = time.perf_counter()
    answer = visitor.get(path)
    return answer, time.perf_counter() - started


def unavailable(answer: Answer) -> bool:
    """Whether it is the plain page that says so."""
    return (
        answer.status == 503
        and int(answer.headers["retry-after"]) > 0
        and answer.headers["cache-control"] == "no-store"
        and answer.headers["content-type"].startswith("text/plain")
        and CANARY not in answer.text
    )


@pytest.fixture(scope="module")
def cast(site: Site) -> dict[str, Visitor]:
    return {
        "anonymous": site.visitor("127.0.0.2"),
        "reader": site.visitor("127.0.0.3").log_in(site.server.data, "reader@example.org"),
        "subscriber": site.visitor("127.0.0.4").log_in(site.server.data, "subscriber@example.org"),
    }


def warm(site: Site, cast: dict[str, Visitor], *paths: str) -> None:
    for visitor in cast.values():
        for path in paths:
            for _ in range(3):
                assert visitor.get(path).status == 200


@pytest.mark.parametrize("silent", [False, True], ids=["refused", "never answered"])
def test_what_is_held_is_shown_to_whom_it_was_shown(site: Site, cast: dict[str, Visitor], silent: bool) -> None:
    warm(site, cast, "/", site.metered[0], site.subscribers)
    decisions = {
        "anonymous": ("register", "subscribe"),
        "reader": ("choose", "subscribe"),
        "subscriber": ("comp", "comp"),
    }
    took = []
    with site.forwarder.away(silent=silent):
        time.sleep(1)
        for _ in range(20):
            for name, visitor in cast.items():
                for path, decision in zip((site.metered[0], site.subscribers), decisions[name], strict=True):
                    answer, seconds = timed(visitor, path)
                    took.append(seconds)
                    assert (answer.status, answer.decision) == (200, decision)
                    assert (CANARY in answer.text) == (decision == "comp")
                assert visitor.get("/").status == 200
    assert statistics.median(took) < 0.02 and max(took) < 1


@pytest.mark.parametrize("silent", [False, True], ids=["refused", "never answered"])
def test_everything_else_says_so_soon(site: Site, cast: dict[str, Visitor], silent: bool) -> None:
    lost = site.visitor("127.0.0.5")
    lost.cookies["masthead_session"] = cast["subscriber"].cookies["masthead_session"]
    warm(site, cast, site.metered[0])
    cold = dict(zip(site.metered[1 + 2 * silent :], list(cast.values())[:2], strict=False))
    with site.forwarder.away(silent=silent):
        for path, visitor in cold.items():
            answer, seconds = timed(visitor, path)
            assert unavailable(answer) and seconds < SOON
        # a session without a pass may be anybody's: it is never shown what nobody in particular is shown
        answer, seconds = timed(lost, site.metered[0])
        assert unavailable(answer) and seconds < SOON
        for method, path, form in (
            ("GET", "/account/", None),
            ("POST", "/unlock/", {"article": slug_of(site.metered[0])}),
            ("POST", "/keep-reading/", {"article": slug_of(site.metered[0]), "email": "new@example.org"}),
            ("GET", "/newsroom/", None),
        ):
            started = time.monotonic()
            answer = cast["reader"].ask(method, path, form)
            assert unavailable(answer), (path, answer)
            assert time.monotonic() - started < SOON, path
        answer, seconds = timed(cast["anonymous"], "/health/live")
        assert (answer.status, answer.text) == (200, "live\n") and seconds < 1
        answer, seconds = timed(cast["anonymous"], "/health/ready")
        assert answer.status == 503 and seconds < SOON
        answer, seconds = timed(cast["reader"], site.metered[0])
        assert answer.decision == "choose" and seconds < 1


def test_a_crowd_that_wants_what_is_not_there_stops_nobody(site: Site, cast: dict[str, Visitor]) -> None:
    warm(site, cast, site.metered[0])
    with site.forwarder.away(silent=True):
        with ThreadPoolExecutor(30) as pool:
            crowd = [pool.submit(timed, site.visitor(f"127.0.1.{n}"), f"/articles/nowhere-{n}/") for n in range(1, 31)]
            held = []
            while not all(asked.done() for asked in crowd):
                held.append(timed(cast["subscriber"], site.metered[0]))
                time.sleep(0.05)
        slowest = max(asked.result()[1] for asked in crowd)
        print(f"\nthe slowest of the crowd waited {slowest:.1f} s; hits meanwhile at most {max(s for _, s in held):.3f} s")
        assert all(unavailable(asked.result()[0]) for asked in crowd)
        assert slowest < SOON
        assert all(answer.decision == "comp" for answer, _ in held)
        assert statistics.median(seconds for _, seconds in held) < 0.02


def test_views_are_kept_and_written_when_it_is_back(site: Site, cast: dict[str, Visitor]) -> None:
    path = site.metered[0]
    warm(site, cast, path)
    time.sleep(2.5)
    before = site.views(path)
    with site.forwarder.away():
        for _ in range(100):
            assert cast["anonymous"].get(path).status == 200
        time.sleep(2)
        assert site.views(path) == before
    settles(lambda: site.views(path) == before + 100, 10)
    time.sleep(2)
    assert site.views(path) == before + 100  # once each


def test_it_works_again_by_itself_and_knows_what_changed_meanwhile(site: Site, cast: dict[str, Visitor]) -> None:
    path = site.metered[0]
    warm(site, cast, path)
    with site.forwarder.away():
        site.within(
            f"article = Article.objects.get(slug={slug_of(path)!r})\n"
            "article.title = 'Changed meanwhile'\narticle.save_revision().publish()"
        )
        time.sleep(1)
        assert "Changed meanwhile" not in cast["reader"].get(path).text
    took = settles(lambda: all("Changed meanwhile" in visitor.get(path).text for visitor in cast.values()), 10)
    assert took < 2
    assert cast["reader"].get(site.metered[5]).decision == "choose"
    assert cast["reader"].post("/unlock/", article=slug_of(site.metered[5])).status == 303
    assert cast["reader"].get(site.metered[5]).decision == "unlock"


def test_the_log_tells_the_operator_and_not_with_every_request(site: Site) -> None:
    told = "".join(site.told.lines)
    assert 1 <= told.count("the database does not answer") <= 5
    assert not site.told.tracebacks, site.told.tracebacks[:3]
