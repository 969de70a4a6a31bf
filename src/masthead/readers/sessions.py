"""Logging in and out: sessions, the list a reader sees of them, and what opens the newsroom."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.sessions.models import Session
from django.http import HttpRequest

from masthead.core import changelog, clock, events
from masthead.readers import codes, devices
from masthead.readers.models import Device, Login, Reader

NEWSROOM = "masthead_newsroom"  # in the session: how the newsroom was logged in to; never by six digits
PASSWORD, SECOND_FACTOR, PASSKEY = "password", "second factor", "passkey"
FRESH = timedelta(minutes=30)  # how long a log-in is proof enough to change what logs in


def log_in(request: HttpRequest, reader: Reader, *, method: str, device: Device | None) -> None:
    """Log this browser in as ``reader``. ``method`` is code, link, passkey or password; only the last two open the newsroom."""
    before = request.session.session_key
    login(request, reader, backend="django.contrib.auth.backends.ModelBackend")
    if before and before != request.session.session_key:  # the session goes on under a new key: its old row is nobody's browser
        Login.objects.filter(session_key=before).delete()
    remember(request, reader, method=method, device=device)


def remember(request: HttpRequest, reader: Reader, *, method: str, device: Device | None, second_factor: bool = False) -> None:
    """Keep that this session is logged in as ``reader``, for the list of devices; log the change of standing.

    ``second_factor`` says that a password came with one.
    """
    now = clock.now()
    strength = {"passkey": PASSKEY, "password": SECOND_FACTOR if second_factor else PASSWORD}
    request.session[NEWSROOM] = strength.get(method, "")
    request.session.set_expiry(None)  # a session that only held a passkey's challenge was a short one
    if not request.session.session_key:
        request.session.create()
    with changelog.transaction() as changes:
        Login.objects.update_or_create(
            session_key=request.session.session_key,
            defaults={
                "reader": reader,
                "device": device,
                "method": method,
                "label": devices.label(request.headers.get("User-Agent", "")),
                "created": now,
                "last_seen": now,
            },
        )
        events.record("login", subject=reader.subject, method=method)
        changes.add(changelog.visitor(reader.subject))


def in_newsroom(request: HttpRequest) -> bool:
    """Whether this session may enter the newsroom: someone who works here, by passkey, or by password and second factor.

    Where the settings do not require a second factor the password alone does (with one enrolled it never stands alone).
    """
    return _works_here(request) and bool(request.session.get(NEWSROOM)) and not owes_second_factor(request)


def owes_second_factor(request: HttpRequest) -> bool:
    """Whether someone who works here logged in by password alone where that is not enough."""
    return settings.MASTHEAD.require_second_factor and _works_here(request) and request.session.get(NEWSROOM) == PASSWORD


def second_factor_given(request: HttpRequest) -> None:
    """The factor owed was enrolled in this session: from now on it is in the newsroom."""
    request.session[NEWSROOM] = SECOND_FACTOR
    with changelog.transaction() as changes:
        changes.add(changelog.visitor(request.user.subject))


def _works_here(request: HttpRequest) -> bool:
    reader = request.user
    return bool(reader.is_authenticated and reader.is_active and getattr(reader, "is_staff", False))


def is_fresh(request: HttpRequest) -> bool:
    """Whether this browser logged in a moment ago: what a stolen session, or one left open at a library, is not."""
    since = clock.now() - FRESH
    key = request.session.session_key
    if not request.user.is_authenticated:
        return False
    return Login.objects.filter(session_key=key, reader=request.user, created__gt=since).exists()


def may_change_keys(request: HttpRequest) -> bool:
    """Whether this session may add or take away what logs in: a fresh one, and for those who work here a strong one.

    The abuse stopped here: six digits never open the newsroom, so they may not add the passkey that does either.
    """
    return is_fresh(request) and (in_newsroom(request) or not getattr(request.user, "is_staff", False))


def log_out(request: HttpRequest) -> None:
    """Log this browser out; what it asked for is closed, and copies of its pass are ignored from now on."""
    reader = request.user
    key = request.session.session_key
    with changelog.transaction() as changes:
        if reader.is_authenticated:
            Login.objects.filter(session_key=key).delete()
            changes.add(changelog.visitor(reader.subject))
        device = devices.known(request)
        codes.drop_open(device)
        if device is not None:
            changes.add(changelog.visitor(device.subject))
    logout(request)


def revoke(*, reader: Reader, login_id: int) -> bool:
    """End one of ``reader``'s log-ins by its number; False where it is not theirs."""
    with changelog.transaction() as changes:
        row = Login.objects.filter(reader=reader, pk=login_id).first()
        if row is None:
            return False
        Session.objects.filter(session_key=row.session_key).delete()
        row.delete()
        changes.add(changelog.visitor(reader.subject))
    return True


def log_out_everywhere(*, reader: Reader) -> int:
    """End every log-in of ``reader``; returns how many there were."""
    with changelog.transaction() as changes:
        keys = list(Login.objects.filter(reader=reader).values_list("session_key", flat=True))
        Session.objects.filter(session_key__in=keys).delete()
        Login.objects.filter(reader=reader).delete()
        changes.add(changelog.visitor(reader.subject))
        events.record("logged out everywhere", subject=reader.subject)
    return len(keys)


def seen(request: HttpRequest) -> None:
    """Note that this log-in is in use, at most once an hour."""
    now = clock.now()
    Login.objects.filter(session_key=request.session.session_key, last_seen__lt=now - timedelta(hours=1)).update(last_seen=now)
