"""How near the edge comes to nginx giving the same bytes from a file, and how far ahead it is of what stands behind it.

Everything is measured in one run, in turns, so that a machine's good and bad moments meet all alike; what is compared are medians
over the rounds. The server has a core of its own and wrk another. ``script/bench edge --help`` tells what can be set.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

from benchmarks import asking, machine, nginx, plain, publication, report, zipf
from benchmarks.measuring import Bench, Case, Expected
from benchmarks.nginx import StaticPage, file_name
from benchmarks.wrk import BadRun

SEEN = 10_000  # distinct passes in rotation
NEW = 60_000  # distinct passes in rotation of which each is forgotten before it comes again
SPREAD = 5_000  # articles read
DRAWS = 100_000  # reads drawn by Zipf's law, then drawn again
MEMORY = 250  # megabytes


def main(arguments: Sequence[str]) -> int:
    """Measure; returns 1 where a promise was not kept."""
    given = _options().parse_args(arguments)
    if given.archive and not given.archive.is_file():
        raise SystemExit(f"masthead: there is no file {given.archive}.")
    cores = machine.Cores.choose()
    facts = machine.describe()
    os.sched_setaffinity(0, {cores.client})
    with machine.ended_by_signals(), tempfile.TemporaryDirectory(prefix="masthead-bench-") as name:
        work = Path(name)
        bench = Bench(cores, given.seconds, given.connections, work, given.patience, given.nice)
        machine.Pinned.nice = given.nice
        data = given.data or work / "data"
        publication.command(data, "prepare", "--demo")
        publication.load_django(data)
        try:
            text, raw, kept = _article(bench, data, given)
            if given.archive:
                more, raw_archive, promised = _archive(bench, data, given)
                text += more
                raw["archive"] = raw_archive
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
    parser.add_argument("--no-paced", action="store_true", help="leave out latency at half the edge's rate")
    return parser


def _turns(bench: Bench, cases: Sequence[Case], rounds: int) -> None:
    for number in range(1, rounds + 1):
        for case in cases:
            bench.run(case)
            last = case.runs[-1]
            _say(f"round {number}: {case.name}: {last['rate']:,.0f}/s, p99 {last['p99'] / 1000:.2f} ms")


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


# --- one article, every standing


def _article(bench: Bench, data: Path, given: Namespace) -> tuple[str, dict[str, Any], list[report.Target]]:
    article = publication.choose_article(given.article)
    with ExitStack() as stack:
        web, port = publication.start(data, bench.cores.server, bench.work / "edge.log", edge=True)
        stack.enter_context(web)
        off, off_port = publication.start(data, bench.cores.server, bench.work / "off.log", edge=False)
        stack.enter_context(off)
        shut, whole = _pages(port, article)
        folder = bench.work / "nginx"
        folder.mkdir()
        static, static_port = nginx.start(
            [StaticPage(article.path, shut.body, shut.headers), StaticPage("/whole/", whole.body, whole.headers)],
            folder,
            bench.cores.server,
        )
        stack.enter_context(static)
        site = bench.work / "plain"
        site.mkdir()
        wagtail, wagtail_port = plain.start(site, bench.cores.server, len(shut.html), _words(whole.html))
        stack.enter_context(wagtail)

        gate, read = Expected("register", len(shut.body)), Expected("subscription", len(whole.body))
        half = [Expected("unlock"), Expected("choose")]
        shut_file, whole_file = file_name(article.path), file_name("/whole/")

        def passes(make: Callable[[int], list[str]], count: int) -> Callable[[], list[tuple[str, str]]]:
            return lambda: [(article.path, cookie) for cookie in make(count)]

        subscribers, registered = publication.subscribers, partial(publication.registered, article=article.pk)
        cases = {
            "nginx shut": Case("nginx, the shut page", static, static_port, lambda: [(shut_file, "")], [gate]),
            "edge nobody": Case("edge, no cookie", web, port, lambda: [(article.path, "")], [gate]),
            "nginx whole": Case("nginx, the whole page", static, static_port, lambda: [(whole_file, "")], [read]),
            "edge subscribers": Case("edge, subscribers seen before", web, port, passes(subscribers, SEEN), [read]),
            "edge new subscribers": Case("edge, subscribers all new", web, port, passes(subscribers, NEW), [read], warm=False),
            "nginx cookies": Case(
                "nginx, the whole page, sent passes",
                static,
                static_port,
                lambda: [(whole_file, c) for c in subscribers(SEEN)],
                [read],
            ),
            "edge three cookies": Case(
                "edge, subscribers with all our cookies",
                web,
                port,
                lambda: [(article.path, cookies) for cookies in publication.with_other_cookies(subscribers(SEEN))],
                [read],
            ),
            "nginx both": Case(
                "nginx, both pages in turn",
                static,
                static_port,
                lambda: [(whole_file, ""), (shut_file, "")],
                [read, gate],
            ),
            "edge registered": Case("edge, registered seen before", web, port, passes(registered, SEEN), half),
            "edge new registered": Case("edge, registered all new", web, port, passes(registered, NEW), half, warm=False),
            "off nobody": Case(
                "Django (edge off), no cookie", off, off_port, lambda: [(article.path, "")], [Expected("register")]
            ),
            "off subscribers": Case(
                "Django (edge off), subscribers", off, off_port, passes(subscribers, 100), [read], warm=False
            ),
            "wagtail": Case("plain Wagtail, a page as long", wagtail, wagtail_port, lambda: [(plain.PATH, "")], [Expected("")]),
        }
        _turns(bench, list(cases.values()), given.rounds)
        paced = "" if given.no_paced else _paced(bench, cases, given.rounds)
        edge_headers, static_headers = len(shut.headers), len(asking.get_once(static_port, shut_file).headers)

    base = {
        "edge nobody": "nginx shut",
        "edge subscribers": "nginx whole",
        "edge new subscribers": "nginx whole",
        "edge three cookies": "nginx whole",
        "nginx cookies": "nginx whole",
        "edge registered": "nginx both",
        "edge new registered": "nginx both",
        "off nobody": "nginx shut",
        "off subscribers": "nginx whole",
        "wagtail": "nginx shut",
    }
    text = f"""
