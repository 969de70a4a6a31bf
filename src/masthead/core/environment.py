"""Typed readers of environment variables, and the one place that names them all.

Every value is read once, at start-up. A value that makes no sense stops the start with one sentence
(:class:`BadEnvironment`), because a server that guesses is worse than one that says what is wrong.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from masthead.core import mail_url

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadEnvironment(ValueError):
    """An environment variable holds a value Masthead cannot use; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Everything the surroundings decide. Defaults make one laptop work without any of it."""

    data: Path
    database_url: str | None
    cache_url: str | None
    email_url: str | None
    email: mail_url.MailServer
    media_url: str | None
    base_url: str
    secret_key: str | None
    previous_secret_keys: tuple[str, ...]
    trusted_proxies: tuple[Network, ...]
    web_workers: int
    edge: bool
    edge_memory: int
    clock_offset: int
    debug: bool
    require_second_factor: bool
    stripe_secret_key: str | None
    stripe_webhook_secrets: tuple[str, ...]
    stripe_api: str | None
    stripe_tax: bool
    mail_webhook_secrets: tuple[tuple[str, str], ...]
    bounce_mailbox: str | None
    bounce_address: str | None

    @property
    def stripe(self) -> bool:
        """Whether payments are real: Stripe's key is there."""
        return self.stripe_secret_key is not None

    @property
    def secure(self) -> bool:
        """Whether readers come by https (decides the cookies' Secure flag)."""
        return self.base_url.startswith("https://")


VARIABLES: dict[str, str] = {
    "MASTHEAD_DATA": "Directory for the database, pictures, search index and mail files. Default: var/.",
    "MASTHEAD_DATABASE_URL": "postgres://USER:PASSWORD@HOST/NAME. Default: SQLite in the data directory.",
    "MASTHEAD_CACHE_URL": "redis://HOST:PORT/N. Default: a table in the database.",
    "MASTHEAD_EMAIL_URL": "smtp://, smtp+tls:// or smtps://USER:PASSWORD@HOST:PORT, or a provider: postmark://TOKEN, ...",
    "MASTHEAD_MEDIA_URL": "s3://BUCKET/PREFIX for pictures (needs the extra `s3`). Default: files in DATA/media/.",
    "MASTHEAD_BASE_URL": "The address readers use, without a path. Default: http://127.0.0.1:8000.",
    "MASTHEAD_SECRET_KEY": "At least 32 characters that nobody else knows. Default: kept in DATA/secret-key.",
    "MASTHEAD_PREVIOUS_SECRET_KEYS": "Comma-separated former keys, still accepted in cookies while you rotate.",
    "MASTHEAD_TRUSTED_PROXIES": "Comma-separated networks (CIDR) whose X-Forwarded-For is believed. Default: none.",
    "MASTHEAD_WEB_WORKERS": "Number of web processes, 1 to 64. Default: 2.",
    "MASTHEAD_EDGE": "on or off: the fast path in front of Django. Default: on.",
    "MASTHEAD_EDGE_MEMORY": "Megabytes of pages one web process holds, 1 to 65536. Default: 64.",
    "MASTHEAD_CLOCK_OFFSET": "Seconds to shift the clock by, for trials only. Default: 0.",
    "MASTHEAD_DEBUG": "on or off: Django's debug pages, for developing. Default: off.",
    "MASTHEAD_REQUIRE_SECOND_FACTOR": "on or off: newsroom passwords need a second factor. Default: on with https.",
    "MASTHEAD_STRIPE_SECRET_KEY": "Stripe's secret key; with it payments are real. Default: the sandbox, in which none are.",
    "MASTHEAD_STRIPE_WEBHOOK_SECRET": "What Stripe signs webhooks with (whsec_...); several, comma-separated, while it rotates.",
    "MASTHEAD_STRIPE_API": "Another address than https://api.stripe.com, for trials against a double of it.",
    "MASTHEAD_STRIPE_TAX": "on or off: let Stripe compute taxes. Default: off.",
    "MASTHEAD_MAIL_WEBHOOK_SECRET": "PROVIDER=SECRET of a mail provider's webhooks; several, comma-separated, while one rotates.",
    "MASTHEAD_BOUNCE_MAILBOX": "imaps:// or pop3s://USER:PASSWORD@HOST/FOLDER that mail comes back to. Default: none is read.",
    "MASTHEAD_BOUNCE_ADDRESS": "The address mail comes back to (the envelope's sender). Default: the address it comes from.",
}


