"""Who makes this request: from the pass where there is a good one, else from the database; one Visitor either way."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from wagtail.permissions import page_permission_policy

from masthead.access import networks, passes, services
from masthead.access.policy import Policy, Visitor
from masthead.core import changelog, clock, keys, remembered
from masthead.readers import codes, devices, sessions
from masthead.readers.models import Reader

DESK = ("add", "change", "publish", "lock", "unlock", "bulk_delete")  # what anybody may do with articles who works on them
OUR_COOKIES = (passes.COOKIE, devices.COOKIE, settings.SESSION_COOKIE_NAME)


def signing_keys() -> dict[str, bytes]:
    """The keys passes are read with, by their ``kid``; the first signs. Former secret keys are still read while they rotate."""
    ring = {}
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        key = keys.derive("pass", secret)
        ring[hashlib.sha256(key).hexdigest()[:8]] = key
    return ring


def identify(request: HttpRequest, policy: Policy) -> tuple[Visitor, bool]:
    """The visitor, and whether a new pass should be set.

    With a session or device cookie and no valid pass the database is asked: never assume anonymous. With none of our cookies
    there is nobody to ask about.
    """
    institution = networks.institution_at(request.client_address)
    held = read_pass(request, policy)
    if held is not None:
        return replace(held, institution=institution), False
    if not any(request.COOKIES.get(name) for name in OUR_COOKIES):
        return Visitor(instant_left=policy.instant_per_device, institution=institution), False
    return replace(from_database(request, policy), institution=institution), True


def read_pass(request: HttpRequest, policy: Policy) -> Visitor | None:
    """The visitor in the request's pass, where it is ours, in date, of this policy, and nothing about them changed since."""
    text = request.COOKIES.get(passes.COOKIE)
    if not text:
        return None
    now = clock.now()
    held = passes.read(text, signing_keys(), now)
    if held is None or held.policy_version != policy.version:
        return None
    subjects = [changelog.visitor(s) for s in (held.visitor.reader, held.visitor.device) if s]
    if subjects and remembered.latest(held.number, *subjects) > held.number:
        return None
    try:
        if held.visitor.period != policy.period_at(now).name:
            return None
    except ValueError:
        return None
    return held.visitor


def at_desk(user: object) -> bool:
    """Whether ``user`` has anything to do with articles; who only helps readers reads as any reader does."""
    return bool(page_permission_policy.user_has_any_permission(user, DESK))


def from_database(request: HttpRequest, policy: Policy) -> Visitor:
    """The visitor as sessions, devices, grants and meters tell them."""
    now = clock.now()
    device = devices.known(request)
    reader = request.user if isinstance(request.user, Reader) else None
    if reader:
        sessions.seen(request)
    try:
        period = policy.period_at(now).name
    except ValueError:
        period = ""
    return services.visitor_of(
        reader,
        device,
        policy,
        now,
        staff=sessions.in_newsroom(request) and at_desk(request.user),
        code_pending=reader is None and codes.pending(device, period),
    )


def set_pass(request: HttpRequest, response: HttpResponse) -> None:
    """Mint a pass from the database onto ``response``, or delete it where nobody is known any more."""
    # the number is read first: what changes while we read is newer than this pass and voids it
    number = changelog.latest()
    policy = services.current_policy()
    visitor = from_database(request, policy)
    if visitor.reader is None and visitor.device is None:
        response.delete_cookie(passes.COOKIE, samesite="Lax")
        return
    if len(visitor.grants) > passes.MOST_SINGLE_GRANTS:
        response.delete_cookie(passes.COOKIE, samesite="Lax")
        return
    try:
        period_ends = policy.period_at(clock.now()).ends
    except ValueError:
        return
    expires = passes.expiry(visitor, period_ends, clock.now())
    ring = signing_keys()
    key_id = next(iter(ring))
    text = passes.mint(passes.Pass(visitor, policy.version, number, expires), key_id, ring[key_id])
    response.set_cookie(
        passes.COOKIE,
        text,
        # the browser's clock is not ours in trials: it keeps the cookie for a full life, and we judge its date
        max_age=int(passes.LIFE.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=settings.MASTHEAD.secure,
    )
