"""One article, every standing: nginx, the edge, Django without it, and plain Wagtail, in turns."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import asking, nginx, plain, publication, report
from benchmarks.measuring import Bench, Case, Expected, say, table, turns
from benchmarks.nginx import StaticPage, file_name

SEEN = 10_000  # distinct passes in rotation
NEW = 60_000  # distinct passes in rotation of which each is forgotten before it comes again


def measure(bench: Bench, data: Path, given: Namespace) -> tuple[str, dict[str, Any], list[report.Target]]:
    """Returns Markdown, raw figures and promises."""
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
        turns(bench, list(cases.values()), given.rounds)
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

{table(cases, base)}

- of nginx: of the rate of nginx giving the same bytes, without cookies.
- by time: the same by the processor time of the server for each request (us of server), which other programs disturb less.
- others: how much of the server's or of wrk's core other programs took; wrk busy: how much of its core wrk took.
{paced}"""
    raw = {name: {"runs": case.runs, "paced": case.paced} for name, case in cases.items()}
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


def _paced(bench: Bench, cases: dict[str, Case], rounds: int) -> str:
    """Latency at half of what the edge can do without cookies."""
    rate = cases["edge nobody"].middle("rate") / 2
    chosen = [cases[name] for name in ("nginx shut", "edge nobody", "nginx whole", "edge subscribers")]
    for number in range(1, rounds + 1):
        for case in chosen:
            bench.pace(case, rate)
            say(f"round {number}: {case.name}, paced: p99 {case.paced[-1]['p99'] / 1000:.2f} ms")
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
