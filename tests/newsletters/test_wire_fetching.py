"""Fetching from hosts nobody vouches for: a hostile server on this machine, and addresses that lead inside."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from masthead.newsletters.wire import fetching
from masthead.newsletters.wire.fetching import Failed, Refused, fetch, public

FEED = b"<rss version='2.0'><channel><title>News</title></channel></rss>"
Answer = Callable[[bytes, socket.socket], None]


class Host:
    """A server that answers each path as a test says, byte by byte; ``asked`` holds what it was sent."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[bytes] = []
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def says(self, path: str, *headers: str, body: bytes = b"", status: str = "200 OK") -> str:
        head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", ""))

        def answer(_: bytes, sock: socket.socket) -> None:
            sock.sendall(head.encode() + body)

        self.answers[path] = answer
        return self.url(path)

    def does(self, path: str, answer: Answer) -> str:
        self.answers[path] = answer
        return self.url(path)

    def drips(self, path: str, first: bytes, drop: bytes) -> str:
        """Sends ``first``, and then ``drop`` for ever, little by little."""

        def answer(_: bytes, sock: socket.socket) -> None:
            sock.sendall(first)
            while not self._over.wait(0.02):
                sock.sendall(drop)

        return self.does(path, answer)

    def _serve(self) -> None:
        while not self._over.is_set():
            sock, _ = self._listener.accept()
            with sock:
                request = sock.recv(65536)
                if not request:
                    continue
                self.asked.append(request)
                path = request.split(b" ")[1].decode()
                with contextlib.suppress(OSError):  # whoever asked has hung up, as it should
                    self.answers[path](request, sock)

    def close(self) -> None:
        self._over.set()
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join()
        self._listener.close()


@pytest.fixture
def host() -> Iterator[Host]:
    one = Host()
    yield one
    one.close()


class TestWhatIsFetched:
    def test_a_file_with_its_marks(self, host: Host) -> None:
        url = host.says("/feed", 'ETag: "7"', "Last-Modified: Mon, 23 Nov 2026 05:00:00 GMT", "Content-Type: text/xml", body=FEED)
        got = fetch(url, loopback=True)
        assert (got.body, got.etag, got.content_type) == (FEED, '"7"', "text/xml")
        assert got.modified == "Mon, 23 Nov 2026 05:00:00 GMT"

    def test_it_is_not_fetched_again_while_it_is_the_same(self, host: Host) -> None:
        url = host.says("/feed", status="304 Not Modified")
        got = fetch(url, etag='"7"', modified="Mon, 23 Nov 2026 05:00:00 GMT", loopback=True)
        assert got.same and got.etag == '"7"'
        assert b'If-None-Match: "7"' in host.asked[0] and b"If-Modified-Since: Mon, 23 Nov" in host.asked[0]

    def test_packed(self, host: Host) -> None:
        assert fetch(host.says("/feed", "Content-Encoding: gzip", body=gzip.compress(FEED)), loopback=True).body == FEED

    def test_in_chunks(self, host: Host) -> None:
        chunks = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n6\r\n</rss>\r\n0\r\n\r\n"
        assert fetch(host.does("/feed", lambda _, sock: sock.sendall(chunks)), loopback=True).body == b"<rss></rss>"

    def test_after_a_redirect_and_not_after_four(self, host: Host) -> None:
        host.says("/feed", body=FEED)
        for n, target in enumerate(["/feed", "/0", "/1", "/2"]):
            host.says(f"/{n}", f"Location: {target}", status="301 Moved")
        assert fetch(host.url("/2"), loopback=True).body == FEED
        with pytest.raises(Failed, match="redirects"):
            fetch(host.url("/3"), loopback=True)


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        "url",
        [
            "file:///etc/passwd",
            "ftp://feeds.example/feed",
            "gopher://feeds.example:70/",
            "javascript:alert(1)",
            "data:text/xml,<rss/>",
            "//feeds.example/feed",
            "http://",
            "http://user:secret@feeds.example/",
            "http://feeds.example:25/",
            "http://feeds.example:99999/",
            "http://[::1/",
            "",
        ],
    )
    def test_addresses_that_are_none_of_the_web(self, url: str) -> None:
        with pytest.raises(Refused):
            fetch(url, resolve=lambda host, port: ["93.184.215.14"])

    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1", "127.8.8.8", "::1", "0.0.0.0", "::", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254",
            "100.64.0.1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "224.0.0.1", "ff02::1", "255.255.255.255",
            "240.0.0.1", "192.0.2.1", "198.18.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1",
            "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:7f00:1::", "::7f00:1", "localhost", "",
        ],
    )  # fmt: skip
    def test_hosts_that_are_not_public(self, address: str) -> None:
        assert not public(address)
        with pytest.raises(Refused, match="not a public host"):
            fetch("http://feeds.example/", resolve=lambda host, port: [address])

    def test_public_hosts_are_not(self) -> None:
        assert public("93.184.215.14") and public("2606:2800:21f:cb07:6820:80da:af6b:8b2c") and public("::ffff:93.184.215.14")

    def test_a_name_with_one_private_address_among_public_ones(self) -> None:
        with pytest.raises(Refused):
            fetch("http://feeds.example/", resolve=lambda host, port: ["93.184.215.14", "127.0.0.1"])

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:7f00:1]"])
    def test_this_machine_however_it_is_written(self, host: str) -> None:
        with pytest.raises(Failed):
            fetch(f"http://{host}:8123/")

    def test_a_redirect_that_leads_inside(self, host: Host) -> None:
        # the first host is allowed because the test says so; what it leads to is judged anew
        def resolve(name: str, port: int) -> list[str]:
            return {"127.0.0.1": ["127.0.0.1"], "metadata.example": ["169.254.169.254"]}[name]

        url = host.says("/feed", "Location: http://metadata.example/latest/", status="302 Found")
        with pytest.raises(Refused):
            fetch(url, loopback=True, resolve=resolve)
        with pytest.raises(Refused):
            fetch(host.says("/file", "Location: file:///etc/passwd", status="302 Found"), loopback=True, resolve=resolve)

    def test_the_address_that_was_judged_is_the_one_connected_to(self, host: Host) -> None:
        """A name server that answers differently the second time is not asked a second time."""
        host.says("/feed", body=FEED)
        answers = iter([["127.0.0.1"]])
        got = fetch(f"http://rebinding.example:{host.port}/feed", loopback=True, resolve=lambda name, port: next(answers))
        assert got.body == FEED
        assert f"Host: rebinding.example:{host.port}".encode() in host.asked[0]


