"""Clients that are slow, rude or broken, against the real server: each gets what it deserves, and nobody else notices."""

from __future__ import annotations

import http.client
import random
import re
import select
import shutil
import signal
import socket
import sqlite3
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import servers
from servers import Server

from edge.live import Told, Visitor, slug_of, within
from publications import Publications

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks at processes through /proc, which only Linux has"),
]

# The server as it is, but less patient: nobody wants tests that wait for minutes.
HEAD, BODY, IDLE, UNREAD = 1.0, 1.0, 2.0, 1.0
IMPATIENT = [
    sys.executable,
    "-P",
    "-c",
    f"""
import sys
from masthead.site import web
load = web.preload

def preload():
    load()
    from masthead.edge import protocol
    from masthead.site import bridge
    assert protocol.LONGEST_HEAD and protocol.LONGEST_IDLE and protocol.LONGEST_UNREAD and bridge.PATIENCE
    protocol.LONGEST_HEAD, protocol.LONGEST_IDLE, protocol.LONGEST_UNREAD, bridge.PATIENCE = {HEAD}, {IDLE}, {UNREAD}, {BODY}

web.preload, web.SWEEP = preload, 2
from masthead.site.cli import main
main()
""",
    "serve",
]
# Or less patient only with what is under way when it is told to end.
ENDING = 1
HASTY_AT_THE_END = [
    sys.executable,
    "-P",
    "-c",
    f"""
from masthead.site import web
assert web.KILL_AFTER
web.KILL_AFTER = {ENDING} + 1
from masthead.site.cli import main
main()
""",
    "serve",
]
LICENSED = "192.0.2.7"
LARGE = 40 * 2**20

PUBLICATION = f"""
from masthead.access.models import Network
made = [make_article(f"Metered {{n}}") for n in range(3)]
Network.objects.create(institution="A university", cidr="{LICENSED}/32", since=clock.now())
found = [article.path_on_site for article in made]
"""


