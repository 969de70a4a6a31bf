"""The mailbox that mail comes back to: a real IMAP and POP server, where there is one; and a worker that dies in between."""

from __future__ import annotations

import imaplib
import itertools
import os
import poplib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import OperationalError

from masthead.core import notices
from masthead.core.models import Notice
from masthead.newsletters import mailbox, returns, suppression
from masthead.newsletters.models import MailEvent
from newsletters.came_back import deliver, make_edition, message_id, notification, subscriber_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.processes,
    pytest.mark.skipif(not Path("/usr/sbin/dovecot").exists(), reason="Debian's dovecot-imapd is not installed"),
    pytest.mark.skipif(os.getuid() != 0, reason="dovecot drops its rights, which only root can"),
]

_numbers = itertools.count(1)
THANKS = b"From: ada@example.org\r\nSubject: Thank you\r\nMessage-ID: <1@example.org>\r\n\r\nI liked it.\r\n"


class Box:
    """A mailbox of one user, and how to reach it."""

    def __init__(self, folder: Path, user: str, imap: int, pop: int) -> None:
        self.new = folder / user / "new"
        self.user = user
        self.imap = f"imap://{user}:pass%20word@127.0.0.1:{imap}/INBOX"
        self.pop = f"pop3://{user}:pass%20word@127.0.0.1:{pop}/"
        self._port = imap
        self._count = 0
        for path in (self.new.parent, self.new, self.new.parent / "cur", self.new.parent / "tmp"):
            path.mkdir()
            shutil.chown(path, "nobody", "nogroup")

    def put(self, raw: bytes, *, days: int = 0) -> None:
        """Let a mail arrive; or have arrived ``days`` ago."""
        self._count += 1
        arrived = time.time() - days * 86400
        path = self.new / f"{int(arrived)}.M{self._count:04}.test"
        path.write_bytes(raw)
        os.utime(path, (arrived, arrived))
        shutil.chown(path, "nobody", "nogroup")

    def address(self, way: str) -> str:
        """By ``imap`` or ``pop``, where the server has it."""
        url = {"imap": self.imap, "pop": self.pop}[way]
        if url.endswith(":0/"):
            pytest.skip("Debian's dovecot-pop3d is not installed")
        return url

    def flags(self) -> list[bytes]:
        """The flags of each mail in it."""
        with imaplib.IMAP4("127.0.0.1", self._port, timeout=10) as box:
            box.login(self.user, "pass word")
            box.select("INBOX", readonly=True)
            _, found = box.search(None, "ALL")
            numbers = found[0].split()
            return [box.fetch(number.decode(), "(FLAGS)")[1][0] for number in numbers]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Dovecot:
    """A server for all tests here: anybody has a mailbox, and with it the same password."""

    folder: Path
    imap: int
    pop: int


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    # not one of pytest's directories: whatever run begins next closes those to others, and Dovecot looks in as "nobody"
    with tempfile.TemporaryDirectory(prefix="masthead-mailbox-") as folder:
        Path(folder).chmod(0o755)
        yield from _served(Path(folder))


def _served(folder: Path) -> Iterator[Dovecot]:
    imap, pop = _free_port(), _free_port()
    mail = folder / "mail"
    mail.mkdir()
    shutil.chown(mail, "nobody", "nogroup")
    users = folder / "users"
    users.write_text("anybody:{PLAIN}pass word\n")
    run = folder / "run"
    run.mkdir()
    has_pop = Path("/usr/lib/dovecot/pop3-login").exists()
    config = folder / "dovecot.conf"
    config.write_text(f"""
protocols = imap{" pop3" if has_pop else ""}
base_dir = {run}
state_dir = {run}
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
default_internal_user = nobody
default_login_user = nobody
default_internal_group = nogroup
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{mail}/%n
auth_failure_delay = 0
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=anybody {users}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={mail}/%n
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    address = 127.0.0.1
    port = {pop}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
""")
    silent = subprocess.DEVNULL
    server = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", str(config)], stdout=silent, stderr=silent)
    for _ in range(100):
        try:
            with imaplib.IMAP4("127.0.0.1", imap, timeout=10) as box:
                box.login("anybody", "pass word")
            break
        except (OSError, imaplib.IMAP4.error):  # its door opens before those behind it are there
            time.sleep(0.1)
    else:
        server.terminate()
        pytest.fail((folder / "log").read_text() if (folder / "log").exists() else "dovecot did not start")
    yield Dovecot(mail, imap, pop if has_pop else 0)
    server.terminate()
    server.wait(10)


