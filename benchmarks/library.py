"""The library with fifty thousand articles: building its index, whole pages of results on one web worker, pages far down, how
soon what is published is found, and searching while articles are published. With ``--side-by-side`` also the same questions to
SQLite's FTS5 and to PostgreSQL.

The web worker has a core of its own, whoever asks has another. Questions are five hundred, drawn from the texts (``queries.py``).
"""

from __future__ import annotations

import os
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import fifty_thousand, machine, publication, publishing, report, searching, side_by_side
from benchmarks.paced import percentile
from benchmarks.queries import SHARES
from benchmarks.searching import KINDS, PAGE
from benchmarks.wrk import BadRun

BUILD_SECONDS, BUILD_MEGABYTES = 60, 600
P50, P99 = 15, 60  # milliseconds of a whole page
SOON = 2.0  # seconds until what is published is found
PUBLISHED, CLIENTS = 200, 4
DEEP = (1, 2, 10, 50, 200)
NAMES = {"anybody": "anybody", "subscriber": "a subscriber"}


def main(arguments: Sequence[str]) -> int:
    """Measure; returns 1 where a promise was not kept."""
    given = _options().parse_args(arguments)
    if not given.archive.is_file():
        raise SystemExit(f"masthead: there is no file {given.archive}; give --archive FILE.")
    cores, facts = machine.Cores.choose(), machine.describe()
    with machine.ended_by_signals(), tempfile.TemporaryDirectory(prefix="masthead-bench-") as folder:
        work = Path(folder)
        data = (given.data or work / "data").absolute()
        fifty_thousand.prepare(given.archive, data)
        publication.load_django(data)
        publishing.remove(data)
        text, raw, kept = "", dict[str, Any](), list[report.Target]()
        try:
            parts = [("build", _build), ("pages", _pages), ("soon", _soon)]
            for name, measure in parts:
                if not given.only or name in given.only:
                    part, raw[name], promised = measure(data, work, cores, given.rounds)
                    text += part
                    kept += promised
            if given.side_by_side:
                part, raw["side by side"] = side_by_side.measure(data, work, given.postgres, given.rounds)
                text += part
        except BadRun as problem:
            raise SystemExit(f"masthead: not a fair measurement, so there is none: {problem}") from None
        finally:
            publishing.remove(data)
        articles = publication.article_count()
    facts["load at the end"] = " ".join(f"{value:.2f}" for value in os.getloadavg())
    text = f"""# The library, measured

{articles:,} articles. {facts["processor"]}, {facts["cores"]} cores, {facts["kernel"]}, Python {facts["python"]}.
{given.rounds} rounds. Load {facts["load at the beginning"]} before, {facts["load at the end"]} after.

{report.targets(kept)}
{text}"""
    page = report.write("library", text, {"machine": facts, **raw, "targets": [asdict(one) for one in kept]})
    print(f"\n{text}\n\nAlso in {page}, raw figures beside it.")
    return 0 if all(one.met for one in kept) else 1


def _options() -> ArgumentParser:
    parser = ArgumentParser(prog="script/bench library", description=__doc__)
    parser.add_argument(
        "--archive",
        type=Path,
        default=side_by_side.ARCHIVE,
        help="a file for `masthead import jsonl`, read twice over (default: ../shared/data/archive-25k.jsonl.gz)",
    )
    parser.add_argument(
        "--data", type=Path, help="a data directory to use, and to keep for the next time (default: a temporary one)"
    )
    parser.add_argument("--rounds", type=int, default=2, help="how often everything is asked (default: 2)")
    parser.add_argument("--side-by-side", action="store_true", help="also ask FTS5 and PostgreSQL")
    parser.add_argument(
        "--postgres", default=side_by_side.SERVER, metavar="URL", help="the server for that (default: %(default)s)"
    )
    parser.add_argument(
        "--only", action="append", choices=["build", "pages", "soon", "nothing"], help="leave out the parts not named"
    )
    return parser


Measured = tuple[str, dict[str, Any], list[report.Target]]


def _build(data: Path, work: Path, cores: machine.Cores, rounds: int) -> Measured:
    """``masthead reindex``, as an operator gives it: on all cores."""
    made = [side_by_side.build(data) for _ in range(rounds)]
    seconds, memory = median(one.seconds for one in made), max(one.memory for one in made)
    size = side_by_side.size(data / "search")
    text = f"""
## Building the index

`masthead reindex`: {report.number(seconds)} s ({report.number(median(one.processor for one in made))} s of processor time),
{memory:.0f} MB of memory at the most, {size / 1e6:.0f} MB on disk.
"""
    promised = [
        report.Target("building the index, s", BUILD_SECONDS, seconds, at_most=True),
        report.Target("its memory, MB", BUILD_MEGABYTES, memory, at_most=True),
    ]
    return text, {"built": [asdict(one) for one in made], "bytes": size}, promised


