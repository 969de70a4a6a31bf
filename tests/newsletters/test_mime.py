"""Messages with places: what was put in comes out again, whatever it is, and nothing can begin what is not its to begin."""

from __future__ import annotations

import email
import email.policy
import re
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from masthead.newsletters import mime

VALUES = {
    "to": b"ada@example.org",
    "message_id": b"<daily-2026-11-23.4f1c@example.org>",
    "date": b"Mon, 23 Nov 2026 06:00:00 +0000",
    "unsubscribe": b"https://example.org/newsletters/unsubscribe/" + b"t" * 60 + b"/",
    "preferences": b"https://example.org/newsletters/preferences/" + b"p" * 60 + b"/",
    "list_unsubscribe": b"https://example.org/newsletters/unsubscribe/" + b"t" * 60 + b"/",
}
# surrogates are no characters, and NUL and the marks of places are cleaned out of what others wrote
WRITTEN = st.text(st.characters(exclude_categories=["Cs"])).map(mime.clean)


def read(data: bytes) -> EmailMessage:
    return email.message_from_bytes(data, policy=email.policy.default)  # type: ignore[return-value]


def body(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")


def filled(text: str = "", html: str = "<p>", **headers: str) -> bytes:
    return mime.split(mime.build({"Subject": "The Daily", **headers}, text, html)).fill(VALUES)


def lines_of(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(text=WRITTEN, html=WRITTEN)
def test_texts_come_out_as_they_went_in(text: str, html: str) -> None:
    message = read(filled(text, html + "<br>"))
    assert body(message) == lines_of(text)
    assert body(message, "html") == lines_of(html + "<br>")


@given(text=WRITTEN)
def test_a_text_alone_does_too(text: str) -> None:
    found = body(read(filled(text, "")))
    assert found == lines_of(text) or found == lines_of(text) + "\n"


@given(text=st.lists(st.sampled_from([".", "..", "From ", "x", " ", "=", "é", "\n", "\r\n", "\t", "w" * 74, mime.place("to")])))
def test_the_message_is_ready_for_the_wire(text: list[str]) -> None:
    data = filled("".join(text), "".join(text) + "\n<br>")
    assert data.endswith(b"\r\n")
    assert data.isascii()
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", data), "every line ends in CRLF"
    assert not re.search(rb"(?m)^(\.|From )", data), "dot-stuffing it would change nothing, nor would a mailbox of the old sort"
    assert max(map(len, data.split(b"\r\n"))) <= 76
    assert body(read(data)) == lines_of("".join(text)).replace(mime.place("to"), "ada@example.org")


@given(subject=st.text(st.characters(exclude_categories=["Cs"]), max_size=150))
def test_a_subject_comes_out_in_one_line(subject: str) -> None:
    subject = mime.clean(subject)
    found = read(filled(Subject=subject))["Subject"]
    assert found == " ".join("".join(c for c in subject if c.isprintable() or c.isspace()).split())


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\r\n ", "\x0b", "\x0c", "\u2028", "\x85", "\0"])
def test_no_text_begins_another_header_field(end: str) -> None:
    hostile = f"News{end}Bcc: everybody@example.org{end}{end}<script>"
    data = filled(Subject=hostile, **{"From": mime.mailbox(hostile, "news@example.org"), "X-Note": hostile})
    message = read(data)
    assert message["Bcc"] is None
    assert list(message) == ["Subject", "From", "X-Note", "MIME-Version", "Content-Type"]
    assert message["From"].addresses[0].addr_spec == "news@example.org"


@pytest.mark.parametrize("value", [b"a@b.c\r\nBcc: x@y.z", b"a@b.c\nBcc: x@y.z", b"a\rb", b"a\0b"])
def test_no_value_begins_another_header_field(value: bytes) -> None:
    prebuilt = mime.split(mime.build({"To": mime.place("to")}, "text"))
    with pytest.raises(ValueError, match="line end"):
        prebuilt.fill({"to": value})


@pytest.mark.parametrize("name", ["", "Bcc: x", "Bcc\r\n", "X Y", "Ä"])
def test_a_header_field_has_a_name(name: str) -> None:
    with pytest.raises(ValueError, match="header field"):
        mime.build({name: "x"}, "text")


def test_what_is_not_ascii_cannot_be_in_its_final_form() -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        mime.build({"Reply-To": mime.Written("jürgen@example.org")}, "text")


@pytest.mark.parametrize(
    "name",
    [
        "The Straits Review",
        "Straits, Review",
        'The "Daily" \\ Review',
        "Ünïted Préss",
        "مجلة المضيق",
        "=?utf-8?q?x?=",
        "日" * 60,
        "A.B",
    ],
)
def test_a_name_stands_before_its_address(name: str) -> None:
    data = filled(**{"From": mime.mailbox(name, "news@example.org")})
    written, address = parseaddr(email.message_from_bytes(data)["From"])
    # by the older reader: the newer one puts spaces between the encoded words of a name
    assert (str(make_header(decode_header(written))), address) == (name, "news@example.org")
    assert max(map(len, data.split(b"\r\n"))) <= 78


def test_a_list_is_called_by_name_and_for_good() -> None:
    data = filled(**{"List-Id": mime.list_id("The Daily", "daily", "example.org")})
    assert read(data)["List-Id"] == "The Daily <daily.example.org>"


def test_places_are_filled_where_they_stand() -> None:
    headers = {
        "To": mime.place("to"),
        "Message-ID": mime.place("message_id"),
        "Date": mime.place("date"),
        "List-Unsubscribe": f"<{mime.place('list_unsubscribe')}>",
    }
    link = f'<p>Hällo <a href="{mime.place("unsubscribe")}?a=1&amp;b=2">no more</a></p>'
    prebuilt = mime.split(mime.build(headers, f"No more: {mime.place('unsubscribe')} .\n", link))
    assert prebuilt.names == {"to", "message_id", "date", "list_unsubscribe", "unsubscribe"}
    message = read(prebuilt.fill(VALUES))
    address = VALUES["unsubscribe"].decode()
    assert (message["To"], message["Date"]) == ("ada@example.org", "Mon, 23 Nov 2026 06:00:00 +0000")
    assert message["Message-ID"] == "<daily-2026-11-23.4f1c@example.org>"
    assert message["List-Unsubscribe"] == f"<{address}>"
    assert body(message) == f"No more: {address} .\n"
    assert body(message, "html") == f'<p>Hällo <a href="{address}?a=1&amp;b=2">no more</a></p>'


@given(value=st.text(st.characters(exclude_categories=["Cs", "Cc"])), before=st.sampled_from(["", "x ", "é="]))
def test_any_value_is_itself_in_the_text_and_escaped_in_the_html(value: str, before: str) -> None:
    place = mime.place("to")
    data = mime.split(mime.build({"Subject": "x"}, f"{before}{place}|", f"<p>{before}{place}</p>")).fill({"to": value.encode()})
    message = read(data)
    assert body(message) == f"{before}{value}|"
    assert "<" not in body(message, "html").removeprefix("<p>").removesuffix("</p>")
    assert max(map(len, data.split(b"\r\n"))) <= 76


def test_a_mail_that_lacks_a_value_is_not_made() -> None:
    prebuilt = mime.split(mime.build({"To": mime.place("to")}, "text"))
    with pytest.raises(KeyError):
        prebuilt.fill({})


def test_a_message_lasts_from_one_process_to_another() -> None:
    message = mime.build({"To": mime.place("to")}, mime.place("unsubscribe"), mime.place("unsubscribe"))
    assert mime.build({"To": mime.place("to")}, mime.place("unsubscribe"), mime.place("unsubscribe")) == message
    assert mime.split(bytes(message)).fill(VALUES) == mime.split(message).fill(VALUES)


def test_a_place_in_what_others_wrote_is_none() -> None:
    hostile = f"See https://evil.example/?{mime.place('unsubscribe')} \0tunsubscribe\0"
    assert mime.clean(hostile) == "See https://evil.example/?unsubscribe tunsubscribe"
    message = mime.build({"Subject": "\0funsubscribe\0"}, "\0tunsubscribe\0", "\0hunsubscribe\0")
    assert mime.split(message).names == set()


def test_a_place_in_words_that_need_encoding_is_said_to_be_lost() -> None:
    assert b"\0fto\0" in mime.build({"Subject": f"Für {mime.place('to')} heute"}, "text")
    with pytest.raises(ValueError, match="cannot be written"):
        mime.build({"Subject": f"Für <{mime.place('to')}>"}, "text")


@pytest.mark.parametrize("name", ["", "To", "a b", "a\r"])
def test_a_place_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="small letters"):
        mime.place(name)


def test_what_is_no_message_of_ours_is_refused() -> None:
    with pytest.raises(ValueError, match="no message"):
        mime.split(b"Subject: x\r\n\r\n\0")


def test_a_preview_fills_strings() -> None:
    text = f"To {mime.place('to')}: {mime.place('unsubscribe')}"
    assert mime.fill_text(text, {"to": "<ada>"}) == "To <ada>: [unsubscribe]"
    assert mime.fill_text(text, {"to": "<ada>"}, html=True) == "To &lt;ada&gt;: [unsubscribe]"