def read(environ: Mapping[str, str], default_data: Path) -> Environment:
    """Read all of Masthead's variables from ``environ``.

    ``default_data`` is used where MASTHEAD_DATA is not set. Raises :class:`BadEnvironment` with one sentence for
    the first value that cannot be used.
    """
    unknown = sorted(name for name in environ if name.startswith("MASTHEAD_") and name not in VARIABLES)
    if unknown:
        raise BadEnvironment(f"{unknown[0]} is not a variable Masthead knows; see docs/reference/environment.md.")

    base_url = _base_url(environ)
    email_url, email = _email(environ)
    offset = _integer(environ, "MASTHEAD_CLOCK_OFFSET", 0, -(10**10), 10**10)
    stripe_key = _stripe_key(environ)
    stripe_api = _url(environ, "MASTHEAD_STRIPE_API", {"http", "https"})
    webhook_secrets = tuple(_list(environ, "MASTHEAD_STRIPE_WEBHOOK_SECRET"))
    if stripe_key and not webhook_secrets:
        raise BadEnvironment(
            "MASTHEAD_STRIPE_SECRET_KEY is set without MASTHEAD_STRIPE_WEBHOOK_SECRET: payments would come and nobody be told."
        )
    if stripe_api and stripe_key and _is_live(stripe_key):
        raise BadEnvironment("MASTHEAD_STRIPE_API is for trials: the live key is shown to nobody but Stripe; unset one of them.")
    if offset and ((stripe_key and _is_live(stripe_key)) or (email_url and not email_url.startswith("file"))):
        raise BadEnvironment(
            "MASTHEAD_CLOCK_OFFSET is for trials and is refused with real payments or real mail configured; unset it."
        )
    secret = environ.get("MASTHEAD_SECRET_KEY") or None
    if secret is not None and len(secret) < 32:
        raise BadEnvironment("MASTHEAD_SECRET_KEY is too short; use at least 32 random characters.")
    return Environment(
        data=Path(environ.get("MASTHEAD_DATA") or default_data).expanduser().absolute(),
        database_url=_url(environ, "MASTHEAD_DATABASE_URL", {"postgres", "postgresql", "sqlite"}),
        cache_url=_url(environ, "MASTHEAD_CACHE_URL", {"redis", "rediss"}),
        email_url=email_url,
        email=email,
        media_url=_url(environ, "MASTHEAD_MEDIA_URL", {"s3"}),
        base_url=base_url,
        secret_key=secret,
        previous_secret_keys=tuple(_list(environ, "MASTHEAD_PREVIOUS_SECRET_KEYS")),
        trusted_proxies=_networks(environ, "MASTHEAD_TRUSTED_PROXIES"),
        web_workers=_integer(environ, "MASTHEAD_WEB_WORKERS", 2, 1, 64),
        edge=_switch(environ, "MASTHEAD_EDGE", True),
        edge_memory=_integer(environ, "MASTHEAD_EDGE_MEMORY", 64, 1, 65536),
        clock_offset=offset,
        debug=_switch(environ, "MASTHEAD_DEBUG", False),
        require_second_factor=_switch(environ, "MASTHEAD_REQUIRE_SECOND_FACTOR", base_url.startswith("https://")),
        stripe_secret_key=stripe_key,
        stripe_webhook_secrets=webhook_secrets,
        stripe_api=stripe_api,
        stripe_tax=_switch(environ, "MASTHEAD_STRIPE_TAX", False),
        mail_webhook_secrets=_webhook_secrets(environ),
        bounce_mailbox=_mailbox(environ),
        bounce_address=_address(environ, "MASTHEAD_BOUNCE_ADDRESS"),
    )


