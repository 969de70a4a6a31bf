"""What is of no use any more: addresses in the outbox, who was written to, what providers told of single mails; and hashes under
a secret key that goes."""

from __future__ import annotations

from datetime import timedelta

from masthead.core import clock
from masthead.newsletters import addresses, suppression
from masthead.newsletters.choices import LOOKED
from masthead.newsletters.models import MailEvent, PersonalMail

ALERTS = timedelta(days=60)
MONTHS = timedelta(days=400)
DELIVERED = timedelta(days=90)  # one a mail, where a provider tells; bounces and complaints stay counted


def clear() -> None:
    """Forget all of that, and move on what is kept."""
    now = clock.now()
    addresses.forget_old()
    suppression.rekey()
    written = PersonalMail.objects.exclude(key=LOOKED)
    written.filter(kind=PersonalMail.Kind.ALERT, at__lt=now - ALERTS).delete()
    written.filter(kind=PersonalMail.Kind.MONTH, at__lt=now - MONTHS).delete()
    passing = [MailEvent.Kind.DELIVERED, MailEvent.Kind.DEFERRED, MailEvent.Kind.OTHER]
    MailEvent.objects.filter(kind__in=passing, at__lt=now - DELIVERED).delete()
