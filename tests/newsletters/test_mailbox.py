"""The mailbox that mail comes back to: a real IMAP and POP server, where there is one; and a worker that dies in between."""

from __future__ import annotations

import imaplib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from masthead.newsletters import mailbox, returns, suppression
from masthead.newsletters.models import MailEvent
from newsletters.came_back import deliver, make_edition, message_id, notification, subscriber_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.processes,
    pytest.mark.skipif(not Path("/usr/sbin/dovecot").exists(), reason="Debian's dovecot-imapd is not installed"),
    pytest.mark.skipif(os.getuid() != 0, reason="dovecot drops its rights, which only root can"),
]

THANKS = b"From: ada@example.org\r\nSubject: Thank you\r\nMessage-ID: <1@example.org>\r\n\r\nI liked it.\r\n"


class Box:
    """A mailbox of one user, and how to reach it."""

    def __init__(self, folder: Path, imap: int, pop: int) -> None:
        self.new = folder / "mail" / "new"
        self.imap = f"imap://bounces:pass%20word@127.0.0.1:{imap}/INBOX"
        self.pop = f"pop3://bounces:pass%20word@127.0.0.1:{pop}/"
        self._port = imap
        self._count = 0

    def put(self, raw: bytes) -> None:
        """Let a mail arrive."""
        self._count += 1
        path = self.new / f"{int(time.time())}.M{self._count}.test"
        path.write_bytes(raw)
        shutil.chown(path, "nobody", "nogroup")

    def flags(self) -> list[bytes]:
        """The flags of each mail in it."""
        with imaplib.IMAP4("127.0.0.1", self._port, timeout=10) as box:
            box.login("bounces", "pass word")
            box.select("INBOX", readonly=True)
            _, found = box.search(None, "ALL")
            numbers = found[0].split()
            return [box.fetch(number.decode(), "(FLAGS)")[1][0] for number in numbers]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    imap, pop = _free_port(), _free_port()
    tmp_path.chmod(0o755)
    for parent in list(tmp_path.parents)[:3]:
        if parent.stat().st_uid == os.getuid() and parent != Path("/tmp"):
            parent.chmod(0o755)
    mail = tmp_path / "mail"
    for name in ("new", "cur", "tmp"):
        (mail / name).mkdir(parents=True, exist_ok=True)
    for path in (mail, *mail.iterdir()):
        shutil.chown(path, "nobody", "nogroup")
    run = tmp_path / "run"
    run.mkdir()
    has_pop = Path("/usr/lib/dovecot/pop3-login").exists()
    users = tmp_path / "users"
    users.write_text("bounces:{PLAIN}pass word\n")
    config = tmp_path / "dovecot.conf"
    config.write_text(f"""
protocols = imap{" pop3" if has_pop else ""}
base_dir = {run}
state_dir = {run}
log_path = {tmp_path}/log
ssl = no
disable_plaintext_auth = no
default_internal_user = nobody
default_login_user = nobody
default_internal_group = nogroup
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:{mail}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {users}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={mail}
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
}}
""")
    silent = subprocess.DEVNULL
    server = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", str(config)], stdout=silent, stderr=silent)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", imap), timeout=1).close()
            break
        except OSError:
            time.sleep(0.1)
    else:
        server.terminate()
        pytest.fail((tmp_path / "log").read_text() if (tmp_path / "log").exists() else "dovecot did not start")
    found = Box(tmp_path, imap, pop if has_pop else 0)
    yield found
    server.terminate()
    server.wait(10)


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
    if box.pop.endswith(":0/"):
        pytest.skip("Debian's dovecot-pop3d is not installed")
    ada = subscriber_of()
    box.put(notification(id_=message_id(deliver(make_edition(), ada))))
    assert mailbox.visit(box.pop) == 1
    assert suppression.is_suppressed(ada.email)
    assert box.flags() == []


def test_a_wrong_password_is_an_error_that_is_told(box: Box) -> None:
    with pytest.raises(imaplib.IMAP4.error):
        mailbox.visit(box.imap.replace("pass%20word", "wrong"))


def test_a_mailbox_that_is_not_there_is_an_error_that_is_told() -> None:
    with pytest.raises(OSError):
        mailbox.visit(f"imap://a:b@127.0.0.1:{_free_port()}/INBOX")
