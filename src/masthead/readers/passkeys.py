"""Passkeys: added to an account, and used in place of the mailed code.

The ceremony is WebAuthn's; its checks are allauth's and fido2's. What is ours: which name the keys belong to, that a challenge is
good for one answer, right or wrong, that a copied key is noticed, and that whatever goes wrong gets the same sentence.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.request import split_domain_port
from fido2.webauthn import AuthenticationResponse, CollectedClientData, RegistrationResponse

from masthead.core import clock, events
from masthead.core.models import Publication
from masthead.readers.models import Reader

MOST = 20
LONGEST_NAME = 60
CHALLENGE_LIFE = timedelta(minutes=10)

NOT_TAKEN = "That passkey was not accepted. Try again, or let us mail you a code."
NOT_ADDED = "That passkey could not be added. Please try again."


class Refused(ValueError):
    """A ceremony failed; the message is for the reader and says nothing about who exists here."""


class Adapter(DefaultMFAAdapter):
    """What allauth asks us about keys: the newsroom's and the readers' belong to the same name."""

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        name = relying_party(context.request) or _host(context.request)
        return {"id": name, "name": Publication.load().name}


def relying_party(request: HttpRequest) -> str | None:
    """The domain name keys are made for, or None where this address cannot have any.

    It is the base URL's, never whatever the request calls itself. WebAuthn knows no addresses of numbers: where a laptop serves
    itself, keys belong to "localhost", and are offered to whoever came by that name.
    """
    base = urlsplit(settings.MASTHEAD.base_url).hostname or ""
    here = _host(request)
    if _is_laptop(base):
        return "localhost" if here == "localhost" else None
    if _is_number(base) or not settings.MASTHEAD.secure:
        return None
    return base if here == base else None


def explanation(request: HttpRequest) -> str:
    """Why there are no passkeys at this address; empty where there are."""
    if relying_party(request):
        return ""
    base = urlsplit(settings.MASTHEAD.base_url)
    if _is_laptop(base.hostname or ""):
        _, port = split_domain_port(request.get_host())
        there = f"http://localhost{':' + port if port else ''}/"
        return f"Passkeys need an address with a name, not one made of numbers. To try them, open {there} instead."
    if not settings.MASTHEAD.secure or _is_number(base.hostname or ""):
        return "Passkeys need a site that is reached by its name over https, which this one is not yet."
    return f"Passkeys work at {settings.MASTHEAD.base_url}/."


def on_laptop() -> bool:
    """Whether this site serves the machine it runs on, and nobody else."""
    return _is_laptop(urlsplit(settings.MASTHEAD.base_url).hostname or "")


def _host(request: HttpRequest) -> str:
    return split_domain_port(request.get_host())[0]


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _is_laptop(host: str) -> bool:
    return host == "localhost" or (_is_number(host) and ipaddress.ip_address(host.strip("[]")).is_loopback)


def of(reader: Reader) -> QuerySet[Authenticator]:
    """The passkeys of ``reader``, oldest first."""
    return Authenticator.objects.filter(user=reader, type=Authenticator.Type.WEBAUTHN).order_by("created_at", "pk")


# --- adding, renaming, removing


def begin_adding(request: HttpRequest, reader: Reader) -> dict[str, Any]:
    """What the browser needs to make a key for ``reader``; its challenge is kept in the session."""
    if relying_party(request) is None:
        raise Refused(explanation(request))
    if of(reader).count() >= MOST:
        raise Refused(f"You have {MOST} passkeys. Please remove one first.")
    return dict(auth.begin_registration(reader, passwordless=True))


def add(request: HttpRequest, reader: Reader, credential: Any, name: str) -> Authenticator:
    """Keep the key the browser made, under ``name``."""
    try:
        parsed = RegistrationResponse.from_dict(credential)
        _came_from_here(request, parsed.response.client_data)
        made = auth.complete_registration(credential)
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError, AssertionError) as error:
        raise Refused(NOT_ADDED) from error
    finally:
        auth.clear_state()
    with transaction.atomic():
        row = auth.WebAuthn.add(reader, name.strip()[:LONGEST_NAME] or "Passkey", _kept(credential)).instance
        row.data["sign_count"] = made.counter
        row.created_at = clock.now()
        row.save()
        events.record("passkey added", subject=reader.subject)
    return row


def _kept(credential: Mapping[str, Any]) -> dict[str, Any]:
    """What of a browser's answer allauth reads again; nothing else of it is stored."""
    extensions = credential.get("clientExtensionResults")
    properties = extensions.get("credProps") if isinstance(extensions, Mapping) else None
    resident = bool(properties.get("rk")) if isinstance(properties, Mapping) else True
    response = credential["response"]
    return {
        "id": credential["id"],
        "rawId": credential["rawId"],
        "type": "public-key",
        "response": {name: response[name] for name in ("clientDataJSON", "attestationObject")},
        "clientExtensionResults": {"credProps": {"rk": resident}},
    }


