"""The yardstick: nginx, one worker, giving the very bytes the edge gives, from files, under the same headers.

Nothing is left out that makes nginx quick at this: files stay open (``open_file_cache``), nothing is logged or compressed anew,
connections are kept for ever.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import machine

# what nginx writes itself, or what belongs to one answer or one connection and not to the page
OWN = frozenset(
    {"server", "date", "connection", "keep-alive", "content-length", "content-type", "transfer-encoding", "etag", "set-cookie"}
)


@dataclass(frozen=True, slots=True)
class StaticPage:
    """A page as it goes over the wire: the compressed bytes and the headers beside them."""

    path: str
    body: bytes
    headers: Mapping[str, str]


def file_name(path: str) -> str:
    """What ``path`` is asked for as: without the last slash, so that nginx finds a file at once and seeks no index in it."""
    return path.rstrip("/") or "/front"


def configuration(root: Path, work: Path, port: int, headers: Mapping[str, str]) -> str:
    """nginx's configuration: ``headers`` but for those it writes itself."""
    lower = {name.lower(): value for name, value in headers.items()}
    added = {name: value for name, value in headers.items() if name.lower() not in OWN}
    if "last-modified" not in lower:
        added["Last-Modified"] = ""  # an empty one is left out
    lines = "\n".join(f"    add_header {name} {_quoted(value)};" for name, value in added.items())
    kind = lower.get("content-type", "text/html").partition(";")[0]
    charset = lower.get("content-type", "").partition("charset=")[2] or "off"
    user = "user root;\n" if os.geteuid() == 0 else ""  # else its worker is nobody, who may not look into a private directory
    return f"""{user}daemon off;
worker_processes 1;
pid {work}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  default_type {kind};
  charset {charset};
  override_charset on;
  sendfile on;
  tcp_nopush off;
  tcp_nodelay on;
  keepalive_timeout 3600s;
  keepalive_requests 2000000000;
  open_file_cache max=20000 inactive=1h;
  open_file_cache_valid 1h;
  etag {"on" if "etag" in lower else "off"};
  max_ranges 0;
  client_body_temp_path {work}/body;
  proxy_temp_path {work}/proxy;
  fastcgi_temp_path {work}/fastcgi;
  uwsgi_temp_path {work}/uwsgi;
  scgi_temp_path {work}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    root {root};
{lines}
  }}
}}
"""


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    if "$" in value:  # nginx has no escape for it
        raise ValueError(f"a header nginx cannot be given: {value!r}")
    return f'"{escaped}"'


def start(pages: list[StaticPage], work: Path, core: int) -> tuple[machine.Pinned, int]:
    """Write ``pages`` under ``work`` and serve them; returns the server and its port. ``work`` is this server's alone."""
    binary = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if binary is None:
        raise SystemExit("masthead: nginx is not installed.")
    root = work / "files"
    for page in pages:
        target = root / file_name(page.path).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(page.body)
    port = machine.free_port()
    config = work / "nginx.conf"
    config.write_text(configuration(root, work, port, pages[0].headers))
    server = machine.Pinned([binary, "-c", str(config), "-p", str(work)], core, log=work / "nginx.log")
    try:
        server.wait_until(lambda: machine.listening(port))
    except BaseException:
        server.stop()
        raise
    return server, port
