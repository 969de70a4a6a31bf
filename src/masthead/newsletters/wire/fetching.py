"""Fetching a file from a host nobody vouches for. Pure: no framework, no database.

What it is made against: an address that leads into our own network, by its name, by a redirect or by a name server that answers
differently the second time (the name is looked up once, and what is connected to is the address that was judged); a file that
has no end, or unpacks into one; a server that sends a byte now and then for ever.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

MOST_BYTES = 5_000_000  # unpacked
MOST_SECONDS = 20.0  # for everything, redirects included
MOST_REDIRECTS = 3
REDIRECTS = {301, 302, 303, 307, 308}
AGENT = "Masthead (reads feeds for a newsroom)"

# Addresses that carry another one inside, which would have to be judged as well: nobody serves feeds from them
_CARRIERS = tuple(ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "::/96"))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], list[str]]


class Failed(Exception):
    """The file was not fetched; the message says why, to an editor."""


class Refused(Failed):
    """It must not be fetched from there."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came: the file, or (``same``) that it is what it was."""

    same: bool
    body: bytes = b""
    content_type: str = ""
    etag: str = ""
    modified: str = ""
    url: str = ""


def fetch(url: str, *, etag: str = "", modified: str = "", loopback: bool = False, resolve: Resolve | None = None) -> Fetched:
    """Fetch ``url``, unless it is what ``etag`` or ``modified`` say it was. ``loopback`` also allows this machine: for tests."""
    deadline = time.monotonic() + MOST_SECONDS
    for _ in range(MOST_REDIRECTS + 1):
        answer = _ask(url, etag, modified, deadline, loopback, resolve or _resolve)
        if isinstance(answer, Fetched):
            return answer
        url = answer
    raise Failed(f"It redirects more than {MOST_REDIRECTS} times.")


# Where it may be fetched from -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    secure: bool
    host: str
    port: int
    target: str


def _place(url: str) -> _Place:
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        raise Refused("This is no address.") from None
    if parts.scheme not in ("http", "https"):
        raise Refused("Only http and https addresses are fetched.")
    if parts.username is not None or parts.password is not None:
        raise Refused("The address contains a user name or password.")
    if not host:
        raise Refused("The address names no host.")
    secure = parts.scheme == "https"
    port = port or (443 if secure else 80)
    if port < 1024 and port not in (80, 443):
        raise Refused(f"Port {port} is not for web pages.")
    try:
        host = host if _is_number(host) else host.encode("idna").decode("ascii")
    except UnicodeError:
        raise Refused("The address names no host.") from None
    keep = "%/:=&?~#+!$,;'@()*[]"
    target = quote(parts.path or "/", safe=keep) + (f"?{quote(parts.query, safe=keep)}" if parts.query else "")
    return _Place(secure, host, port, target)


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def public(text: str, *, loopback: bool = False) -> bool:
    """Whether ``text`` is an address of the public internet; with ``loopback`` this machine counts as one."""
    try:
        address: Address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    if loopback and address.is_loopback:
        return True
    if any(address in net for net in _CARRIERS if net.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _addresses(place: _Place, loopback: bool, resolve: Resolve) -> list[str]:
    """The addresses to connect to. One that is not public spoils the name: it is no mistake of a public host's."""
    try:
        found = list(dict.fromkeys(resolve(place.host, place.port)))
    except (OSError, UnicodeError):
        raise Failed(f"There is no host called {place.host}.") from None
    if not found or not all(public(each, loopback=loopback) for each in found):
        raise Refused(f"{place.host} is not a public host.")
    return found[:4]


# Speaking to it -------------------------------------------------------------------------------------------------------


class _Raw(io.RawIOBase):
    """What comes from a socket, until the deadline: each read waits only for what is left of it."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock, self._deadline = sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(_left(self._deadline))
        return self._sock.recv_into(buffer)


class _Socket:
    """What ``http.client`` needs of a socket, with a deadline for all of it."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock, self._deadline = sock, deadline

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_left(self._deadline))
        self._sock.sendall(data)

    def makefile(self, mode: str, *_: object, **__: object) -> io.BufferedReader:
        return io.BufferedReader(_Raw(self._sock, self._deadline))

    def close(self) -> None:
        self._sock.close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _connect(place: _Place, addresses: list[str], deadline: float) -> socket.socket:
    problem: OSError | None = None
    for address in addresses:
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.settimeout(min(_left(deadline), MOST_SECONDS / 3))
            sock.connect((address, place.port))
            if not place.secure:
                return sock
            sock.settimeout(_left(deadline))
            return ssl.create_default_context().wrap_socket(sock, server_hostname=place.host)
        except OSError as error:
            sock.close()
            problem = error
    raise problem or OSError("no address")


