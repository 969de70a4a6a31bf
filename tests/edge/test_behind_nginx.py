"""Debian's nginx in front, with the very configuration of docs/how-to/nginx.conf: its cache gives everybody what is everybody's,
and nobody what is another's."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import servers
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from servers import Server

from edge.live import Answer, Told, Visitor, settles, within
from factories import CANARY
from publications import Publications

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
CONFIGURATION = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "nginx.conf"

LICENSED = "127.0.66.1"  # where the university sits
OUR_COOKIES = {"masthead_pass", "masthead_device", "masthead_session"}
PUBLIC = "public, max-age=0, s-maxage=60, stale-while-revalidate=30"
PRIVATE = "private, no-cache"

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(NGINX is None, reason="there is no nginx here"),
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs all of 127.0.0.0/8, which only Linux has"),
]

PUBLICATION = f"""
from masthead.access.models import Network
made = [make_article(f"Metered {{n}}") for n in range(4)] + [
    make_article("Subscribers", access="subscribers"), make_article("Open", access="open")]
Network.objects.create(institution="A university", cidr="{LICENSED}/32", since=clock.now())
make_comp(make_reader("subscriber@example.org"))
make_reader("reader@example.org")
found = [article.path_on_site for article in made]
"""


@dataclass
class Site:
    """A publication behind nginx, and by itself at the port ``masthead``. ``kept`` is the directory of nginx's cache."""

    port: int
    masthead: int
    data: Path
    kept: Path
    metered: list[str]
    subscribers: str
    open: str

    @property
    def articles(self) -> list[str]:
        return [*self.metered, self.subscribers, self.open]

    def visitor(self, address: str = "127.0.0.1", **headers: str) -> Visitor:
        return Visitor(self.port, address, tls=True, **headers)

    def forget(self) -> None:
        """Have nginx know nothing: what it has in memory of a file that is gone, it asks for anew."""
        for path in self.kept.rglob("*"):
            if path.is_file():
                path.unlink()

    def age(self, seconds: float) -> None:
        """Make everything nginx keeps ``seconds`` older: its files begin with when they end (a version, then that moment)."""
        for path in self.kept.rglob("*"):
            if path.is_file():
                with path.open("r+b") as file:
                    version, until = struct.unpack("qq", file.read(16))
                    file.seek(0)
                    file.write(struct.pack("qq", version, until - int(seconds)))


