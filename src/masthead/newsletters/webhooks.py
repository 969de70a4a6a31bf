"""What mail providers tell: the door their webhooks come by.

django-anymail verifies what each provider signs or sends as a password, and reads its words; which providers are believed, and by
which secrets, says ``MASTHEAD_MAIL_WEBHOOK_SECRET``. Whatever is told twice (a provider that got no answer tells again) is kept
once. Anything but what became of a mail is passed over: opens are not asked for, and not kept where they are told.
"""

from __future__ import annotations

import hashlib
import logging
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from anymail.exceptions import AnymailError, AnymailInsecureWebhookWarning, AnymailWebhookValidationFailure
from anymail.signals import AnymailTrackingEvent, EventType, RejectReason
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from masthead.newsletters import returns
from masthead.newsletters.models import MailEvent

log = logging.getLogger(__name__)

Kind = MailEvent.Kind


@dataclass(frozen=True, slots=True)
class Provider:
    """Where anymail reads a provider's webhooks, and what its view calls the secret (empty: ``user:password``)."""

    view: str
    secret: str = ""


PROVIDERS: dict[str, Provider] = {
    "brevo": Provider("brevo.BrevoTrackingWebhookView"),
    "mailersend": Provider("mailersend.MailerSendTrackingWebhookView", "signing_secret"),
    "mailgun": Provider("mailgun.MailgunTrackingWebhookView", "webhook_signing_key"),
    "mailjet": Provider("mailjet.MailjetTrackingWebhookView"),
    "postmark": Provider("postmark.PostmarkTrackingWebhookView"),
    "resend": Provider("resend.ResendTrackingWebhookView"),
    "sendgrid": Provider("sendgrid.SendGridTrackingWebhookView"),
    "ses": Provider("amazon_ses.AmazonSESTrackingWebhookView"),
    "sparkpost": Provider("sparkpost.SparkPostTrackingWebhookView"),
}

# what an event is to us; all others are passed over
KINDS: dict[str, MailEvent.Kind] = {
    EventType.DELIVERED: Kind.DELIVERED,
    # the provider has it: that settles what was in doubt
    EventType.QUEUED: Kind.DEFERRED,
    EventType.SENT: Kind.DEFERRED,
    EventType.DEFERRED: Kind.DEFERRED,
    EventType.BOUNCED: Kind.BOUNCED,
    EventType.REJECTED: Kind.BOUNCED,
    EventType.FAILED: Kind.BOUNCED,
    EventType.COMPLAINED: Kind.COMPLAINED,
    EventType.UNSUBSCRIBED: Kind.UNSUBSCRIBED,
}


@csrf_exempt  # signed, or with a password
@require_http_methods(["POST", "HEAD"])
def webhook(request: HttpRequest, provider: str) -> HttpResponse:
    """200 for what is kept, now or before; 400 for what is not to be believed; 404 for a provider nobody said to believe."""
    secrets = [secret for name, secret in settings.MASTHEAD.mail_webhook_secrets if name == provider]
    if provider not in PROVIDERS or not secrets:
        raise Http404("No such provider is in use here.")
    if request.method == "HEAD":  # some ask whether anybody is there
        return _answer(200)
    for secret in secrets:  # two, while one takes the place of the other
        try:
            events = _verified(request, provider, secret)
        except AnymailWebhookValidationFailure:
            continue
        except (AnymailError, ImproperlyConfigured, ValueError, KeyError, TypeError, AttributeError, LookupError) as error:
            log.warning("a %s webhook could not be read: %s", provider, type(error).__name__)
            return _answer(400)
        for event in events:
            if isinstance(event, AnymailTrackingEvent):
                take(provider, event)
        return _answer(200)
    log.warning("a %s webhook was refused: not signed with a secret of ours", provider)
    return _answer(400)


def _verified(request: HttpRequest, provider: str, secret: str) -> list[Any]:
    """The events in ``request``; raises where it does not carry ``secret``."""
    how = PROVIDERS[provider]
    module, _, name = how.view.partition(".")
    view_class: Callable[..., Any] = getattr(import_module(f"anymail.webhooks.{module}"), name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AnymailInsecureWebhookWarning)  # it is signed
        view = view_class(**{how.secret or "webhook_secret": secret})
    view.run_validators(request)
    found: list[Any] = view.parse_events(request)
    return found


def take(provider: str, event: AnymailTrackingEvent) -> bool:
    """Keep one event and act on it; False for what was kept before, is about no mail of ours, or says nothing of its fate."""
    kind = _kind(event)
    if kind is None:
        return False
    about = returns.about_provided(message_id=event.message_id or "", recipient=event.recipient or "")
    if about is None:
        return False
    detail = " ".join(str(part) for part in (event.description, event.mta_response) if part)
    return returns.take(
        returns.Told(
            external_id=f"{provider}:{_number(event)}",
            kind=kind,
            about=about,
            hard=kind == Kind.BOUNCED and _is_hard(event, detail),
            detail=detail,
            at=event.timestamp,
        )
    )


def _kind(event: AnymailTrackingEvent) -> MailEvent.Kind | None:
    """What ``event`` is to us; a provider that refused to mail somebody says why."""
    if event.event_type == EventType.REJECTED and event.reject_reason == RejectReason.UNSUBSCRIBED:
        return Kind.UNSUBSCRIBED
    if event.event_type == EventType.REJECTED and event.reject_reason == RejectReason.SPAM:
        return Kind.COMPLAINED
    return KINDS.get(event.event_type)


def _number(event: AnymailTrackingEvent) -> str:
    """The provider's number for the event, or (some give none, some the same to several) one made of what it says."""
    said = (event.event_id, event.event_type, event.message_id, event.recipient, event.timestamp)
    return hashlib.sha256("|".join(str(part) for part in said).encode()).hexdigest()


_SOFT = re.compile(r"soft|transient|temporar|mailbox ?full|over ?quota|greylist|timed? ?out|block|policy|spam", re.IGNORECASE)
_STATUS = re.compile(r"\b([45])\.(\d{1,3})\.\d{1,3}\b")


def _is_hard(event: AnymailTrackingEvent, detail: str) -> bool:
    """Whether there is no such address. What says neither is soft: five in a row count all the same."""
    if event.reject_reason == RejectReason.INVALID:
        return True
    if event.reject_reason not in (RejectReason.BOUNCED, None) or event.event_type == EventType.FAILED:
        return False
    status = _STATUS.search(detail)
    if status is not None:
        return status[1] == "5" and status[2] == "1"
    return not _SOFT.search(f"{detail} {_kind_in_words(event)}")


def _kind_in_words(event: AnymailTrackingEvent) -> str:
    """What providers call the kind of a bounce, in the fields where they say it."""
    raw = event.esp_event
    if not hasattr(raw, "get"):
        return ""
    inner = [raw, *(raw.get(name) for name in ("event-data", "bounce", "data", "mail"))]
    names = ("Type", "type", "severity", "bounceType", "bounce_class", "reason", "event", "bounce_classification")
    return " ".join(str(each.get(name, "")) for each in inner if hasattr(each, "get") for name in names)


def _answer(status: int) -> HttpResponse:
    response = HttpResponse(status=status, content_type="text/plain")
    response["Cache-Control"] = "private, no-store"
    return response
