"""A real Postfix that wants TLS and a log-in, and a real Dovecot that checks it and lets the mail be read, on loopback.

Everything they write lies in a directory of their own; nothing of the machine's configuration is read or changed.
"""

from __future__ import annotations

import contextlib
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from newsletters.smtp.certificates import certificate

SBIN = "/usr/sbin:/usr/local/sbin"
POSTFIX = shutil.which("postfix") or shutil.which("postfix", path=SBIN)
DOVECOT = shutil.which("dovecot") or shutil.which("dovecot", path=SBIN)
USER, PASSWORD = "daily", "ink-and-paper"
DOMAIN = "example.org"  # of our readers; nothing leaves this machine
LIMIT = 200_000  # bytes of a message


def missing() -> str:
    """Why no real servers can be run here; empty if they can."""
    if os.geteuid() != 0:
        return "Postfix is only started by root"
    if POSTFIX is None or DOVECOT is None:
        return "there is no Postfix or no Dovecot here"
    return ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def within(seconds: float, ready: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


@contextlib.contextmanager
def running(readers: list[str]) -> Iterator[Servers]:
    """Both of them, for as long as it takes, in a directory that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="masthead-mail-"))
    try:
        folder.chmod(0o755)  # Postfix and Dovecot look into it as others than root
        private = folder / "private"
        private.mkdir(0o700)
        with Servers(folder, certificate(private, "localhost", "127.0.0.1"), readers) as started:
            yield started
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class Servers:
    """``folder`` must be one that everybody may look into. ``readers`` have mailboxes; all others are refused."""

    folder: Path
    pem: Path
    readers: list[str]
    starttls: int = field(default_factory=free_port)
    implicit: int = field(default_factory=free_port)
    imap: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self._postfix: subprocess.Popen[bytes] | None = None
        self._dovecot: subprocess.Popen[bytes] | None = None
        owner = pwd.getpwnam("mail")
        (self.folder / "mail").mkdir()
        os.chown(self.folder / "mail", owner.pw_uid, owner.pw_gid)
        for name in ("conf", "queue", "data", "run"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        shutil.copy(self.pem, self.folder / "server.pem")
        (self.folder / "readers").write_text("".join(f"{reader}@{DOMAIN} {reader}/\n" for reader in self.readers))
        (self.folder / "conf" / "main.cf").write_text(self._main(owner.pw_uid, owner.pw_gid))
        (self.folder / "conf" / "master.cf").write_text(self._master())
        (self.folder / "dovecot.conf").write_text(self._imap(owner.pw_uid, owner.pw_gid))

    def _main(self, uid: int, gid: int) -> str:
        return f"""
compatibility_level = 3.6
queue_directory = {self.folder}/queue
data_directory = {self.folder}/data
maillog_file = {self.folder}/postfix.log
maillog_file_prefixes = {self.folder}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.readers.example
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
default_transport = error:nothing leaves this machine
relay_transport = error:nothing leaves this machine
virtual_mailbox_domains = {DOMAIN}
virtual_mailbox_base = {self.folder}/mail
virtual_mailbox_maps = texthash:{self.folder}/readers
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_tls_cert_file = {self.folder}/server.pem
smtpd_tls_key_file = {self.folder}/server.pem
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {self.folder}/run/auth-postfix
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_data_restrictions = reject_unauth_pipelining
smtpd_error_sleep_time = 0
message_size_limit = {LIMIT}
smtputf8_enable = yes
biff = no
"""

    def _master(self) -> str:
        return f"""
127.0.0.1:{self.starttls} inet n - n - - smtpd
127.0.0.1:{self.implicit} inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
proxymap  unix - - n - - proxymap
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
virtual   unix - n n - - virtual
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""

    def _imap(self, uid: int, gid: int) -> str:
        return f"""
base_dir = {self.folder}/run
state_dir = {self.folder}/run
log_path = {self.folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
first_valid_uid = 1
mail_location = maildir:{self.folder}/mail/%n
passdb {{
  driver = static
  args = password={PASSWORD}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={self.folder}/mail/%n
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service auth {{
  unix_listener auth-postfix {{
    mode = 0666
  }}
}}
"""

    def __enter__(self) -> Servers:
        assert POSTFIX is not None and DOVECOT is not None
        self._dovecot = subprocess.Popen(
            [DOVECOT, "-F", "-c", str(self.folder / "dovecot.conf")], start_new_session=True, stdin=subprocess.DEVNULL
        )
        try:
            self.start()
            within(20, lambda: self._listens(self.imap), "dovecot")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        if self._dovecot is not None:
            self._dovecot.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._dovecot.wait(10)
            self._end(self._dovecot)

    def start(self) -> None:
        """Start Postfix, in the foreground of a session of its own."""
        self._postfix = subprocess.Popen(
            [str(POSTFIX), "-c", str(self.folder / "conf"), "start-fg"],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        within(30, lambda: self._listens(self.starttls), f"postfix; {self.log()}")

    def kill(self) -> None:
        """End Postfix, all of it at once, without a word."""
        if self._postfix is not None:
            written = self.folder / "queue" / "pid" / "master.pid"  # its master makes a session of its own
            if written.exists() and (pid := written.read_text().strip()):
                self._end_session(int(pid))
            self._end(self._postfix)
            self._postfix = None

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        self._end_session(process.pid)
        process.wait(10)

    @staticmethod
    def _end_session(leader: int) -> None:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    if os.getsid(int(entry.name)) == leader:
                        os.kill(int(entry.name), signal.SIGKILL)

    @staticmethod
    def _listens(port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def log(self) -> str:
        """The last of what Postfix wrote down."""
        path = self.folder / "postfix.log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else "no log"

    def queued(self) -> int:
        """How many messages Postfix has accepted and not yet put into a mailbox."""
        return sum(
            1 for name in ("maildrop", "incoming", "active", "deferred") for path in (self.folder / "queue" / name).rglob("*")
            if path.is_file() and path.stat().st_mode & 0o700 == 0o700
        )  # fmt: skip

    def inbox(self, reader: str) -> list[bytes]:
        """All messages of ``reader``, read through IMAP."""
        with imaplib.IMAP4("127.0.0.1", self.imap, timeout=10) as imap:
            imap.login(reader, PASSWORD)
            imap.select("INBOX", readonly=True)
            _, (numbers,) = imap.search(None, "ALL")
            found = []
            for number in numbers.split():
                _, parts = imap.fetch(number.decode(), "(BODY.PEEK[])")
                found.append(bytes(parts[0][1]))
            return found
