"""The ways letters leave: a mail server, files in the data directory, or a provider's API; one protocol for all.

A *carrier* asks its *feed* for letters and tells it what becomes of them, as the SMTP pool does. A letter begins only while it is
among the first ``connections`` of those taken whose outcome is not written down; so no more than that can be in doubt, and which
those are follows from the order alone.
"""

from __future__ import annotations

import email
import email.policy
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Protocol, cast

import requests
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from masthead.core import clock
from masthead.core.mail_url import MailServer, Way
from masthead.newsletters.smtp import Letter, Outcome, Patience, Pool, Scope, Security, Server, Verdict


class Feed(Protocol):
    """Where letters come from. Called by one thread at a time."""

    def take(self) -> Letter | None:
        """The next letter; None where there is none just now."""

    def began(self, number: int) -> bool:
        """The content of a letter is about to be handed over. False: it is not to be."""

    def ended(self, outcome: Outcome) -> None:
        """What became of a letter."""


class Carrier(Protocol):
    """Carries letters until it is stopped. All but ``run`` may be called from any thread."""

    def run(self) -> list[Letter]:
        """Carry letters; returns those taken and not begun."""

    def release(self, numbers: Iterable[int]) -> None:
        """The outcomes of these letters are written down."""

    def nudge(self) -> None:
        """There may be letters again."""

    def stop(self, grace: float) -> None:
        """Begin nothing more, wait for what is in flight no longer than ``grace`` seconds, end."""


class Transport(Protocol):
    """A way for letters to leave. ``ahead`` letters at most are taken without their outcome being written down."""

    connections: int
    ahead: int

    def carrier(self, feed: Feed) -> Carrier:
        """Somebody to carry the letters of ``feed``."""


@dataclass(frozen=True, slots=True)
class Provided(Outcome):
    """An outcome with the provider's number for the mail."""

    external_id: str = ""


def current() -> Transport:
    """The way that ``MASTHEAD_EMAIL_URL`` says."""
    return of(settings.MASTHEAD.email)


def of(server: MailServer, patience: Patience | None = None) -> Transport:
    """The way to ``server``."""
    if server.way is Way.SMTP:
        return Smtp(server, patience)
    if server.way is Way.API:
        return Api(server.connections)
    return Files(Path(settings.MASTHEAD.data) / "mail")


# --- a mail server


class Smtp:
    """Over several kept connections to a mail server."""

    def __init__(self, server: MailServer, patience: Patience | None = None) -> None:
        self.connections = server.connections
        self.ahead = 2 * server.connections  # the envelope of the next one travels with the end of the last
        self._patience = patience
        tls = {"": Security.NONE, "starttls": Security.STARTTLS, "implicit": Security.IMPLICIT}[server.tls]
        self._server = Server(server.host, server.port, tls, server.user, server.password, _own_name())

    def carrier(self, feed: Feed) -> Carrier:
        return _Pool(self._server, self.connections, self._patience, feed)


class _Pool:
    def __init__(self, server: Server, connections: int, patience: Patience | None, feed: Feed) -> None:
        def began(number: int) -> bool:
            if feed.began(number):
                return True
            self.stop(5.0)  # first, so that the letter comes back and is not tried again
            return False

        self._pool = Pool(
            server,
            sender=settings.ENVELOPE_SENDER,
            connections=connections,
            take=feed.take,
            began=began,
            ended=feed.ended,
            patience=patience,
            ordered=True,
        )
        self.release = self._pool.release
        self.nudge = self._pool.nudge

    def run(self) -> list[Letter]:
        return self._pool.run()

    def stop(self, grace: float) -> None:
        self._pool.stop(grace)


def _own_name() -> str:
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2] or "localhost"


# --- one thread a letter


