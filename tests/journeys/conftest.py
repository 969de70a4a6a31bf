"""A real publication for real browsers: one server with its worker and the demo, Chromium, and the mails it writes to disk."""

from __future__ import annotations

import email
import email.policy
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from servers import Server, environment

from publications import Publications

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "world-affairs-700.jsonl"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip

DEMO = [
    "the-arithmetic-of-malacca",
    "what-it-costs-to-have-no-coast",
    "a-canal-is-a-promise",
    "montreux-and-the-gatekeeper",
    "a-market-of-fifty-four",
    "why-straits-outlast-empires",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All journeys drive a browser; where there is none they are skipped, saying so."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here"))


@dataclass
class Site:
    """A running publication: its address, its data directory, and two articles of the archive it imported."""

    url: str
    data: Path
    articles: list[str]

    def masthead(self, *arguments: str) -> str:
        """Run the ``masthead`` command against this publication; returns what it prints."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "masthead.site", *arguments],
            env=environment(self.data, MASTHEAD_BASE_URL=self.url),
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    def mail_to(self, address: str, *, after: float = 0, within: float = 8) -> str:
        """The text of the newest mail to ``address`` written since ``after``; waits for it as a reader would."""
        deadline = time.monotonic() + within
        while True:
            found = []
            for path in (self.data / "mail").glob("*.eml"):
                message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                if address in str(message["To"]) and path.stat().st_mtime >= after:
                    found.append((path.name, message))
            if found:
                body = max(found, key=lambda pair: pair[0])[1].get_body(("plain",))
                assert body is not None
                return str(body.get_content())
            assert time.monotonic() < deadline, f"no mail to {address} within {within} s"
            time.sleep(0.1)

    def code_to(self, address: str, *, after: float = 0) -> str:
        (code,) = re.findall(r"^(\d{6})\r?$", self.mail_to(address, after=after), re.MULTILINE)
        return str(code)

    def link_to(self, address: str) -> str:
        found = re.search(r"(/confirm/[^/\s]+/)", self.mail_to(address))
        assert found
        return str(found[1])

    def enter_newsroom(self, page: Any) -> str:
        """Log in as the demo's administrator; returns their address."""
        address, password = (self.data / "credentials.txt").read_text().split()[:2]
        page.goto("/newsroom/")
        page.locator("input[name=login]").fill(address)
        page.locator("input[type=password]").fill(password)
        page.locator("form button[type=submit]").first.click()
        page.wait_for_url("**/newsroom/")
        return address


@pytest.fixture(scope="session")
def site(publications: Publications, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo publication, with an archive nobody on this project wrote where it is at hand."""
    data = publications.demo(tmp_path_factory.mktemp("publication"))
    with Server(data) as server:
        server.wait_until_ready()
        running = Site(server.url, data, [])
        if SHARED.exists():
            running.masthead("import", "jsonl", str(SHARED), "--access", "metered")
            running.articles = _imported(data)
        else:
            running.articles = DEMO
        yield running


def _imported(data: Path) -> list[str]:
    with sqlite3.connect(f"file:{data / 'masthead.sqlite3'}?mode=ro", uri=True) as database:
        rows = database.execute(
            "SELECT slug FROM wagtailcore_page p JOIN articles_article a ON a.page_ptr_id = p.id "
            "JOIN articles_rendering r ON r.article_id = p.id "
            "WHERE a.import_key IS NOT NULL AND p.live AND r.words BETWEEN 500 AND 2500 ORDER BY p.id LIMIT 8"
        ).fetchall()
    return [row[0] for row in rows]


# For one file only: while it runs, its event loop keeps Django from the database in this process.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    # imported here: without a browser nobody needs the library's event loop
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium: Any, site: Site) -> Iterator[Callable[..., Any]]:
    """Open a fresh browser: ``browse(scripts=False, width=360, dark=True)`` gives a page of it."""
    contexts: list[Any] = []

    def open_browser(*, scripts: bool = True, width: int = 1280, dark: bool = False, **more: Any) -> Any:
        context = chromium.new_context(
            base_url=site.url,
            java_script_enabled=scripts,
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            **more,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        return context.new_page()

    yield open_browser
    for context in contexts:
        context.close()


@pytest.fixture
def picture() -> Callable[[Any, str], None]:
    """Keep a screenshot in the folder SCREENSHOTS names, where that is set; a person looks at them."""
    folder = os.environ.get("SCREENSHOTS")

    def take(page: Any, name: str) -> None:
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    return take
