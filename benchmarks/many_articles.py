"""Reads spread over many articles by Zipf's law, beside nginx with the same pages as files; and the memory that takes."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks import asking, machine, nginx, publication, report, zipf
from benchmarks.measuring import Bench, Case, Expected, say, table, turns
from benchmarks.nginx import StaticPage, file_name
from benchmarks.one_article import SEEN
from benchmarks.wrk import BadRun

SPREAD = 5_000  # articles read
DRAWS = 100_000  # reads drawn by Zipf's law, then drawn again
MEMORY = 250  # megabytes
SIZES = 0.05  # by which nginx's and the edge's answers may differ on average


def measure(bench: Bench, data: Path, given: Namespace) -> tuple[str, dict[str, Any], list[report.Target]]:
    """Import the archive, read from it without and with passes; returns Markdown, raw figures and promises."""
    publication.command(data, "import", "jsonl", str(given.archive.absolute()))
    paths = publication.spread(SPREAD)
    if len(paths) < SPREAD:
        raise SystemExit(f"masthead: {given.archive} holds {len(paths):,} metered articles; {SPREAD:,} are needed.")
    draws = zipf.sample(paths, DRAWS)
    kinds: list[tuple[str, str, Callable[[int], list[str]], str]] = [
        ("nobody", "no cookie", lambda count: [""], "register"),
        ("subscribers", "subscribers seen before", publication.subscribers, "subscription"),
    ]
    cases: dict[str, Case] = {}
    with ExitStack() as stack:
        web, port = publication.start(data, bench.cores.server, bench.work / "archive.log", edge=True)
        stack.enter_context(web)
        memory = {"started": machine.Memory.of(web.busiest())}
        # one kind after the other: what the edge may hold need not hold both
        for kind, name, make, decision in kinds:
            say(f"fetching {len(paths):,} pages, {name}")
            folder = bench.work / f"nginx-{kind}"
            folder.mkdir()
            static, static_port = nginx.start(_fetch(port, paths, make(1)[0], decision), folder, bench.cores.server)
            stack.enter_context(static)

            def from_files() -> list[tuple[str, str]]:
                return [(file_name(path), "") for path in draws]

            def from_edge(make: Callable[[int], list[str]] = make) -> list[tuple[str, str]]:
                return list(zip(draws, cycle(make(SEEN)), strict=False))

            expect = [Expected(decision)]
            pair = {
                f"nginx {kind}": Case(
                    f"nginx, the same files ({name})", static, static_port, from_files, expect, same_sizes=False
                ),
                f"edge {kind}": Case(f"edge, {name}", web, port, from_edge, expect, same_sizes=False),
            }
            cases |= pair
            turns(bench, list(pair.values()), given.rounds)
            memory[f"after the reads, {name}"] = machine.Memory.of(web.busiest())
            _same_sizes(*pair.values())
    base = {f"edge {kind}": f"nginx {kind}" for kind, *_ in kinds}
    rows = [[name, *map(report.number, (one.rss, one.pss, one.uss))] for name, one in memory.items()]
    text = f"""
## {SPREAD:,} articles of an archive, by Zipf's law

{publication.article_count():,} articles; {DRAWS:,} reads of {SPREAD:,} of them drawn with exponent 1.0, in rotation. Before the
first measurement of a kind each of its pages was asked for once.

{table(cases, base)}

The web worker's memory in megabytes:

{report.table(["", "RSS", "PSS", "USS"], rows)}
"""
    ratios = {name: cases[name].middle("rate") / cases[other].middle("rate") for name, other in base.items()}
    promised = [
        report.Target(f"{SPREAD:,} articles by Zipf's law, no cookie, of nginx", 0.4, ratios["edge nobody"]),
        report.Target(f"{SPREAD:,} articles by Zipf's law, subscribers, of nginx", 0.4, ratios["edge subscribers"]),
        report.Target("memory of the web worker after that, MB (RSS)", MEMORY, list(memory.values())[-1].rss, at_most=True),
    ]
    raw = {
        "cases": {name: case.runs for name, case in cases.items()},
        "memory": {name: asdict(one) for name, one in memory.items()},
    }
    return text, raw, promised


def _same_sizes(static: Case, edge: Case) -> None:
    ratio = edge.middle("size") / static.middle("size")
    if abs(ratio - 1) > SIZES:
        raise BadRun(f"{edge.name}: answers {ratio:.2f} times as long as nginx's")


def _fetch(port: int, paths: Sequence[str], cookie: str, decision: str) -> list[StaticPage]:
    """Every page as the edge gives it; the edge holds them afterwards, as far as it holds so many."""
    client = asking.Client(port)
    pages = []
    try:
        for path in paths:
            answer = asking.checked(client.get(path, cookie), path, decision=decision)
            pages.append(StaticPage(path, answer.body, answer.headers))
    finally:
        client.close()
    return pages
