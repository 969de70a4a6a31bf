"""Replies are found in whatever pieces they come, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.newsletters.smtp.replies import LONGEST, Replies, Reply

CODE = st.integers(200, 559)
TEXT = st.binary(max_size=60).map(lambda text: text.replace(b"\r", b"").replace(b"\n", b""))
REPLY = st.builds(lambda code, lines: Reply(code, tuple(lines)), CODE, st.lists(TEXT, min_size=1, max_size=4))


def written(reply: Reply) -> bytes:
    *former, last = reply.lines
    return b"".join(b"%d-%s\r\n" % (reply.code, line) for line in former) + b"%d %s\r\n" % (reply.code, last)


@given(st.lists(REPLY, max_size=6), st.data())
def test_replies_come_out_as_they_went_in_however_they_are_cut(replies: list[Reply], data: st.DataObject) -> None:
    whole = b"".join(map(written, replies))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=12)))
    parser = Replies()
    found: list[Reply] = []
    for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        found += parser.feed(whole[start:end])
    assert found == replies
    assert not parser.garbled


@given(st.lists(st.binary(max_size=80), max_size=8))
def test_anything_at_all_is_either_a_reply_or_garbled(pieces: list[bytes]) -> None:
    parser = Replies()
    for piece in pieces:
        for reply in parser.feed(piece):
            assert 200 <= reply.code < 560
            assert reply.text.isprintable()
            assert reply.status == "" or reply.status[0] == str(reply.code)[0]


@given(st.binary(max_size=200), st.integers(0, 200))
def test_what_is_found_does_not_depend_on_the_cut(whole: bytes, cut: int) -> None:
    once, twice = Replies(), Replies()
    assert once.feed(whole) == twice.feed(whole[:cut]) + twice.feed(whole[cut:])
    assert bool(once.garbled) is bool(twice.garbled)


@pytest.mark.parametrize(
    "text",
    [
        b"hello\r\n",
        b"25 Ok\r\n",
        b"2500 Ok\r\n",
        b"250_Ok\r\n",
        b"\r\n",
        b"199 Ok\r\n",
        b"999 Ok\r\n",
        b" 250 Ok\r\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"250-one\r\n550 two\r\n",
    ],
)
def test_garbage_is_no_reply(text: bytes) -> None:
    parser = Replies()
    assert parser.feed(text) == []
    assert parser.garbled


def test_what_came_before_garbage_stands_and_nothing_after_it_counts() -> None:
    parser = Replies()
    assert parser.feed(b"250 Ok\r\nwhat?\r\n250 Ok\r\n") == [Reply(250, (b"Ok",))]
    assert parser.feed(b"250 Ok\r\n") == []


@pytest.mark.parametrize("text", [b"250", b"250 Ok", b"250 Ok\r", b"250-Ok\r\n", b"250-Ok\r\n250"])
def test_a_reply_that_is_not_all_there_is_none(text: bytes) -> None:
    parser = Replies()
    assert parser.feed(text) == []
    assert not parser.garbled


def test_a_code_alone_and_a_line_end_without_return_are_understood() -> None:
    assert Replies().feed(b"250\r\n354 go\n") == [Reply(250, (b"",)), Reply(354, (b"go",))]


@pytest.mark.parametrize("endless", [b"2" * (LONGEST + 1), b"250-more\r\n" * (LONGEST // 5)])
def test_a_reply_without_end_is_given_up(endless: bytes) -> None:
    parser = Replies()
    assert parser.feed(endless) == []
    assert parser.garbled


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"550 5.1.1 no such user", "5.1.1"),
        (b"550 5.1.1", "5.1.1"),
        (b"550 5.1.1x", ""),
        (b"550 4.1.1 contradicts its code", ""),
        (b"550 no such user 5.1.1", ""),
        (b"452 4.3.1 full", "4.3.1"),
    ],
)
def test_the_enhanced_status_code_is_read_where_it_stands_first(line: bytes, status: str) -> None:
    (reply,) = Replies().feed(line + b"\r\n")
    assert reply.status == status


def test_what_a_server_says_is_shown_without_harm_and_not_at_length() -> None:
    (reply,) = Replies().feed(b"550 \x1b[31mred\x00 " + b"x" * 5000 + b"\r\n")
    assert reply.text.isprintable()
    assert len(reply.text) <= 500
