"""The one way to Stripe: its own SDK, a version of its API that stays, patience with an end, errors as sentences.

The SDK's objects are no dicts and differ from what webhooks carry; here everything becomes the plain data both have in common.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import stripe
from django.conf import settings

from masthead.billing.providers import ProviderError
from masthead.core import clock

log = logging.getLogger(__name__)

VERSION = "2026-10-28.endive"  # what objects.py reads; the webhook endpoint is made with the same
CONNECT, ANSWER = 5.0, 15.0  # seconds
RETRIES = 2  # by the SDK, with waits, and under the same idempotency key
PAGE = 100

Params = dict[str, Any]
Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer: the object as plain data, and when Stripe gave it, by Stripe's own clock."""

    data: Data
    at: datetime
    replayed: bool = False  # it is the answer to an earlier call with the same key, and as old as that


@lru_cache(maxsize=8)
def _client(key: str, api: str | None, connect: float, answer: float, retries: int) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        stripe_version=VERSION,
        base_addresses={"api": api.rstrip("/")} if api else None,
        max_network_retries=retries,
        http_client=stripe.RequestsClient(timeout=(connect, answer)),
    )


def services() -> Any:
    """The SDK's services for the key in use. One client for all threads: its HTTP sessions are each thread's own."""
    here = settings.MASTHEAD
    if here.stripe_secret_key is None:
        raise ProviderError("Stripe has no key here: set MASTHEAD_STRIPE_SECRET_KEY.")
    return _client(here.stripe_secret_key, here.stripe_api, CONNECT, ANSWER, RETRIES).v1


def ask(call: Callable[..., Any], *path: str, params: Params | None = None, key: str = "", what: str = "") -> Heard:
    """Make ``call``, under an idempotency ``key`` where it writes. Raises :class:`ProviderError`."""
    options = {"idempotency_key": key[:255]} if key else None
    with _as_sentences(what):
        answer = call(*path, params=params or {}, options=options)
    headers = _lowered(answer.last_response.headers if answer.last_response else {})
    return Heard(answer.to_dict(for_json=True), _moment(headers), headers.get("idempotent-replayed") == "true")


def each(call: Callable[..., Any], params: Params, what: str = "") -> Iterator[Data]:
    """Everything a listing ``call`` has, page by page."""
    with _as_sentences(what):
        for thing in call(params={"limit": PAGE, **params}).auto_paging_iter():
            yield thing.to_dict(for_json=True)


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _moment(headers: Mapping[str, str]) -> datetime:
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return clock.now().replace(microsecond=0)


class Missing(ProviderError):
    """Stripe has no such thing."""


class Stale(ProviderError):
    """What Stripe answered is its remembered answer to an earlier call that failed on its side."""


@contextmanager
def _as_sentences(what: str) -> Iterator[None]:
    """Stripe's errors as :class:`ProviderError`, with a sentence that says whose fault it is and whether to try again."""
    try:
        yield
    except stripe.StripeError as error:
        log.warning("stripe, %s: %s", what or "asked", error)  # the SDK's text has the request's number in it
        raise _translated(error) from error


def _translated(error: stripe.StripeError) -> ProviderError:
    said = error.user_message or type(error).__name__
    if isinstance(error, stripe.CardError):
        return ProviderError(f"The bank said no: {said}")
    if isinstance(error, stripe.RateLimitError):
        return ProviderError("Stripe is asked too much at the moment; try again in a minute.", again=True)
    if isinstance(error, stripe.APIConnectionError):
        return ProviderError("Stripe does not answer at the moment; try again in a minute.", again=True)
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return ProviderError(f"Stripe does not let our key do that ({said}); run `masthead doctor`.")
    if isinstance(error, stripe.IdempotencyError):
        return ProviderError("The same was asked of Stripe before in other words. Begin again.")
    if isinstance(error, stripe.InvalidRequestError):
        return (Missing if error.code == "resource_missing" else ProviderError)(f"Stripe says: {said}")
    if _lowered(error.headers or {}).get("idempotent-replayed") == "true":
        return Stale("Stripe had an error of its own, and repeats it; begin again.")
    again = error.http_status is None or error.http_status >= 500 or error.http_status == 409
    return ProviderError(f"Stripe had an error of its own ({said}); try again in a minute.", again=again)
