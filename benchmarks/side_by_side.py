"""The library's index, SQLite's FTS5 and PostgreSQL's full text on the same fifty thousand articles, asked the same in turns.

Each question is put to every engine before the next one, in this process, so that a machine's good and bad moments meet all
alike. An answer is the titles of the best twenty for somebody who may read everything. Ours is asked through the product's own
function, which also looks for another spelling and mends what finds too little; its titles come from the database, the others'
from the table beside their index. Building: ours is ``masthead reindex``, which reads every article from the database; the others
are handed texts already read, and the time that took is not counted.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import called, fifty_thousand, publication, report
from benchmarks.fts5 import Fts5
from benchmarks.paced import percentile
from benchmarks.plain import ROOT
from benchmarks.postgres import Postgres, Unavailable
from benchmarks.queries import SHARES, Asked, Source, draw
from benchmarks.rivals import MOST, Article, Engine

ARCHIVE = ROOT.parent / "shared" / "data" / "archive-25k.jsonl.gz"
SERVER = "postgres://root@127.0.0.1:5432/"
SAMPLE = 10  # one in so many articles is looked at when questions are drawn
WARM = dict.fromkeys(SHARES, 10)


@dataclass(frozen=True, slots=True)
class Built:
    """What building an index cost: seconds, of processor time too, and megabytes of memory at the most."""

    seconds: float
    processor: float
    memory: float


def build(data: Path) -> Built:
    """``masthead reindex`` in a process of its own. Its memory is the largest it and whatever it started ever had."""
    began = time.perf_counter()
    process = subprocess.Popen([*publication.MASTHEAD, "reindex"], env=publication.environment(data))
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit("masthead: `masthead reindex` failed; see above.")
    return Built(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def size(folder: Path) -> int:
    """Bytes of all files under ``folder``."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def questions(seed: int = 1, shares: dict[str, int] | None = None) -> list[Asked]:
    """The questions, drawn from one article in :data:`SAMPLE` of this process's data directory."""
    return draw(_sources(), shares, seed)


def _sources() -> Iterable[Source]:
    for number, record in enumerate(fifty_thousand.texts()):
        if number % SAMPLE == 0:
            yield Article.of(number, record).source()


class Ours:
    """The library of this process's data directory. ``facets``: with all the counts that stand beside results."""

    corrects = True

    def __init__(self, data: Path, *, facets: bool = False) -> None:
        self.name = "Masthead, with facets and timeline" if facets else "Masthead"
        self.settings = "as it comes"
        self.facets = facets
        self.data = data
        self.memory = 0.0
        from masthead.access.services import current_policy

        self.policy = current_policy()

    def build(self, articles: Iterable[Article]) -> float:
        """Build it anew, from the database."""
        made = build(self.data)
        self.memory = made.memory
        return made.seconds

    def size(self) -> int:
        """Bytes on disk."""
        return size(self.data / "search")

    def ask(self, asked: Asked) -> list[str]:
        """The titles of the first page, made longer."""
        from masthead.articles.models import Article as Stored
        from masthead.core import clock
        from masthead.library import search

        found = search.search(request(asked), whole=True, policy=self.policy, now=clock.now(), facets=self.facets)
        if not found.ready:
            raise SystemExit("masthead: the library's index is not ready.")
        numbers = found.numbers[:MOST]
        titles = dict(Stored.objects.filter(pk__in=numbers).values_list("pk", "title"))
        return [titles[number] for number in numbers if number in titles]

    def close(self) -> None:
        """Nothing need be taken away."""


def request(asked: Asked) -> Any:
    """``asked`` as the search page reads it from its address."""
    from masthead.library.query import Request

    made: dict[str, Any] = {"text": asked.text, "typing": asked.kind == "prefix"}
    if asked.filter:
        name, value = asked.filter
        made |= {"year": int(value)} if name == "year" else {name: (value,)}
    return Request(**made)


def measure(data: Path, work: Path, address: str, rounds: int) -> tuple[str, dict[str, Any]]:
    """Build, ask, and tell; returns Markdown and raw figures. This process must be one of ``data``'s."""
    called.application(True)  # now this process keeps what a web worker keeps, and follows the change log
    engines: list[Engine] = [Ours(data), Fts5(work)]
    missing = ""
    try:
        engines.append(Postgres(address))
    except Unavailable as problem:
        missing = f"\nPostgreSQL was not measured: {problem}\n"
    try:
        articles = [Article.of(number, record) for number, record in enumerate(fifty_thousand.texts(), start=1)]
        built = {}
        for engine in engines:
            built[engine.name] = engine.build(articles)
            _say(f"{engine.name}: built in {built[engine.name]:.1f} s, {engine.size() / 1e6:.0f} MB")
        sources = [article.source() for article in articles[::SAMPLE]]
        count = len(articles)
        del articles
        asked, warm = draw(sources), draw(sources, WARM, seed=2)
        asking = [engines[0], Ours(data, facets=True), *engines[1:]]
        times: dict[str, dict[str, list[float]]] = {engine.name: {} for engine in asking}
        answered: dict[str, set[Asked]] = {engine.name: set() for engine in asking}
        for question in warm:
            for engine in asking:
                engine.ask(question)
        for round_ in range(1, rounds + 1):
            for question in asked:
                for engine in asking:
                    began = time.perf_counter()
                    titles = engine.ask(question)
                    times[engine.name].setdefault(question.kind, []).append((time.perf_counter() - began) * 1000)
                    if titles:
                        answered[engine.name].add(question)
            _say(f"round {round_} of {rounds}")
        rows = []
        for engine in asking:
            every = [value for values in times[engine.name].values() for value in values]
            seconds = built.get(engine.name)
            rows.append(
                [
                    engine.name,
                    report.number(seconds) if seconds is not None else "",
                    f"{engine.size() / 1e6:.0f}" if seconds is not None else "",
                    report.number(median(every)),
                    report.number(percentile(every, 0.99)),
                    report.number(max(every)),
                    f"{len(answered[engine.name]) / len(asked):.0%}",
                ]
            )
        by_kind = [[engine.name, *(_both(times[engine.name][kind]) for kind in SHARES)] for engine in asking]
        settings = "\n".join(f"- {engine.name}: {engine.settings}." for engine in engines)
        raw = {"built": built, "sizes": {engine.name: engine.size() for engine in engines}, "times": times}
    finally:
        for engine in engines:
            engine.close()
    text = f"""
## Side by side

The same {count:,} articles, {len(asked)} questions, {rounds} rounds in turns; the titles of the best {MOST}.

{report.table(["", "build, s", "index, MB", "p50 ms", "p99 ms", "most ms", "answered"], rows)}

The same by kind of question, p50 / p99 in ms:

{report.table(["", *SHARES], by_kind)}

{settings}
- Only ours finds what is misspelt: the others say that there is nothing, which takes no time.
{missing}"""
    return text, raw


def _both(values: list[float]) -> str:
    return f"{median(values):.1f} / {percentile(values, 0.99):.0f}"


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def main(arguments: Sequence[str]) -> int:
    """For trying this part alone: DATA ROUNDS."""
    import tempfile

    data = Path(arguments[0])
    publication.load_django(data)
    with tempfile.TemporaryDirectory(prefix="masthead-bench-") as folder:
        text, _raw = measure(data, Path(folder), SERVER, int(arguments[1]))
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
