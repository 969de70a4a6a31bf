"""A message goes over the wire so that every server sees the same lines, and the same end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.newsletters.smtp.content import END, stuffed

MESSAGES = st.lists(st.sampled_from([b".", b"\r", b"\n", b"\r\n", b"a", b"..", b"\r\n.\r\n", b"\n.\n"])).map(b"".join)


def unstuffed(wire: bytes) -> bytes:
    """What a server makes of it: read lines until one is a dot alone."""
    lines = wire.split(b"\r\n")
    end = lines.index(b".")
    assert lines[end + 1 :] == [b""], "the end stands at the end only"
    return b"".join((line[1:] if line.startswith(b".") else line) + b"\r\n" for line in lines[:end])


@given(MESSAGES)
def test_what_the_server_reads_is_the_message_with_its_line_ends_made_right(message: bytes) -> None:
    right = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    assert unstuffed(stuffed(message) + END) == (right if right.endswith(b"\r\n") else right + b"\r\n")


@given(MESSAGES)
def test_no_line_end_stands_half(message: bytes) -> None:
    wire = stuffed(message)
    assert wire.count(b"\r") == wire.count(b"\n") == wire.count(b"\r\n")


@given(MESSAGES)
def test_no_server_sees_an_end_before_the_end(message: bytes) -> None:
    """Servers that take a bare LF, or LF.CRLF, or CR.CR for one: a second message could be smuggled past the others."""
    wire = b"\r\n" + stuffed(message)
    for end in (b"\n.\n", b"\n.\r", b"\r.\r", b"\r.\n"):
        assert end not in wire


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (b".", b"..\r\n"),
        (b"a\r\n.b\r\n", b"a\r\n..b\r\n"),
        (b"a\n..\n", b"a\r\n...\r\n"),
        (b"a. b.\r\n", b"a. b.\r\n"),
        (b"", b"\r\n"),
    ],
)
def test_dots_that_begin_a_line_are_doubled(message: bytes, wire: bytes) -> None:
    assert stuffed(message) == wire
