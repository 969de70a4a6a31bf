"""Purchases while web and worker are killed at random moments: nobody pays twice, nobody pays without access, nothing is lost.

A publication of its own is prepared; buyers press what a reader presses, and press again where the connection breaks, while a
killer sends SIGKILL to the whole web role or the worker. At the end every purchase is held against the books, ours and the
sandbox's.

    python -m benchmarks.purchases_killed --purchases 200
    MASTHEAD_DATABASE_URL=postgres://... python -m benchmarks.purchases_killed --purchases 200
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

PATIENCE = 180.0  # seconds one buyer keeps pressing
BUYERS = 4  # at once
SILENT = 0.2  # of the purchases whose webhook is lost
MASTHEAD = [sys.executable, "-P", "-m", "masthead.site"]

SET_UP = """
from masthead.articles.bulk import ensure_index
from masthead.articles.models import Article
from masthead.billing.models import Plan, Price
article = Article(title="A Shut Article", slug="a-shut-article", access="subscribers")
article.body = [("paragraph", f"<p>Paragraph {n}.</p>") for n in range(6)]
ensure_index().add_child(instance=article)
article.save_revision().publish()
plan = Plan.objects.create(name="All-Access", slug="all-access")
print(Price.objects.create(plan=plan, amount=900, currency="GBP", interval="month").pk)
"""

BOOKS = """
import json
from collections import Counter
from masthead.access.models import Grant
from masthead.billing.models import *
from masthead.billing.providers.sandbox.models import Thing
from masthead.core.models import OutgoingMail
rows = []
for address in json.loads(%r):
    subscriptions = Subscription.objects.filter(reader__email=address)
    paid = [t for t in Thing.objects.filter(kind="session", data__address=address) if t.data["state"] == "paid"]
    invoices = Thing.objects.filter(kind="invoice", subscription__in=[t.data["subscription"] for t in paid])
    rows.append({
        "address": address,
        "paid_sessions": len(paid),
        "payments": invoices.count(),
        "subscriptions": [s.state for s in subscriptions],
        "checkouts_paid": Checkout.objects.filter(address=address, state="paid").count(),
        "reader_grants": Grant.objects.filter(reader__email=address, kind="subscription").count(),
        "device_grants": Grant.objects.filter(kind="subscription", device__checkouts__address=address).distinct().count(),
        "invoices": Invoice.objects.filter(subscription__in=subscriptions).count(),
        "ledger": LedgerEvent.objects.filter(subscription__in=subscriptions).count(),
        "audited": AuditEntry.objects.filter(action="payment", subscription__in=[s.subject for s in subscriptions]).count(),
        "mails": dict(Counter(OutgoingMail.objects.filter(to=address).values_list("kind", flat=True))),
    })
print(json.dumps({"rows": rows, "waiting": Webhook.objects.exclude(state="done").count()}))
"""


@dataclass
class Roles:
    """Web and worker as processes of their own, started again whenever they were killed."""

    data: Path
    port: int
    environment: dict[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    kills: dict[str, int] = field(default_factory=lambda: {"web": 0, "worker": 0})
    lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, role: str) -> None:
        more = ["--port", str(self.port)] if role == "web" else []
        log = (self.data / f"{role}.log").open("ab")
        self.running[role] = subprocess.Popen(
            [*MASTHEAD, role, *more], env=self.environment, stdout=log, stderr=log, start_new_session=True
        )
        log.close()

    def kill(self, role: str) -> None:
        with self.lock:
            process = self.running[role]
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            self.kills[role] += 1
            self.start(role)

    def answering(self) -> bool:
        """Whether the web role has started so far that it takes connections."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def end(self) -> None:
        for process in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