def rename(*, reader: Reader, passkey_id: int, name: str) -> bool:
    """Call one of ``reader``'s passkeys ``name``; False where it is not theirs."""
    row = of(reader).filter(pk=passkey_id).first()
    if row is None:
        return False
    row.data["name"] = name.strip()[:LONGEST_NAME]
    row.save(update_fields=["data"])
    return True


def remove(*, reader: Reader, passkey_id: int) -> str | None:
    """Take one of ``reader``'s passkeys away; its name, or None where it is not theirs."""
    with transaction.atomic():
        row = of(reader).filter(pk=passkey_id).first()
        if row is None:
            return None
        name = row.wrap().name
        row.delete()
        if not Authenticator.objects.filter(user=reader).exclude(type=Authenticator.Type.RECOVERY_CODES).exists():
            Authenticator.objects.filter(user=reader).delete()  # recovery codes of nothing
        events.record("passkey removed", subject=reader.subject)
    return name


# --- logging in


def begin_login(request: HttpRequest) -> dict[str, Any]:
    """What the browser needs to look for a key: no address is asked and none is told, so every visitor gets the same."""
    if relying_party(request) is None:
        raise Refused(explanation(request))
    options = dict(auth.begin_authentication())
    if not request.user.is_authenticated:
        # the session of somebody who only looked at the form is not worth keeping
        request.session.set_expiry(int(CHALLENGE_LIFE.total_seconds()))
    return options


def reader_of(request: HttpRequest, credential: Any) -> Reader:
    """Whose passkey answered this session's challenge. Raises :class:`Refused`, with one sentence whatever is wrong."""
    try:
        parsed = AuthenticationResponse.from_dict(credential)
        _came_from_here(request, parsed.response.client_data)
        reader = auth.extract_user_from_response(credential)
        row = auth.complete_authentication(reader, credential)
    except (ValidationError, ValueError, TypeError, KeyError, AttributeError, AssertionError, OverflowError) as error:
        raise Refused(NOT_TAKEN) from error
    finally:
        auth.clear_state()  # also after a wrong answer: a challenge is good for one
    if not reader.is_active:
        raise Refused(NOT_TAKEN)
    _count(row, parsed.response.authenticator_data.counter)
    return reader


def _count(row: Authenticator, counter: int) -> None:
    """Refuse a key whose counter did not grow: there are two of it (WebAuthn, 7.2). Synced keys do not count, and send 0."""
    with transaction.atomic():
        held = Authenticator.objects.select_for_update().get(pk=row.pk)
        before = int(held.data.get("sign_count", 0))
        if (counter or before) and counter <= before:
            raise Refused(NOT_TAKEN)
        held.data["sign_count"] = counter
        held.last_used_at = clock.now()
        held.save(update_fields=["data", "last_used_at"])


def _came_from_here(request: HttpRequest, client: CollectedClientData) -> None:
    """Raise ``ValueError`` unless the answer was made on a page of ours: not on a sister domain's, which WebAuthn would allow."""
    scheme = "https" if settings.MASTHEAD.secure else "http"
    origin = urlsplit(client.origin)
    if client.cross_origin or (origin.scheme, origin.hostname) != (scheme, relying_party(request)):
        raise ValueError("made on another site")
