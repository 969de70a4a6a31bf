"""What goes into the pool and what comes out: letters, and the outcome of each. Pure."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from enum import Enum


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one recipient.

    ``content`` is the whole message: headers, an empty line, body. Not ready, the pool makes its line ends CRLF and doubles
    dots that begin a line (``stuffed``), which costs some 50 microseconds of 30 kB. ``ready`` says that whoever made it has
    done that: every line ends in CRLF, none begins with a single dot, no CR or LF stands alone. The final dot is never in it.
    """

    number: int  # the outbox's row
    recipient: str
    content: bytes
    ready: bool = False


class Verdict(Enum):
    """What became of a letter."""

    SUBMITTED = "submitted"  # the server said 250 to the end of the content
    DEFERRED = "deferred"  # it said 4xx, or nothing of the end was written: certainly not accepted, worth another try
    REFUSED = "refused"  # it said 5xx, or this letter can never be sent through this server
    IN_DOUBT = "in doubt"  # some of the end was written and no intelligible answer came


class Scope(Enum):
    """Whom a verdict is about: would the next letter fare differently?"""

    RECIPIENT = "recipient"  # this address
    MESSAGE = "message"  # this content
    SERVER = "server"  # whatever is sent: the sender, the log-in, the connection, the server's state


@dataclass(frozen=True, slots=True)
class Outcome:
    """The verdict on one letter and the server's words."""

    number: int
    verdict: Verdict
    code: int = 0  # the server's three digits; 0 where it said nothing
    text: str = ""  # the server's words, or ours where it said nothing
    scope: Scope = Scope.MESSAGE
    status: str = ""  # the enhanced status code (RFC 3463) such as 5.1.1, ours or the server's; empty where none was said


class Security(Enum):
    """How a connection is kept from strangers."""

    NONE = "none"
    STARTTLS = "starttls"  # required: a server that does not offer it is not spoken to further
    IMPLICIT = "implicit"


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server and how to enter. ``context`` replaces the certificate store of this machine."""

    host: str
    port: int
    tls: Security = Security.NONE
    user: str = ""
    password: str = field(default="", repr=False)
    local_name: str = "localhost"  # what we call ourselves in EHLO
    context: ssl.SSLContext | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if "\0" in self.user + self.password:
            raise ValueError("A user name or password with a NUL cannot be sent.")
        if not self.local_name.isascii() or not self.local_name.isprintable() or " " in self.local_name or not self.local_name:
            raise ValueError(f"Not a name to greet with: {self.local_name!r}")


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds to wait for what: near to RFC 5321, 4.5.3.2, shorter where giving up costs nothing."""

    connect: float = 20.0
    greeting: float = 60.0
    hello: float = 60.0  # EHLO, STARTTLS, AUTH
    handshake: float = 30.0
    envelope: float = 120.0  # MAIL, RCPT
    data: float = 120.0  # the 354
    content: float = 180.0  # without a byte of it moving
    end: float = 600.0  # the answer to the final dot
    farewell: float = 2.0  # QUIT
    idle: float = 10.0  # a connection with nothing to do is closed
    retry: float = 0.25  # after a failure of the server's; doubled with each
    longest: float = 15.0

    @property
    def shortest(self) -> float:
        """The shortest wait for anything."""
        waits = (self.connect, self.greeting, self.hello, self.handshake, self.envelope, self.data, self.content, self.end)
        return min(*waits, self.farewell, self.idle)
