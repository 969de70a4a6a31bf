"""Search pages asked of one web worker: how long whole answers take, how much of it is tantivy's, and whether anything fails."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from benchmarks import asking, called, machine, publication, publishing
from benchmarks.plain import ROOT
from benchmarks.queries import Asked
from benchmarks.wrk import BadRun

PAGE, AS_JSON, SUGGESTIONS = "/library/", "/api/v1/search", "/library/suggest.json"
KINDS = ("anybody", "subscriber")
# What of tantivy is called while a search is answered; its own time is what these take
CALLS = {
    "Searcher": ("search", "aggregate", "doc_freq", "fast_field_values", "terms_with_prefix", "cardinality", "doc"),
    "Index": ("reload", "searcher"),
}


def path(asked: Asked, page: int = 1, base: str = PAGE, **more: str) -> str:
    """The address of ``asked``; of a prefix, as a reader types it who knows the asterisk, unless it says that he is typing."""
    typing = "typing" in more or base == SUGGESTIONS
    text = f"{asked.text}*" if asked.kind == "prefix" and not typing else asked.text
    pairs = {"q": text, **(dict([asked.filter]) if asked.filter else {}), **more}
    if page > 1:
        pairs["page"] = str(page)
    return base + "?" + "&".join(f"{name}={quote_plus(value)}" for name, value in pairs.items())


@dataclass(slots=True)
class Answers:
    """Milliseconds of answers, by kind of question."""

    times: dict[str, list[float]] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)

    def add(self, kind: str, milliseconds: float, size: int) -> None:
        """Note one answer."""
        self.times.setdefault(kind, []).append(milliseconds)
        self.sizes.append(size)

    @property
    def every(self) -> list[float]:
        """All of them."""
        return [value for values in self.times.values() for value in values]


def cookie(kind: str) -> str:
    """The cookie of a visitor of this ``kind``; a new one, since a pass ends after ten minutes."""
    return publication.subscribers(1)[0] if kind == "subscriber" else ""


def wait_until_ready(port: int, within: float = 600.0) -> None:
    """Wait while the library is being prepared."""
    deadline = time.monotonic() + within
    while (status := asking.get_once(port, f"{PAGE}?q=ready").status) != 200:
        if time.monotonic() > deadline or status != 503:
            raise BadRun(f"the library is not ready: status {status}")
        time.sleep(0.5)


def ask(port: int, paths: Sequence[tuple[str, str]], kind: str) -> Answers:
    """Ask for each of ``paths`` (with what it is counted under) in turn, over one connection that is kept."""
    found, client, carried = Answers(), asking.Client(port), cookie(kind)
    try:
        for what, where in paths:
            began = time.perf_counter()
            answer = client.get(where, carried)
            spent = (time.perf_counter() - began) * 1000
            if answer.status != 200:
                raise BadRun(f"{where} was answered with status {answer.status}")
            found.add(what, spent, len(answer.body))
    finally:
        client.close()
    return found


# How soon, and with how many at once -------------------------------------------------------------------------------------


def found_after(port: int, data: Path, count: int, pause: float = 0.5, patience: float = 30.0) -> list[float]:
    """Publish ``count`` articles elsewhere; the seconds from the end of each transaction until a search shows the article."""
    delays = []
    with publishing.begun(data, count, pause) as process:
        assert process.stdout is not None
        client = asking.Client(port)
        for word, moment in map(publishing.read, process.stdout):
            while f"/articles/measured-{word}/" not in client.get(f"{PAGE}?q={word}").html:
                if time.time() - moment > patience:
                    raise BadRun(f"an article was not found {patience:.0f} s after it was published")
                time.sleep(0.02)
            delays.append(time.time() - moment)
        client.close()
    return delays


@dataclass(frozen=True, slots=True)
class Together:
    """What searching while articles are published came to."""

    published: int
    seconds: float
    asked: int
    errors: list[str]
    missing: int  # articles published meanwhile that are not found afterwards
    times: list[float]  # milliseconds


def while_publishing(port: int, data: Path, paths: Sequence[str], count: int, clients: int) -> Together:
    """``count`` publications in another process while ``clients`` ask without pause."""
    over, errors, times = threading.Event(), list[str](), list[float]()

    def keep_asking(number: int) -> None:
        client, turn = asking.Client(port), cycle(paths[number::clients])
        while not over.is_set():
            where, began = next(turn), time.perf_counter()
            try:
                status = client.get(where).status
            except Exception as error:  # whatever it is, it is what this looks for
                errors.append(f"{where}: {error!r}")
                client = asking.Client(port)
                continue
            times.append((time.perf_counter() - began) * 1000)
            if status != 200:
                errors.append(f"{where}: status {status}")

    threads = [threading.Thread(target=keep_asking, args=(number,), daemon=True) for number in range(clients)]
    began, words = time.perf_counter(), list[str]()
    for thread in threads:
        thread.start()
    try:
        with publishing.begun(data, count) as process:
            assert process.stdout is not None
            words = [publishing.read(line)[0] for line in process.stdout]
    finally:
        seconds = time.perf_counter() - began
        over.set()
        for thread in threads:
            thread.join(60)
    time.sleep(2)
    client = asking.Client(port)
    missing = sum(f"/articles/measured-{word}/" not in client.get(f"{PAGE}?q={word}").html for word in words)
    client.close()
    return Together(len(words), seconds, len(times), errors, missing, times)


# Inside --------------------------------------------------------------------------------------------------------------


def in_a_process(data: Path, core: int, kind: str, questions: Sequence[tuple[str, str]], work: Path) -> list[dict[str, Any]]:
    """What each answer cost in a process of its own, called as the web server calls it: wall, processor and tantivy's, in ms."""
    given = work / "questions.json"
    given.write_text(json.dumps(questions))
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.searching", str(data), kind, str(given)],
        preexec_fn=machine.on(core),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=1200,
    )
    if finished.returncode:
        raise SystemExit("masthead: a measuring process failed; see above.")
    measured: list[dict[str, Any]] = json.loads(finished.stdout.splitlines()[-1])
    return measured


class Tantivy:
    """The time this process spends in tantivy's searcher and index."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def watch(self) -> None:
        """From now on, count."""
        import tantivy

        for owner, names in CALLS.items():
            for name in names:
                kind = getattr(tantivy, owner)
                setattr(kind, name, self._counted(getattr(kind, name)))

    def _counted(self, call: Any) -> Any:
        def counted(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return call(*arguments, **named)
            finally:
                self.seconds += time.perf_counter() - began

        return counted


def inside(data: Path, kind: str, questions: Sequence[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """Ask this process's own application."""
    import gc

    publication.load_django(data, MASTHEAD_EDGE="on")
    application = called.application(True)
    tantivy = Tantivy()
    tantivy.watch()
    carried = cookie(kind)
    warm = len(questions) // 10  # templates and modules are loaded by them, and they are not counted
    for _, where in questions[:warm]:
        called.ask(application, where, carried)
    gc.collect()
    gc.freeze()
    for what, where in questions[warm:]:
        tantivy.seconds = 0.0
        burned, began = time.thread_time(), time.perf_counter()
        called.ask(application, where, carried)
        yield {
            "kind": what,
            "wall": (time.perf_counter() - began) * 1000,
            "processor": (time.thread_time() - burned) * 1000,
            "tantivy": tantivy.seconds * 1000,
        }


if __name__ == "__main__":
    data, kind, questions = sys.argv[1:]
    print(json.dumps(list(inside(Path(data), kind, json.loads(Path(questions).read_text())))))
