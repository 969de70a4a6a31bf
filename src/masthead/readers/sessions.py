"""Logging in and out: sessions, the list a reader sees of them, and what opens the newsroom."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth import login, logout
from django.contrib.sessions.models import Session
from django.http import HttpRequest

from masthead.core import changelog, clock, events
from masthead.readers import codes, devices
from masthead.readers.models import Device, Login, Reader

NEWSROOM = "masthead_newsroom"  # in the session: logged in by password or passkey, never by six digits
STRONG = frozenset({"password", "passkey"})


def log_in(request: HttpRequest, reader: Reader, *, method: str, device: Device | None) -> None:
    """Log this browser in as ``reader``. ``method`` is code, link, passkey or password; only the last two open the newsroom."""
    login(request, reader, backend="django.contrib.auth.backends.ModelBackend")
    remember(request, reader, method=method, device=device)


def remember(request: HttpRequest, reader: Reader, *, method: str, device: Device | None) -> None:
    """Keep that this session is logged in as ``reader``, for the list of devices; log the change of standing."""
    now = clock.now()
    request.session[NEWSROOM] = method in STRONG
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
    """Whether this session may enter the newsroom: someone who works here, logged in by password or passkey."""
    reader = request.user
    return bool(reader.is_authenticated and reader.is_active and getattr(reader, "is_staff", False) and request.session.get(NEWSROOM))


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