class Threads:
    """A carrier that submits each letter in a call that waits: ``submit(letter)`` gives its outcome."""

    def __init__(self, feed: Feed, connections: int, submitter: type[Submitter] | Any) -> None:
        self._feed = feed
        self._count = connections
        self._submitter = submitter
        self._changed = threading.Condition()
        self._waiting: set[int] = set()
        self._unsent: list[Letter] = []
        self._stopped = False

    def run(self) -> list[Letter]:
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(self._count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self._unsent

    def release(self, numbers: Iterable[int]) -> None:
        with self._changed:
            self._waiting.difference_update(numbers)
            self._changed.notify_all()

    def nudge(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def stop(self, grace: float) -> None:
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _work(self) -> None:
        submitter = self._submitter()
        try:
            while True:
                with self._changed:
                    letter = None if self._stopped else self._feed.take()
                    if letter is None:
                        if self._stopped:
                            return
                        self._changed.wait(0.5)
                        continue
                    if not self._feed.began(letter.number):
                        self._unsent.append(letter)
                        self._stopped = True
                        return
                outcome = submitter.submit(letter)
                with self._changed:
                    self._waiting.add(letter.number)
                    self._feed.ended(outcome)
                    while letter.number in self._waiting and not self._stopped:
                        self._changed.wait()
        finally:
            submitter.close()


class Submitter(Protocol):
    """Submits letters one by one. Raises nothing."""

    def submit(self, letter: Letter) -> Outcome:
        """Submit ``letter``."""

    def close(self) -> None:
        """No more letters come."""


# --- files


class Files:
    """Each letter is a file in ``folder``, put there by rename."""

    connections = ahead = 8

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def carrier(self, feed: Feed) -> Carrier:
        return Threads(feed, self.connections, lambda: _FileWriter(self._folder))


class _FileWriter:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def submit(self, letter: Letter) -> Outcome:
        name = f"{clock.now():%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}.eml"
        partial = self._folder / f".{name}.partial"
        try:
            partial.write_bytes(letter.content)
            partial.rename(self._folder / name)
        except OSError as error:
            partial.unlink(missing_ok=True)
            return Outcome(letter.number, Verdict.DEFERRED, 452, f"It could not be written: {error.strerror}", Scope.SERVER)
        return Outcome(letter.number, Verdict.SUBMITTED, 250, name)

    def close(self) -> None:
        pass


# --- a provider's API


class Api:
    """Through the API of a mail provider, by django-anymail."""

    def __init__(self, connections: int) -> None:
        self.connections = self.ahead = connections

    def carrier(self, feed: Feed) -> Carrier:
        return Threads(feed, self.connections, _ApiClient)


class _ApiClient:
    def __init__(self) -> None:
        self._connection = get_connection()
        self._open = False

    def submit(self, letter: Letter) -> Outcome:
        number = letter.number
        try:
            if not self._open:
                self._connection.open()
                self._open = True
            message = _as_django(letter.content)
            self._connection.send_messages([message])
        except AnymailRecipientsRefused as error:
            return Outcome(number, Verdict.REFUSED, 550, _line(error), Scope.RECIPIENT)
        except AnymailAPIError as error:
            return _judged(number, error)
        except (requests.ReadTimeout, requests.ConnectionError) as error:
            return _broken(number, error)
        except (AnymailError, ValueError) as error:  # the message cannot be said in this provider's words
            return Outcome(number, Verdict.REFUSED, 554, _line(error), Scope.MESSAGE)
        except Exception as error:  # boto3's, a provider's new kind of answer: what became of the mail is not known
            return Outcome(number, Verdict.IN_DOUBT, 0, _line(error))
        status = message.anymail_status
        said = set(status.status or ())
        if said & {"invalid", "rejected", "failed"}:
            return Outcome(number, Verdict.REFUSED, 550, "refused by the provider", Scope.RECIPIENT)
        if not said & {"sent", "queued"}:  # words that nobody knows
            return Outcome(number, Verdict.IN_DOUBT, 0, "the provider did not say what becomes of it")
        external = status.message_id if isinstance(status.message_id, str) else ""
        return Provided(number, Verdict.SUBMITTED, 250, "accepted by the provider", external_id=(external or "")[:120])

    def close(self) -> None:
        self._connection.close()


# what anymail or the provider writes by itself
_ITS_OWN = {
    "content-transfer-encoding",
    "content-type",
    "date",
    "from",
    "mime-version",
    "reply-to",
    "subject",
    "to",
}


def _as_django(content: bytes) -> EmailMultiAlternatives:
    """A filled MIME message as Django's, which anymail puts into each provider's own form."""
    parsed = cast(EmailMessage, email.message_from_bytes(content, policy=email.policy.default))
    text, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
    headers = {name: str(value) for name, value in parsed.items() if name.lower() not in _ITS_OWN}
    message = EmailMultiAlternatives(
        subject=str(parsed["Subject"] or ""),
        body=text.get_content() if text is not None else "",
        from_email=str(parsed["From"]),
        to=[str(parsed["To"])],
        reply_to=[str(parsed["Reply-To"])] if parsed["Reply-To"] else None,
        headers=headers,
    )
    if html is not None:
        message.attach_alternative(html.get_content(), "text/html")
    return message


def _judged(number: int, error: AnymailAPIError) -> Outcome:
    """What an error of a provider's API says of the mail."""
    status = error.status_code
    if status is None:
        return _broken(number, error)
    text = _line(error)
    if status in (401, 402, 403, 404):
        return Outcome(number, Verdict.REFUSED, status, text, Scope.SERVER)
    if status == 429 or status == 503:
        return Outcome(number, Verdict.DEFERRED, status, text, Scope.SERVER)
    if 400 <= status < 500:
        return Outcome(number, Verdict.REFUSED, status, text, Scope.MESSAGE)
    # an error of the provider's own may come before or after it took the mail
    return Outcome(number, Verdict.IN_DOUBT, status, text)


def _broken(number: int, error: BaseException) -> Outcome:
    """No answer: certainly not accepted only where no connection came about."""
    if isinstance(error, requests.ConnectTimeout) or _refused(error):
        return Outcome(number, Verdict.DEFERRED, 0, _line(error), Scope.SERVER)
    return Outcome(number, Verdict.IN_DOUBT, 0, _line(error))


def _refused(error: BaseException | None) -> bool:
    from urllib3.exceptions import NewConnectionError

    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, NewConnectionError) or any(isinstance(a, NewConnectionError) for a in error.args):
            return True
        reason = getattr(error.args[0], "reason", None) if error.args else None
        if isinstance(reason, NewConnectionError):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
