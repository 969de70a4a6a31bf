"""Mail that comes back, as servers write it: makers of reports, and of what they are about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from factories import make_reader
from masthead.core import clock
from masthead.newsletters import links, services
from masthead.newsletters.models import Delivery, Edition, Newsletter
from masthead.readers.models import Reader


def make_newsletter(slug: str = "daily", **fields: Any) -> Newsletter:
    """A newsletter, or the one of that name."""
    made, _ = Newsletter.objects.update_or_create(slug=slug, defaults={"title": f"The {slug.title()}", **fields})
    return made


def make_edition(key: str = "2026-11-23", slug: str = "daily", **fields: Any) -> Edition:
    """A frozen edition of a newsletter."""
    now = clock.now()
    defaults = {"date": now.date(), "due": now, "since": now - timedelta(days=1), "frozen": now, "state": Edition.State.SENDING}
    return Edition.objects.create(newsletter=make_newsletter(slug), key=key, **{**defaults, **fields})


def deliver(edition: Edition, reader: Reader, state: Delivery.State = Delivery.State.SUBMITTED, **fields: Any) -> Delivery:
    """A row of the outbox."""
    settled = None if state in (Delivery.State.PENDING, Delivery.State.CLAIMED) else clock.now()
    defaults = {"address": reader.email, "standing": "registered", "due": edition.due, "settled": settled}
    return Delivery.objects.create(edition=edition, reader=reader, state=state, **{**defaults, **fields})


def subscriber_of(slug: str = "daily", email: str = "ada@example.org") -> Reader:
    """A reader who gets a newsletter."""
    make_newsletter(slug)
    reader = make_reader(email)
    services.tick(reader=reader, slugs=[slug], origin="account")
    return reader


def message_id(delivery: Delivery) -> str:
    return links.message_id(delivery.edition.newsletter.slug, delivery.edition.key, delivery.address)


def notification(
    *,
    id_: str,
    to: str = "ada@example.org",
    status: str = "5.1.1",
    action: str = "failed",
    diagnostic: str = "smtp; 550 5.1.1 <ada@example.org>: Recipient address rejected: User unknown",
    original_to: str | None = None,
    unsubscribe: str = "",
    headers_only: bool = True,
) -> bytes:
    """A delivery status notification, as Postfix writes it."""
    kind = "text/rfc822-headers" if headers_only else "message/rfc822"
    to_line = f"To: {original_to if original_to is not None else to}\n"
    unsubscribe_line = f"List-Unsubscribe: <{unsubscribe}>\n" if unsubscribe else ""
    body = "" if headers_only else "\nThe edition.\n"
    return f"""Return-Path: <>
Received: by mx.example.net (Postfix) id 4F2; Mon, 23 Nov 2026 06:00:05 +0000 (UTC)
From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
To: letters@127.0.0.1
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F2.1/mx.example.net"
Message-Id: <20261123060005.4F2@mx.example.net>

This is a MIME-encapsulated message.

--4F2.1/mx.example.net
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--4F2.1/mx.example.net
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
Arrival-Date: Mon, 23 Nov 2026 06:00:03 +0000 (UTC)

Final-Recipient: rfc822; {to}
Original-Recipient: rfc822;{to}
Action: {action}
Status: {status}
Remote-MTA: dns; mail.example.org
Diagnostic-Code: {diagnostic}

--4F2.1/mx.example.net
Content-Description: Undelivered Message Headers
Content-Type: {kind}

{to_line}From: The Publication <letters@127.0.0.1>
Subject: The Daily
Message-ID: {id_}
{unsubscribe_line}{body}
--4F2.1/mx.example.net--
""".replace("\n", "\r\n").encode()


def complaint(*, id_: str, to: str = "ada@example.org", unsubscribe: str = "", kind: str = "abuse") -> bytes:
    """An abuse report (ARF), as feedback loops send it. Many strike the recipient out: ``to=""``."""
    recipient = f"Original-Rcpt-To: {to}\n" if to else ""
    to_line = f"To: {to}\n" if to else ""
    unsubscribe_line = f"List-Unsubscribe: <{unsubscribe}>\n" if unsubscribe else ""
    return f"""From: <abuse@bigmail.example>
To: <letters@127.0.0.1>
Subject: FW: The Daily
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part1"

--part1
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report.

--part1
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
{recipient}
--part1
Content-Type: message/rfc822

{to_line}From: <letters@127.0.0.1>
Message-ID: {id_}
{unsubscribe_line}Subject: The Daily

The edition.

--part1--
""".replace("\n", "\r\n").encode()
