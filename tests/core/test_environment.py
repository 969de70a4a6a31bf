"""The environment is read once, and a value that makes no sense stops the start with a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from masthead.core import environment
from masthead.core.environment import BadEnvironment

DATA = Path("/srv/masthead")


def read(**values: str) -> environment.Environment:
    return environment.read(values, default_data=DATA)


def test_nothing_has_to_be_set() -> None:
    found = read()
    assert found.data == DATA
    assert found.base_url == "http://127.0.0.1:8000"
    assert found.web_workers == 2
    assert not found.secure and not found.require_second_factor and not found.stripe


def test_https_makes_cookies_secure_and_asks_for_a_second_factor() -> None:
    found = read(MASTHEAD_BASE_URL="https://www.example.org/")
    assert found.base_url == "https://www.example.org"
    assert found.secure and found.require_second_factor
    assert not read(MASTHEAD_BASE_URL="https://www.example.org", MASTHEAD_REQUIRE_SECOND_FACTOR="off").require_second_factor


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MASTHEAD_WEB_WORKERS", "many"),
        ("MASTHEAD_WEB_WORKERS", "0"),
        ("MASTHEAD_WEB_WORKERS", "65"),
        ("MASTHEAD_BASE_URL", "example.org"),
        ("MASTHEAD_BASE_URL", "https://example.org/news"),
        ("MASTHEAD_BASE_URL", "ftp://example.org"),
        ("MASTHEAD_DATABASE_URL", "mysql://localhost/x"),
        ("MASTHEAD_CACHE_URL", "memcached://localhost"),
        ("MASTHEAD_EMAIL_URL", "localhost:25"),
        ("MASTHEAD_MEDIA_URL", "/srv/pictures"),
        ("MASTHEAD_SECRET_KEY", "too short"),
        ("MASTHEAD_TRUSTED_PROXIES", "10.0.0.0/8, the-proxy"),
        ("MASTHEAD_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("MASTHEAD_EDGE", "maybe"),
        ("MASTHEAD_CLOCK_OFFSET", "1 day"),
        ("MASTHEAD_DEBUG", "2"),
        ("MASTHEAD_DATABSE_URL", "sqlite:///x"),  # a slip of the pen is told, not ignored
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(BadEnvironment) as refused:
        read(**{name: value})
    sentence = str(refused.value)
    assert name in sentence
    assert sentence.endswith(".") and "\n" not in sentence


STRIPE = {"MASTHEAD_STRIPE_SECRET_KEY": "sk_live_1", "MASTHEAD_STRIPE_WEBHOOK_SECRET": "whsec_1"}


def test_payments_of_which_nobody_would_be_told_are_refused() -> None:
    assert read(**STRIPE).stripe
    with pytest.raises(BadEnvironment, match="MASTHEAD_STRIPE_WEBHOOK_SECRET"):
        read(MASTHEAD_STRIPE_SECRET_KEY="sk_live_1")


def test_several_webhook_secrets_are_read_while_they_rotate() -> None:
    rotating = read(**STRIPE | {"MASTHEAD_STRIPE_WEBHOOK_SECRET": "whsec_1, whsec_2"})
    assert rotating.stripe_webhook_secrets == ("whsec_1", "whsec_2")


def test_a_live_key_is_shown_to_nobody_but_stripe_and_a_publishable_one_is_none() -> None:
    with pytest.raises(BadEnvironment, match="MASTHEAD_STRIPE_API"):
        read(**STRIPE, MASTHEAD_STRIPE_API="http://127.0.0.1:4242")
    trial = STRIPE | {"MASTHEAD_STRIPE_SECRET_KEY": "sk_test_1"}
    assert read(**trial, MASTHEAD_STRIPE_API="http://127.0.0.1:4242", MASTHEAD_CLOCK_OFFSET="60").stripe
    with pytest.raises(BadEnvironment, match="secret key"):
        read(**STRIPE | {"MASTHEAD_STRIPE_SECRET_KEY": "pk_live_1"})


@pytest.mark.parametrize("real", [{"MASTHEAD_EMAIL_URL": "smtp://mail.example.org"}, STRIPE])
def test_the_clock_is_not_shifted_where_mail_or_money_is_real(real: dict[str, str]) -> None:
    with pytest.raises(BadEnvironment, match="MASTHEAD_CLOCK_OFFSET"):
        read(MASTHEAD_CLOCK_OFFSET="86400", **real)
    assert read(MASTHEAD_CLOCK_OFFSET="86400").clock_offset == 86400
    assert read(MASTHEAD_CLOCK_OFFSET="-60", MASTHEAD_EMAIL_URL="file:///x").clock_offset == -60


def test_mail_that_comes_back_has_a_mailbox_and_secrets() -> None:
    found = read(
        MASTHEAD_MAIL_WEBHOOK_SECRET="postmark=post:a password, mailgun=key-0123456789",
        MASTHEAD_BOUNCE_MAILBOX="imaps://bounces:p%40ss@mail.example.org/INBOX",
        MASTHEAD_BOUNCE_ADDRESS="bounces@example.org",
    )
    assert found.mail_webhook_secrets == (("postmark", "post:a password"), ("mailgun", "key-0123456789"))
    assert found.bounce_mailbox == "imaps://bounces:p%40ss@mail.example.org/INBOX"
    assert found.bounce_address == "bounces@example.org"
    assert read().bounce_mailbox is None and read().mail_webhook_secrets == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MASTHEAD_MAIL_WEBHOOK_SECRET", "postmark"),
        ("MASTHEAD_MAIL_WEBHOOK_SECRET", "postmark=short"),
        ("MASTHEAD_BOUNCE_MAILBOX", "https://mail.example.org/"),
        ("MASTHEAD_BOUNCE_MAILBOX", "imaps://mail.example.org/INBOX"),
        ("MASTHEAD_BOUNCE_MAILBOX", "imaps://user:secretword@mail.example.org:port/"),
        ("MASTHEAD_BOUNCE_ADDRESS", "bounces"),
        ("MASTHEAD_BOUNCE_ADDRESS", "a@example.org\nBcc: b@example.org"),
    ],
)
def test_a_way_back_that_leads_nowhere_is_refused_without_telling_its_secret(name: str, value: str) -> None:
    with pytest.raises(BadEnvironment) as refused:
        read(**{name: value})
    assert name in str(refused.value)
    assert "secretword" not in str(refused.value)
