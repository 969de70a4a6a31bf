"""The double's HTTP: keys, versions, idempotency, listing by pages, written-out things, and the faults of a network."""

from __future__ import annotations

import copy
import json
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import requests
import stripe

from billing.stripe_double import parameters
from billing.stripe_double.books import DECLINED, VERSION, WORKS, Books
from billing.stripe_double.parameters import Wrong

Data = dict[str, Any]
_PAGE = """<!doctype html><html lang="en"><title>Double of Stripe</title><h1>{title}</h1><form method="post">{buttons}</form>"""


class Double(Books):
    """A server on a port of its own, until :meth:`close`."""

    def __init__(self, key: str = "sk_test_double", secret: str = "whsec_double", port: int = 0) -> None:
        super().__init__()
        self.key, self.secret = key, secret
        self.requests: list[tuple[str, str, Data, dict[str, str]]] = []
        self.faults: list[tuple[str, str]] = []
        self.endpoints: list[Data] = []
        self.closed = threading.Event()
        self.page = 100  # at most, of a list
        self._answers: dict[str, tuple[str, int, Data]] = {}
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # head and body in one: of two small pieces the second waits until the first is acknowledged, 40 ms

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                double._serve(self)

            do_POST = do_DELETE = do_GET

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.closed.set()
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()

    # --- what a test looks at and asks for

    def asked(self, start: str) -> list[Data]:
        """The parameters of requests whose method and path begin with ``start``."""
        return [given for method, path, given, _ in self.requests if f"{method} {path}".startswith(start)]

    def trouble(self, start: str, what: str) -> None:
        """The next request that begins with ``start``: "500", "429", "lost" (done, but the answer does not come), "slow"."""
        self.faults.append((start, what))

    def forget(self, *things: Data) -> None:
        """``things`` were deleted, and nothing that was answered about them is remembered."""
        for thing in things:
            del self.things[thing["id"]]
        self._answers.clear()

    def signed(self, event: Data, *, secret: str = "", at: int | None = None) -> tuple[str, dict[str, str]]:
        """``event`` as it is sent: the body and the headers."""
        body = json.dumps(event, indent=2)
        stamp = self.now() if at is None else at
        header = stripe.WebhookSignature.generate_signature_header(body, secret or self.secret, stamp)
        return body, {"Stripe-Signature": header}

    def send_to(self, url: str) -> None:
        """Send every event to ``url`` from now on until it is taken, as Stripe does, though less patiently."""
        threading.Thread(target=self._send_to, args=(url,), daemon=True).start()

    def _send_to(self, url: str) -> None:
        sent = 0
        while not self.closed.wait(0.1):
            for event in self.events[sent:]:
                body, headers = self.signed(event)
                try:
                    if requests.post(url, data=body, headers={**headers, "Content-Type": "application/json"}, timeout=5).ok:
                        sent += 1
                        continue
                except requests.RequestException:
                    pass
                break

    # --- serving

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        length = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(length).decode()
        if not parts.path.startswith("/v1/"):
            self._page(handler, parts.path, body)
            return
        given = parameters.decoded(body if handler.command == "POST" else parts.query)
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.requests.append((handler.command, parts.path, given, headers))
        fault = self._fault(f"{handler.command} {parts.path}")
        if fault == "slow":
            handler.close_connection = True
            threading.Event().wait(1.0)
            return
        status, answer, extra = self._answer(handler.command, parts.path, given, headers, fault)
        if fault == "lost":
            handler.close_connection = True
            return
        self._send(handler, status, json.dumps(answer), "application/json", extra)

    def _send(self, handler: BaseHTTPRequestHandler, status: int, text: str, kind: str, extra: dict[str, str]) -> None:
        data = text.encode()
        handler.send_response_only(status)
        for name, value in {"Date": formatdate(self.now(), usegmt=True), "Content-Type": kind, **extra}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def _fault(self, request: str) -> str:
        for index, (start, what) in enumerate(self.faults):
            if request.startswith(start):
                del self.faults[index]
                return what
        return ""

    def _answer(
        self, method: str, path: str, given: Data, headers: dict[str, str], fault: str
    ) -> tuple[int, Data, dict[str, str]]:
        extra = {"Request-Id": self.number("req"), "Stripe-Version": headers.get("stripe-version", "")}
        with self.lock:
            try:
                if headers.get("authorization") != f"Bearer {self.key}":
                    raise Wrong("Invalid API Key provided", status=401)
                if headers.get("stripe-version") != VERSION:
                    raise Wrong("Masthead's version of the API is not the pinned one")
                if fault == "429":
                    raise Wrong("Too many requests", code="rate_limit", status=429)
                key = headers.get("idempotency-key")
                if method == "POST" and not key:
                    raise Wrong("The double wants an Idempotency-Key on every POST")
                said = f"{method} {path} {json.dumps(given, sort_keys=True)}"
                if key and method == "POST" and key in self._answers:
                    before, status, answer = self._answers[key]
                    if before != said:
                        said_before = "Keys for idempotent requests can only be used with the same parameters."
                        raise Wrong(said_before, kind="idempotency_error")
                    return status, answer, {**extra, "Idempotent-Replayed": "true"}
                status, answer = self._done(method, path, given, fault)
                if key and method == "POST":
                    self._answers[key] = (said, status, answer)
            except Wrong as wrong:
                return wrong.status, {"error": wrong.error}, extra
            return status, answer, extra

    def _done(self, method: str, path: str, given: Data, fault: str) -> tuple[int, Data]:
        if fault == "500":
            return 500, {"error": {"type": "api_error", "message": "An error of ours"}}
        if method != "GET":
            self.tick()
        try:
            return 200, copy.deepcopy(self._routed(method, path.removeprefix("/v1/").split("/"), given))
        except Wrong as wrong:
            if wrong.status != 402:
                raise  # what was refused before anything was done is not remembered
            return wrong.status, {"error": wrong.error}

    def _routed(self, method: str, parts: list[str], given: Data) -> Data:
        collection = "/".join(parts[:2]) if parts[0] in {"checkout", "billing_portal"} else parts[0]
        rest = parts[collection.count("/") + 1 :]
        endpoint = f"{method} /v1/{collection}" + ("/ID" if rest else "") + "".join(f"/{one}" for one in rest[1:])
        parameters.check(endpoint, given)
        expand = given.pop("expand", [])
        match (method, collection, rest):
            case ("POST", "prices", []):
                thing = self._price(given)
            case ("POST", "coupons", []):
                if given["id"] in self.things:
                    raise Wrong("Coupon already exists.", code="resource_already_exists", param="id")
                off = {"amount_off": int(given["amount_off"])} if "amount_off" in given else {"amount_off": None}
                off["percent_off"] = int(given["percent_off"]) if "percent_off" in given else None
                thing = self.add("coupon", "co", **{**given, **off})
            case ("POST", "checkout/sessions", []):
                thing = self.open_session(given)
            case ("POST", "checkout/sessions", [name, "expire"]):
                thing = self.get(name, "checkout.session")
                if thing["status"] != "open":
                    raise Wrong('Only Checkout Sessions with a status in ["open"] can be expired.')
                self.expire(name)
            case ("POST", "subscriptions", [name]):
                thing = self.update(name, given)
            case ("DELETE", "subscriptions", [name]):
                thing = self.end(name)
            case ("POST", "refunds", []):
                thing = self.refund(given)
            case ("POST", "billing_portal/configurations", []):
                thing = self.add("billing_portal.configuration", "bpc", active=True, **given)
            case ("POST", "billing_portal/sessions", []):
                self.get(given["configuration"], "billing_portal.configuration")
                self.get(given["customer"], "customer")
                thing = self.add("billing_portal.session", "bps", **given)
                thing["url"] = f"{self.url}/p/session/{thing['id']}"
            case ("GET", "webhook_endpoints", []):
                return self._list(self.endpoints, given)
            case ("GET", _, []):
                return self._listed(collection, given, expand)
            case ("GET", _, [name]):
                kind = collection.replace("/", ".").removesuffix("s").replace("coupons", "coupon")
                thing = self.get(name, kind)
            case _:
                raise Wrong(f"Unrecognized request URL ({method}: {'/'.join(parts)})", status=404)
        return self._written_out(thing, expand)

    def _price(self, given: Data) -> Data:
        for other in self.all("price"):
            if other["lookup_key"] == given.get("lookup_key"):
                if given.get("transfer_lookup_key") != "true":
                    raise Wrong("A price already uses that lookup key", param="lookup_key")
                other["lookup_key"] = None
        return self.add(
            "price",
            "price",
            active=True,
            currency=given["currency"],
            unit_amount=int(given["unit_amount"]),
            recurring={**given["recurring"], "interval_count": 1},
            tax_behavior=given["tax_behavior"],
            lookup_key=given.get("lookup_key"),
            metadata=given.get("metadata", {}),
            product=self.number("prod"),
        )

    def _listed(self, collection: str, given: Data, expand: list[str]) -> Data:
        kind = collection.replace("/", ".").removesuffix("s")
        rows = self.all(kind)
        if "lookup_keys" in given:
            rows = [row for row in rows if row["lookup_key"] in given["lookup_keys"]]
        for name in ("customer", "payment_intent", "invoice"):
            if name in given:
                rows = [row for row in rows if row.get(name) == given[name]]
        if "subscription" in given:
            rows = [row for row in rows if row["parent"]["subscription_details"]["subscription"] == given["subscription"]]
        if kind == "invoice_payment" and "payment" in given:
            wanted = given["payment"]["payment_intent"]
            rows = [row for row in rows if row["payment"]["payment_intent"] == wanted]
        if kind == "subscription" and given.get("status") != "all":
            rows = [row for row in rows if row["status"] != "canceled"]
        elif kind == "invoice_payment" and "status" in given:
            rows = [row for row in rows if row["status"] == given["status"]]
        paths = [path.removeprefix("data.") for path in expand]
        return self._list([self._written_out(row, paths) for row in rows], given, f"/v1/{collection}")

    def _list(self, rows: list[Data], given: Data, url: str = "") -> Data:
        if "starting_after" in given:
            names = [row["id"] for row in rows]
            rows = rows[names.index(given["starting_after"]) + 1 :]
        most = min(int(given.get("limit", 10)), self.page)
        return {"object": "list", "url": url, "data": rows[:most], "has_more": len(rows) > most}

    def _written_out(self, thing: Data, paths: list[str]) -> Data:
        """``thing`` with what is named by ``paths`` in place of its number."""
        answer = copy.deepcopy(self.shown(thing))
        for path in paths:
            at = answer
            names = path.split(".")
            for name in names:
                if name == "payments" and at.get("object") == "invoice":
                    rows = [self.shown(self.get(row)) for row in thing["_payments"]]
                    at["payments"] = {"object": "list", "data": rows, "has_more": False, "url": ""}
                    break
                if name not in at:
                    raise Wrong(f"This property cannot be expanded ({path}).", param="expand")
                if isinstance(at[name], str):
                    at[name] = copy.deepcopy(self.shown(self.get(at[name])))
                if at[name] is None:
                    break
                at = at[name]
        return answer

    # --- pages

    def _page(self, handler: BaseHTTPRequestHandler, path: str, body: str) -> None:
        """Pages a person (or a browser under test) can click through: Checkout, the portal, an invoice."""
        name, action = path.rpartition("/")[2], parameters.decoded(body).get("action", "")
        where = ""
        if path.startswith("/c/pay/"):
            buttons = ("pay", "decline", "back")
            if action == "pay":
                where = self.pay(name, WORKS)["success_url"]
            elif action == "decline":
                self.pay(name, DECLINED)
            elif action == "back":
                where = self.get(name)["cancel_url"]
        elif path.startswith("/i/"):
            buttons = ("pay",)
            if action:
                self.pay_invoice(name)
        elif path.startswith("/p/session/"):
            buttons = ("card", "cancel", "back")
            session = self.get(name)
            number = next(one["id"] for one in self.all("subscription") if one["customer"] == session["customer"])
            if action == "card":
                self.change_card(number, last4="1111")
            elif action == "cancel":
                self.cancel_by_portal(number)
            where = session["return_url"] if action else ""
        else:
            self._send(handler, 404, "no such page", "text/plain", {})
            return
        if where:
            self._send(handler, 303, "", "text/plain", {"Location": where})
            return
        shown = "".join(f'<button name="action" value="{one}">{one}</button>' for one in buttons)
        self._send(handler, 200, _PAGE.format(title=name, buttons=shown), "text/html; charset=utf-8", {})
