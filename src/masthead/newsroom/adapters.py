"""How allauth behaves here: who may log in with it, what a log-in is worth, and where its mails and links go.

The abuses stopped here: signing up through allauth, a forged Host header in a reset link, and changing a second factor from
a session that six digits opened (DESIGN 3: those never open the newsroom, nor anything that would).
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from masthead.core import mail
from masthead.core.models import Publication
from masthead.core.network import limit_network
from masthead.readers import devices, passkeys, sessions
from masthead.readers.models import Login, Reader

HOME = "/newsroom/"
SESSION_AGE = 14 * 24 * 3600  # seconds a newsroom log-in lasts


def method_of(records: list[dict[str, Any]]) -> tuple[str, bool]:
    """What allauth's records say this log-in is: the method, and whether a second factor stood behind it."""
    fresh = [record for record in records if not record.get("reauthenticated")]
    if any(record.get("method") == "mfa" and record.get("passwordless") for record in fresh):
        return "passkey", True
    if any(record.get("method") == "password" for record in fresh):
        return "password", any(record.get("method") == "mfa" for record in fresh)
    return "code", False  # nothing we know to be strong


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up through allauth: readers come through the gate, staff are invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def login(self, request: HttpRequest, user: Reader) -> None:
        """Every log-in through allauth ends here: keep its method, which decides whether it opens the newsroom."""
        method, second_factor = method_of(get_authentication_records(request, user))
        before = request.session.session_key
        super().login(request, user)
        if before and before != request.session.session_key:
            Login.objects.filter(session_key=before).delete()  # the key is new: the old row would list a session that is gone
        sessions.remember(request, user, method=method, device=devices.known(request), second_factor=second_factor)
        if user.is_staff:
            request.session.set_expiry(SESSION_AGE)

    def logout(self, request: HttpRequest) -> None:
        sessions.log_out(request)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return HOME if request.user.is_staff else settings.LOGIN_REDIRECT_URL

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account_login")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("mfa_index")

    def get_client_ip(self, request: HttpRequest) -> str:
        """What limits go by: the address or, of IPv6, its network; never one that a header claims."""
        return limit_network(request.client_address)  # type: ignore[attr-defined]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Asked before anything about second factors and passkeys changes, wherever its page is mounted."""
        _refuse_staff_outside(context.request)
        return super().is_reauthentication_required(app=app, **kwargs)

    def reauthenticate(self, user: Reader, password: str) -> bool:
        found = self.authenticate(context.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Not what one can see: that one is logged in or out."""
        if message_template not in {"account/messages/logged_in.txt", "account/messages/logged_out.txt"}:
            super().add_message(request, level, message_template, *args, **kwargs)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Under the base URL, never under a host the request names: that could be anybody's."""
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"}).replace("UID-KEY", key)
        return settings.MASTHEAD.base_url + path

    def send_password_reset_mail(self, user: Reader, email: str, context: dict[str, Any]) -> None:
        """To staff only, at their stored address, by the worker. Readers have no password to reset."""
        if not (user.is_staff and user.is_active):
            return
        publication = Publication.load()
        values = {"publication": publication, "link": context["password_reset_url"]}
        mail.hand_over(
            kind="password_reset",
            to=user.email,
            subject=f"Set your newsroom password for {publication.name}",
            text=render_to_string("newsroom/mail/password_reset.txt", values).strip() + "\n",
        )


def _refuse_staff_outside(request: HttpRequest) -> None:
    user = request.user
    if user.is_authenticated and user.is_staff and not (sessions.in_newsroom(request) or sessions.owes_second_factor(request)):
        raise PermissionDenied("Log in to the newsroom to change how you log in to it.")


class MFAAdapter(passkeys.Adapter):
    """Second factors and passkeys, named after the publication."""

    def get_totp_issuer(self) -> str:
        return Publication.load().name

    def _get_site_name(self) -> str:
        return Publication.load().name

    def get_public_key_credential_user_entity(self, user: Reader) -> dict[str, Any]:
        """Asked when a passkey is about to be registered."""
        _refuse_staff_outside(context.request)
        return super().get_public_key_credential_user_entity(user)