## One article, every standing

`{article.path}`: shut {len(shut.html):,} characters, {len(shut.body):,} bytes compressed; whole {len(whole.html):,} and
{len(whole.body):,}. {edge_headers} headers from the edge, {static_headers} from nginx.
Passes: {SEEN:,} distinct ones in rotation, asked with before; "all new": {NEW:,}, each forgotten before it comes again.

{_table(cases, base)}

- of nginx: of the rate of nginx giving the same bytes, without cookies.
- by time: the same by the processor time of the server for each request (us of server), which other programs disturb less.
- others: how much of the server's or of wrk's core other programs took; wrk busy: how much of its core wrk took.
{paced}"""
    raw = {"article": {name: {"runs": case.runs, "paced": case.paced} for name, case in cases.items()}}
    return text, raw, _promises(cases, base)


def _promises(cases: dict[str, Case], base: dict[str, str]) -> list[report.Target]:
    def ratio(name: str, other: str = "") -> float:
        return cases[name].middle("rate") / cases[other or base[name]].middle("rate")

    return [
        report.Target("no cookie, of nginx", 0.6, ratio("edge nobody")),
        report.Target("subscribers seen before, of nginx", 0.6, ratio("edge subscribers")),
        report.Target("registered seen before, of nginx", 0.6, ratio("edge registered")),
        report.Target("subscribers all new, of nginx", 0.4, ratio("edge new subscribers")),
        report.Target("registered all new, of nginx", 0.4, ratio("edge new registered")),
        report.Target("no cookie, times Django (edge off)", 30, ratio("edge nobody", "off nobody")),
        report.Target("subscribers, times Django (edge off)", 30, ratio("edge subscribers", "off subscribers")),
    ]


def _pages(port: int, article: publication.Chosen) -> tuple[asking.Answer, asking.Answer]:
    """The page with its gate, and the whole of it, as the edge gives them once it holds them."""
    for _ in range(2):
        shut = asking.checked(asking.get_once(port, article.path), "the shut page", decision="register")
        cookie = publication.subscribers(1)[0]
        whole = asking.checked(asking.get_once(port, article.path, cookie), "the whole page", decision="subscription")
    return shut, whole


def _words(page: str) -> str:
    body = page[page.index("<article") : page.index("</article>")]
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def _table(cases: dict[str, Case], base: dict[str, str]) -> str:
    rows = []
    for name, case in cases.items():
        of = by_time = ""
        if name in base:
            other = cases[base[name]]
            of = report.number(case.middle("rate") / other.middle("rate"))
            by_time = report.number(other.middle("per_request") / case.middle("per_request"))
        rows.append(
            [
                case.name,
                report.number(case.middle("rate")),
                of,
                by_time,
                report.milliseconds(case.middle("p50")),
                report.milliseconds(case.middle("p99")),
                report.number(case.middle("per_request")),
                f"{case.middle('size'):,.0f}",
                f"{case.middle('disturbed'):.0%}",
                f"{case.middle('client_busy'):.0%}",
            ]
        )
    head = ["", "requests/s", "of nginx", "by time", "p50 ms", "p99 ms", "us of server", "bytes", "others", "wrk busy"]
    return report.table(head, rows)


def _paced(bench: Bench, cases: dict[str, Case], rounds: int) -> str:
    """Latency at half of what the edge can do without cookies."""
    rate = cases["edge nobody"].middle("rate") / 2
    chosen = [cases[name] for name in ("nginx shut", "edge nobody", "nginx whole", "edge subscribers")]
    for number in range(1, rounds + 1):
        for case in chosen:
            bench.pace(case, rate)
            _say(f"round {number}: {case.name}, paced: p99 {case.paced[-1]['p99'] / 1000:.2f} ms")
    rows = [
        [
            case.name,
            report.number(case.middle_paced("rate")),
            report.milliseconds(case.middle_paced("p50")),
            report.milliseconds(case.middle_paced("p99")),
            report.milliseconds(case.middle_paced("late_p99")),
            f"{case.middle_paced('disturbed'):.0%}",
        ]
        for case in chosen
    ]
    return f"""
