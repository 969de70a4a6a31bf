"""The newsroom's door: only a password (with its second factor) or a passkey opens it, never six digits (DESIGN 3).

Everything under /newsroom/ passes here, Wagtail's own addresses too, so that no view can forget to ask.
"""

from __future__ import annotations

from collections.abc import Callable

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import urlencode
from wagtail.images.permissions import permission_policy as images

from masthead.access import passes
from masthead.front.visitors import at_desk
from masthead.newsroom import times
from masthead.readers import sessions

PREFIX = "/newsroom/"
LOGIN = "/newsroom/login/"
# what somebody needs who is not in yet
OUTSIDE = (LOGIN, "/newsroom/forgotten/")
LOGOUT = "/newsroom/logout/"
ENROLL = "/newsroom/auth/2fa/"
# where somebody may go who logged in by password and still has to set up the second factor that is required here
ENROLLING = (LOGOUT, ENROLL, "/newsroom/auth/reauthenticate/")
# Wagtail's own pages about articles, and what is chosen for them. Some name drafts to whoever is in, whatever they may do.
CONTENT = (
    "/newsroom/pages/",
    "/newsroom/choose-",
    "/newsroom/reports/",
    "/newsroom/workflows/",
    "/newsroom/articles/",
    "/newsroom/author_chooser/",
    "/newsroom/topic_chooser/",
    "/newsroom/api/main/pages/",
)
# Wagtail shows every picture and document to whoever is in. Also a role without articles may work with them (advertisements).
PICTURES = (
    "/newsroom/images/",
    "/newsroom/documents/",
    "/newsroom/embeds/",
    "/newsroom/tag-autocomplete/",
    "/newsroom/api/",
)
FACTORS = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]


class NewsroomDoor:
    """Refuses whoever is not logged in to the newsroom; voids the reader's pass when that changes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        before = _who(request)
        times.lend_profile(request.user)
        response = self._answer(request)
        response["X-Robots-Tag"] = "noindex"
        if _who(request) != before:
            # a pass minted before says nothing of this standing, or too much
            response.delete_cookie(passes.COOKIE, samesite="Lax")
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        path = request.path_info
        if path.startswith(CONTENT) and sessions.in_newsroom(request) and not at_desk(request.user):
            return HttpResponse("Articles are not part of what you do here.\n", status=403, content_type="text/plain")
        if path.startswith(PICTURES) and sessions.in_newsroom(request) and not _with_pictures(request.user):
            return HttpResponse("Pictures are not part of what you do here.\n", status=403, content_type="text/plain")
        if path.startswith(OUTSIDE) or sessions.in_newsroom(request):
            return self.get_response(request)
        if path == LOGOUT:  # also for whoever gives up halfway through logging in
            return self.get_response(request)
        if sessions.owes_second_factor(request) and not is_mfa_enabled(request.user, FACTORS):
            if not path.startswith(ENROLLING):
                return HttpResponseRedirect(ENROLL)
            response = self.get_response(request)
            # enrolled by this very request, so by whoever typed the password in this session
            if request.method == "POST" and is_mfa_enabled(request.user, FACTORS):
                sessions.second_factor_given(request)
            return response
        if request.headers.get("X-Requested-With") == "XMLHttpRequest":
            return HttpResponse("Please log in to the newsroom.\n", status=403, content_type="text/plain")
        target = f"{LOGIN}?{urlencode({'next': request.get_full_path()})}" if request.method == "GET" else LOGIN
        response = HttpResponseRedirect(target)
        if request.method != "GET":
            response.status_code = 303
        response["Cache-Control"] = "private, no-store"
        return response


def _with_pictures(user: object) -> bool:
    return at_desk(user) or images.user_has_any_permission(user, ["add", "change", "delete", "choose"])


def _who(request: HttpRequest) -> tuple[object, bool]:
    return request.user.pk, sessions.in_newsroom(request)
