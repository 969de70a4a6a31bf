"""What an operator can get wrong about Stripe, found by asking Stripe itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings

from masthead.billing.providers import TOLERANCE, ProviderError
from masthead.billing.providers.stripe import events
from masthead.billing.providers.stripe.client import PAGE, VERSION, Data, ask, services
from masthead.core import clock

SLOW = 5  # seconds that nobody minds
PATH = "/webhooks/stripe/"


def problems() -> Iterator[tuple[bool, str]]:
    """Each thing that is wrong: whether payments fail by it, and a sentence that says what to do. Nothing where all is well."""
    here = settings.MASTHEAD
    wanted = f"{here.base_url}{PATH}"
    try:
        heard = ask(services().webhook_endpoints.list, params={"limit": PAGE}, what="the doctor, about webhooks")
    except ProviderError as error:
        yield True, f"{error}"
        return
    yield from _clocks(heard.at - clock.now())
    endpoints: list[Data] = heard.data["data"]
    mine = [one for one in endpoints if one.get("url") == wanted and one.get("status") == "enabled"]
    if not mine:
        yield True, f"Stripe sends no webhooks to {wanted}: make an endpoint there, see docs/how-to/stripe.md."
        return
    listening = {kind for one in mine for kind in one.get("enabled_events") or ()}
    missing = [kind for kind in events.ALL if kind not in listening and "*" not in listening]
    if missing:
        yield True, f"the webhook endpoint does not send {', '.join(missing)}: add that in Stripe's dashboard."
    if all(_other_version(one) for one in mine):
        yield False, f"the webhook endpoint is of API version {mine[0].get('api_version') or 'default'}, not {VERSION}: slower."
    if len(mine) > len(here.stripe_webhook_secrets):
        yield False, f"{len(mine)} endpoints send to {wanted}, and {len(here.stripe_webhook_secrets)} secrets are set."


def _clocks(ahead: timedelta) -> Iterator[tuple[bool, str]]:
    """Stripe's clock is right; signatures are good for five minutes, and what is paid opens at the moment Stripe says."""
    seconds = int(ahead.total_seconds())
    if abs(seconds) > TOLERANCE - 60:
        yield True, f"this machine's clock is {abs(seconds)} seconds off, so that webhooks are refused: set it by NTP."
    elif seconds > SLOW:
        yield False, f"this machine's clock is {seconds} seconds slow, and what is paid opens as much later: set it by NTP."


def _other_version(endpoint: Data) -> bool:
    return endpoint.get("api_version") != VERSION


def kind_of_key() -> str:
    """What the key in use is for, in words."""
    key = settings.MASTHEAD.stripe_secret_key or ""
    where = f", at {settings.MASTHEAD.stripe_api}" if settings.MASTHEAD.stripe_api else ""
    return ("test mode: no money moves" if "_test_" in key else "live: money moves") + where