@dataclass
class Site:
    server: Server
    told: Told
    articles: list[str]

    @property
    def web_process(self) -> int:
        """The process that answers: the one child of the web role."""
        (found,) = [
            int(child)
            for role in children(self.server.process.pid)
            for child in children(role)
            if "Threads" in Path(f"/proc/{child}/status").read_text()
        ]
        return found

    def memory(self) -> int:
        """Bytes of memory of the process that answers."""
        (size,) = re.findall(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{self.web_process}/status").read_text(), re.MULTILINE)
        return int(size) * 1024

    def connect(self, **options: Any) -> socket.socket:
        found = socket.socket()
        if "receive" in options:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, options["receive"])
        found.settimeout(20)
        found.connect(("127.0.0.1", self.server.port))
        return found

    def others_are_answered(self) -> bool:
        """Whether a hit comes within a tenth of a second and a miss within two."""
        visitor = Visitor(self.server.port)
        visitor.get(self.articles[0])
        started = time.monotonic()
        assert visitor.get(self.articles[0]).status == 200
        hit = time.monotonic() - started
        assert visitor.get("/login/").status == 200
        return hit < 0.1 and time.monotonic() - started < 2


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture(scope="module")
def site(publications: Publications, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = publications.empty(tmp_path_factory.mktemp("slow") / "data")
    variables = {"MASTHEAD_WEB_WORKERS": "1", "MASTHEAD_TRUSTED_PROXIES": "127.0.0.1/32"}
    with Server(data, "--empty", command=IMPATIENT, **variables) as server:
        server.wait_until_ready()
        found = Site(server, Told(server), within(data, PUBLICATION))
        (data / "media").mkdir(exist_ok=True)
        (data / "media" / "large.bin").write_bytes(random.Random(1).randbytes(LARGE))
        for path in (*found.articles, "/", "/login/"):
            for _ in range(2):
                assert Visitor(server.port).get(path).status == 200
        yield found


@pytest.fixture(autouse=True)
def _all_is_well(site: Site) -> Iterator[None]:
    """Whatever a client did: it is the same process, it answers, and its log is quiet."""
    before, said = site.web_process, len(site.told.tracebacks)
    yield
    assert site.others_are_answered()
    assert site.web_process == before
    assert site.told.tracebacks[said:] == []


def closed_after(connection: socket.socket, patience: float) -> float:
    """Seconds until the other side closes ``connection``, which must say nothing more."""
    started = time.monotonic()
    connection.settimeout(patience)
    with suppress(ConnectionResetError):
        assert connection.recv(1) == b""
    return time.monotonic() - started


def answers(connection: socket.socket, count: int) -> list[tuple[int, http.client.HTTPMessage, bytes]]:
    """The next ``count`` answers to GETs."""
    found = []
    with connection.makefile("rb") as file:
        for _ in range(count):
            answer = http.client.HTTPResponse(_Held(file))  # type: ignore[arg-type]
            answer.begin()
            found.append((answer.status, answer.headers, answer.read()))
    return found


class _Held:
    """A file that one answer after another is read from."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def makefile(self, mode: str) -> Any:
        held = self._file

        class Kept:
            closed = False

            def __getattr__(self, name: str) -> Any:
                return getattr(held, name)

            def close(self) -> None:
                """One answer's end is not the connection's."""

        return Kept()


def get(path: str, *more: str, version: str = "1.1") -> bytes:
    return "\r\n".join([f"GET {path} HTTP/{version}", "Host: 127.0.0.1", *more, "", ""]).encode()


def form_head(path: str, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/x-www-form-urlencoded", *more, "", ""]
    return "\r\n".join(lines).encode()


def gate_form(site: Site, address: str) -> bytes:
    return urlencode({"email": address, "article": slug_of(site.articles[1])}).encode()


# --- too slow


def test_a_head_sent_byte_by_byte_is_cut_short(site: Site) -> None:
    with site.connect() as connection:
        started = time.monotonic()
        with suppress(ConnectionResetError, BrokenPipeError):
            for byte in get("/" + "x" * 200):
                connection.sendall(bytes([byte]))
                if select.select([connection], [], [], 0.1)[0]:
                    break
        assert HEAD <= time.monotonic() - started < HEAD + 1.5


def test_one_who_connects_and_says_nothing_is_sent_away(site: Site) -> None:
    with site.connect() as silent, site.connect() as fallen_silent:
        fallen_silent.sendall(get(site.articles[0]) + get("/login/"))
        assert [status for status, _, _ in answers(fallen_silent, 2)] == [200, 200]
        assert IDLE - 0.5 <= closed_after(silent, 10) < IDLE + 1.5
        closed_after(fallen_silent, 3)


@pytest.mark.parametrize("how", ["with a length", "in chunks"])
def test_a_body_that_stalls_holds_up_nobody_else(site: Site, how: str) -> None:
    """Far more of them than there are threads, and than may wait for one."""
    length = "Content-Length: 100" if how == "with a length" else "Transfer-Encoding: chunked"
    begun = b"email=" if how == "with a length" else b"6\r\nemail=\r\n"
    with ExitStack() as stack:
        stalled = [stack.enter_context(site.connect()) for _ in range(550)]
        for connection in stalled:
            connection.sendall(form_head("/keep-reading/", length) + begun)
        started = time.monotonic()
        assert Visitor(site.server.port).get("/login/").status == 200
        assert time.monotonic() - started < 5
        for connection in stalled[::50]:
            ((status, headers, body),) = answers(connection, 1)
            assert (status, headers["connection"]) == (408, "close") and b"did not arrive whole" in body
            closed_after(connection, 5)


def test_an_unread_answer_fills_no_memory_and_is_given_up(site: Site) -> None:
    before = site.memory()
    with ExitStack() as stack:
        lying = [stack.enter_context(site.connect(receive=4096)) for _ in range(20)]
        for connection in lying:
            connection.sendall(get("/media/large.bin"))
        time.sleep(0.5)
        assert site.others_are_answered()
        assert site.memory() - before < 40 * 2**20  # of 800 MB
        time.sleep(UNREAD + 1)

        def is_given_up(connection: socket.socket) -> None:
            with suppress(ConnectionResetError):
                while connection.recv(2**20):
                    pass  # what lay in the kernel's buffers
            with pytest.raises((ConnectionResetError, BrokenPipeError)):
                for _ in range(3):
                    connection.sendall(get("/"))
                    time.sleep(0.05)

        with ThreadPoolExecutor(len(lying)) as pool:
            list(pool.map(is_given_up, lying))


def test_thousands_of_requests_whose_answers_nobody_reads_fill_no_memory(site: Site) -> None:
    before = site.memory()
    flood = get(site.articles[0]) * 20_000
    with site.connect(receive=4096) as connection:
        connection.settimeout(1)
        with suppress(TimeoutError):
            connection.sendall(flood)
        assert site.others_are_answered()
        grown = site.memory() - before
    print(f"\nmemory grew by {grown / 2**20:.0f} MB")
    assert grown < 60 * 2**20


def test_one_who_reads_slowly_but_reads_gets_all_of_it(site: Site) -> None:
    with site.connect(receive=65536) as connection:
        connection.sendall(get("/media/large.bin", "Connection: close"))
        started, received = time.monotonic(), 0
        while data := connection.recv(2**20):
            received += len(data)
            ahead = received / LARGE * 3 * UNREAD - (time.monotonic() - started)
            if ahead > 0:
                time.sleep(ahead)
        assert received > LARGE
        assert time.monotonic() - started > 2 * UNREAD


# --- too much


def test_too_large_a_head_is_refused(site: Site) -> None:
    with site.connect() as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: x\r\nCookie: a={'x' * 40_000}".encode())
        time.sleep(0.1)
        connection.sendall(b"x" * 40_000)
        ((status, _, _),) = answers(connection, 1)
        assert status == 431
        closed_after(connection, 5)


def test_a_head_without_end_is_not_read_to_its_end(site: Site) -> None:
    with site.connect() as connection, pytest.raises((ConnectionResetError, BrokenPipeError)):
        connection.sendall(b"GET / HTTP/1.1\r\n")
        for number in range(100_000):
            connection.sendall(f"X-{number}: {'x' * 1000}\r\n".encode())


@pytest.mark.parametrize("sent", ["declared", "in chunks"])
def test_too_large_a_body_is_refused(site: Site, sent: str) -> None:
    with site.connect() as connection:
        if sent == "declared":
            connection.sendall(form_head("/keep-reading/", "Content-Length: 3000000"))
        else:
            connection.sendall(form_head("/keep-reading/", "Transfer-Encoding: chunked"))
            piece = b"x" * 65536
            for _ in range(41):  # 2,686,976 bytes: more than the 2.5 MB of a form
                connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        ((status, headers, _),) = answers(connection, 1)
        assert (status, headers["connection"]) == (413, "close")


# --- unusual, and right


def test_a_form_in_chunks_is_a_form(site: Site) -> None:
    body = gate_form(site, "chunks@example.org")
    with site.connect() as connection:
        connection.sendall(form_head("/keep-reading/", "Transfer-Encoding: chunked"))
        for at in range(0, len(body), 7):
            connection.sendall(b"%x\r\n%b\r\n" % (len(body[at : at + 7]), body[at : at + 7]))
        connection.sendall(b"0\r\n\r\n")
        ((status, headers, _),) = answers(connection, 1)
    assert (status, headers["location"]) == (303, site.articles[1])


def test_a_client_that_asks_first_is_told_to_go_on(site: Site) -> None:
    body = gate_form(site, "first@example.org")
    with site.connect() as connection:
        connection.sendall(form_head("/keep-reading/", f"Content-Length: {len(body)}", "Expect: 100-continue"))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert answers(connection, 1)[0][0] == 303


def test_one_that_asks_first_for_too_much_is_not(site: Site) -> None:
    with site.connect() as connection:
        connection.sendall(form_head("/keep-reading/", "Content-Length: 3000000", "Expect: 100-continue"))
        assert answers(connection, 1)[0][0] == 413


def test_pipelined_requests_are_answered_in_order(site: Site) -> None:
    """Those from memory, those from Django, and those with a body, in any order."""
    hit, other = site.articles[0], site.articles[1]
    body = gate_form(site, "no address")
    requests = {
        get(hit): "Metered 0",
        get(other): "Metered 1",
        get("/login/"): "Log in",
        get("/no-such-page/"): "404",
        form_head("/keep-reading/", f"Content-Length: {len(body)}") + body: "422",
    }
    dice = random.Random(7)
    for _ in range(10):
        chosen = [dice.choice(list(requests)) for _ in range(12)]
        with site.connect() as connection:
            connection.sendall(b"".join(chosen))
            for request, (status, _, page) in zip(chosen, answers(connection, len(chosen)), strict=True):
                assert requests[request] in f"{status} {page.decode()}"


def test_requests_cut_anywhere_are_the_same_requests(site: Site) -> None:
    whole = get(site.articles[0]) + get("/login/") + get(site.articles[1])
    for at in range(1, len(whole) - 1, 9):
        with site.connect() as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.sendall(whole[:at])
            time.sleep(0.002)
            connection.sendall(whole[at:])
            assert [status for status, _, _ in answers(connection, 3)] == [200] * 3


@pytest.mark.parametrize("path", ["an article", "/login/"])
def test_whoever_wants_to_close_is_let_go(site: Site, path: str) -> None:
    path = site.articles[0] if path == "an article" else path
    for request in (get(path, "Connection: close"), get(path, version="1.0")):
        with site.connect() as connection:
            connection.sendall(request)
            ((status, headers, body),) = answers(connection, 1)
            assert (status, headers["connection"]) == (200, "close") and b"</html>" in body
            closed_after(connection, 2)


# --- wrong

GARBAGE = {
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50),
    "a word": b"hello\r\n\r\n",
    "a method of our own": b"FROB / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space in a name": b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "a NUL in a header": b"GET / HTTP/1.1\r\nHost: x\r\nCookie: a\0b\r\n\r\n",
    "a length that is none": b"POST /login/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST /login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length and chunks": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a coding unheard of": b"POST /login/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, frob\r\n\r\n0\r\n\r\n",
    "a chunk of no size": b"POST /login/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n",
    "a host that is none": b"GET /login/ HTTP/1.1\r\nHost: a b/c\r\n\r\n",
    "a target that is none": b"GET nowhere HTTP/1.1\r\nHost: x\r\n\r\n",
    "a tunnel": b"CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a port that is none": b"GET http://x:99999999/ HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_is_refused_without_a_word_in_the_log(site: Site, kind: str) -> None:
    said = len(site.told.lines)
    with site.connect() as connection:
        connection.sendall(GARBAGE[kind])
        ((status, _, _),) = answers(connection, 1)
    assert 400 <= status < 500, status
    time.sleep(0.1)
    assert not [line for line in site.told.lines[said:] if "ERROR" in line]


def test_what_follows_garbage_is_not_read(site: Site) -> None:
    """A second request hidden behind a body of two lengths is nobody's."""
    smuggled = get("/login/")
    with site.connect() as connection:
        connection.sendall(GARBAGE["a length and chunks"] + smuggled)
        received = b""
        with suppress(ConnectionResetError):
            while data := connection.recv(65536):
                received += data
    assert received.count(b"HTTP/1.1 ") == 1 and received.startswith(b"HTTP/1.1 400")


def test_noise_stops_nothing(site: Site) -> None:
    dice = random.Random(11)
    whole = get(site.articles[0], "Cookie: masthead_pass=x", "Accept-Encoding: br") * 3

    def send(_: int) -> None:
        noisy = bytearray(whole)
        for _ in range(dice.randrange(1, 6)):
            noisy[dice.randrange(len(noisy))] = dice.randrange(256)
        with site.connect() as connection, suppress(OSError):
            connection.settimeout(0.3)
            connection.sendall(noisy)
            while connection.recv(65536):
                pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(200)))


