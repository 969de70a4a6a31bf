"""E-mail addresses: syntax, identity, and the canonical key that shares limits (DESIGN 3). Pure; no look-ups in the network.

*Identity* is the exact address with its case folded. The *canonical* form also drops tags and dots where a provider on the list
ignores them: it shares limits and allowance, never an account, since guessing wrong must cost nobody their account.
"""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets

# RFC 5322's dot-atom for the local part; quoted local parts are legal and in no one's inbox.
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+)*\Z")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")

# provider -> (the domain they share, tag separator, whether dots in the local part are ignored)
_PROVIDERS: dict[str, tuple[str, str, bool]] = {
    "gmail.com": ("gmail.com", "+", True),
    "googlemail.com": ("gmail.com", "+", True),
    "outlook.com": ("outlook.com", "+", False),
    "hotmail.com": ("hotmail.com", "+", False),
    "live.com": ("live.com", "+", False),
    "icloud.com": ("icloud.com", "+", False),
    "me.com": ("icloud.com", "+", False),
    "mac.com": ("icloud.com", "+", False),
    "fastmail.com": ("fastmail.com", "+", False),
    "proton.me": ("proton.me", "+", False),
    "protonmail.com": ("proton.me", "+", False),
    "pm.me": ("proton.me", "+", False),
    "yahoo.com": ("yahoo.com", "-", False),
}


class BadAddress(ValueError):
    """What was typed is no e-mail address; the message is for the reader."""


def clean(text: str) -> str:
    """The address as it is stored: trimmed, domain lower-cased and in ASCII (IDNA). Raises :class:`BadAddress`."""
    text = text.strip()
    if not text:
        raise BadAddress("Please enter your e-mail address.")
    # measured first: IDNA takes a quarter of a minute for half a megabyte of labels
    local, at, domain = text.rpartition("@") if len(text) <= 2 * LONGEST else ("", "", "")
    try:
        domain = domain.rstrip(".").encode("idna").decode("ascii").lower() if domain else ""
    except UnicodeError:
        domain = ""
    labels = domain.split(".")
    if (
        not at
        or len(local) > 64
        or len(local) + len(domain) + 1 > LONGEST
        or not _LOCAL.match(local)
        or not local.isprintable()
        or len(labels) < 2
        or not all(_LABEL.match(label) for label in labels)
        or labels[-1].isdigit()
    ):
        raise BadAddress("That does not look like an e-mail address. Please check it: it should read like name@example.org.")
    return f"{local}@{domain}"


def identity(address: str) -> str:
    """The key of the account: a cleaned address with its local part's case folded.

    Only a capital and *its* small letter are one: full case folding makes "ß" the same as "ss" and the Kelvin sign the
    same as "k", and so gives whoever owns the one inbox the account of the other.
    """
    local, _, domain = address.rpartition("@")
    if local.isascii():  # nearly all, and a sender asks for thousands
        return f"{local.lower()}@{domain}"
    return f"{''.join(_small(c) for c in local)}@{domain}"


def _small(character: str) -> str:
    small = character.lower()
    return small if small.upper() == character else character


def canonical(address: str) -> str:
    """The key that shares limits and allowance: ``identity`` with tags and dots folded where the provider ignores them."""
    local, _, domain = identity(address).rpartition("@")
    if domain in _PROVIDERS:
        domain, separator, dots_ignored = _PROVIDERS[domain]
        local = local.partition(separator)[0] or local
        if dots_ignored:
            local = local.replace(".", "") or local
    return f"{local}@{domain}"


@lru_cache(maxsize=1)
def _disposable() -> frozenset[str]:
    from disposable_email_domains import blocklist

    return frozenset(blocklist)


def is_disposable(address: str) -> bool:
    """Whether the domain, or a domain above it, is on the packaged list of throw-away mail services."""
    labels = address.rpartition("@")[2].lower().split(".")
    return any(".".join(labels[n:]) in _disposable() for n in range(len(labels) - 1))
