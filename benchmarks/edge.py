"""How near the edge comes to nginx giving the same bytes from a file, and how far ahead it is of what stands behind it.

Everything is measured in one run, in turns, so that a machine's good and bad moments meet all alike; what is compared are medians
over the rounds. The server has a core of its own and wrk another. ``script/bench edge --help`` tells what can be set.
"""

from __future__ import annotations

import os
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import machine, many_articles, one_article, publication, report
from benchmarks.measuring import Bench
from benchmarks.wrk import BadRun


def main(arguments: Sequence[str]) -> int:
    """Measure; returns 1 where a promise was not kept."""
    given = _options().parse_args(arguments)
    if given.only == "archive" and not given.archive:
        raise SystemExit("masthead: which archive? Give --archive FILE.")
    if given.archive and not given.archive.is_file():
        raise SystemExit(f"masthead: there is no file {given.archive}.")
    cores = machine.Cores.choose()
    facts = machine.describe()
    os.sched_setaffinity(0, {cores.client})
    with machine.ended_by_signals(), tempfile.TemporaryDirectory(prefix="masthead-bench-") as folder:
        work = Path(folder)
        bench = Bench(cores, given.seconds, given.connections, work, given.patience, given.nice)
        machine.Pinned.nice = given.nice
        data = given.data or work / "data"
        publication.command(data, "prepare", "--demo")
        publication.load_django(data)
        text, raw, kept = "", dict[str, Any](), list[report.Target]()
        try:
            for name, measure in (("article", one_article.measure), ("archive", many_articles.measure)):
                if given.only in (None, name) and (given.archive or name != "archive"):
                    part, raw[name], promised = measure(bench, data, given)
                    text += part
                    kept += promised
        except BadRun as problem:
            raise SystemExit(f"masthead: not a fair measurement, so there is none: {problem}") from None
    facts["load at the end"] = " ".join(f"{value:.2f}" for value in os.getloadavg())
    settings = {"seconds": given.seconds, "rounds": given.rounds, "connections": given.connections}
    head = [
        "# The edge, measured\n",
        f"{facts['processor']}, {facts['cores']} cores, {facts['kernel']}, Python {facts['python']}. "
        f"{given.rounds} rounds of {given.seconds} s in turns, {given.connections} connections, one web worker on core "
        f"{cores.server}, wrk on core {cores.client}. "
        f"Load {facts['load at the beginning']} before, {facts['load at the end']} after.",
    ]
    text = "\n".join([*head, "\n## What was promised\n", report.targets(kept), text])
    page = report.write("edge", text, {"machine": facts, "settings": settings, **raw, "targets": [asdict(one) for one in kept]})
    print(f"\n{text}\n\nAlso in {page}, raw figures beside it.")
    if not given.archive:
        print("Without --archive FILE nothing was spread over 5,000 articles.")
    return 0 if all(one.met for one in kept if one.found is not None) else 1


def _options() -> ArgumentParser:
    parser = ArgumentParser(prog="script/bench edge", description=__doc__)
    parser.add_argument("--seconds", type=int, default=5, help="length of one measurement (default: 5)")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured, in turns (default: 3)")
    parser.add_argument("--connections", type=int, default=64, help="connections that wrk keeps (default: 64)")
    parser.add_argument("--archive", type=Path, help="a file for `masthead import jsonl`: also spread reads over 5,000 articles")
    parser.add_argument("--article", metavar="SLUG", help="the metered article to measure (default: the demo's of median length)")
    parser.add_argument(
        "--data", type=Path, help="a data directory to use, and to keep for the next time (default: a temporary one)"
    )
    parser.add_argument(
        "--patience", type=int, default=3, help="how often a measurement that other programs disturbed is repeated (default: 3)"
    )
    parser.add_argument(
        "--nice", type=int, default=0, help="priority of servers and wrk alike, for a machine that is shared: -15, as root"
    )
    parser.add_argument("--only", choices=["article", "archive"], help="one half of it")
    parser.add_argument("--no-paced", action="store_true", help="leave out latency at half the edge's rate")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