def _pages(data: Path, work: Path, cores: machine.Cores, rounds: int) -> Measured:
    """Whole pages over HTTP, then the same inside a process, to see where the time goes."""
    asked = side_by_side.questions()
    paths = [(question.kind, searching.path(question)) for question in asked]
    short = [question for question in asked if question.kind == "prefix"]
    others = {
        "results while typing": [("typing", searching.path(question, typing="1")) for question in short],
        "completions while typing": [("typing", searching.path(question, base=searching.SUGGESTIONS)) for question in short],
        "as JSON": [(question.kind, searching.path(question, base=searching.AS_JSON)) for question in asked],
    }
    warm = [(question.kind, searching.path(question)) for question in side_by_side.questions(2, side_by_side.WARM)]
    over: dict[str, searching.Answers] = {}
    deep: dict[str, searching.Answers] = {}
    common = [question for question in asked if question.kind == "common"][:40]
    for _ in range(rounds):
        server, port = publication.start(data, cores.server, work / "web.log", edge=True)
        with server:
            searching.wait_until_ready(port)
            os.sched_setaffinity(0, {cores.client})
            for kind in KINDS:
                searching.ask(port, warm, kind)
                machine.settle()
                _add(over, kind, searching.ask(port, paths, kind))
                _say(f"{kind}: {median(over[kind].every):.1f} ms")
                for name, where in others.items():
                    _add(deep, f"{name}, {NAMES[kind]}", searching.ask(port, where, kind))
            for page in DEEP:
                numbered = [("common", searching.path(question, page)) for question in common]
                _add(deep, f"page {page}, a subscriber", searching.ask(port, numbered, "subscriber"))
            memory = machine.Memory.of(server.busiest())
        os.sched_setaffinity(0, {cores.server, cores.client})
    within = {kind: searching.in_a_process(data, cores.server, kind, [*warm, *paths], work) for kind in KINDS}
    rows, promised = list[list[str]](), list[report.Target]()
    for kind in KINDS:
        for name in ("", *SHARES):
            values = over[kind].times[name] if name else over[kind].every
            inside = [one for one in within[kind] if not name or one["kind"] == name]
            wall, tantivy = (sum(one[what] for one in inside) for what in ("wall", "tantivy"))
            rows.append(
                [
                    f"{NAMES[kind]}, {name or 'all'}",
                    *(report.number(value) for value in (median(values), percentile(values, 0.99), max(values))),
                    report.number(median(one["tantivy"] for one in inside)),
                    report.number(median(one["processor"] for one in inside)),
                    f"{1 - tantivy / wall:.0%}",
                ]
            )
        promised += [
            report.Target(f"a page for {NAMES[kind]}, p50 ms", P50, median(over[kind].every), at_most=True),
            report.Target(f"a page for {NAMES[kind]}, p99 ms", P99, percentile(over[kind].every, 0.99), at_most=True),
        ]
    down = [
        [name, *(report.number(value) for value in (median(found.every), percentile(found.every, 0.99)))]
        for name, found in deep.items()
    ]
    head = ["", "p50 ms", "p99 ms", "most ms", "tantivy, p50 ms", "processor, p50 ms", "outside tantivy"]
    text = f"""
## Whole pages of results

`{PAGE}?q=...` of one web worker, {len(asked)} questions over one connection, every page asked for once in its process. The last
three columns come from the same application called in a process of its own: tantivy's time, all processor time, and the share of
the whole that is not tantivy's. The worker held {memory.rss:.0f} MB afterwards (RSS).

{report.table(head, rows)}

What else is asked of the same worker; pages are of the results for common words:

{report.table(["", "p50 ms", "p99 ms"], down)}
"""
    raw = {
        "over": {kind: asdict(found) for kind, found in over.items()},
        "within": within,
        "deep": {name: asdict(found) for name, found in deep.items()},
        "memory": asdict(memory),
    }
    return text, raw, promised


def _soon(data: Path, work: Path, cores: machine.Cores, rounds: int) -> Measured:
    """What is published is found, and nothing fails meanwhile."""
    paths = [searching.path(question) for question in side_by_side.questions()]
    server, port = publication.start(data, cores.server, work / "web.log", edge=True)
    with server, publication.start_worker(data, cores.client, work / "worker.log"):
        searching.wait_until_ready(port)
        # a web process leaves the index to the worker, for a while: the first one tells that somebody keeps it
        searching.found_after(port, data, 1, patience=120)
        delays = searching.found_after(port, data, 20)
        _say(f"found after {median(delays):.2f} s")
        together = searching.while_publishing(port, data, paths, PUBLISHED, CLIENTS)
    took = f"{median(together.times):.0f} ms in the middle and {percentile(together.times, 0.99):.0f} ms at the 99th percentile"
    text = f"""
## Soon, and meanwhile

Published in another process, found by a search: after {median(delays):.2f} s in the middle of {len(delays)} times,
{max(delays):.2f} s at the most.

{together.published} articles published in {together.seconds:.0f} s while {CLIENTS} clients asked {together.asked:,} questions:
{len(together.errors)} errors, {together.missing} of the articles missing afterwards. Answers took {took},
{CLIENTS} at a time on one worker.
"""
    promised = [
        report.Target("published, found after s (most)", SOON, max(delays), at_most=True),
        report.Target(f"errors while {PUBLISHED} are published", 0, len(together.errors), at_most=True),
        report.Target("of them missing afterwards", 0, together.missing, at_most=True),
    ]
    return text, {"delays": delays, "together": asdict(together)}, promised


def _add(found: dict[Any, searching.Answers], key: Any, answers: searching.Answers) -> None:
    kept = found.setdefault(key, searching.Answers())
    for kind, values in answers.times.items():
        kept.times.setdefault(kind, []).extend(values)
    kept.sizes += answers.sizes


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