class Buyer:
    """One browser, and somebody who presses again where nothing came back."""

    def __init__(self, base: str, address: str, price: str, silent: bool) -> None:
        self.base, self.address, self.price, self.silent = base, address, price, silent
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()), _NoRedirects())
        self.deadline = time.monotonic() + PATIENCE
        self.retries = 0
        # each from a network of their own, or the limits of one would end the run
        self.network = ".".join(str(random.randint(1, 250)) for _ in range(4))

    def buy(self) -> None:
        form = {"price": self.price, "email": self.address, "article": "a-shut-article"}
        page = self._until(lambda: self._location(self._ask("/subscribe/checkout/", form)), "no checkout")
        action = {"action": "pay-silently" if self.silent else "pay"}
        back = self._until(lambda: self._location(self._ask(page, action)), "not paid")
        self._until(lambda: self._came_back(back), "never known to be paid")
        self._until(lambda: 'data-decision="subscription"' in self._ask("/articles/a-shut-article/")[2], "paid, and shut")

    def _came_back(self, path: str) -> bool:
        _, _, html = self._ask(path)
        if "It is open" in html:
            return True
        if "One moment" in html and random.random() < 0.5:
            reference = path.partition("checkout=")[2]
            self._ask("/subscribe/return/", {"checkout": reference})
        return False

    @staticmethod
    def _location(answer: tuple[int, str, str]) -> str:
        status, location, _ = answer
        return location if status == 303 else ""

    def _until(self, ask: Any, otherwise: str) -> Any:
        while time.monotonic() < self.deadline:
            try:
                found = ask()
            except (OSError, http.client.HTTPException):
                found = None
            if found:
                return found
            self.retries += 1
            time.sleep(0.15)
        raise AssertionError(f"{self.address}: {otherwise}")

    def _ask(self, url: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        path = re.sub(r"^https?://[^/]+", "", url)
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        headers = {"Sec-Fetch-Site": "same-origin", "X-Forwarded-For": self.network}
        request = urllib.request.Request(self.base + path, data, headers=headers)
        try:
            with self.opener.open(request, timeout=10) as answer:
                return answer.status, "", answer.read().decode()
        except urllib.error.HTTPError as answer:
            with answer:
                if answer.status in (500, 502, 503):
                    raise OSError(answer.status) from None
                if answer.status >= 400:
                    raise AssertionError(f"{self.address}: {answer.status} from {path}") from None
                return answer.status, answer.headers.get("Location", ""), ""


def run(
    purchases: int,
    *,
    pause: tuple[float, float] = (0.5, 5.0),
    environ: Mapping[str, str] = os.environ,
    prepare: Callable[[Path], object] | None = None,
) -> dict[str, Any]:
    """Buy so often while roles are killed; what the books say, with everything that is wrong under ``wrong``.

    ``prepare`` makes its argument the data directory of a publication without articles, where that costs less than anew.
    """
    with tempfile.TemporaryDirectory(prefix="masthead-killed-") as folder:
        data = Path(folder)
        if prepare is not None:
            prepare(data)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        base = f"http://127.0.0.1:{port}"
        environment = {**environ, "MASTHEAD_DATA": str(data), "MASTHEAD_BASE_URL": base}
        environment |= {"MASTHEAD_WEB_WORKERS": "2", "MASTHEAD_TRUSTED_PROXIES": "127.0.0.0/8"}
        prepared = subprocess.run([*MASTHEAD, "prepare"], env=environment, capture_output=True, text=True, check=False)
        if prepared.returncode:
            raise RuntimeError(prepared.stderr)
        price = _shell(environment, SET_UP).split()[-1]
        roles = Roles(data, port, environment)
        began = time.monotonic()
        try:
            for role in ("web", "worker"):
                roles.start(role)
            found = _bought(roles, base, price, purchases, pause)
            _settled(environment, found, purchases)
        finally:
            roles.end()
        found |= {"seconds": round(time.monotonic() - began, 1), "kills": roles.kills}
        return found


def _bought(roles: Roles, base: str, price: str, purchases: int, pause: tuple[float, float]) -> dict[str, Any]:
    chance = random.Random()
    mark = f"{os.getpid()}-{int(time.time())}"
    buyers = [Buyer(base, f"buyer-{mark}-{n}@example.org", price, chance.random() < SILENT) for n in range(purchases)]
    over = threading.Event()

    def killer() -> None:
        while not over.wait(chance.uniform(*pause)):
            role = chance.choice(["web", "worker"])
            if role == "web" and not roles.answering():
                continue  # it is still starting, and holds nobody's purchase: a slow machine would never get beyond that
            roles.kill(role)

    def one(buyer: Buyer) -> str:
        buyer.deadline = time.monotonic() + PATIENCE
        try:
            buyer.buy()
        except AssertionError as error:
            return str(error)
        return ""

    thread = threading.Thread(target=killer)
    thread.start()
    with ThreadPoolExecutor(BUYERS) as pool:
        wrong = [sentence for sentence in pool.map(one, buyers) if sentence]
    over.set()
    thread.join()
    return {
        "purchases": purchases,
        "silent": sum(buyer.silent for buyer in buyers),
        "retries": sum(buyer.retries for buyer in buyers),
        "addresses": [buyer.address for buyer in buyers],
        "wrong": wrong,
    }


def _settled(environment: dict[str, str], found: dict[str, Any], purchases: int) -> None:
    """Wait until the worker has nothing left to do, then hold every purchase against the books."""
    deadline = time.monotonic() + 120
    while True:
        books = json.loads(_shell(environment, BOOKS % json.dumps(found["addresses"])).splitlines()[-1])
        if not books["waiting"] or time.monotonic() > deadline:
            break
        time.sleep(1)
    wanted = {
        "paid_sessions": 1,
        "payments": 1,
        "subscriptions": ["active"],
        "checkouts_paid": 1,
        "reader_grants": 1,
        "device_grants": 1,
        "invoices": 1,
        "audited": 1,
        "mails": {"receipt": 1, "welcome": 1},
    }
    for row in books["rows"]:
        differs = {name: row[name] for name, value in wanted.items() if row[name] != value}
        if differs:
            found["wrong"].append(f"{row['address']}: {differs}")
    if books["waiting"]:
        found["wrong"].append(f"{books['waiting']} webhooks are not processed")
    del found["addresses"]


def _shell(environment: dict[str, str], program: str) -> str:
    done = subprocess.run(
        [*MASTHEAD, "manage", "shell", "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def main(arguments: Sequence[str]) -> int:
    """Run it; returns 1 where anything was wrong."""
    parser = ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--purchases", type=int, default=200)
    given = parser.parse_args(arguments)
    found = run(given.purchases)
    print(json.dumps(found, indent=2))
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
