"""Transactional mail: domains take turns, and what is put off holds up nobody."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.db import connection

from masthead.core import clock, mail
from masthead.core.models import OutgoingMail

pytestmark = pytest.mark.django_db


def hand_over(to: str, *, attempts: int = 0, ago: int = 0, kind: str = "alert") -> OutgoingMail:
    """One that is due since ``ago`` seconds, and was tried so often."""
    row = mail.hand_over(kind=kind, to=to, subject="Hello", text="Hello\n")
    OutgoingMail.objects.filter(pk=row.pk).update(attempts=attempts, due=clock.now() - timedelta(seconds=ago))
    return row


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A mail server that puts off whatever is for away.example; the addresses it was asked to mail, in order."""
    asked: list[str] = []

    def send(message: EmailMultiAlternatives, fail_silently: bool = False) -> int:
        (to,) = message.to
        asked.append(to)
        if to.endswith("@away.example"):
            raise SMTPRecipientsRefused({to: (451, b"Their server does not answer")})
        return 1

    monkeypatch.setattr(EmailMultiAlternatives, "send", send)
    return asked


def test_what_a_domain_has_put_off_holds_up_no_other(server: list[str]) -> None:
    for n in range(100):
        hand_over(f"reader{n}@away.example", attempts=1, ago=60)
    hand_over("ada@example.org", kind="code")
    assert mail.submit_due() == mail.AGAIN + 1
    assert server[0] == "ada@example.org"
    assert Counter(to.partition("@")[2] for to in server) == {"example.org": 1, "away.example": mail.AGAIN}


def test_domains_take_turns(server: list[str]) -> None:
    for n in range(100):
        hand_over(f"reader{n}@big.example", ago=60)
    for name in ("ada@small.example", "bob@small.example", "eve@Other.example"):
        hand_over(name)
    mail.submit_due(most=5)
    assert server == [
        "reader0@big.example", "ada@small.example", "eve@Other.example", "reader1@big.example", "bob@small.example",
    ]  # fmt: skip


def test_in_the_end_all_of_it_is_submitted_or_put_off(server: list[str]) -> None:
    for n in range(60):
        hand_over(f"reader{n}@{'away' if n % 3 else 'there'}.example", attempts=n % 2, ago=n)
    while mail.submit_due(most=10):
        pass
    assert sorted(server) == sorted(f"reader{n}@{'away' if n % 3 else 'there'}.example" for n in range(60))
    states = OutgoingMail.objects.values_list("state", "to")
    assert {state for state, to in states if to.endswith("there.example")} == {"submitted"}
    assert {state for state, to in states if to.endswith("away.example")} == {"pending"}


@pytest.mark.django_db(transaction=True)
def test_two_workers_submit_nothing_twice(server: list[str], settings: Any) -> None:
    for n in range(60):
        hand_over(f"reader{n}@{'ab'[n % 2]}.example", attempts=n % 3 and 1)

    def work() -> None:
        while OutgoingMail.objects.filter(state="pending").exists():
            mail.submit_due(most=7)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(server) == sorted(f"reader{n}@{'ab'[n % 2]}.example" for n in range(60))
