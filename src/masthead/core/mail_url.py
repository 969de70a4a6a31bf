"""Where mail goes: what ``MASTHEAD_EMAIL_URL`` says, taken apart and judged. Pure.

Three ways: files in the data directory, a mail server, or the API of a provider that django-anymail speaks to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit


class Way(Enum):
    """How mail leaves."""

    FILES = "files"
    SMTP = "smtp"
    API = "api"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes. ``options`` are anymail's settings, for a provider."""

    way: Way = Way.FILES
    host: str = ""
    port: int = 0
    tls: str = ""  # "", "starttls" or "implicit"
    user: str = ""
    password: str = field(default="", repr=False)
    connections: int = 8  # at once, when editions are mailed
    provider: str = ""
    backend: str = ""
    options: Mapping[str, object] = field(default_factory=dict, repr=False)


class BadMailUrl(ValueError):
    """The address cannot be used; the message continues "MASTHEAD_EMAIL_URL ..."."""


@dataclass(frozen=True, slots=True)
class Provider:
    """How a provider's settings stand in the address: ``user``, ``password`` and ``host`` name anymail's settings."""

    backend: str
    user: str
    password: str = ""
    host: str = ""
    options: tuple[str, ...] = ()


_SMTP = {"smtp": (25, ""), "smtp+tls": (587, "starttls"), "smtps": (465, "implicit")}

PROVIDERS: dict[str, Provider] = {
    "brevo": Provider("brevo", "BREVO_API_KEY"),
    "mailersend": Provider("mailersend", "MAILERSEND_API_TOKEN"),
    "mailgun": Provider("mailgun", "MAILGUN_API_KEY", host="MAILGUN_SENDER_DOMAIN", options=("region",)),
    "mailjet": Provider("mailjet", "MAILJET_API_KEY", "MAILJET_SECRET_KEY"),
    "postmark": Provider("postmark", "POSTMARK_SERVER_TOKEN", options=("stream",)),
    "resend": Provider("resend", "RESEND_API_KEY"),
    "sendgrid": Provider("sendgrid", "SENDGRID_API_KEY"),
    "ses": Provider("amazon_ses", "aws_access_key_id", "aws_secret_access_key", "region_name", ("configuration",)),
    "sparkpost": Provider("sparkpost", "SPARKPOST_API_KEY", options=("region",)),
}

SCHEMES = ("file", *_SMTP, *PROVIDERS)

_OPTIONS: dict[tuple[str, str], dict[str, dict[str, object]]] = {
    ("mailgun", "region"): {"us": {}, "eu": {"MAILGUN_API_URL": "https://api.eu.mailgun.net/v3"}},
    ("sparkpost", "region"): {"us": {}, "eu": {"SPARKPOST_API_URL": "https://api.eu.sparkpost.com/api/v1"}},
}

MOST_CONNECTIONS = 500


def read(url: str | None) -> MailServer:
    """What ``url`` says. Raises :class:`BadMailUrl` where it cannot be used."""
    if not url:
        return MailServer()
    parts = urlsplit(url)
    if parts.scheme == "file":
        return MailServer()
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.scheme in _SMTP:
        return _smtp(parts, query)
    if parts.scheme in PROVIDERS:
        return _provider(parts, query)
    raise BadMailUrl(f"starts with {parts.scheme or 'no scheme'!r}; it has to be one of {', '.join(SCHEMES)}.")


def _smtp(parts: SplitResult, query: dict[str, str]) -> MailServer:
    port, tls = _SMTP[parts.scheme]
    if query.pop("tls", "").lower() == "true":  # as django-environ writes it
        tls = "starttls"
    connections = _connections(query, 20)
    _no_more(query)
    try:
        port = parts.port or port
    except ValueError:
        raise BadMailUrl("names a port that is none.") from None
    if not parts.hostname:
        raise BadMailUrl(f"names no server; write for example {parts.scheme}://USER:PASSWORD@mail.example.org.")
    return MailServer(
        Way.SMTP, parts.hostname, port, tls, unquote(parts.username or ""), unquote(parts.password or ""), connections
    )


def _provider(parts: SplitResult, query: dict[str, str]) -> MailServer:
    provider = PROVIDERS[parts.scheme]
    # postmark://TOKEN has it where others have a host
    place = parts.netloc.rpartition("@")
    first, _, second = (place[0] or place[2]).partition(":")
    host = place[2] if place[1] else ""
    connections = _connections(query, 8)
    given = {provider.user: unquote(first), provider.password: unquote(second), provider.host: host.lower()}
    missing = [name for name, value in given.items() if name and not value]
    if parts.scheme == "ses":  # keys and region may come from the surroundings, as AWS has it
        missing = []
    if missing:
        shape = f"{parts.scheme}://KEY" + (":SECRET" if provider.password else "") + ("@DOMAIN" if provider.host else "")
        raise BadMailUrl(f"does not say everything {parts.scheme} needs; write {shape}.")
    options: dict[str, object] = {name: value for name, value in given.items() if name and value}
    for name in provider.options:
        if name in query:
            options.update(_option(parts.scheme, name, query.pop(name)))
    _no_more(query)
    if parts.scheme == "ses":
        options = _ses(options)
    return MailServer(
        Way.API,
        connections=connections,
        provider=parts.scheme,
        backend=f"anymail.backends.{provider.backend}.EmailBackend",
        options=options,
    )


def _option(scheme: str, name: str, value: str) -> dict[str, object]:
    if name == "stream":
        return {"POSTMARK_MESSAGE_STREAM": value}
    if name == "configuration":
        return {"AMAZON_SES_CONFIGURATION_SET_NAME": value}
    choices = _OPTIONS[scheme, name]
    if value not in choices:
        raise BadMailUrl(f"says {name}={value}; it has to be one of {', '.join(choices)}.")
    return choices[value]


def _ses(options: dict[str, object]) -> dict[str, object]:
    client = {
        name: options.pop(name) for name in ("aws_access_key_id", "aws_secret_access_key", "region_name") if name in options
    }
    return {**options, **({"AMAZON_SES_CLIENT_PARAMS": client} if client else {})}


def _connections(query: dict[str, str], default: int) -> int:
    text = query.pop("connections", str(default))
    if not text.isdecimal() or not 1 <= int(text) <= MOST_CONNECTIONS:
        raise BadMailUrl(f"says connections={text}; it has to be a number from 1 to {MOST_CONNECTIONS}.")
    return int(text)


def _no_more(query: dict[str, str]) -> None:
    if query:
        raise BadMailUrl(f"says {min(query)}=..., which means nothing there.")