def test_a_name_with_an_underscore_is_no_other_name(site: Site) -> None:
    proxy, thief = Visitor(site.server.port), Visitor(site.server.port, X_Forwarded_For="198.51.100.1")
    for _ in range(3):
        assert proxy.get(site.articles[0], X_Forwarded_For=LICENSED).decision == "institution"
        for name in ("X_Forwarded_For", "X_Forwarded-For", "x_forwarded_for"):
            for path in (site.articles[0], f"{site.articles[0]}?amp"):
                answer = thief.ask("GET", path, headers={name: LICENSED})
                assert answer.decision == "register"
                thief.cookies.clear()
    with site.connect() as connection:
        connection.sendall(get(site.articles[0], f"X_Forwarded_For: {LICENSED}", "Connection: close"))
        assert b'data-decision="register"' in answers(connection, 1)[0][2]


# --- large, and at the end


def test_large_files_are_sent_whole(site: Site) -> None:
    kept = (site.server.data / "media" / "large.bin").read_bytes()
    before = site.memory()
    answer = Visitor(site.server.port).get("/media/large.bin")
    assert answer.raw == kept and answer.headers["content-length"] == str(LARGE)
    assert site.memory() - before < 30 * 2**20
    (sheet, *_) = re.findall(r'"(/static/[^"]+\.css)"', Visitor(site.server.port).get("/").text)
    whole = Visitor(site.server.port).get(sheet)
    assert whole.status == 200 and "immutable" in whole.headers["cache-control"]
    part = Visitor(site.server.port).get(sheet, Range="bytes=0-99")
    assert (part.status, part.raw) == (206, whole.raw[:100])


