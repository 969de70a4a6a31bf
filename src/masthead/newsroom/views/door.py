"""Log in to the newsroom, and out of it."""

from __future__ import annotations

from typing import Any

from allauth.account.utils import get_next_redirect_url
from allauth.account.views import LoginView
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from masthead.newsroom.adapters import HOME
from masthead.readers import sessions


class Login(LoginView):
    """Address and password, or a passkey. Shown to readers too: a reader's session does not open the newsroom."""

    template_name = "newsroom/door/login.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if sessions.in_newsroom(request):
            return HttpResponseRedirect(get_next_redirect_url(request) or HOME)
        return super().dispatch(request, *args, **kwargs)


class Passkey(LoginWebAuthnView):
    """The passkey's ceremony: GET (by script) begins it, POST ends it."""

    def form_valid(self, form: Any) -> HttpResponse:
        if self.request.user.is_authenticated and self.request.user.pk != form.cleaned_data["credential"].user_id:
            sessions.log_out(self.request)
        return super().form_valid(form)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def log_out(request: HttpRequest) -> HttpResponse:
    """POST logs this browser out, of the reader's pages too."""
    if request.method != "POST":
        return render(request, "newsroom/door/logout.html")
    sessions.log_out(request)
    return HttpResponseRedirect("/newsroom/login/")


def to_log_in(request: HttpRequest, **_: Any) -> HttpResponse:
    """Wagtail's own ways in (its password reset) lead to ours."""
    return HttpResponseRedirect("/newsroom/login/")