@pytest.fixture
def box(dovecot: Dovecot) -> Box:
    """An empty one, of a user of its own."""
    return Box(dovecot.folder, f"bounces{next(_numbers)}", dovecot.imap, dovecot.pop)


@pytest.fixture(autouse=True)
def _nothing_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "_tries", {})
    monkeypatch.setattr(notices, "_told", {})


def test_what_came_back_is_acted_on_and_taken_out_and_letters_of_readers_stay(box: Box) -> None:
    ada = subscriber_of()
    box.put(notification(id_=message_id(deliver(make_edition(), ada))))
    box.put(THANKS)
    assert mailbox.visit(box.imap) == 1
    assert suppression.is_suppressed(ada.email)
    (left,) = box.flags()
    assert rb"\Flagged" in left and rb"\Seen" in left
    assert mailbox.visit(box.imap) == 0


def test_a_mail_whose_commit_failed_is_read_again(box: Box) -> None:
    ada = subscriber_of()
    box.put(notification(id_=message_id(deliver(make_edition(), ada))))

    def dies(_: bytes) -> int:
        raise OSError("the database is away")

    assert mailbox.visit(box.imap, dies) == 0
    assert box.flags() and rb"\Seen" not in box.flags()[0]
    assert mailbox.visit(box.imap) == 1
    assert suppression.is_suppressed(ada.email)


def test_a_worker_that_dies_after_the_commit_reads_it_again_and_it_counts_once(box: Box) -> None:
    ada = subscriber_of()
    box.put(notification(id_=message_id(deliver(make_edition(), ada)), status="4.2.2", diagnostic="smtp; 452 over quota"))

    def commits_and_dies(raw: bytes) -> int:
        returns.take_mail(raw)
        raise OSError("killed")

    mailbox.visit(box.imap, commits_and_dies)
    assert mailbox.visit(box.imap) == 1
    assert MailEvent.objects.count() == 1
    assert box.flags() == []


def test_by_pop(box: Box) -> None:
    url = box.address("pop")
    ada = subscriber_of()
    box.put(notification(id_=message_id(deliver(make_edition(), ada))))
    assert mailbox.visit(url) == 1
    assert suppression.is_suppressed(ada.email)
    assert box.flags() == []


# --- what cannot be dealt with


BAD = THANKS.replace(b"Thank you", b"A mail that breaks us")


def breaks(raw: bytes) -> int:
    """Cannot deal with a bad mail."""
    if b"breaks us" in raw:
        raise ValueError("That was not foreseen.")
    return returns.take_mail(raw)


@pytest.mark.parametrize("way", ["imap", "pop"])
def test_five_hundred_bad_mails_hold_up_no_good_one(box: Box, way: str) -> None:
    ada = subscriber_of()
    for _ in range(mailbox.MOST):
        box.put(BAD)
    box.put(notification(id_=message_id(deliver(make_edition(), ada))))
    read: list[bytes] = []

    def counted(raw: bytes) -> int:
        read.append(raw)
        return breaks(raw)

    url = box.address(way)
    mailbox.visit(url, counted)
    mailbox.visit(url, counted)
    assert suppression.is_suppressed(ada.email)
    assert len(box.flags()) == mailbox.MOST, "the bad ones stay"
    read.clear()
    mailbox.visit(url, counted)
    assert len(read) == mailbox.AGAIN, "and only some of them are read again"


@pytest.mark.parametrize("way", ["imap", "pop"])
def test_the_operator_is_told_and_a_bad_mail_is_read_again_until_it_can_be_dealt_with(box: Box, way: str) -> None:
    for _ in range(2):
        box.put(BAD)
    mailbox.visit(box.address(way), breaks)
    assert Notice.objects.get().text.startswith("2 mails in the mailbox for bounces cannot be dealt with")
    mailbox.visit(box.address(way))
    assert not Notice.objects.exists()
    assert all(rb"\Seen" in flags for flags in box.flags())


