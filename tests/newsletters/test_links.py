"""The signed addresses in our mail: they say whose and what, nobody else can write one, and they outlive the secret key."""

from __future__ import annotations

from typing import Any

import pytest

from masthead.core import keys
from masthead.newsletters import clicks, links

SUBJECT = keys.subject()
NEW = "another secret key, that is long enough too"


def every_token() -> list[str]:
    kinds = [links.kind_token(SUBJECT, kind) for kind in links.Kind]
    return [links.unsubscribe_token(SUBJECT, "daily"), *kinds, links.preferences_token(SUBJECT)]


def test_a_token_says_whose_it_is_and_what_it_ends() -> None:
    assert links.read(links.unsubscribe_token(SUBJECT, "the-daily_2")) == links.Token(SUBJECT, newsletter="the-daily_2")
    assert links.read(links.kind_token(SUBJECT, links.Kind.MONTH)) == links.Token(SUBJECT, kind=links.Kind.MONTH)
    assert links.read(links.preferences_token(SUBJECT)) == links.Token(SUBJECT)


def test_a_newsletter_called_as_a_kind_is_another_thing() -> None:
    assert links.read(links.unsubscribe_token(SUBJECT, "alerts")) == links.Token(SUBJECT, newsletter="alerts")
    assert links.read(links.kind_token(SUBJECT, links.Kind.ALERTS)) == links.Token(SUBJECT, kind=links.Kind.ALERTS)


@pytest.mark.parametrize("which", range(len(every_token())))
def test_no_character_of_a_token_can_be_changed(which: int) -> None:
    token = every_token()[which]
    for place, character in enumerate(token):
        other = "A" if character != "A" else "B"
        assert links.read(token[:place] + other + token[place + 1 :]) is None
    assert links.read(token[:-1]) is None
    assert links.read(token + "x") is None


def test_a_token_is_good_only_for_what_it_was_written_for() -> None:
    daily = links.unsubscribe_token(SUBJECT, "daily")
    assert links.read(daily[:-5] + "weekly") is None
    assert links.read("p" + daily[1:-5]) is None
    assert links.read("k" + daily[1:]) is None
    assert links.read(daily[:1] + keys.subject() + daily[23:]) is None


@pytest.mark.parametrize("text", ["", "n", "\0", "é" * 50, "n" + "a" * 44, "x" * 5000, "n" + "a" * 44 + "daily/../../"])
def test_what_we_did_not_write_says_nothing(text: str) -> None:
    assert links.read(text) is None
    assert links.read_message_id(text) is None
    assert clicks.read(text) is None


def test_tokens_outlive_the_secret_key_while_the_former_one_is_accepted(settings: Any) -> None:
    tokens, old = every_token(), settings.SECRET_KEY
    click = clicks.token(7, 3, "subscriber", "b")
    message = links.message_id("daily", "2026-11-23", "ada@example.org")
    settings.SECRET_KEY = NEW
    assert [links.read(token) for token in tokens] == [None] * len(tokens)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert None not in [links.read(token) for token in tokens]
    assert clicks.read(click) == clicks.Link(7, 3, "subscriber", "b")
    found = links.read_message_id(message)
    assert found and found.is_to("ada@example.org")
    assert links.unsubscribe_token(SUBJECT, "daily") not in tokens


def test_the_one_click_header_fields_are_those_of_rfc_8058(settings: Any) -> None:
    token = links.unsubscribe_token(SUBJECT, "daily")
    assert links.one_click(token) == {
        "List-Unsubscribe": f"<{settings.MASTHEAD.base_url}/newsletters/unsubscribe/{token}/>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


# --- Message-IDs


def test_a_message_id_names_the_edition_and_proves_the_address() -> None:
    text = links.message_id("daily", "2026-11-23", "ada@example.org")
    found = links.read_message_id(text)
    assert found is not None
    assert (found.newsletter, found.edition) == ("daily", "2026-11-23")
    assert found.is_to("ada@example.org")
    assert not found.is_to("grace@example.org")
    assert links.message_id("daily", "2026-11-23", "ada@example.org") == text, "the same on each try"


def test_a_message_id_of_another_edition_proves_nothing() -> None:
    text = links.message_id("daily", "2026-11-23", "ada@example.org").replace("11-23", "11-24")
    found = links.read_message_id(text)
    assert found is not None and not found.is_to("ada@example.org")


# --- clicks


@pytest.mark.parametrize("link", [(1, 1, "registered", "a"), (2**40, 60_000, "subscriber", "b"), (128, 127, "subscriber", "a")])
def test_a_click_says_what_was_mailed_to_whom_and_names_nobody(link: tuple[int, int, str, str]) -> None:
    token = clicks.token(*link)
    assert clicks.read(token) == clicks.Link(*link)
    assert len(token) <= clicks.LONGEST


def test_no_bit_of_a_click_can_be_changed() -> None:
    token = clicks.token(300, 12, "registered", "a")
    for place in range(len(token)):
        for other in "AZaz09-_":
            if token[place] != other:
                assert clicks.read(token[:place] + other + token[place + 1 :]) in (None, clicks.read(token))
    assert clicks.read(token + "A") is None


def test_a_signer_writes_what_the_functions_write() -> None:
    signer, subject = links.Signer("daily", "2026-11-23"), "A" * 22
    assert signer.unsubscribe_url(subject.encode()).decode() == links.unsubscribe_url(links.unsubscribe_token(subject, "daily"))
    assert signer.preferences_url(subject.encode()).decode() == links.preferences_url(subject)
    assert signer.message_id(b"ada@example.org").decode() == links.message_id("daily", "2026-11-23", "ada@example.org")