def _webhook_secrets(environ: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    name = "MASTHEAD_MAIL_WEBHOOK_SECRET"
    found = []
    for text in _list(environ, name):
        provider, equals, secret = text.partition("=")
        if not equals or not provider.strip().isalnum() or len(secret) < 8:
            raise BadEnvironment(f"{name} has to read PROVIDER=SECRET, with a secret of 8 characters or more.")
        found.append((provider.strip().lower(), secret))
    return tuple(found)


def _mailbox(environ: Mapping[str, str]) -> str | None:
    name = "MASTHEAD_BOUNCE_MAILBOX"
    text = _url(environ, name, {"imaps", "imap", "pop3s", "pop3"})
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        complete = bool(parts.hostname and parts.username and parts.password) and (parts.port is None or parts.port > 0)
    except ValueError:
        complete = False
    if not complete:
        raise BadEnvironment(f"{name} has to name user, password and host, as in imaps://USER:PASSWORD@HOST/INBOX.")
    return text


def _address(environ: Mapping[str, str], name: str) -> str | None:
    text = environ.get(name, "").strip()
    if text and (text.count("@") != 1 or not text.isascii() or not text.isprintable() or " " in text or text[0] == "@"):
        raise BadEnvironment(f"{name} is {text!r}, which is no e-mail address.")
    return text or None


def _stripe_key(environ: Mapping[str, str]) -> str | None:
    key = environ.get("MASTHEAD_STRIPE_SECRET_KEY", "").strip()
    if key and not key.startswith(("sk_", "rk_")):
        raise BadEnvironment("MASTHEAD_STRIPE_SECRET_KEY has to be a secret key (sk_...) or a restricted one (rk_...).")
    return key or None


def _is_live(stripe_key: str) -> bool:
    return not stripe_key.startswith(("sk_test_", "rk_test_"))


def _list(environ: Mapping[str, str], name: str) -> list[str]:
    return [part.strip() for part in environ.get(name, "").split(",") if part.strip()]


def _integer(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        raise BadEnvironment(f"{name} is {text!r}; it has to be a whole number.") from None
    if not least <= value <= most:
        raise BadEnvironment(f"{name} is {value}; it has to lie between {least} and {most}.")
    return value


def _switch(environ: Mapping[str, str], name: str, default: bool) -> bool:
    text = environ.get(name, "").strip().lower()
    if not text:
        return default
    if text in {"on", "1", "true", "yes"}:
        return True
    if text in {"off", "0", "false", "no"}:
        return False
    raise BadEnvironment(f"{name} is {text!r}; say on or off.")


def _url(environ: Mapping[str, str], name: str, schemes: set[str]) -> str | None:
    text = environ.get(name, "").strip()
    if not text:
        return None
    scheme = urlsplit(text).scheme
    if scheme not in schemes:
        raise BadEnvironment(f"{name} starts with {scheme or 'no scheme'!r}; it has to be one of {', '.join(sorted(schemes))}.")
    return text


def _email(environ: Mapping[str, str]) -> tuple[str | None, mail_url.MailServer]:
    text = environ.get("MASTHEAD_EMAIL_URL", "").strip() or None
    try:
        return text, mail_url.read(text)
    except mail_url.BadMailUrl as error:
        raise BadEnvironment(f"MASTHEAD_EMAIL_URL {error}") from None


def _base_url(environ: Mapping[str, str]) -> str:
    text = environ.get("MASTHEAD_BASE_URL", "").strip() or "http://127.0.0.1:8000"
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise BadEnvironment(f"MASTHEAD_BASE_URL is {text!r}; it has to look like https://www.example.org, without a path.")
    return f"{parts.scheme}://{parts.netloc}"


def _networks(environ: Mapping[str, str], name: str) -> tuple[Network, ...]:
    networks: list[Network] = []
    for text in _list(environ, name):
        try:
            networks.append(ipaddress.ip_network(text))
        except ValueError:
            raise BadEnvironment(f"{name} holds {text!r}, which is no network; write for example 10.0.0.0/8.") from None
    return tuple(networks)
