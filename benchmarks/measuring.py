"""One thing to measure, measured several times between the others, and what came out of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import asking, machine, report, wrk
from benchmarks.paced import Paced
from benchmarks.plain import ROOT
from benchmarks.wrk import BadRun

SAMPLES = 8  # questions asked by hand before and after each run
TOLERANCE = 0.05  # of an answer's mean size; more means that something else was served
DISTURBED = 0.08  # part of either core that other programs may take; the harness itself needs a little


@dataclass(frozen=True, slots=True)
class Expected:
    """What an answer must be."""

    decision: str | None
    length: int | None = None  # compressed


@dataclass(slots=True)
class Case:
    """A server and how it is asked.

    ``ask`` gives the paths and cookies to send in turn (minted now, since passes end after ten minutes); ``expect`` is what
    comes back, in turn. ``warm`` says that what is asked is asked before it is measured.
    """

    name: str
    server: machine.Pinned
    port: int
    ask: Callable[[], Sequence[tuple[str, str]]]
    expect: Sequence[Expected]
    warm: bool = True
    same_sizes: bool = True  # whether a few samples tell the mean size of an answer
    runs: list[dict[str, Any]] = field(default_factory=list)
    paced: list[dict[str, Any]] = field(default_factory=list)

    def middle(self, what: str) -> float:
        """The median of ``what`` over the runs."""
        return median(run[what] for run in self.runs)

    def middle_paced(self, what: str) -> float:
        """The median of ``what`` over the paced runs."""
        return median(run[what] for run in self.paced)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and how long."""

    cores: machine.Cores
    seconds: int
    connections: int
    work: Path
    patience: int = 3  # how often a disturbed measurement is taken again
    nice: int = 0

    def look(self, case: Case, asked: Sequence[tuple[str, str]]) -> float:
        """Ask by hand, see that all is as expected, and return the mean size of an answer."""
        client = asking.Client(case.port)
        kinds = len(case.expect)
        step = max(1, len(asked) // SAMPLES // kinds) * kinds  # a multiple of the kinds: samples keep their place among them
        sizes = []
        try:
            for start in range(0, min(len(asked), SAMPLES * step), step):
                for at in range(start, start + kinds):
                    path, cookies = asked[at % len(asked)]
                    expected = case.expect[at % kinds]
                    answer = client.get(path, cookies)
                    asking.checked(answer, f"{case.name}, {path}", decision=expected.decision, near=expected.length)
                    sizes.append(answer.size)
        finally:
            client.close()
        return sum(sizes) / len(sizes)

    def run(self, case: Case) -> None:
        """Warm up, look, measure, look again; all of it again while other programs disturb, as often as patience lasts."""
        tries = []
        for _ in range(self.patience + 1):
            tries.append(self._run(case))
            if tries[-1]["disturbed"] <= DISTURBED:
                break
        case.runs.append(min(tries, key=lambda run: float(run["disturbed"])))

    def _run(self, case: Case) -> dict[str, Any]:
        asked = list(case.ask())
        file = self._write(case, asked)
        if case.warm:
            self._warm(case, file, len(asked))
        size = self.look(case, asked)
        machine.settle()
        watch, before = machine.Watch(), case.server.seconds()
        found = self._wrk(case, file, len(asked) > 1, self.seconds)
        burned = case.server.seconds() - before
        (server_busy, passed), (client_busy, _) = watch.busy(self.cores.server), watch.busy(self.cores.client)
        if found.requests > 1000 and case.same_sizes and abs(found.size - size) > size * TOLERANCE:
            raise BadRun(f"{case.name}: answers of {found.size:.0f} bytes on average, where {size:.0f} were expected")
        self.look(case, asked)
        others = max(server_busy - burned, client_busy - found.processor, 0.0) / passed
        return {
            **asdict(found),
            "rate": found.rate,
            "size": found.size,
            "server": burned,
            "per_request": burned / found.requests * 1e6,
            "server_busy": burned / passed,
            "client_busy": found.processor / passed,
            "disturbed": others,
        }

    def pace(self, case: Case, rate: float) -> None:
        """Measure latencies at ``rate`` requests a second; again while other programs disturb."""
        tries = []
        for _ in range(self.patience + 1):
            tries.append(self._pace(case, rate))
            if tries[-1]["disturbed"] <= DISTURBED:
                break
        case.paced.append(min(tries, key=lambda run: float(run["disturbed"])))

    def _pace(self, case: Case, rate: float) -> dict[str, Any]:
        asked = list(case.ask())
        file = self._write(case, asked)
        self._warm(case, file, len(asked))
        self.look(case, asked)
        machine.settle()
        numbers = (case.port, file, rate, self.seconds, self.connections)
        watch, before = machine.Watch(), case.server.seconds()
        finished = subprocess.run(
            [sys.executable, "-m", "benchmarks.paced", *map(str, numbers)],
            start_new_session=True,
            preexec_fn=machine.on(self.cores.client, self.nice),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=self.seconds + 60,
        )
        if finished.returncode:
            raise BadRun(f"{case.name}, paced: {finished.stderr.strip()[-500:]}")
        found = Paced(**json.loads(finished.stdout))
        burned = case.server.seconds() - before
        busy, passed = watch.busy(self.cores.server)
        if found.bad:
            raise BadRun(f"{case.name}, paced: {found.bad} of {found.asked} questions were not answered well")
        self.look(case, asked)
        others = max(found.taken, (busy - burned) / passed)
        return {"wanted_rate": rate, "disturbed": others, **asdict(found)}

    def _wrk(self, case: Case, file: Path, many: bool, seconds: int) -> wrk.Result:
        return wrk.run(
            case.port,
            file,
            many=many,
            core=self.cores.client,
            seconds=seconds,
            connections=self.connections,
            nice=self.nice,
        )

    def _write(self, case: Case, asked: Sequence[tuple[str, str]]) -> Path:
        return wrk.write_requests(self.work / "requests", [wrk.request(case.port, path, cookies) for path, cookies in asked])

    def _warm(self, case: Case, file: Path, count: int) -> None:
        """Ask everything in the file once at least, if that can be done in a bounded time."""
        for seconds in (1, 2, 4):
            if self._wrk(case, file, count > 1, seconds).requests >= count:
                break


def turns(bench: Bench, cases: Sequence[Case], rounds: int) -> None:
    """Measure all ``cases``, one after the other, ``rounds`` times."""
    for number in range(1, rounds + 1):
        for case in cases:
            bench.run(case)
            last = case.runs[-1]
            say(f"round {number}: {case.name}: {last['rate']:,.0f}/s, p99 {last['p99'] / 1000:.2f} ms")


def say(what: str) -> None:
    """Show that something goes on."""
    print(what, file=sys.stderr, flush=True)


def table(cases: dict[str, Case], base: dict[str, str]) -> str:
    """The medians of ``cases``; ``base`` names for each what it is compared with."""
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