class TestWhatNeverEnds:
    @pytest.fixture(autouse=True)
    def _short(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fetching, "MOST_SECONDS", 0.5)
        monkeypatch.setattr(fetching, "MOST_BYTES", 100_000)

    def test_a_file_that_is_too_large(self, host: Host) -> None:
        with pytest.raises(Failed, match="larger"):
            fetch(host.says("/feed", body=b"x" * 100_001), loopback=True)

    def test_a_file_that_unpacks_into_one(self, host: Host) -> None:
        bomb = gzip.compress(b"\0" * 50_000_000)
        assert len(bomb) < 60_000
        with pytest.raises(Failed, match="larger"):
            fetch(host.says("/feed", "Content-Encoding: gzip", body=bomb), loopback=True)

    def test_what_follows_a_package_without_end_is_not_read(self, host: Host) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
        assert fetch(host.drips("/feed", head + gzip.compress(FEED), b"x" * 1000), loopback=True).body == FEED

    def test_a_file_packed_otherwise_than_asked(self, host: Host) -> None:
        with pytest.raises(Failed, match="packed"):
            fetch(host.says("/feed", "Content-Encoding: br", body=b"x"), loopback=True)

    def test_a_broken_package(self, host: Host) -> None:
        with pytest.raises(Failed):
            fetch(host.says("/feed", "Content-Encoding: gzip", body=b"no gzip"), loopback=True)

    @pytest.mark.parametrize(
        ("first", "drop"),
        [
            (b"", b""),  # nothing at all
            (b"HTTP/1.1 200 OK\r\nContent-Length: 90000\r\n\r\n", b"x"),  # a byte now and then
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
            (b"HTTP/1.1 200 OK\r\nX-Long: ", b"x"),  # a header without end
            (b"HTTP/1.1 ", b"2"),
            (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),  # headers without end
        ],
    )
    def test_a_host_that_takes_for_ever(self, host: Host, first: bytes, drop: bytes) -> None:
        with pytest.raises(Failed):
            fetch(host.drips("/feed", first, drop), loopback=True)

    @pytest.mark.parametrize(
        "answer",
        [b"", b"SMTP ready\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\x16\x03\x01", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
         b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n"],
    )  # fmt: skip
    def test_a_host_that_talks_nonsense(self, host: Host, answer: bytes) -> None:
        with pytest.raises(Failed):
            fetched = fetch(host.does("/feed", lambda _, sock: sock.sendall(answer)), loopback=True)
            assert not fetched.body
            raise Failed("nothing came")

    def test_a_host_that_is_not_there(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        with pytest.raises(Failed):
            fetch(f"http://127.0.0.1:{port}/", loopback=True)
        with pytest.raises(Failed, match="no host"):
            fetch("http://nowhere.invalid/", resolve=lambda *_: (_ for _ in ()).throw(socket.gaierror("no")))