### At half the edge's own rate

{rate:,.0f} requests a second, due at random moments (`benchmarks/paced.py`); timed from when they were due.

{report.table(["", "requests/s", "p50 ms", "p99 ms", "sent late, p99 ms", "others"], rows)}
"""


# --- many articles


def _archive(bench: Bench, data: Path, given: Namespace) -> tuple[str, dict[str, Any], list[report.Target]]:
    publication.command(data, "import", "jsonl", str(given.archive.absolute()))
    paths = publication.spread(SPREAD)
    if len(paths) < SPREAD:
        raise SystemExit(f"masthead: {given.archive} holds {len(paths):,} metered articles; {SPREAD:,} are needed.")
    draws = zipf.sample(paths, DRAWS)
    with ExitStack() as stack:
        web, port = publication.start(data, bench.cores.server, bench.work / "archive.log", edge=True)
        stack.enter_context(web)
        at_start = machine.Memory.of(web.busiest())
        cases: dict[str, Case] = {}
        base: dict[str, str] = {}
        kinds: list[tuple[str, str, Callable[[int], list[str]], str]] = [
            ("nobody", "no cookie", lambda count: [""], "register"),
            ("subscribers", "subscribers seen before", publication.subscribers, "subscription"),
        ]
        for kind, name, make, decision in kinds:
            _say(f"fetching {len(paths):,} pages, {name}")
            pages = _fetch(port, paths, make(1)[0], decision)
            folder = bench.work / f"nginx-{kind}"
            folder.mkdir()
            static, static_port = nginx.start(pages, folder, bench.cores.server)
            stack.enter_context(static)
            expect = [Expected(decision)]
            cases[f"nginx {kind}"] = Case(
                f"nginx, the same files ({name})",
                static,
                static_port,
                lambda: [(file_name(path), "") for path in draws],
                expect,
                same_sizes=False,
            )

            def ask(make: Callable[[int], list[str]] = make) -> list[tuple[str, str]]:
                return list(zip(draws, cycle(make(SEEN)), strict=False))

            cases[f"edge {kind}"] = Case(f"edge, {name}", web, port, ask, expect, same_sizes=False)
            base[f"edge {kind}"] = f"nginx {kind}"
        _turns(bench, list(cases.values()), given.rounds)
        held = machine.Memory.of(web.busiest())
        main_process = [machine.Memory.of(pid) for pid in web.pids() if pid != web.busiest()]
    for kind in ("nobody", "subscribers"):
        edge, static_case = cases[f"edge {kind}"], cases[f"nginx {kind}"]
        sizes = edge.middle("size") / static_case.middle("size")
        if abs(sizes - 1) > 0.05:
            raise BadRun(f"{edge.name}: answers {sizes:.2f} times as long as nginx's")
    rows = [
        [name, *(report.number(value) for value in (memory.rss, memory.pss, memory.uss))]
        for name, memory in (
            ("the worker, started", at_start),
            ("the worker, after the run", held),
            *(("the process that looks after it", one) for one in main_process),
        )
    ]
    text = f"""
## {SPREAD:,} articles of an archive, by Zipf's law

{publication.article_count():,} articles; {DRAWS:,} reads of {SPREAD:,} of them drawn with exponent 1.0, in rotation.

{_table(cases, base)}

Memory in megabytes:

{report.table(["", "RSS", "PSS", "USS"], rows)}
"""
    ratios = {name: cases[name].middle("rate") / cases[other].middle("rate") for name, other in base.items()}
    promised = [
        report.Target(f"{SPREAD:,} articles by Zipf's law, no cookie, of nginx", 0.4, ratios["edge nobody"]),
        report.Target(f"{SPREAD:,} articles by Zipf's law, subscribers, of nginx", 0.4, ratios["edge subscribers"]),
        report.Target("memory of the web worker after that, MB (RSS)", MEMORY, held.rss, at_most=True),
    ]
    raw = {
        "cases": {name: case.runs for name, case in cases.items()},
        "memory": {"start": asdict(at_start), "end": asdict(held), "main": [asdict(one) for one in main_process]},
    }
    return text, raw, promised


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
