"""How fast letters are submitted: the pool of ``newsletters/smtp``, beside Postfix's smtp-source and Django's own way.

Three senders in turns to one ``smtp-sink``; letters of 30 kB, two parts, each with links of its reader's. The pool waits, as the
outbox makes it, until another thread says that outcomes are written down: groups, each of which takes 2 ms. Then the pool alone
to a sink whose every answer comes 20 ms late. ``python -m benchmarks.smtp_pool``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import machine, report
from benchmarks.plain import ROOT

SBIN = "/usr/sbin:/usr/local/sbin"
SIZE = 30_000
WRITING = 0.002  # seconds that writing down a group of outcomes takes
SENDER = "daily@gazette.example"


def pieces(personal: int = 12) -> list[bytes]:
    """A letter of about 30 kB in two parts, cut where something of the reader's goes."""
    head = (
        f"From: The Daily <{SENDER}>\r\nTo: @@@\r\nSubject: The Daily\r\nMIME-Version: 1.0\r\n"
        "List-Unsubscribe: <https://gazette.example/u/@@@>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
        'Content-Type: multipart/alternative; boundary="b"\r\n\r\n'
    )
    line = "=20The news of the day in lines of a length that quoted-printable has.\r\n"
    plain = "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    html = "--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    each = SIZE // personal // len(line)
    body = [f'<a href=3D"https://gazette.example/l/@@@">more</a>\r\n{line * each}' for _ in range(personal)]
    return (head + plain + "".join(body[:3]) + html + "".join(body[3:]) + "--b--\r\n").encode().split(b"@@@")


def pool(port: int, messages: int, connections: int) -> dict[str, float]:
    """Submit ``messages`` through the pool; returns seconds, processor seconds and the growth of memory in MB."""
    from masthead.newsletters.smtp import Letter, Outcome, Pool, Server, Verdict

    parts = pieces()
    numbers = iter(range(messages))
    unwritten: deque[int] = deque()
    ready, over = threading.Event(), threading.Event()
    submitted = 0

    def take() -> Letter | None:
        number = next(numbers, None)
        if number is None:
            return None
        address = b"reader%d@example.org" % number
        return Letter(number, address.decode(), address.join(parts), ready=True)

    def ended(outcome: Outcome) -> bool:
        nonlocal submitted
        if outcome.verdict is not Verdict.SUBMITTED:
            raise SystemExit(f"masthead: {outcome}")
        submitted += 1
        unwritten.append(outcome.number)
        ready.set()
        return False

    def write_down() -> None:
        while not over.is_set():
            ready.wait()
            ready.clear()
            group = [unwritten.popleft() for _ in range(len(unwritten))]
            time.sleep(WRITING)
            to.release(group)

    to = Pool(
        Server("127.0.0.1", port),
        sender=SENDER,
        connections=connections,
        take=take,
        began=lambda number: None,
        ended=ended,
    )
    writer = threading.Thread(target=write_down)
    before = machine.Memory.of(os.getpid()).rss
    wall, burned = time.perf_counter(), time.process_time()
    writer.start()
    to.run(until_dry=True)
    wall, burned = time.perf_counter() - wall, time.process_time() - burned
    over.set()
    ready.set()
    writer.join()
    if submitted != messages:
        raise SystemExit(f"masthead: {submitted} of {messages} were submitted.")
    return {"seconds": wall, "burned": burned, "grown": machine.Memory.of(os.getpid()).rss - before}


def django(port: int, messages: int) -> dict[str, float]:
    """The same letters as EmailMultiAlternatives, over one connection that is kept."""
    from django.conf import settings
    from django.core.mail import EmailMultiAlternatives, get_connection

    settings.configure(EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, EMAIL_TIMEOUT=60)
    line = "The news of the day in lines of a length that quoted-printable has.\r\n"
    plain, html = line * 100, line * (SIZE // len(line) - 100)
    wall, burned = time.perf_counter(), time.process_time()
    connection = get_connection("django.core.mail.backends.smtp.EmailBackend")
    connection.open()
    for number in range(messages):
        address = f"reader{number}@example.org"
        letter = EmailMultiAlternatives("The Daily", plain + address, SENDER, [address], connection=connection)
        letter.attach_alternative(f"<a href='https://gazette.example/{address}'>more</a>{html}", "text/html")
        if letter.send() != 1:
            raise SystemExit("masthead: Django's connection refused a letter.")
    connection.close()
    return {"seconds": time.perf_counter() - wall, "burned": time.process_time() - burned, "grown": 0.0}


def source(port: int, messages: int, connections: int, core: int) -> dict[str, float]:
    """Postfix's own generator of load, over as many connections."""
    program = shutil.which("smtp-source") or shutil.which("smtp-source", path=SBIN)
    command = [str(program), "-4", "-d", "-s", str(connections), "-m", str(messages), "-l", str(SIZE), "-f", SENDER]
    before = os.times()
    wall = time.perf_counter()
    subprocess.run(
        [*command, "-t", "reader@example.org", f"127.0.0.1:{port}"],
        check=True,
        timeout=600,
        preexec_fn=machine.on(core, machine.Pinned.nice),
        start_new_session=True,
    )
    wall, after = time.perf_counter() - wall, os.times()
    burned = after.children_user + after.children_system - before.children_user - before.children_system
    return {"seconds": wall, "burned": burned, "grown": 0.0}


def in_a_process(core: int, *arguments: object) -> dict[str, float]:
    """One measurement in a process of its own on ``core``."""
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.smtp_pool", "--inside", *map(str, arguments)],
        preexec_fn=machine.on(core, machine.Pinned.nice),
        start_new_session=True,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=900,
    )
    if finished.returncode:
        raise SystemExit("masthead: a measuring process failed; see above.")
    found: dict[str, float] = json.loads(finished.stdout.splitlines()[-1])
    return found