def _ask(url: str, etag: str, modified: str, deadline: float, loopback: bool, resolve: Resolve) -> Fetched | str:
    """One request: the file, or the address it redirects to."""
    place = _place(url)
    connection = http.client.HTTPConnection(place.host, place.port)
    try:
        sock = _connect(place, _addresses(place, loopback, resolve), deadline)
        connection.sock = _Socket(sock, deadline)
        connection.request("GET", place.target, headers=_headers(place, etag, modified))
        response = connection.getresponse()
        if response.status in REDIRECTS and (where := response.headers.get("Location")):
            return urljoin(url, where)
        if response.status == 304:
            return Fetched(same=True, etag=etag, modified=modified, url=url)
        if response.status != 200:
            raise Failed(f"The host answers {response.status}.")
        return Fetched(
            same=False,
            body=_body(response, deadline),
            content_type=response.headers.get("Content-Type", "")[:200],
            etag=_kept(response.headers.get("ETag"), 200),
            modified=_kept(response.headers.get("Last-Modified"), 80),
            url=url,
        )
    except TimeoutError:
        raise Failed(f"It took more than {MOST_SECONDS:.0f} seconds.") from None
    except ssl.SSLCertVerificationError:
        raise Failed("The host's certificate is not valid.") from None
    except (OSError, ssl.SSLError) as error:
        raise Failed(f"The host cannot be reached ({type(error).__name__}).") from None
    except (http.client.HTTPException, zlib.error, ValueError) as error:
        raise Failed(f"The host's answer makes no sense ({type(error).__name__}).") from None
    finally:
        connection.close()


def _headers(place: _Place, etag: str, modified: str) -> Mapping[str, str]:
    default = 443 if place.secure else 80
    host = f"[{place.host}]" if ":" in place.host else place.host
    headers = {
        "Host": host if place.port == default else f"{host}:{place.port}",
        "User-Agent": AGENT,
        "Accept": "application/atom+xml, application/rss+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1",
        "Accept-Encoding": "gzip",
        "Connection": "close",
    }
    if etag:
        headers["If-None-Match"] = etag
    if modified:
        headers["If-Modified-Since"] = modified
    return headers


def _kept(value: str | None, most: int) -> str:
    """A mark the host gave, if it can be sent back as it is."""
    return value if value and len(value) <= most and value.isprintable() and value.isascii() else ""


def _body(response: http.client.HTTPResponse, deadline: float) -> bytes:
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise Failed(f"It is packed in a way that was not asked for ({encoding[:20]}).")
    unpack = zlib.decompressobj(wbits=47) if encoding not in ("", "identity") else None
    made = bytearray()
    while True:
        _left(deadline)
        chunk = response.read1(65536)
        if not chunk:
            break
        while chunk:
            if unpack:
                made += unpack.decompress(chunk, MOST_BYTES + 1 - len(made))
                chunk = unpack.unconsumed_tail
            else:
                made += chunk
                chunk = b""
            if len(made) > MOST_BYTES:
                raise Failed(f"It is larger than {MOST_BYTES // 1_000_000} MB.")
        if unpack and unpack.eof:  # what follows would be kept, unasked and without a limit
            break
    return bytes(made)
