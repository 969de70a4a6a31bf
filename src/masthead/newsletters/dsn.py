"""What a mail that came back says: delivery status notifications (RFC 3464) and abuse reports (ARF, RFC 5965). Pure.

Anybody may write to a bounce mailbox, so nothing here is believed: addresses and Message-IDs are what somebody *claims*. Whoever
asks holds them against what was mailed (``returns``). A message that is too large, too deep or no report at all says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses
from enum import Enum

LARGEST = 1024 * 1024  # bytes; a report carries the mail it is about, or its head
MOST_PARTS = 50
MOST_RECIPIENTS = 20
LONGEST = 300  # of what is told about the reason


class Outcome(Enum):
    """What became of a mail."""

    HARD = "hard"  # there is no such address
    SOFT = "soft"  # it came back, and the next may not
    DELAYED = "delayed"  # whoever has it is still trying
    DELIVERED = "delivered"
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True)
class Report:
    """One recipient's fate. ``addresses`` are those that may be meant, ``message_ids`` those of the mail it is about, and
    ``unsubscribe`` what stood in its List-Unsubscribe.
    """

    outcome: Outcome
    addresses: tuple[str, ...]
    message_ids: tuple[str, ...]
    unsubscribe: tuple[str, ...]
    status: str
    detail: str


# "no such user" in the words of the common servers, where the status itself says only that something failed
_NOBODY = re.compile(
    r"(user|mailbox|recipient|address|account|inbox)\b.{0,60}\b(unknown|not exist|not found|no such|invalid|disabled|inactive"
    r"|unavailable|rejected|does ?n.t have)|no (such )?(user|mailbox|recipient|account)|unknown (user|recipient|mailbox|address)"
    r"|does not exist|doesn.t exist",
    re.IGNORECASE,
)
_GONE = re.compile(r"5\.(1\.([0-6]|10)|2\.1|7\.17)\Z")  # bad mailbox, bad domain, moved, disabled, changed hands
_VAGUE = re.compile(r"5\.(0\.0|2\.0|3\.0|5\.0|1\.[89]|7\.1)\Z|\Z")  # says nothing of the address
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_URL = re.compile(r"<([^<>\s]{1,500})>")


def read(raw: bytes) -> list[Report]:
    """The reports in a message; none where it is not about mail that came back."""
    if len(raw) > LARGEST:
        raw = raw[:LARGEST]
    try:
        message = message_from_bytes(raw, policy=policy.compat32)
        return list(_reports(message))
    except (RecursionError, ValueError, LookupError, AssertionError, TypeError, AttributeError):
        return []  # made to be unreadable, or by accident


def _reports(message: Message) -> Iterator[Report]:
    status: list[Message] = []
    feedback: Message | None = None
    original: Message | None = None
    for part in _parts(message):
        kind = part.get_content_type()
        if kind in {"message/delivery-status", "message/global-delivery-status"}:
            status = _payload(part) or _blocks(part)
        elif kind == "message/feedback-report":
            feedback = _feedback(part)
        elif kind in {"message/rfc822", "message/global"} and original is None:
            original = next(iter(_payload(part)), None)
        elif kind in {"text/rfc822-headers", "message/rfc822-headers", "message/global-headers"} and original is None:
            original = _headers(part)
    if feedback is not None:
        yield from _complaint(feedback, original)
    elif status:
        yield from _statuses(status, original)


def _parts(message: Message) -> Iterator[Message]:
    """The parts of the report itself, and not those of the mail it carries."""
    if not message.is_multipart() or message.get_content_type() in {"message/rfc822", "message/delivery-status"}:
        yield message
        return
    for count, part in enumerate(_payload(message)):
        if count >= MOST_PARTS:
            return
        if part.get_content_type() in {"multipart/report", "multipart/mixed"}:  # lists and forwarders wrap it once more
            yield from (inner for inner in _payload(part)[:MOST_PARTS])
        else:
            yield part


def _payload(part: Message) -> list[Message]:
    found = part.get_payload()
    return [each for each in found if isinstance(each, Message)] if isinstance(found, list) else []


def _text(part: Message) -> str:
    found = part.get_payload(decode=True)
    return found[: 64 * 1024].decode("utf-8", "replace") if isinstance(found, bytes) else ""


def _blocks(part: Message) -> list[Message]:
    """A status that was sent as plain text: blocks of fields, with empty lines between them."""
    pieces = re.split(r"\r?\n\r?\n", _text(part))[: MOST_RECIPIENTS + 1]
    return [message_from_bytes(piece.encode("utf-8", "replace")) for piece in pieces if piece.strip()]


def _headers(part: Message) -> Message:
    return message_from_bytes(_text(part).encode("utf-8", "replace"))


def _feedback(part: Message) -> Message:
    inner = _payload(part)
    return inner[0] if inner else _headers(part)


def _statuses(blocks: list[Message], original: Message | None) -> Iterator[Report]:
    for block in [each for each in blocks if each.get("Final-Recipient") or each.get("Original-Recipient")][:MOST_RECIPIENTS]:
        action = _field(block, "Action").lower()
        status = _status(block)
        diagnostic = _field(block, "Diagnostic-Code")
        outcome = _judged(action, status, diagnostic)
        if outcome is None:
            continue
        named = [_typed(block, "Original-Recipient"), _typed(block, "Final-Recipient")]
        detail = " ".join(part for part in (status, diagnostic.partition(";")[2].strip() or diagnostic) if part)
        yield Report(outcome, _addresses(named, original), _ids(original), _unsubscribes(original), status, shown(detail))


def _judged(action: str, status: str, diagnostic: str) -> Outcome | None:
    if action == "delayed":
        return Outcome.DELAYED
    if action == "delivered":
        return Outcome.DELIVERED
    if action != "failed" and not (action == "" and status.startswith(("4", "5"))):
        return None  # relayed, expanded: nothing is known of the inbox
    if _GONE.match(status) or (_VAGUE.match(status) and _NOBODY.search(diagnostic[:1000])):
        return Outcome.HARD
    return Outcome.SOFT


def _complaint(feedback: Message, original: Message | None) -> Iterator[Report]:
    kind = _field(feedback, "Feedback-Type").lower()
    if kind not in {"abuse", "fraud", "opt-out", "other", "virus", ""} or kind == "not-spam":
        return
    named = [_typed(feedback, "Original-Rcpt-To"), _typed(feedback, "Removal-Recipient")]
    ids, ends = _ids(original), _unsubscribes(original)
    yield Report(Outcome.COMPLAINED, _addresses(named, original), ids, ends, "", f"Called spam ({kind or 'abuse'})")


def _field(message: Message, name: str) -> str:
    found = message.get(name)
    return " ".join(str(found).split())[:2000] if found is not None else ""


def _typed(message: Message, name: str) -> str:
    """The address of ``rfc822; ada@example.org``."""
    text = _field(message, name)
    kind, semicolon, address = text.partition(";")
    return (address if semicolon else kind).strip().strip("<>")


def _status(block: Message) -> str:
    for name in ("Status", "Diagnostic-Code"):
        found = _STATUS.search(_field(block, name))
        if found:
            return found[1]
    return ""


def _addresses(named: list[str], original: Message | None) -> tuple[str, ...]:
    to = [address for _, address in getaddresses([_field(original, "To")])][:MOST_RECIPIENTS] if original is not None else []
    return tuple(dict.fromkeys(each for each in (*named, *to) if "@" in each and len(each) <= 320))


def _ids(original: Message | None) -> tuple[str, ...]:
    text = _field(original, "Message-ID") if original is not None else ""
    return (text,) if text else ()


def _unsubscribes(original: Message | None) -> tuple[str, ...]:
    text = _field(original, "List-Unsubscribe") if original is not None else ""
    return tuple(_URL.findall(text)[:3])


def shown(detail: str) -> str:
    """``detail`` as it may be kept: short, in one line, and naming no address."""
    line = "".join(c if c.isprintable() else " " for c in detail)[: 4 * LONGEST]
    return " ".join(re.sub(r"[^\s<>;,:()\[\]\"]+@[^\s<>;,()\[\]\"]+", "…", line).split())[:LONGEST]
