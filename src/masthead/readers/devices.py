"""Devices: one browser, known by a signed random cookie that the first POST issues."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from masthead.core import clock
from masthead.readers.models import Device

COOKIE = "masthead_device"
AGE = 400 * 24 * 3600  # seconds; the longest browsers keep one (RFC 6265bis)
_signer = signing.Signer(salt="masthead.device")


def known(request: HttpRequest) -> Device | None:
    """The device that sent ``request``, if its cookie is ours and its row is there."""
    subject = subject_in(request)
    return Device.objects.filter(subject=subject).first() if subject else None


def subject_in(request: HttpRequest) -> str | None:
    """The device's subject in the cookie, if the signature is ours."""
    try:
        return _signer.unsign(request.COOKIES.get(COOKIE, ""))
    except signing.BadSignature:
        return None


def ensure(request: HttpRequest) -> Device:
    """The device that sent ``request``, new if need be. Only for POSTs; :func:`issue` has to follow on the response."""
    device = known(request)
    now = clock.now()
    if device is None:
        return Device.objects.create(created=now, last_seen=now, label=label(request.headers.get("User-Agent", "")))
    if now - device.last_seen > timedelta(hours=1):
        Device.objects.filter(pk=device.pk).update(last_seen=now)
    return device


def issue(response: HttpResponse, device: Device) -> None:
    """Set ``device``'s cookie."""
    response.set_cookie(
        COOKIE, _signer.sign(device.subject), max_age=AGE, httponly=True, samesite="Lax", secure=settings.MASTHEAD.secure
    )


_BROWSERS = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chromium": "Chromium", "Chrome": "Chrome", "Safari": "Safari"}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "Mac",
    "CrOS": "Chromebook",
    "Linux": "Linux",
}


def label(user_agent: str) -> str:
    """How a reader recognises a browser in a list: "Firefox on Windows". A hint for people, never used to decide anything."""
    browser = next((name for mark, name in _BROWSERS.items() if mark in user_agent), "A browser")
    system = next((name for mark, name in _SYSTEMS.items() if mark in user_agent), "")
    return f"{browser} on {system}" if system else browser