@pytest.fixture(scope="module")
def site(publications: Publications, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    plain, port = servers.free_port(), servers.free_port()
    data = publications.empty(folder / "data")
    variables = {"MASTHEAD_BASE_URL": f"https://127.0.0.1:{port}", "MASTHEAD_TRUSTED_PROXIES": "127.0.0.1/32"}
    with Server(data, "--empty", **variables) as server:
        server.wait_until_ready()
        Told(server)
        *metered, subscribers, free = within(data, PUBLICATION, **variables)
        nginx = start_nginx(folder, plain=plain, port=port, upstream=server.port)
        try:
            yield Site(port, server.port, data, folder / "kept", metered, subscribers, free)
        finally:
            nginx.send_signal(signal.SIGTERM)
            try:
                nginx.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(nginx.pid, signal.SIGKILL)
                nginx.wait(10)


def start_nginx(folder: Path, *, plain: int, port: int, upstream: int) -> subprocess.Popen[bytes]:
    """nginx as documented, on ports of its own; it also says how its cache came to each answer."""
    certify(folder)
    text = CONFIGURATION.read_text()
    for pattern, replacement, times in (
        (r"127\.0\.0\.1:8000", f"127.0.0.1:{upstream}", 1),
        (r"192\.0\.2\.0/24 1;", f"{LICENSED}/32 1;", 1),
        (r" *listen \[::\].*\n", "", 2),  # not every machine that runs tests speaks IPv6
        (r"listen 80;", f"listen 127.0.0.1:{plain};", 1),
        (r"listen 443 ", f"listen 127.0.0.1:{port} ", 1),
        (r"/var/cache/nginx/masthead", str(folder / "kept"), 1),
        (r"/etc/letsencrypt/live/www\.example\.org", str(folder), 2),
        (r"(add_header Strict-Transport-Security .*)", r"\1 add_header X-Cache $upstream_cache_status always;", 1),
    ):
        text, count = re.subn(pattern, replacement, text)
        assert count == times, f"{pattern} stands {count} times in {CONFIGURATION.name}"
    (folder / "masthead.conf").write_text(text)
    user = "user root;\n" if os.geteuid() == 0 else ""  # else its workers are nobody, who may not look into this directory
    directories = "".join(
        [f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")]
    )
    (folder / "nginx.conf").write_text(
        f"{user}daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\n"
        f"events {{ worker_connections 512; }}\nhttp {{\naccess_log off;\n{directories}include {folder}/masthead.conf;\n}}\n"
    )
    assert NGINX is not None
    nginx = subprocess.Popen(
        [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 10
    while not servers.listening(port):
        assert nginx.poll() is None and time.monotonic() < deadline, (folder / "error.log").read_text()
        time.sleep(0.05)
    return nginx


def certify(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def cache(answer: Answer) -> str:
    """What nginx's cache had to do with ``answer``: HIT, MISS, STALE ..., or "" for nothing."""
    return answer.headers.get("x-cache", "")


@pytest.fixture(scope="module")
def reader(site: Site) -> Visitor:
    return site.visitor("127.0.0.2").log_in(site.data, "reader@example.org")


@pytest.fixture(scope="module")
def subscriber(site: Site) -> Visitor:
    return site.visitor("127.0.0.3").log_in(site.data, "subscriber@example.org")


@pytest.fixture(scope="module")
def device(site: Site) -> Visitor:
    visitor = site.visitor("127.0.0.4")
    visitor.keep_reading(site.metered[0], "device@example.org")
    return visitor


@pytest.fixture
def university(site: Site) -> Visitor:
    return site.visitor(LICENSED)


# --- what is everybody's


@pytest.mark.parametrize("path", ["/", "/feeds/articles.rss", "/sitemap.xml", "/robots.txt", "an article"])
def test_what_is_public_is_asked_for_once_for_everybody(site: Site, path: str) -> None:
    path = site.metered[1] if path == "an article" else path
    site.forget()
    answers = [site.visitor(f"127.0.1.{n}").get(path) for n in range(1, 6)]
    assert [cache(answer) for answer in answers] == ["MISS", "HIT", "HIT", "HIT", "HIT"]
    assert len({answer.raw for answer in answers}) == 1
    assert {answer.headers["cache-control"] for answer in answers} == {PUBLIC}
    assert all(answer.status == 200 for answer in answers)


def test_many_who_come_at_once_wait_for_one(site: Site) -> None:
    site.forget()
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda n: cache(site.visitor(f"127.0.2.{n}").get(site.metered[1])), range(1, 21)))
    assert (found.count("MISS"), found.count("HIT")) == (1, 19)


def test_cookies_of_others_do_not_split_the_cache(site: Site) -> None:
    site.forget()
    found = []
    for n in range(1, 6):
        visitor = site.visitor(f"127.0.1.{n}")
        visitor.cookies = {"_ga": f"GA1.{n}", f"chat_{n}": "masthead"}
        answer = visitor.get(site.metered[1])
        found.append(cache(answer))
        assert answer.headers["cache-control"] == PUBLIC
    assert found == ["MISS", "HIT", "HIT", "HIT", "HIT"]


def test_every_browser_gets_a_form_it_can_read(site: Site) -> None:
    site.forget()
    forms = {
        "br": ["gzip, deflate, br, zstd", "br", "BR;q=1.0"],
        "gzip": ["gzip", "gzip, deflate"],
        "": ["identity", "deflate", "br;q=0", "gzip;q=0, br;q=0.000", "*;q=0"],
    }
    pages = set()
    for encoding, accepted in forms.items():
        for n, accept in enumerate(accepted):
            answer = site.visitor().get(site.metered[1], Accept_Encoding=accept)
            assert (answer.headers.get("content-encoding", ""), cache(answer)) == (encoding, "HIT" if n else "MISS"), accept
            pages.add(answer.text)
    assert len(pages) == 1


def test_whoever_holds_it_is_told_so_with_all_headers(site: Site, subscriber: Visitor) -> None:
    for visitor, control in ((site.visitor(), PUBLIC), (subscriber, PRIVATE)):
        visitor.get(site.metered[1])
        full = visitor.get(site.metered[1])
        answer = visitor.get(site.metered[1], If_None_Match=full.headers["etag"])
        assert (answer.status, answer.raw) == (304, b"")
        assert answer.headers["cache-control"] == control
        for name in ("etag", "content-security-policy", "strict-transport-security"):
            assert answer.headers[name].removeprefix("W/") == full.headers[name].removeprefix("W/"), name
        assert "Cookie" in answer.headers["vary"]


def test_head_has_the_headers_and_no_body(site: Site, subscriber: Visitor) -> None:
    for visitor in (site.visitor(), subscriber):
        full = visitor.get(site.metered[1])
        head = visitor.ask("HEAD", site.metered[1])
        assert (head.status, head.raw) == (200, b"")
        assert {n: v for n, v in head.headers.items() if n not in ("date", "x-cache", "connection")} == {
            n: v for n, v in full.headers.items() if n not in ("date", "x-cache", "connection")
        }


def test_style_sheets_are_kept_for_everybody_also_with_cookies(site: Site, subscriber: Visitor) -> None:
    (sheet, *_) = re.findall(r'"(/static/[^"]+\.css)"', site.visitor().get("/").text)
    first, second = site.visitor().get(sheet), subscriber.get(sheet)
    assert (first.status, first.raw, cache(second)) == (200, second.raw, "HIT")
    assert "immutable" in second.headers["cache-control"]


def test_pictures_are_looked_at_and_never_run(site: Site, reader: Visitor) -> None:
    (site.data / "media").mkdir(exist_ok=True)
    (site.data / "media" / "map.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    site.visitor().get("/media/map.svg")
    answer = reader.get("/media/map.svg")
    assert (answer.status, cache(answer)) == (200, "HIT")
    assert "sandbox" in answer.headers["content-security-policy"]


def test_a_published_article_is_seen_when_the_headers_say_so(site: Site) -> None:
    """60 seconds from the cache, then at most 30 more for the one visitor at whose request the new page is fetched."""
    path = site.metered[3]
    site.forget()
    site.visitor().get(path)
    (kept,) = [path for path in site.kept.rglob("*") if path.is_file()]
    _, until, updating = struct.unpack("qqq", kept.read_bytes()[:24])
    assert 58 <= until - time.time() <= 61
    assert updating == 30
    retitle(site, path, "A new headline")
    assert "A new headline" not in site.visitor().get(path).text

    site.age(until - time.time() + 10)  # ten seconds after its end: the old one once more, while the new one is fetched
    answer = site.visitor().get(path)
    assert (cache(answer), "A new headline" in answer.text) == ("STALE", False)
    deadline = time.monotonic() + 5
    while "A new headline" not in site.visitor().get(path).text:
        assert time.monotonic() < deadline
        time.sleep(0.05)

    retitle(site, path, "Another headline")
    site.age(60 + 31)  # later than that nobody sees the old one
    answer = site.visitor().get(path)
    assert (cache(answer), "Another headline" in answer.text) == ("EXPIRED", True)


def retitle(site: Site, path: str, title: str) -> None:
    within(
        site.data,
        f"article = Article.objects.get(slug={path.strip('/').rpartition('/')[2]!r})\n"
        f"article.title = {title!r}\narticle.save_revision().publish()",
    )
    settles(lambda: title in Visitor(site.masthead).get(path).text, patience=5)
    time.sleep(2)  # Masthead's own time: until then it may answer another kind of request with the old page


# --- what is not everybody's


def test_what_is_private_is_neither_answered_from_the_cache_nor_kept(
    site: Site, reader: Visitor, subscriber: Visitor, device: Visitor, university: Visitor
) -> None:
    site.forget()
    for visitor in (reader, subscriber, device, university):
        for path in (*site.articles, "/", "/account/", "/login/"):
            answer = visitor.get(path)
            assert cache(answer) == "", path
            assert "public" not in answer.headers.get("cache-control", ""), path
    assert nothing_is_kept(site)


def test_a_cookie_of_ours_is_seen_wherever_it_stands(site: Site) -> None:
    """Also one that is no good: what it is worth is Masthead's to say."""
    for path in site.articles:
        site.visitor().get(path)
    for name in OUR_COOKIES:
        for cookies in (f"{name}=x", f"a=b; {name}=x", f"a=b;{name}=x", f"a=b; {name}=", f"a=b;\t{name} =x"):
            answer = site.visitor().get(site.metered[1], Cookie=cookies)
            assert (cache(answer), answer.headers["cache-control"]) == ("", PRIVATE), cookies


def test_an_answer_that_sets_a_cookie_is_not_kept(site: Site) -> None:
    site.forget()
    visitor = site.visitor("127.0.3.1")
    visitor.cookies["masthead_session"] = "0123456789abcdefghijklmnopqrstuv"
    answer = visitor.get(site.metered[1])
    assert answer.cookies.keys() <= OUR_COOKIES
    visitor.keep_reading(site.metered[1], "cookie@example.org")
    assert visitor.get(site.metered[1]).decision == "instant"
    assert nothing_is_kept(site)


def test_a_page_that_is_not_there_is_not_kept(site: Site) -> None:
    site.forget()
    assert [site.visitor().get("/articles/still-to-come/").status for _ in range(2)] == [404, 404]
    assert nothing_is_kept(site)


def test_a_network_is_licensed_by_its_address_and_by_nothing_it_says(site: Site, university: Visitor) -> None:
    assert university.get(site.metered[1]).decision == university.get(site.subscribers).decision == "institution"
    thief = site.visitor("127.0.4.1")
    for claim in (LICENSED, f"{LICENSED}, 127.0.0.1", f"127.0.0.1, {LICENSED}", f"for={LICENSED}"):
        for name in ("X_Forwarded_For", "X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP", "X_FORWARDED_FOR"):
            # with a cookie it goes by the cache, and by no other rule
            for cookies in ({}, {"masthead_session": "x"}):
                thief.cookies = dict(cookies)
                answer = thief.ask("GET", site.subscribers, headers={name: claim})
                assert answer.decision == "subscribe", (name, claim)
                assert CANARY not in answer.text


def nothing_is_kept(site: Site) -> bool:
    return not [path for path in site.kept.rglob("*") if path.is_file()]


def test_visitors_interleaved_at_random_see_what_is_theirs(
    site: Site, reader: Visitor, subscriber: Visitor, device: Visitor, university: Visitor
) -> None:
    """Many pages to visitors of every kind, in any order: the canary sings to those whom the article is open to."""
    chosen, instant = site.metered[2], site.metered[0]
    assert reader.post("/unlock/", article=chosen.strip("/").rpartition("/")[2]).status == 303
    spoofing = site.visitor("127.0.5.1", X_Forwarded_For=LICENSED)
    folded = site.visitor("127.0.5.2")
    folded.headers["X_Forwarded_For"] = LICENSED
    foreign = site.visitor("127.0.5.3")
    foreign.cookies = {"_ga": "GA1.2", "masthead": "masthead-pass"}
    forged = site.visitor("127.0.5.4")
    everything = set(site.articles)
    visitors: list[tuple[Visitor, set[str]]] = [
        (site.visitor("127.0.5.5"), {site.open}),
        (spoofing, {site.open}),
        (folded, {site.open}),
        (foreign, {site.open}),
        (forged, {site.open}),
        (device, {site.open, instant}),
        (reader, {site.open, chosen}),
        (subscriber, everything),
        (university, everything),
    ]
    seed = random.randrange(10**6)
    dice = random.Random(seed)
    told: dict[str, int] = {}
    for turn in range(1500):
        visitor, opened = dice.choice(visitors)
        path = dice.choice(site.articles)
        encoding = dice.choice(["", "gzip", "gzip, br"])
        query = dice.choice(["", "", "?utm_source=x", "?masthead_pass=1"])
        if visitor is forged:
            visitor.cookies = {dice.choice(sorted(OUR_COOKIES)): subscriber.cookies["masthead_pass"][:-3] + "AAA"}
        known = bool(OUR_COOKIES & visitor.cookies.keys()) or visitor is university
        answer = visitor.get(path + query, Accept_Encoding=encoding)
        sings = CANARY in answer.text
        assert (answer.status, sings) == (200, path in opened), (seed, turn, path, answer.headers)
        assert bool(cache(answer)) == (not known), (seed, turn)
        told[cache(answer)] = told.get(cache(answer), 0) + 1
        if turn % 300 == 299:
            site.age(dice.choice([61, 100]))
    assert told["HIT"] > 200
    # what lies in the cache are articles as nobody in particular sees them
    for path in site.kept.rglob("*"):
        if path.is_file():
            kept = path.read_bytes()
            assert b"set-cookie" not in kept.lower() and b"private" not in kept.partition(b"\r\n\r\n")[0]
            assert f"{CANARY} of {site.open.strip('/').rpartition('/')[2]}".encode() in kept or CANARY.encode() not in kept


# --- the story, through nginx


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
        )
        yield browser
        browser.close()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_reader_who_goes_back_does_not_see_the_gate_again(site: Site, chromium: Any, scripts: bool) -> None:
    shown = "article[data-decision={}]"
    context = chromium.new_context(
        base_url=f"https://127.0.0.1:{site.port}", ignore_https_errors=True, java_script_enabled=scripts
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    path = site.metered[1]
    page.goto("/")
    page.goto(path)
    page.wait_for_selector(shown.format("register"))
    page.locator('main form[action="/keep-reading/"] input[name=email]').fill(f"back-{scripts}@example.org".lower())
    page.locator('main form[action="/keep-reading/"] button').first.click()
    page.wait_for_selector(shown.format("instant"))
    page.goto("/")
    page.go_back()
    page.wait_for_selector(shown.format("instant"))
    assert CANARY in page.locator("article").inner_text()
    page.go_back()  # where the gate was: the page before the form was sent
    if path in page.url:
        page.wait_for_selector(shown.format("instant"))
    page.goto(path)
    assert page.locator(shown.format("instant")).count() == 1
    context.close()
