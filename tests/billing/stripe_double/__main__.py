"""``python -m billing.stripe_double`` (in ``tests/``): the double by itself, sending its webhooks, to click through in a browser.

Masthead beside it is started with what this prints. Every line typed is a number of days by which the double's clock moves on.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from datetime import timedelta

from billing.stripe_double.server import Double


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", default="http://127.0.0.1:8000", help="where Masthead is")
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    double = Double(port=given.port)
    print(f"MASTHEAD_STRIPE_API={double.url}")
    print(f"MASTHEAD_STRIPE_SECRET_KEY={double.key}")
    print(f"MASTHEAD_STRIPE_WEBHOOK_SECRET={double.secret}", flush=True)
    double.send_to(f"{given.to}/webhooks/stripe/")
    for line in sys.stdin:
        double.pass_time(timedelta(days=int(line)))
        print(f"{time.strftime('%Y-%m-%d', time.gmtime(double.now()))}, MASTHEAD_CLOCK_OFFSET={double.shift}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
