"""The commands before a message: who sends it, who gets it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from masthead.newsletters.smtp.letters import Letter, Outcome, Scope, Verdict

# What RFC 5321 and 6531 allow without quotes, and a domain; whatever could end the command or the path is in neither.
_ATOM = r"[^\s\x00-\x20\x7f-\x9f\"(),:;<>@\[\]\\]+"
_LOCAL = rf'(?:{_ATOM}|"(?:[^\x00-\x1f\x7f-\x9f"\\\r\n]|\\[\x20-\x7e])*")'
_ADDRESS = re.compile(rf"({_LOCAL})@({_ATOM}|\[[0-9A-Za-z.:]+\])")

DATA = b"DATA\r\n"


@dataclass(frozen=True, slots=True)
class Offered:
    """What the server said it can do (EHLO)."""

    pipelining: bool = False
    size: int | None = None  # None: it does not know SIZE; 0: it names no limit
    eight_bit: bool = False
    utf8: bool = False
    starttls: bool = False
    login: frozenset[str] = frozenset()  # AUTH's mechanisms
    most: int = 0  # messages a connection may bring (RFC 9422); 0: it does not say

    @staticmethod
    def read(lines: tuple[bytes, ...]) -> Offered:
        """What the reply to EHLO says; its first line is a greeting."""
        words: dict[str, list[str]] = {}
        for line in lines[1:]:
            # AUTH=PLAIN is how it was written before the RFC, and some servers still say it both ways
            name, *values = line.decode("latin-1").upper().replace(
                "=", " ", 1 if line[:5].upper() == b"AUTH=" else 0
            ).split() or [""]
            words.setdefault(name, []).extend(values)
        size = words.get("SIZE")
        limits = [value[8:] for value in words.get("LIMITS", []) if value.startswith("MAILMAX=")]
        return Offered(
            pipelining="PIPELINING" in words,
            size=None if size is None else int(size[0]) if size and size[0].isdecimal() else 0,
            eight_bit="8BITMIME" in words,
            utf8="SMTPUTF8" in words,
            starttls="STARTTLS" in words,
            login=frozenset(words.get("AUTH", ())),
            most=int(limits[0]) if limits and limits[0].isdecimal() else 0,
        )


class CannotSend(Exception):
    """This letter can never go through this server; ``outcome`` says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.text)
        self.outcome = outcome


def path(address: str, utf8: bool) -> tuple[str, bool]:
    """``address`` as it is written between angle brackets, and whether SMTPUTF8 must be asked for.

    Raises ValueError for what is no address. A domain that is not ASCII goes as its A-labels unless ``utf8`` is spoken.
    """
    found = _ADDRESS.fullmatch(address)
    if not found or len(address) > 320:
        raise ValueError("not an address")
    if address.isascii():
        return address, False
    local, domain = found[1], found[2]
    if not utf8 or local.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            raise ValueError("not a domain") from None
    return f"{local}@{domain}", not local.isascii()


class Envelopes:
    """Writes MAIL and RCPT for one sender and what one server offers. Raises ValueError where the sender is no address."""

    def __init__(self, sender: str, offered: Offered) -> None:
        self.offered = offered
        self._wide = False
        written = ""
        if sender:  # else the null path, which asks for no bounces
            written, self._wide = path(sender, offered.utf8)
        self.deliverable = not self._wide or offered.utf8
        self._mail = b"MAIL FROM:<" + written.encode() + b">"

    def write(self, letter: Letter, content: bytes) -> tuple[bytes, bytes]:
        """MAIL and RCPT for ``letter``, whose content is ``content`` on the wire. Raises CannotSend."""
        offered = self.offered
        mail = self._mail
        if offered.size is not None:
            if 0 < offered.size < len(content):
                said = f"The message has {len(content):,} bytes, and the server takes {offered.size:,}."
                raise CannotSend(Outcome(letter.number, Verdict.REFUSED, 0, said, Scope.MESSAGE, "5.3.4"))
            mail += b" SIZE=%d" % len(content)
        try:
            to, wide = path(letter.recipient, offered.utf8)
        except ValueError:
            said = "This is not an address mail can be sent to."
            raise CannotSend(Outcome(letter.number, Verdict.REFUSED, 0, said, Scope.RECIPIENT, "5.1.3")) from None
        if not content.isascii():
            if not offered.eight_bit:
                said = "The message has bytes above 127, and the server takes none (8BITMIME)."
                raise CannotSend(Outcome(letter.number, Verdict.REFUSED, 0, said, Scope.MESSAGE, "5.6.3"))
            mail += b" BODY=8BITMIME"
        if wide and not offered.utf8:
            said = "The address has letters beyond ASCII before the @, and the server does not take such (SMTPUTF8)."
            raise CannotSend(Outcome(letter.number, Verdict.REFUSED, 0, said, Scope.RECIPIENT, "5.6.7"))
        if wide or self._wide:
            mail += b" SMTPUTF8"
        return mail + b"\r\n", b"RCPT TO:<" + to.encode() + b">\r\n"
