"""How fast an edition leaves: 100,000 recipients from the outbox to a mail server that counts nothing and keeps nothing.

    script/bench newsletters [--postgresql postgres://USER@HOST/] [--recipients 100000]

In one run: Masthead with its outbox on PostgreSQL, the same on SQLite, ``smtp-source`` (the program in C that comes with the
sink), Django's ``EmailMultiAlternatives`` over one kept connection, and Masthead to a server that answers after 20 ms.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from benchmarks import machine
from benchmarks.report import Target, number, table

PYTHON = [sys.executable, "-P"]
ROOT = Path(__file__).parents[1]


def main() -> None:
    """Measure, print, judge."""
    options = _options()
    cores = machine.Cores.choose()
    with tempfile.TemporaryDirectory(prefix="masthead-newsletters-") as folder:
        found = measure(options, Path(folder), cores)
    tell(found, options)


def _options() -> Namespace:
    parser = ArgumentParser(prog="script/bench newsletters", description=__doc__)
    parser.add_argument("--recipients", type=int, default=100_000)
    parser.add_argument(
        "--postgresql", default=os.environ.get("MASTHEAD_DATABASE_URL", ""), help="a server to make a database on"
    )
    parser.add_argument("--connections", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=1, help="the best of so many counts, on a machine that others use")
    parser.add_argument("--nice", type=int, default=0)
    return parser.parse_args()


def measure(options: Namespace, folder: Path, cores: machine.Cores) -> dict[str, Any]:
    """Everything, in turns."""
    machine.Pinned.nice = options.nice
    found: dict[str, Any] = {"load": os.getloadavg()[0]}
    with sink(folder, cores.client) as port:
        for name, surroundings in databases(options, folder):
            with surroundings as environment:
                rounds = [mail(environment, options, cores, port, options.connections) for _ in range(options.rounds)]
                found[name] = max(rounds, key=lambda each: each["rate"])
                if name == "postgresql":
                    with slow_sink(folder, cores.client) as slow:
                        rounds = [mail(environment, options, cores, slow, 300) for _ in range(options.rounds)]
                    found["slow"] = max(rounds, key=lambda each: each["rate"])
        size = found["sqlite"]["size"]
        found["smtp-source"] = max(
            (source(port, options.recipients, size, options.connections, cores.server) for _ in range(options.rounds)),
            key=lambda each: each["rate"],
        )
        found["django"] = max(
            (step(_sqlite(folder), cores, "django", str(port), "3000") for _ in range(options.rounds)),
            key=lambda each: each["ended"] / each["seconds"],
        )
    django = found["django"]
    django["rate"] = django["ended"] / django["seconds"]
    return found


# --- the parts


def _sqlite(folder: Path) -> dict[str, str]:
    return _environment(folder / "sqlite")


def _environment(data: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MASTHEAD_", "DJANGO_"))}
    return {**kept, "MASTHEAD_DATA": str(data), **more}


def databases(options: Namespace, folder: Path) -> Iterator[tuple[str, Any]]:
    """PostgreSQL where there is one, and SQLite."""
    if options.postgresql:
        yield "postgresql", postgresql(options.postgresql, folder)
    yield "sqlite", prepared(_sqlite(folder))


@contextmanager
def postgresql(server: str, folder: Path) -> Iterator[dict[str, str]]:
    """A database of our own on ``server``, dropped at the end."""
    import psycopg

    name = f"masthead_bench_{os.getpid()}"
    parts = urlsplit(server)
    own = urlunsplit(parts._replace(path=f"/{name}"))
    with psycopg.connect(urlunsplit(parts._replace(path=parts.path.rstrip("/") or "/postgres")), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            with prepared(_environment(folder / "postgresql", MASTHEAD_DATABASE_URL=own)) as environment:
                yield environment
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def prepared(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """The tables are there."""
    subprocess.run([*PYTHON, "-m", "masthead.site", "manage", "migrate", "-v0"], env=environment, check=True)
    yield environment


@contextmanager
def sink(folder: Path, core: int) -> Iterator[int]:
    """``smtp-sink`` on ``core``; its port. As root it becomes nobody."""
    port = machine.free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with machine.Pinned(["smtp-sink", *user, f"127.0.0.1:{port}", "1000"], core, log=folder / "sink.log", env=_paths()) as server:
        server.wait_until(lambda: machine.listening(port))
        yield port


@contextmanager
def slow_sink(folder: Path, core: int) -> Iterator[int]:
    """A server that answers after 20 ms."""
    port = machine.free_port()
    command = [*PYTHON, "-m", "benchmarks.distant_sink", str(port), "20"]
    with machine.Pinned(command, core, log=folder / "slow.log", env={**os.environ, "PYTHONPATH": _python_path()}) as server:
        server.wait_until(lambda: machine.listening(port))
        yield port


def _paths() -> dict[str, str]:
    return {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"}


def _python_path() -> str:
    return os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])


def step(environment: Mapping[str, str], cores: machine.Cores, *arguments: str) -> dict[str, Any]:
    """One step of ``benchmarks.mailing``, on the server's core."""
    done = subprocess.run(
        [*PYTHON, "-m", "benchmarks.mailing", *arguments],
        env={**environment, "PYTHONPATH": _python_path()},
        stdout=subprocess.PIPE,
        check=True,
        preexec_fn=machine.on(cores.server, machine.Pinned.nice),
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def mail(environment: dict[str, str], options: Namespace, cores: machine.Cores, port: int, connections: int) -> dict[str, Any]:
    """Freeze an edition and mail it; everybody has to have it."""
    prepared_ = step(environment, cores, "prepare", str(options.recipients))
    address = f"smtp://127.0.0.1:{port}?connections={connections}"
    found = step({**environment, "MASTHEAD_EMAIL_URL": address}, cores, "send")
    judged = step(environment, cores, "judge")
    if judged != {"state": "done", "states": {"submitted": options.recipients}}:
        raise SystemExit(f"masthead: not everybody has it: {judged}")
    return {**prepared_, **found, "rate": options.recipients / found["seconds"], "each": found["processor"] / found["ended"]}


def source(port: int, count: int, size: int, connections: int, core: int) -> dict[str, Any]:
    """``smtp-source``: as many messages as large over as many kept connections."""
    command = ["smtp-source", "-d", "-s", str(connections), "-l", str(size), "-m", str(count), "-f", "a@example.org"]
    began = time.perf_counter()
    before = os.times()
    subprocess.run([*command, "-t", "b@example.org", f"127.0.0.1:{port}"], check=True, env=_paths(), preexec_fn=machine.on(core))
    seconds, after = time.perf_counter() - began, os.times()
    burned = after.children_user + after.children_system - before.children_user - before.children_system
    return {"ended": count, "seconds": seconds, "rate": count / seconds, "processor": burned}


# --- words


def tell(found: dict[str, Any], options: Namespace) -> None:
    """Print what was found beside what was promised."""
    rows = []
    for name, what in {
        "postgresql": "Masthead, outbox on PostgreSQL",
        "sqlite": "Masthead, outbox on SQLite",
        "slow": "Masthead, PostgreSQL, a server that answers after 20 ms",
        "smtp-source": "smtp-source",
        "django": "Django, one kept connection",
    }.items():
        one = found.get(name)
        if one:
            each = one["processor"] / one["ended"] * 1e6
            growth = number(one["growth"]) if "growth" in one else ""
            freezing = number(one["freezing"]) if "freezing" in one else ""
            rows.append([what, number(one["rate"]), number(each), growth, freezing])
    size = found["sqlite"]["size"]
    print(
        f"\n{options.recipients:,} recipients, {size:,} bytes each, {options.connections} connections; load {found['load']:.1f}\n"
    )
    print(table(["", "messages/s", "processor time each, us", "memory growth, MB", "freezing, s"], rows))
    ours, slow = found.get("postgresql"), found.get("slow")
    rate = ours["rate"] if ours else None
    burned = found["smtp-source"]["processor"] / found["smtp-source"]["ended"]
    targets = [
        Target("messages/s from one worker, outbox on PostgreSQL", 5000, rate),
        Target("of smtp-source's rate", 0.5, rate / found["smtp-source"]["rate"] if rate else None),
        Target("times Django's rate", 5, rate / found["django"]["rate"] if rate else None),
        Target("MB the sender grows", 60, ours["growth"] if ours else None, at_most=True),
        Target("messages/s to a server that answers after 20 ms", 4000, slow["rate"] if slow else None),
    ]
    print()
    print(table(["promise", "wanted", "found", ""], [target.row() for target in targets]))
    if ours:
        django = found["django"]["processor"] / found["django"]["ended"]
        print(f"\nBy processor time of the sender alone: {number(ours['each'] * 1e6)} us a message;", end=" ")
        print(f"Django {number(django / ours['each'])} times as much, smtp-source {number(burned / ours['each'])} times.")


if __name__ == "__main__":
    main()