def test_after_days_a_bad_mail_is_left_to_people(box: Box) -> None:
    box.put(BAD, days=5)
    box.put(BAD, days=1)
    for _ in range(3):
        mailbox.visit(box.imap, breaks)
    told = {notice.key: notice.text for notice in Notice.objects.all()}
    assert told["bounce-mails"].startswith("A mail in") and told["bounce-mails-left"].startswith("A mail in")
    assert sorted(rb"\Seen" in flags for flags in box.flags()) == [False, True]
    assert all(rb"\Flagged" in flags for flags in box.flags())


def test_by_pop_a_bad_mail_is_read_so_often_and_then_left(box: Box) -> None:
    box.put(BAD)
    url, read = box.address("pop"), []

    def counted(raw: bytes) -> int:
        read.append(raw)
        return breaks(raw)

    for _ in range(mailbox.TRIES + 3):
        mailbox.visit(url, counted)
    assert len(read) == mailbox.TRIES
    assert Notice.objects.filter(key="bounce-mails-left").exists()
    assert len(box.flags()) == 1


@pytest.mark.parametrize("way", ["imap", "pop"])
def test_a_mail_at_which_the_connection_breaks_holds_up_no_other(box: Box, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    readers = [subscriber_of(email=f"reader{n}@example.org") for n in range(3)]
    edition = make_edition()
    for reader in readers:
        box.put(notification(id_=message_id(deliver(edition, reader)), to=reader.email))
    really_fetch, really_retrieve = mailbox._Imap._fetch, poplib.POP3.retr

    def fetch(one: mailbox._Imap, number: str) -> bytes | None:
        if number == "2":
            one._box.sock.shutdown(socket.SHUT_RDWR)
        return really_fetch(one, number)

    def retrieve(one: poplib.POP3, number: int) -> object:
        if one.uidl(number).split()[2] == second:
            one.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[attr-defined]
        return really_retrieve(one, number)

    url = box.address(way)
    if way == "imap":
        monkeypatch.setattr(mailbox._Imap, "_fetch", fetch)
        assert mailbox.visit(url) == 2
        assert [rb"\Flagged" in flags for flags in box.flags()] == [True]
    else:
        with mailbox._session(url) as pop:
            second = pop.uidl(2).split()[2]
        monkeypatch.setattr(poplib.POP3, "retr", retrieve)
        for _ in range(2):
            with pytest.raises((OSError, poplib.error_proto)):
                mailbox.visit(url)
        assert len(box.flags()) == 1
    assert [suppression.is_suppressed(reader.email) for reader in readers] == [True, False, True]
    monkeypatch.undo()
    assert mailbox.visit(url) == 1


@pytest.mark.parametrize("way", ["imap", "pop"])
def test_while_the_database_is_away_no_mail_is_blamed(box: Box, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    box.put(THANKS)
    monkeypatch.setattr(mailbox, "_database_answers", lambda: False)

    def away(raw: bytes) -> int:
        raise OperationalError("the database is away")

    with pytest.raises(OperationalError):
        mailbox.visit(box.address(way), away)
    assert box.flags() and all(rb"\Flagged" not in flags for flags in box.flags())
    assert mailbox._tries == {}


def test_a_mail_the_database_chokes_on_is_blamed(box: Box) -> None:
    box.put(THANKS)

    def chokes(raw: bytes) -> int:
        raise OperationalError("canceling statement due to statement timeout")

    assert mailbox.visit(box.imap, chokes) == 0
    assert rb"\Flagged" in box.flags()[0]


def test_a_wrong_password_is_an_error_that_is_told(box: Box) -> None:
    with pytest.raises(imaplib.IMAP4.error):
        mailbox.visit(box.imap.replace("pass%20word", "wrong"))


def test_a_mailbox_that_is_not_there_is_an_error_that_is_told() -> None:
    with pytest.raises(OSError):
        mailbox.visit(f"imap://a:b@127.0.0.1:{_free_port()}/INBOX")