def test_what_is_under_way_is_finished_at_the_end(site: Site, tmp_path: Path) -> None:
    """A form half sent, a file half read and an idle connection, when the signal comes."""
    data = copied(site.server.data, tmp_path / "data")
    with Server(data, "--empty", MASTHEAD_WEB_WORKERS="1") as server:
        server.wait_until_ready()
        site = Site(server, Told(server), [])
        body = urlencode({"email": "last@example.org"}).encode()
        with site.connect() as form, site.connect(receive=65536) as file, site.connect() as idle:
            idle.sendall(get("/health/live"))
            answers(idle, 1)
            form.sendall(form_head("/login/", f"Content-Length: {len(body)}") + body[:5])
            file.sendall(get("/media/large.bin"))
            head = file.recv(1000)
            time.sleep(0.2)
            started = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            assert closed_after(idle, 5) < 2
            time.sleep(0.5)
            form.sendall(body[5:])
            assert answers(form, 1)[0][0] == 303
            received = len(head)
            while piece := file.recv(2**20):
                received += len(piece)
            assert received > LARGE
        assert server.process.wait(15) == 0
        assert time.monotonic() - started < 6
        assert servers.none_living(data)


def copied(data: Path, target: Path) -> Path:
    """A data directory like ``data``, which is in use."""
    shutil.copytree(data, target, ignore=shutil.ignore_patterns("masthead.sqlite3*"))
    with sqlite3.connect(data / "masthead.sqlite3") as source, sqlite3.connect(target / "masthead.sqlite3") as sink:
        source.backup(sink)
    source.close()
    sink.close()
    return target


def test_what_takes_too_long_to_finish_is_told_to_come_again(site: Site, tmp_path: Path) -> None:
    data = copied(site.server.data, tmp_path / "data")
    with Server(data, "--empty", command=HASTY_AT_THE_END, MASTHEAD_WEB_WORKERS="1") as server:
        server.wait_until_ready()
        stopping = Site(server, Told(server), [])
        with stopping.connect() as form, stopping.connect(receive=4096) as file:
            form.sendall(form_head("/login/", "Content-Length: 100") + b"email=")
            file.sendall(get("/media/large.bin"))
            time.sleep(0.3)
            started = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            ((status, headers, _),) = answers(form, 1)
            assert time.monotonic() - started >= ENDING
            assert (status, headers["retry-after"], headers["connection"]) == (503, "5", "close")
            assert server.process.wait(15) == 0
            assert time.monotonic() - started < 8
        assert servers.none_living(data)
        assert stopping.told.tracebacks == []
