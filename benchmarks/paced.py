"""Asks at a fixed rate, whatever the server does, and times each answer from the moment its question was due.

wrk asks as fast as it is answered: it cannot show what latency is at half a server's rate, and a server that stalls is asked
less meanwhile, which hides the stall. Here questions fall due at random moments (a Poisson process, as readers' do); one that
finds every connection taken waits, and its waiting counts. The client spins on a core of its own, so that its lateness is small;
it is measured and told beside the result. Run as ``python -m benchmarks.paced PORT FILE RATE SECONDS CONNECTIONS``.
"""

from __future__ import annotations

import gc
import json
import random
import select
import socket
import sys
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter, process_time

GIVE_UP = 5.0  # seconds after the last question was due


@dataclass(frozen=True, slots=True)
class Paced:
    """What a paced run saw; latencies and lateness in microseconds."""

    asked: int
    answered: int
    bad: int
    rate: float
    p50: float
    p99: float
    late_p99: float  # how late questions were sent: waiting for a connection, or for this client
    taken: float  # part of the time in which other programs had this client's core; it never rests of itself


def split(text: bytes) -> list[bytes]:
    """The whole requests in ``text``."""
    return [part + b"\r\n\r\n" for part in text.split(b"\r\n\r\n") if part]


def due(rate: float, seconds: float, seed: int = 1) -> list[float]:
    """The moments questions fall due at, from 0."""
    chance = random.Random(seed)
    moments = []
    moment = chance.expovariate(rate)
    while moment < seconds:
        moments.append(moment)
        moment += chance.expovariate(rate)
    return moments


def percentile(values: list[float], part: float) -> float:
    """The value below which ``part`` (0 to 1) of ``values`` lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0.0


def answer_length(head: bytes) -> int:
    """How many bytes the whole answer has that begins with ``head``; 0 while its headers are not all there."""
    end = head.find(b"\r\n\r\n")
    if end < 0:
        return 0
    lower = head[:end].lower()
    at = lower.find(b"\r\ncontent-length:")
    if at < 0:
        raise ValueError("an answer without Content-Length")
    return end + 4 + int(lower[at + 17 :].split(b"\r", 1)[0])


def ask(port: int, requests: list[bytes], rate: float, seconds: float, connections: int) -> Paced:
    """Ask ``requests`` in turn at ``rate`` a second for ``seconds``."""
    moments = due(rate, seconds)
    poll = select.epoll()
    sockets: dict[int, socket.socket] = {}
    for _ in range(connections):
        one = socket.create_connection(("127.0.0.1", port))
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.setblocking(False)
        poll.register(one, select.EPOLLIN)
        sockets[one.fileno()] = one
    idle = deque(sockets)
    since = dict.fromkeys(sockets, 0.0)
    partial: dict[int, bytes] = {}
    latencies: list[float] = []
    lateness: list[float] = []
    bad = 0
    sent, total, kinds = 0, len(moments), len(requests)
    gc.disable()
    begin, burned = perf_counter(), process_time()
    deadline = seconds + GIVE_UP
    while len(latencies) + bad < total:
        now = perf_counter() - begin
        while sent < total and moments[sent] <= now and idle:
            number = idle.popleft()
            sockets[number].send(requests[sent % kinds])
            since[number] = moments[sent]
            lateness.append(now - moments[sent])
            sent += 1
            now = perf_counter() - begin
        if now > deadline:
            break
        for number, _event in poll.poll(0):
            data = sockets[number].recv(262144)
            if not data:
                raise ConnectionError("the server closed a connection")
            if number in partial:
                data = partial.pop(number) + data
            length = answer_length(data)
            if not length or len(data) < length:
                partial[number] = data
                continue
            moment = perf_counter() - begin
            if data.startswith(b"HTTP/1.1 200 "):
                latencies.append(moment - since[number])
            else:
                bad += 1
            idle.append(number)
    passed, burned = perf_counter() - begin, process_time() - burned
    gc.enable()
    for one in sockets.values():
        one.close()
    micro = 1e6
    return Paced(
        asked=total,
        answered=len(latencies),
        bad=total - len(latencies),
        rate=len(latencies) / passed,
        p50=percentile(latencies, 0.5) * micro,
        p99=percentile(latencies, 0.99) * micro,
        late_p99=percentile(lateness, 0.99) * micro,
        taken=max(0.0, 1 - burned / passed),
    )


if __name__ == "__main__":
    port, file, rate, seconds, connections = sys.argv[1:]
    found = ask(int(port), split(Path(file).read_bytes()), float(rate), float(seconds), int(connections))
    print(json.dumps(asdict(found)))
