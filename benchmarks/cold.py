"""What an article costs that nobody has asked for yet: queries and time of Django's whole answer, with the edge off and on.

The application is called as the web server calls it, in a fresh process on a core of its own; each article is asked for once.
What is measured is a process that has answered other pages already: templates and modules are loaded, the article is not.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean, median
from typing import Any

from benchmarks import called, machine, publication, report
from benchmarks.paced import percentile
from benchmarks.plain import ROOT

ARTICLES = 500
WARM = 40  # other articles asked for beforehand
GENERATED = 3_000  # articles of the demo's generator, where no archive is given
QUERIES = 6
MILLISECONDS = 5
KINDS = ("nobody", "subscriber")


def main(arguments: Sequence[str]) -> int:
    """Measure in processes of their own, in turns; returns 1 where a promise was not kept."""
    given = _options().parse_args(arguments)
    if given.inside:
        print(json.dumps(inside(given)))
        return 0
    cores = machine.Cores.choose()
    facts = machine.describe()
    with machine.ended_by_signals(), tempfile.TemporaryDirectory(prefix="masthead-bench-") as name:
        data = given.data or Path(name) / "data"
        if given.archive:
            publication.command(data, "prepare", "--demo")
            publication.command(data, "import", "jsonl", str(given.archive.absolute()))
        else:
            publication.command(data, "prepare")
            publication.command(data, "demo", "--archive", str(GENERATED))
        found: dict[str, list[dict[str, Any]]] = {}
        for round_ in range(1, given.rounds + 1):
            for edge in ("off", "on"):
                for kind in KINDS:
                    asked = _in_a_process(data, cores.server, edge, kind, round_)
                    found.setdefault(f"{edge} {kind}", []).append(asked)
                    middle = median(asked["process"]) * 1000
                    print(f"round {round_}: edge {edge}, {kind}: {middle:.2f} ms", file=sys.stderr, flush=True)
    facts["load at the end"] = " ".join(f"{value:.2f}" for value in os.getloadavg())
    names = {"nobody": "no cookie", "subscriber": "a subscriber's pass"}
    rows = []
    for key, runs in found.items():
        edge, kind = key.split()
        together = {name: [value for run in runs for value in run[name]] for name in ("queries", "process", "wall")}
        rows.append(
            [
                f"edge {edge}, {names[kind]}",
                f"{median(together['queries']):.0f}",
                f"{max(together['queries'])}",
                *(report.milliseconds(value * 1e6) for value in _spread(together["process"])),
                *(report.milliseconds(value * 1e6) for value in _spread(together["wall"])),
            ]
        )
    kept = [
        target
        for kind in KINDS
        for target in (
            report.Target(f"queries, {names[kind]} (most)", QUERIES, _over(found, kind, "queries", max), at_most=True),
            report.Target(
                f"ms of processor time, {names[kind]} (median)",
                MILLISECONDS,
                _over(found, kind, "process", median) * 1000,
                at_most=True,
            ),
        )
    ]
    count = found["on nobody"][0]["articles"]
    head = ["", "queries, median", "most", "processor ms, median", "p99", "wall ms, median", "p99"]
    text = f"""# A cold article, measured

{facts["processor"]}, {facts["kernel"]}, Python {facts["python"]}. {given.rounds} times {ARTICLES} of {count:,} articles,
each asked for once in its process. Load {facts["load at the beginning"]} before, {facts["load at the end"]} after.

{report.targets(kept)}

{report.table(head, rows)}"""
    page = report.write("cold", text, {"machine": facts, "found": found, "targets": [asdict(one) for one in kept]})
    print(f"\n{text}\n\nAlso in {page}, raw figures beside it.")
    return 0 if all(target.met for target in kept) else 1


def _options() -> ArgumentParser:
    parser = ArgumentParser(prog="script/bench cold", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured, in turns (default: 3)")
    parser.add_argument("--archive", type=Path, help="a file for `masthead import jsonl` (default: generated texts)")
    parser.add_argument(
        "--data", type=Path, help="a data directory to use, and to keep for the next time (default: a temporary one)"
    )
    parser.add_argument("--inside", nargs=4, metavar=("DATA", "EDGE", "KIND", "SEED"), help="for the benchmark's own use")
    return parser


def _spread(values: Sequence[float]) -> tuple[float, float]:
    return median(values), percentile(list(values), 0.99)


def _over(found: dict[str, list[dict[str, Any]]], kind: str, what: str, how: Any) -> float:
    return float(how([value for run in found[f"on {kind}"] for value in run[what]]))


def _in_a_process(data: Path, core: int, edge: str, kind: str, seed: int) -> dict[str, Any]:
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.cold", "--inside", str(data), edge, kind, str(seed)],
        preexec_fn=machine.on(core),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
    )
    if finished.returncode:
        raise SystemExit("masthead: a measuring process failed; see above.")
    measured: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return measured


def inside(given: Namespace) -> dict[str, Any]:
    """Ask this process's own application for articles and note what each costs."""
    data, edge, kind, seed = given.inside
    publication.load_django(Path(data), MASTHEAD_EDGE=edge)
    from django.db import connection

    application = called.application(edge == "on")
    paths = publication.spread(ARTICLES + WARM, int(seed))
    cookie = publication.subscribers(1)[0] if kind == "subscriber" else ""
    for path in paths[ARTICLES:]:
        called.ask(application, path, cookie)
    gc.collect()
    gc.freeze()  # as the web role does before it serves
    queries: list[int] = []
    process: list[float] = []
    wall: list[float] = []
    asked = 0

    def counted(execute: Any, *arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        return execute(*arguments)

    with connection.execute_wrapper(counted):
        for path in paths[:ARTICLES]:
            asked = 0
            burned, began = time.thread_time(), time.perf_counter()
            called.ask(application, path, cookie)
            process.append(time.thread_time() - burned)
            wall.append(time.perf_counter() - began)
            queries.append(asked)
    return {
        "articles": publication.article_count(),
        "mean_queries": mean(queries),
        "queries": queries,
        "process": process,
        "wall": wall,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
