"""Mailed links that work without logging in: for one subscription, one purpose, and a while."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing

from masthead.billing.models import Subscription
from masthead.core import clock

LIFE = timedelta(days=14)
_signer = signing.Signer(salt="masthead.billing.pay")


def to_pay(subscription: Subscription) -> str:
    """The address of the page from which what is owed is paid and the card is changed. It shows nothing and logs nobody in."""
    expires = int((clock.now() + LIFE).timestamp())
    token = _signer.sign(f"{subscription.subject}.{expires}")
    return f"{settings.MASTHEAD.base_url}/subscribe/pay/{token}/"


def subscription_to_pay(token: str) -> Subscription | None:
    """The subscription of a mailed ``token``, while it is good."""
    try:
        subject, _, expires = _signer.unsign(token).rpartition(".")
    except signing.BadSignature:
        return None
    if datetime.fromtimestamp(int(expires), tz=clock.now().tzinfo) <= clock.now():
        return None
    return Subscription.objects.select_related("customer", "price__plan").filter(subject=subject, reader__isnull=False).first()
