"""Which provider is in use: the one with keys, else the sandbox."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from django.conf import settings

from masthead.billing.providers import Provider

SANDBOX, STRIPE = "sandbox", "stripe"
_CLASSES = {
    SANDBOX: "masthead.billing.providers.sandbox.provider.Sandbox",
    STRIPE: "masthead.billing.providers.stripe.provider.Stripe",
}


class UnknownProviderError(LookupError):
    """No such provider is in use here."""


def current() -> Provider:
    """The provider new purchases go to."""
    return named(STRIPE if settings.MASTHEAD.stripe else SANDBOX)


def current_is_real() -> bool:
    """Whether money moves here; the provider itself need not be loaded to know."""
    return settings.MASTHEAD.stripe


def origins() -> tuple[str, ...]:
    """The other origins that forms of ours lead to."""
    return current().origins if current_is_real() else ()


def in_use(name: str) -> bool:
    """Whether ``name`` is a provider we listen to. With real keys the sandbox is not: what it says costs nothing to say."""
    return name in _CLASSES and (name != SANDBOX if settings.MASTHEAD.stripe else name == SANDBOX)


def named(name: str) -> Provider:
    """The provider ``name``. Raises :class:`UnknownProviderError` for one that is not in use."""
    if not in_use(name):
        raise UnknownProviderError(f"the payment provider {name!r} is not in use here")
    return _made(name)


@cache
def _made(name: str) -> Provider:
    module, _, kind = _CLASSES[name].rpartition(".")
    provider: Provider = getattr(import_module(module), kind)()
    return provider