def smtp_sink(port: int, core: int, work: Path) -> machine.Pinned:
    """Postfix's sink on ``core``."""
    program = shutil.which("smtp-sink") or shutil.which("smtp-sink", path=SBIN)
    if program is None:
        raise SystemExit("masthead: smtp-sink and smtp-source are needed (Debian: apt-get install postfix).")
    other = ["-u", "nobody"] if os.geteuid() == 0 else []
    return machine.Pinned([program, "-4", *other, f"127.0.0.1:{port}", "1000"], core, log=work / "sink.log")


def distant_sink(port: int, core: int, work: Path, milliseconds: float) -> machine.Pinned:
    """Our own sink, which answers late."""
    return machine.Pinned(
        [sys.executable, "-m", "benchmarks.distant_sink", str(port), str(milliseconds)], core, log=work / "far.log"
    )


def main(arguments: Sequence[str]) -> int:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.smtp_pool", description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--distant", type=int, default=200, help="connections to the sink that answers late")
    parser.add_argument("--delay", type=float, default=20.0, help="milliseconds until it answers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--nice", type=int, default=0, help="priority of all that is measured; -15 (as root) on a shared machine")
    parser.add_argument("--inside", nargs=4, metavar=("WHO", "PORT", "MESSAGES", "CONNECTIONS"), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.inside:
        who, port, messages, connections = given.inside[0], *map(int, given.inside[1:])
        print(json.dumps(pool(port, messages, connections) if who == "pool" else django(port, messages)))
        return 0
    machine.Pinned.nice = given.nice
    with machine.ended_by_signals(), tempfile.TemporaryDirectory() as folder:
        found = measure(given, Path(folder))
    text = told(given, found)
    print(text)
    report.write("smtp-pool", text, {"machine": machine.describe(), "found": found, "given": vars(given)})
    return 0


def measure(given: argparse.Namespace, work: Path) -> dict[str, list[dict[str, Any]]]:
    """All runs, in turns."""
    cores = machine.Cores.choose()
    found: dict[str, list[dict[str, Any]]] = {}
    port = machine.free_port()
    with smtp_sink(port, cores.server, work) as sink:
        sink.wait_until(lambda: machine.listening(port))
        few = max(200, given.messages // 20)
        for _ in range(given.rounds):
            for name, messages, run in (
                ("the pool", given.messages, lambda: in_a_process(cores.client, "pool", port, given.messages, given.connections)),
                ("smtp-source", given.messages, lambda: source(port, given.messages, given.connections, cores.client)),
                ("Django, one connection", few, lambda: in_a_process(cores.client, "django", port, few, 1)),
            ):
                found.setdefault(name, []).append(_one(run, messages, sink))
    port = machine.free_port()
    with distant_sink(port, cores.server, work, given.delay) as sink:
        sink.wait_until(lambda: machine.listening(port))
        for _ in range(given.rounds):
            run = _one(lambda: in_a_process(cores.client, "pool", port, given.messages, given.distant), given.messages, sink)
            found.setdefault("the pool, far away", []).append(run)
    return found


def _one(run: Any, messages: int, sink: machine.Pinned) -> dict[str, Any]:
    machine.settle()
    before = sink.seconds()
    result = run()
    return {**result, "rate": messages / result["seconds"], "sink": (sink.seconds() - before) / result["seconds"],
            "each": result["burned"] / messages * 1e6, "load": os.getloadavg()[0]}  # fmt: skip


def told(given: argparse.Namespace, found: dict[str, list[dict[str, Any]]]) -> str:
    """The report."""

    def middle(name: str, what: str) -> float:
        return float(median(run[what] for run in found[name]))

    def rows() -> Iterator[list[str]]:
        for name in found:
            yield [name, report.number(middle(name, "rate")), f"{middle(name, 'each'):.0f}", f"{middle(name, 'sink'):.0%}",
                   f"{middle(name, 'grown'):.1f}", f"{middle(name, 'load'):.1f}"]  # fmt: skip

    rate = middle("the pool", "rate")
    promised = [
        report.Target("messages/s", 5000, rate),
        report.Target("of smtp-source's rate", 0.5, rate / middle("smtp-source", "rate")),
        report.Target("times Django's rate", 5, rate / middle("Django, one connection", "rate")),
        report.Target(f"messages/s, answers {given.delay:g} ms late", 4000, middle("the pool, far away", "rate")),
    ]
    about = "\n".join(f"- {name}: {value}" for name, value in machine.describe().items())
    head = ["", "messages/s", "us of sender", "sink busy", "MB grown", "load"]
    return (
        f"# Submitting {given.messages:,} letters of 30 kB over {given.connections} connections ({given.distant} far away)\n\n"
        f"{report.table(head, rows())}\n\n{report.targets(promised)}\n\n{about}\n"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
